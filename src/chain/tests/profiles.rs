//! What the profiles make of one and the same chain, and the ways that are tried.

use rcgen::{CustomExtension, DistinguishedName, GeneralSubtree, NameConstraints, SanType, SerialNumber};

use super::*;
use crate::chain::Profile::{self, *};

/// The codes of errors, in the order of the report.
fn errors(certificates: &[Located], trust: &TrustStore, change: impl Fn(&mut CheckInput<'_>)) -> Vec<Code> {
    let host = HostName::parse("www.test").unwrap();
    let mut input = CheckInput { host: Some(&host), ..CheckInput::new(certificates, trust, NOW, "t.pem") };
    change(&mut input);
    errors_of(&input)
}

fn errors_of(input: &CheckInput<'_>) -> Vec<Code> {
    let findings = check(input).findings;
    let errors: Vec<_> = findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    assert_eq!(errors, reasons(input), "both ways of asking give the same answer");
    errors.into_iter().map(|finding| finding.code).collect()
}

/// The same under each profile, in the order tls, webpki, rfc5280.
fn by_profile(certificates: &[Located], trust: &TrustStore) -> [Vec<Code>; 3] {
    [Tls, Webpki, Rfc5280].map(|profile| errors(certificates, trust, |input| input.profile = profile))
}

/// A leaf with a change, under a root.
fn changed(change: impl Fn(&mut CertificateParams)) -> [Vec<Code>; 3] {
    let root = root("R");
    let mut params = leaf_params("www.test");
    change(&mut params);
    by_profile(&[leaf(&params, &root)], &trusting(&[&root]))
}

/// A good leaf under a root with a change.
fn root_changed(change: impl Fn(&mut CertificateParams)) -> [Vec<Code>; 3] {
    let mut params = ca_params("R");
    change(&mut params);
    let root = Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    by_profile(&[leaf(&leaf_params("www.test"), &root)], &trusting(&[&root]))
}

fn extension(oid: &[u64], critical: bool, der: &[u8]) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, der.to_vec());
    extension.set_criticality(critical);
    extension
}

#[test]
fn a_good_chain_holds_under_all() {
    assert_eq!(changed(|_| ()), [vec![], vec![], vec![]]);
}

#[test]
fn what_only_the_standards_refuse() {
    let standards = |code| [vec![], vec![code], vec![code]];
    let webpki = |code| [vec![], vec![code], vec![]];
    let no_aki = changed(|params| params.use_authority_key_identifier_extension = false);
    assert_eq!(no_aki, standards(Code::KeyIdentifier));
    let zero = changed(|params| params.serial_number = Some(SerialNumber::from(vec![0])));
    assert_eq!(zero, standards(Code::SerialNumber));
    let long = changed(|params| params.serial_number = Some(SerialNumber::from(vec![1; 21])));
    assert_eq!(long, standards(Code::SerialNumber));
    let signs = changed(|params| params.key_usages.push(KeyUsagePurpose::KeyCertSign));
    assert_eq!(signs, standards(Code::KeyUsage));
    let underscore = |params: &mut CertificateParams| {
        params.subject_alt_names.push(SanType::DnsName("a_b.test".try_into().unwrap()));
    };
    assert_eq!(changed(underscore), standards(Code::InvalidName));
    let no_purpose = changed(|params| params.extended_key_usages.clear());
    assert_eq!(no_purpose, webpki(Code::WrongUsage));
    let other_cn = changed(|params| params.distinguished_name.push(DnType::CommonName, "Me"));
    assert_eq!(other_cn, webpki(Code::CommonName));
    let critical_info = |params: &mut CertificateParams| {
        // An address of the issuer's certificate: caIssuers, `http://a`.
        let der = b"\x30\x16\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x08http://a";
        params.custom_extensions.push(extension(&[1, 3, 6, 1, 5, 5, 7, 1, 1], true, der));
    };
    assert_eq!(changed(critical_info)[1..], standards(Code::ExtensionCriticality)[1..]);
}

#[test]
fn what_a_root_must_be_like() {
    let constrained = |permitted: Vec<GeneralSubtree>| {
        root_changed(|params| {
            let constraints =
                NameConstraints { permitted_subtrees: permitted.clone(), excluded_subtrees: Vec::new() };
            params.name_constraints = Some(constraints);
        })
    };
    let outside = [vec![Code::NameConstraint], vec![Code::NameConstraint], vec![Code::NameConstraint]];
    assert_eq!(constrained(vec![GeneralSubtree::DnsName("test".into())]), [vec![], vec![], vec![]]);
    assert_eq!(constrained(vec![GeneralSubtree::DnsName("other".into())]), outside);
    // A leading dot is understood by clients, and against the RFC.
    let dotted = constrained(vec![GeneralSubtree::DnsName(".test".into())]);
    assert_eq!(dotted, [vec![], vec![Code::NameConstraint], vec![Code::NameConstraint]]);
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "WWW.test");
    assert_eq!(constrained(vec![GeneralSubtree::DirectoryName(name.clone())]), [vec![], vec![], vec![]]);
    name.push(DnType::CommonName, "other");
    assert_eq!(constrained(vec![GeneralSubtree::DirectoryName(name)]), outside);
    let purpose = root_changed(|params| params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth));
    assert_eq!(purpose, [vec![], vec![Code::WrongUsage], vec![]]);
}

#[test]
fn a_ca_in_the_place_of_the_leaf() {
    let root = root("R");
    let mut params = ca_params("www.test");
    params.not_after = leaf_params("www.test").not_after;
    params.subject_alt_names = leaf_params("www.test").subject_alt_names;
    params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let found = by_profile(&[leaf(&params, &root)], &trusting(&[&root]));
    assert_eq!(found, [vec![], vec![Code::CaAsLeaf], vec![]]);
}

#[test]
fn wildcards_over_public_suffixes() {
    let root = root("R");
    let trust = trusting(&[&root]);
    let host = HostName::parse("shop.co.uk").unwrap();
    let mut params = leaf_params("*.co.uk");
    params.distinguished_name = DistinguishedName::new();
    let judge = |certificates: &[Located], profile: Profile| {
        let input = CheckInput::new(certificates, &trust, NOW, "t.pem");
        errors_of(&CheckInput { profile, host: Some(&host), ..input })
    };
    let wild = [leaf(&params, &root)];
    assert_eq!(judge(&wild, Tls), []);
    assert_eq!(judge(&wild, Webpki)[..1], [Code::PublicSuffix]);
    assert_eq!(judge(&wild, Rfc5280).iter().find(|code| **code == Code::PublicSuffix), None);
    params.subject_alt_names.push(SanType::DnsName("shop.co.uk".try_into().unwrap()));
    let both = [leaf(&params, &root)];
    assert!(!judge(&both, Webpki).contains(&Code::PublicSuffix));
}

#[test]
fn depth_does_not_count_self_issued_certificates() {
    let root = root("R");
    let middle = intermediate(ca_params("I"), &root);
    let rollover = intermediate(ca_params("I"), &middle);
    let pool = [leaf(&leaf_params("www.test"), &rollover), of(&rollover), of(&middle)];
    let trust = trusting(&[&root]);
    for (limit, found) in [(0, vec![Code::PathLength]), (1, vec![])] {
        let judged = errors(&pool, &trust, |input| {
            input.profile = Rfc5280;
            input.max_depth = Some(limit);
        });
        assert_eq!(judged, found, "{limit}");
    }
}

#[test]
fn mail_addresses_are_all_wanted() {
    let root = root("R");
    let mut params = leaf_params("www.test");
    params.subject_alt_names.push(SanType::Rfc822Name("me@Host.test".try_into().unwrap()));
    let pool = [leaf(&params, &root)];
    let trust = trusting(&[&root]);
    let judge = |emails: &[&str]| {
        let emails: Vec<_> = emails.iter().map(|&email| email.to_owned()).collect();
        let host = HostName::parse("www.test").unwrap();
        let input =
            CheckInput { host: Some(&host), emails: &emails, ..CheckInput::new(&pool, &trust, NOW, "t.pem") };
        reasons(&input).into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(judge(&["me@host.TEST"]), []);
    assert_eq!(judge(&["Me@host.test"]), [Code::EmailMismatch]);
    assert_eq!(judge(&["me@host.test", "you@host.test"]), [Code::EmailMismatch]);
}

#[test]
fn policies_must_go_through() {
    let policy = |oid: &[u8]| {
        let mut der = vec![0x30, u8::try_from(oid.len() + 4).unwrap(), 0x30];
        der.extend([u8::try_from(oid.len() + 2).unwrap(), 0x06, u8::try_from(oid.len()).unwrap()]);
        der.extend_from_slice(oid);
        extension(&[2, 5, 29, 32], false, &der)
    };
    let root = root("R");
    let trust = trusting(&[&root]);
    let judge = |ca: Option<&[u8]>, own: Option<&[u8]>| {
        let mut params = ca_params("I");
        // requireExplicitPolicy 0
        params.custom_extensions.push(extension(&[2, 5, 29, 36], true, &[0x30, 3, 0x80, 1, 0]));
        params.custom_extensions.extend(ca.map(policy));
        let middle = intermediate(params, &root);
        let mut params = leaf_params("www.test");
        params.custom_extensions.extend(own.map(policy));
        by_profile(&[leaf(&params, &middle), of(&middle)], &trust)
    };
    let (one, two, any) = (&[0x2a, 3][..], &[0x2a, 4][..], &[0x55, 0x1d, 0x20, 0][..]);
    let broken = [vec![], vec![Code::Policy], vec![Code::Policy]];
    assert_eq!(judge(Some(one), Some(one)), [vec![], vec![], vec![]]);
    assert_eq!(judge(Some(any), Some(one)), [vec![], vec![], vec![]]);
    assert_eq!(judge(Some(one), Some(two)), broken);
    assert_eq!(judge(Some(one), None), broken);
    assert_eq!(judge(None, Some(one)), broken);
}

#[test]
fn another_way_is_taken_when_the_first_does_not_hold() {
    // One CA, certified by two roots; the first certificate forbids the name, the second does not.
    let (first, second) = (root("R1"), root("R2"));
    let key = KeyPair::generate().unwrap();
    let mut narrow = ca_params("I");
    narrow.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("other".into())],
        excluded_subtrees: Vec::new(),
    });
    let narrow = located(narrow.signed_by(&key, &first).unwrap().der());
    let wide = Ca::signed_by(ca_params("I"), key, &second).unwrap();
    let pool = [leaf(&leaf_params("www.test"), &wide), narrow, of(&wide)];
    let both = trusting(&[&first, &second]);
    assert_eq!(by_profile(&pool, &both), [vec![], vec![], vec![]]);
    // Where both fail, the report says why the other one does.
    let judgement = check(&CheckInput::new(&pool[..2], &both, NOW, "t.pem"));
    assert!(judgement.findings.iter().any(|finding| finding.code == Code::NameConstraint));
    let host = HostName::parse("www.test").unwrap();
    let expired = NOW + Duration::days(400);
    let judgement =
        check(&CheckInput { host: Some(&host), ..CheckInput::new(&pool, &both, expired, "t.pem") });
    let others: Vec<_> =
        judgement.findings.iter().filter(|finding| finding.message.starts_with("the path via `I`")).collect();
    assert_eq!(others.len(), 1, "{:?}", judgement.findings);
}

#[test]
fn hundreds_of_cas_of_one_name_do_not_take_minutes() {
    let key = KeyPair::generate().unwrap();
    let mut ca = Ca::self_signed(ca_params("I"), key).unwrap();
    let mut pool = vec![];
    for _ in 0..100 {
        let mut params = ca_params("I");
        params.use_authority_key_identifier_extension = false;
        ca = intermediate(params, &ca);
        pool.push(of(&ca));
    }
    let mut params = leaf_params("www.test");
    params.use_authority_key_identifier_extension = false;
    pool.insert(0, leaf(&params, &ca));
    let started = std::time::Instant::now();
    let found = errors(&pool, &trusting(&[&root("R")]), |_| ());
    assert!(found.contains(&Code::TooComplex), "{found:?}");
    // 20 ms of it in a release build.
    assert!(started.elapsed() < std::time::Duration::from_secs(20));
}
