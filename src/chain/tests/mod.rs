//! Ordering and judging, with certificates made for each case.

mod clients;
mod documentation;
mod mutations;
mod names;
mod profiles;
mod refusals;
mod revocation;
mod tails;
mod tree;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::order::order;
use super::*;
use crate::finding::{Code, Finding, Location, Severity};
use crate::x509::{Certificate, HostName};

const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

type Ca = CertifiedIssuer<'static, KeyPair>;

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = NOW - Duration::days(10);
    params.not_after = NOW + Duration::days(300);
    params.use_authority_key_identifier_extension = true;
    params
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn leaf_params(host: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, host);
    params.not_before = NOW - Duration::days(10);
    params.not_after = NOW + Duration::days(180);
    params.use_authority_key_identifier_extension = true;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn root(name: &str) -> Ca {
    Ca::self_signed(ca_params(name), KeyPair::generate().unwrap()).unwrap()
}

fn intermediate(params: CertificateParams, issuer: &Ca) -> Ca {
    Ca::signed_by(params, KeyPair::generate().unwrap(), issuer).unwrap()
}

fn leaf(params: &CertificateParams, issuer: &Ca) -> Located {
    located(params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der())
}

fn located(der: &[u8]) -> Located {
    Located { certificate: Certificate::from_der(der).unwrap(), location: Some(Location::file("t.pem")) }
}

fn of(ca: &Ca) -> Located {
    located(ca.der())
}

fn trusting(roots: &[&Ca]) -> TrustStore {
    let mut trust = TrustStore::default();
    for root in roots {
        trust.add(of(root).certificate, Origin::File("roots.pem".into()));
    }
    trust
}

/// The codes of all findings but notes, for the host `www.test`.
fn codes(certificates: &[Located], trust: &TrustStore) -> Vec<Code> {
    codes_for("www.test", certificates, trust)
}

fn codes_for(host: &str, certificates: &[Located], trust: &TrustStore) -> Vec<Code> {
    let host = HostName::parse(host).unwrap();
    let judgement =
        check(&CheckInput { host: Some(&host), ..CheckInput::new(certificates, trust, NOW, "t.pem") });
    judgement
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Note)
        .map(|finding| finding.code)
        .collect()
}

#[test]
fn a_good_chain_in_any_order_becomes_the_same_one() {
    let root = root("R");
    let upper = intermediate(ca_params("upper"), &root);
    let lower = intermediate(ca_params("lower"), &upper);
    let leaf = leaf(&leaf_params("www.test"), &lower);
    let right = [leaf.certificate.clone(), of(&lower).certificate, of(&upper).certificate];
    let pool = [leaf, of(&lower), of(&upper), of(&root)];
    for permutation in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        let shuffled = permutation.map(|index: usize| pool[index].clone()).to_vec();
        let order = order(shuffled, None, &TrustStore::default(), NOW).unwrap();
        assert!(order.has_root && order.complete && order.dropped.is_empty());
        assert_eq!(order.reordered, permutation != [0, 1, 2, 3]);
        let chain: Vec<_> = order.chain.into_iter().map(|located| located.certificate).collect();
        assert_eq!(chain[..3], right);
    }
    assert_eq!(codes(&pool[..3], &trusting(&[&root])), []);
}

#[test]
fn the_issuer_is_picked_by_signature_not_by_name() {
    let root = root("R");
    let right = intermediate(ca_params("I"), &root);
    let wrong = intermediate(ca_params("I"), &root);
    let leaf = leaf(&leaf_params("www.test"), &right);
    let order = order(vec![of(&wrong), leaf.clone(), of(&right)], None, &trusting(&[&root]), NOW).unwrap();
    assert_eq!(order.chain.len(), 2);
    assert_eq!(order.chain[1].certificate, of(&right).certificate);
    assert_eq!(order.dropped.len(), 1);
    // Alone, the wrong one explains what is wrong.
    assert_eq!(codes(&[leaf, of(&wrong)], &trusting(&[&root])), [Code::BadSignature]);
}

#[test]
fn the_newer_copy_of_an_intermediate_is_used() {
    let root = root("R");
    let key = KeyPair::generate().unwrap();
    let mut old = ca_params("I");
    old.not_after = NOW - Duration::days(1);
    let old = located(old.signed_by(&key, &root).unwrap().der());
    let fresh = Ca::signed_by(ca_params("I"), key, &root).unwrap();
    let leaf = leaf(&leaf_params("www.test"), &fresh);
    let pool = vec![leaf, old, of(&fresh)];
    assert_eq!(codes(&pool, &trusting(&[&root])), [Code::ExpiredExtra]);
    let order = order(pool, None, &trusting(&[&root]), NOW).unwrap();
    assert_eq!(order.chain[1].certificate, of(&fresh).certificate);
    assert_eq!(order.dropped[0].0, DropReason::ExpiredCopy);
}

#[test]
fn an_expired_cross_sign_is_left_out_where_the_root_is_trusted() {
    let old_root = root("R0");
    let key = KeyPair::generate().unwrap();
    let mut cross = ca_params("R1");
    cross.not_after = NOW - Duration::days(1);
    let cross = located(cross.signed_by(&key, &old_root).unwrap().der());
    let new_root = Ca::self_signed(ca_params("R1"), key).unwrap();
    let middle = intermediate(ca_params("I"), &new_root);
    let pool = vec![leaf(&leaf_params("www.test"), &middle), of(&middle), cross];
    assert_eq!(codes(&pool, &trusting(&[&new_root])), [Code::ExpiredExtra]);
    let order = order(pool, None, &trusting(&[&new_root]), NOW).unwrap();
    assert!(order.complete);
    assert_eq!(order.chain.len(), 2);
}

#[test]
fn what_makes_no_chain() {
    let root = root("R");
    let one = leaf(&leaf_params("www.test"), &root);
    let two = leaf(&leaf_params("mail.test"), &root);
    let none = TrustStore::default();
    assert!(matches!(order(vec![of(&root)], None, &none, NOW), Err(OrderError::NoLeaf)));
    let both = vec![one.clone(), two];
    assert!(
        matches!(order(both, None, &none, NOW), Err(OrderError::MultipleLeaves(leaves)) if leaves.len() == 2)
    );
    assert!(!order(vec![one.clone()], None, &none, NOW).unwrap().complete);
    assert!(order(vec![one], None, &trusting(&[&root]), NOW).unwrap().complete);
}

#[test]
fn each_fault_has_its_code() {
    let root = root("R");
    let trust = trusting(&[&root]);
    let middle = intermediate(ca_params("I"), &root);
    let good = leaf(&leaf_params("www.test"), &middle);
    let with = |change: &dyn Fn(&mut CertificateParams)| {
        let mut params = leaf_params("www.test");
        change(&mut params);
        codes(&[leaf(&params, &middle), of(&middle)], &trust)
    };
    assert_eq!(codes(std::slice::from_ref(&good), &trust), [Code::MissingIntermediate]);
    assert_eq!(codes(&[of(&middle), good.clone()], &trust), [Code::WrongOrder]);
    assert_eq!(codes(&[good.clone(), of(&middle), good.clone()], &trust), [Code::Duplicate]);
    assert_eq!(codes(&[good.clone(), of(&middle), of(&root)], &TrustStore::default()), [Code::UntrustedRoot]);
    assert_eq!(codes_for("mail.test", &[good.clone(), of(&middle)], &trust), [Code::HostMismatch]);
    assert_eq!(with(&|params| params.not_after = NOW - Duration::SECOND), [Code::Expired]);
    assert_eq!(with(&|params| params.not_before = NOW + Duration::SECOND), [Code::NotYetValid]);
    assert_eq!(with(&|params| params.subject_alt_names.clear()), [Code::NoSan]);
    assert_eq!(
        with(&|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
        [Code::WrongUsage]
    );
    assert_eq!(with(&|params| params.key_usages = vec![KeyUsagePurpose::KeyAgreement]), [Code::KeyUsage]);
    assert_eq!(with(&|params| params.not_before = NOW - Duration::days(300)), [Code::ValidityTooLong]);
    let unknown = |params: &mut CertificateParams| {
        let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    };
    assert_eq!(with(&unknown), [Code::CriticalExtension]);
    let other = leaf(&leaf_params("other.test"), &root);
    assert_eq!(codes(&[good, of(&middle), other], &trust), [Code::Unrelated]);
}

#[test]
fn faults_of_issuers() {
    let root = root("R");
    let trust = trusting(&[&root]);
    let under = |params: CertificateParams| {
        let issuer = intermediate(params, &root);
        codes(&[leaf(&leaf_params("www.test"), &issuer), of(&issuer)], &trust)
    };
    let mut not_a_ca = ca_params("I");
    not_a_ca.is_ca = IsCa::ExplicitNoCa;
    not_a_ca.key_usages.clear();
    assert_eq!(under(not_a_ca), [Code::NotACa]);
    let mut expired = ca_params("I");
    expired.not_after = NOW - Duration::days(1);
    assert_eq!(under(expired), [Code::Expired]);
    let mut soon = ca_params("I");
    soon.not_after = NOW + Duration::days(1);
    assert_eq!(under(soon), [Code::ExpiresSoon]);
    let mut constrained = ca_params("I");
    constrained.name_constraints = Some(rcgen::NameConstraints {
        permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("other.test".into())],
        excluded_subtrees: Vec::new(),
    });
    assert_eq!(under(constrained), [Code::NameConstraint]);
    let mut short = ca_params("upper");
    short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let upper = intermediate(short, &root);
    let lower = intermediate(ca_params("lower"), &upper);
    let chain = [leaf(&leaf_params("www.test"), &lower), of(&lower), of(&upper)];
    assert_eq!(codes(&chain, &trust), [Code::PathLength]);
}

#[test]
fn a_loop_of_cross_signs_ends() {
    let (key_a, key_b) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let a = Ca::self_signed(ca_params("A"), key_a).unwrap();
    let b = Ca::self_signed(ca_params("B"), key_b).unwrap();
    let a_by_b = located(ca_params("A").signed_by(a.key(), &b).unwrap().der());
    let b_by_a = located(ca_params("B").signed_by(b.key(), &a).unwrap().der());
    let pool = [leaf(&leaf_params("www.test"), &a), a_by_b, b_by_a];
    let findings = codes(&pool, &TrustStore::default());
    assert!(findings.contains(&Code::MissingIntermediate), "{findings:?}");
}

#[test]
fn findings_say_where() {
    let root = root("R");
    let lone = leaf(&leaf_params("www.test"), &root);
    let judgement = check(&CheckInput::new(&[lone], &TrustStore::default(), NOW, "t.pem"));
    let finding: &Finding = &judgement.findings[0];
    assert_eq!(finding.location, Some(Location::file("t.pem")));
    assert!(finding.message.contains("`R`") && finding.fix.as_ref().unwrap().contains("certkit merge t.pem"));
}
