//! What some clients refuse, so that "holds" is not enough to say; and that no finding hides another one.

use rcgen::{CustomExtension, GeneralSubtree, KeyIdMethod, NameConstraints, SanType, SerialNumber};
use time::macros::datetime;

use super::*;
use crate::chain::Profile::{self, Rfc5280, Tls, Webpki};
use crate::der::{CONTEXT_0, SEQUENCE, context, context_constructed, element};

fn judged(certificates: &[Located], trust: &TrustStore, profile: Profile) -> Vec<Finding> {
    let host = HostName::parse("www.test").unwrap();
    let input = CheckInput::new(certificates, trust, NOW, "t.pem");
    check(&CheckInput { host: Some(&host), profile, ..input }).findings
}

/// The one warning under `tls`, and that nothing is an error there.
fn warning(certificates: &[Located], trust: &TrustStore) -> (Code, String) {
    let mut findings = judged(certificates, trust, Tls);
    findings.retain(|finding| finding.severity != Severity::Note);
    assert_eq!(findings.len(), 1, "{findings:?}");
    let finding = findings.remove(0);
    assert_eq!(finding.severity, Severity::Warning, "{finding:?}");
    (finding.code, finding.message)
}

fn extension(oid: &[u64], critical: bool, der: Vec<u8>) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, der);
    extension.set_criticality(critical);
    extension
}

/// Authority key identifier with key, issuer and serial number, as `authorityKeyIdentifier=keyid,issuer:always` writes.
fn authority(ca: &Ca, issuer: &[u8], serial: &[u8]) -> CustomExtension {
    let key = of(ca).certificate.subject_key_id.clone().unwrap();
    let names = element(context_constructed(4), &[issuer]);
    let parts = [
        element(context(0), &[&key]),
        element(context_constructed(1), &[&names]),
        element(context(2), &[serial]),
    ];
    extension(&[2, 5, 29, 35], false, element(SEQUENCE, &[&parts[0], &parts[1], &parts[2]]))
}

#[test]
fn an_authority_that_names_another_ca_certificate() {
    let root = root("R");
    let trust = trusting(&[&root]);
    let (own, other) = (of(&root).certificate, of(&super::root("other")).certificate);
    let with = |issuer: &[u8], serial: &[u8]| {
        let mut params = leaf_params("www.test");
        params.use_authority_key_identifier_extension = false;
        params.custom_extensions.push(authority(&root, issuer, serial));
        [leaf(&params, &root)]
    };
    let right = with(&own.issuer.der, &own.serial);
    assert_eq!(codes(&right, &trust), []);
    // The CA was renewed: same name and key, another serial number.
    let (code, message) = warning(&with(&own.issuer.der, &[0x12, 0x34]), &trust);
    assert_eq!(code, Code::KeyIdentifier);
    assert!(message.ends_with("; openssl, Python, curl and Java refuse it"), "{message}");
    let (code, message) = warning(&with(&other.subject.der, &own.serial), &trust);
    assert_eq!(code, Code::KeyIdentifier);
    assert!(message.ends_with("; openssl, Python and curl refuse it"), "{message}");
}

#[test]
fn a_ca_without_key_usage() {
    let mut params = ca_params("R");
    params.key_usages.clear();
    let root = Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let chain = [leaf(&leaf_params("www.test"), &root)];
    let (code, message) = warning(&chain, &trusting(&[&root]));
    assert_eq!(code, Code::KeyUsage);
    assert!(message.contains("openssl -x509_strict, Python 3.13 and"), "{message}");
    let findings = judged(&chain, &trusting(&[&root]), Webpki);
    assert!(
        findings.iter().any(|f| f.code == Code::KeyUsage && f.severity == Severity::Error),
        "{findings:?}"
    );
}

#[test]
fn a_root_for_another_purpose() {
    let mut params = ca_params("R");
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::CodeSigning);
    let root = Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let (code, message) = warning(&[leaf(&leaf_params("www.test"), &root)], &trusting(&[&root]));
    assert_eq!(code, Code::WrongUsage);
    assert!(message.contains("openssl, Python, curl, Go"), "{message}");
}

#[test]
fn warnings_that_leave_no_everyday_client_are_errors() {
    let policies = || extension(&[2, 5, 29, 32], true, vec![0x30, 5, 0x30, 3, 6, 1, 0x2a]);
    let mut params = ca_params("R");
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::CodeSigning);
    let narrow = Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let found = |profile: Profile, issuer: &Ca, change: &dyn Fn(&mut CertificateParams)| {
        let mut params = leaf_params("www.test");
        change(&mut params);
        let mut findings = judged(&[leaf(&params, issuer)], &trusting(&[issuer]), profile);
        findings.retain(|finding| finding.severity != Severity::Note);
        findings.into_iter().map(|finding| (finding.code, finding.severity)).collect::<Vec<_>>()
    };
    let critical = |params: &mut CertificateParams| params.custom_extensions.push(policies());
    // Each by itself: rustls refuses the one, curl and Go the other.
    let wide = root("R");
    assert_eq!(found(Tls, &wide, &critical), [(Code::CriticalExtension, Severity::Warning)]);
    assert_eq!(found(Tls, &narrow, &|_| ()), [(Code::WrongUsage, Severity::Warning)]);
    let both = found(Tls, &narrow, &critical);
    assert_eq!(both, [(Code::CriticalExtension, Severity::Error), (Code::WrongUsage, Severity::Error)]);
    // What no everyday client minds stays as it is.
    let more = found(Tls, &narrow, &|params| {
        critical(params);
        params.use_authority_key_identifier_extension = false;
    });
    assert!(more.contains(&(Code::KeyIdentifier, Severity::Warning)), "{more:?}");
    // RFC 5280 allows both.
    assert_eq!(found(Rfc5280, &narrow, &critical), []);
}

#[test]
fn a_root_whose_authority_is_not_its_own() {
    let mut params = ca_params("R");
    params.use_authority_key_identifier_extension = false;
    let authority = element(SEQUENCE, &[&element(CONTEXT_0 & 0xdf, &[&[7; 20]])]);
    params.custom_extensions.push(extension(&[2, 5, 29, 35], false, authority));
    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![9; 20]);
    let root = Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let (code, message) = warning(&[leaf(&leaf_params("www.test"), &root)], &trusting(&[&root]));
    assert_eq!(code, Code::KeyIdentifier);
    assert!(message.ends_with("; openssl and Python 3.12 refuse it"), "{message}");
}

#[test]
fn an_anchor_that_is_not_a_root() {
    let root = root("R");
    let middle = intermediate(ca_params("I"), &root);
    let leaf = leaf(&leaf_params("www.test"), &middle);
    let (code, message) = warning(std::slice::from_ref(&leaf), &trusting(&[&middle]));
    assert_eq!(code, Code::PartialChain);
    assert!(message.ends_with("; openssl and Python 3.12 refuse it"), "{message}");
    // The server's own certificate is what is trusted.
    let mut trust = TrustStore::default();
    trust.add(leaf.certificate.clone(), Origin::File("roots.pem".into()));
    let (code, message) = warning(&[leaf], &trust);
    assert_eq!(code, Code::PartialChain);
    assert!(message.contains("rustls") && message.contains("Chromium"), "{message}");
}

#[test]
fn public_cas_have_limits_by_the_day_of_issuance() {
    let root = root("R");
    let trust = trusting(&[&root]);
    let is_too_long = |not_before: OffsetDateTime, days: i64, profile: Profile| {
        let mut params = leaf_params("www.test");
        params.not_before = not_before;
        params.not_after = not_before + Duration::days(days) - Duration::SECOND;
        let chain = [leaf(&params, &root)];
        let host = HostName::parse("www.test").unwrap();
        let input = CheckInput::new(&chain, &trust, not_before + Duration::DAY, "t.pem");
        let found = reasons(&CheckInput { host: Some(&host), profile, ..input });
        found.iter().any(|finding| finding.code == Code::ValidityTooLong)
    };
    for (not_before, limit) in [
        (datetime!(2026-03-14 0:00 UTC), 398),
        (datetime!(2026-03-15 0:00 UTC), 200),
        (datetime!(2027-03-15 0:00 UTC), 100),
        (datetime!(2029-03-15 0:00 UTC), 47),
    ] {
        assert!(!is_too_long(not_before, limit, Webpki), "{not_before}: {limit} days");
        assert!(is_too_long(not_before, limit + 1, Webpki), "{not_before}: more than {limit} days");
        assert!(!is_too_long(not_before, limit + 1, Tls) && !is_too_long(not_before, limit + 1, Rfc5280));
    }
}

#[test]
fn critical_crl_distribution_points() {
    let root = root("R");
    let mut params = leaf_params("www.test");
    let address = element(context(6), &[b"http://a.test/crl"]);
    let name = element(context_constructed(0), &[&element(context_constructed(0), &[&address])]);
    let points = element(SEQUENCE, &[&element(SEQUENCE, &[&name])]);
    params.custom_extensions.push(extension(&[2, 5, 29, 31], true, points));
    let chain = [leaf(&params, &root)];
    let (code, message) = warning(&chain, &trusting(&[&root]));
    assert_eq!(code, Code::CriticalExtension);
    assert!(message.contains("Chromium"), "{message}");
    let findings = judged(&chain, &trusting(&[&root]), Webpki);
    assert!(findings.iter().any(|f| f.code == code && f.severity == Severity::Error), "{findings:?}");
}

/// webpki stops at the policy constraints, which it does not know; the name is wrong for everybody.
#[test]
fn what_rustls_alone_refuses_hides_nothing() {
    let root = root("R");
    let mut params = ca_params("I");
    params.custom_extensions.push(extension(&[2, 5, 29, 36], true, vec![0x30, 3, 0x81, 1, 0]));
    let middle = intermediate(params, &root);
    let mut params = leaf_params("www.test");
    params.subject_alt_names = vec![SanType::DnsName("www.test.".try_into().unwrap())];
    let findings = judged(&[leaf(&params, &middle), of(&middle)], &trusting(&[&root]), Tls);
    let errors: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    assert!(errors.iter().any(|finding| finding.code == Code::HostMismatch), "{findings:?}");
}

/// Every subset of some defects: what one profile refuses, the stricter one refuses too, and no message has the
/// debug text of a library.
#[test]
fn the_profiles_are_ordered_for_every_combination() {
    type Change = fn(&mut CertificateParams);
    const OF_LEAF: [Change; 6] = [
        |params| params.use_authority_key_identifier_extension = false,
        |params| params.serial_number = Some(SerialNumber::from(vec![1; 21])),
        |params| params.key_usages = vec![KeyUsagePurpose::KeyAgreement],
        |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any],
        |params| params.not_after = NOW + Duration::days(900),
        |params| params.subject_alt_names = vec![SanType::DnsName("www.test.".try_into().unwrap())],
    ];
    const OF_CA: [Change; 4] = [
        |params| params.key_usages.clear(),
        |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any],
        |params| params.custom_extensions.push(extension(&[2, 5, 29, 36], true, vec![0x30, 3, 0x80, 1, 0])),
        |params| {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName(".test".into())],
                excluded_subtrees: Vec::new(),
            });
        },
    ];
    let root = root("R");
    let trust = trusting(&[&root]);
    for bits in 0..1_u32 << (OF_LEAF.len() + OF_CA.len()) {
        let (mut of_leaf, mut of_ca) = (leaf_params("www.test"), ca_params("I"));
        for (index, change) in OF_LEAF.iter().chain(&OF_CA).enumerate() {
            if bits & 1 << index != 0 {
                change(if index < OF_LEAF.len() { &mut of_leaf } else { &mut of_ca });
            }
        }
        let middle = intermediate(of_ca, &root);
        let chain = [leaf(&of_leaf, &middle), of(&middle)];
        let refused = [Tls, Webpki, Rfc5280].map(|profile| {
            let findings = judged(&chain, &trust, profile);
            let foreign = ["Context", " {", "Error", "Bad", "(\""];
            for finding in &findings {
                assert!(!foreign.iter().any(|word| finding.message.contains(word)), "{}", finding.message);
            }
            findings.iter().any(|finding| finding.severity == Severity::Error)
        });
        let [tls, webpki, rfc5280] = refused;
        assert!(webpki || !(tls || rfc5280), "{bits:b}: tls {tls}, webpki {webpki}, rfc5280 {rfc5280}");
    }
}
