//! Revocation lists: whom they revoke, and when they can be believed.

use rcgen::{
    CertificateRevocationListParams, CrlIssuingDistributionPoint, CrlScope, KeyIdMethod, RevocationReason,
    RevokedCertParams, SerialNumber,
};

use super::*;
use crate::chain::Profile;
use crate::x509::Crl;

struct Made {
    root: Ca,
    middle: Ca,
    chain: Vec<Located>,
}

/// A root, an intermediate that may sign lists, a leaf with the serial number 7.
fn made() -> Made {
    let with_lists = |name: &str| {
        let mut params = ca_params(name);
        params.key_usages.push(KeyUsagePurpose::CrlSign);
        params
    };
    let root = Ca::self_signed(with_lists("R"), KeyPair::generate().unwrap()).unwrap();
    let middle = intermediate(with_lists("I"), &root);
    let mut params = leaf_params("www.test");
    params.serial_number = Some(SerialNumber::from(vec![7]));
    let chain = vec![leaf(&params, &middle), of(&middle)];
    Made { root, middle, chain }
}

fn params(revoked: &[u8]) -> CertificateRevocationListParams {
    let entry = |serial: &u8| RevokedCertParams {
        serial_number: SerialNumber::from(vec![*serial]),
        revocation_time: NOW - Duration::days(3),
        reason_code: Some(RevocationReason::KeyCompromise),
        invalidity_date: None,
    };
    CertificateRevocationListParams {
        this_update: NOW - Duration::days(2),
        next_update: NOW + Duration::days(2),
        crl_number: SerialNumber::from(vec![1]),
        issuing_distribution_point: None,
        revoked_certs: revoked.iter().map(entry).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
}

fn list(params: &CertificateRevocationListParams, issuer: &Ca) -> Crl {
    Crl::from_der(params.signed_by(issuer).unwrap().der()).unwrap()
}

fn judge(made: &Made, crls: &[Crl]) -> Vec<Code> {
    let trust = trusting(&[&made.root]);
    let host = HostName::parse("www.test").unwrap();
    let codes = [Profile::Tls, Profile::Webpki, Profile::Rfc5280].map(|profile| {
        let input = CheckInput {
            host: Some(&host),
            crls,
            profile,
            ..CheckInput::new(&made.chain, &trust, NOW, "t.pem")
        };
        reasons(&input).into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    });
    assert!(codes.iter().all(|other| *other == codes[0]), "{codes:?}");
    codes[0].clone()
}

#[test]
fn a_revoked_certificate_is_refused() {
    let made = made();
    assert_eq!(judge(&made, &[]), []);
    assert_eq!(judge(&made, &[list(&params(&[7]), &made.middle)]), [Code::Revoked]);
    assert_eq!(judge(&made, &[list(&params(&[8]), &made.middle)]), []);
    // The same number on the list of another issuer is another certificate.
    assert_eq!(judge(&made, &[list(&params(&[7]), &made.root)]), []);
}

#[test]
fn a_list_that_cannot_be_believed_says_nothing_good() {
    let made = made();
    let mut old = params(&[]);
    old.next_update = NOW - Duration::DAY;
    assert_eq!(judge(&made, &[list(&old, &made.middle)]), [Code::CrlInvalid]);
    // One that can be is enough.
    assert_eq!(judge(&made, &[list(&old, &made.middle), list(&params(&[]), &made.middle)]), []);
    // An old list still revokes.
    let mut old = params(&[7]);
    old.next_update = NOW - Duration::DAY;
    assert_eq!(judge(&made, &[list(&old, &made.middle)]), [Code::Revoked, Code::CrlInvalid]);
    let mut early = params(&[]);
    early.this_update = NOW + Duration::DAY;
    assert_eq!(judge(&made, &[list(&early, &made.middle)]), [Code::CrlInvalid]);
    // Signed by a stranger of the same name.
    let stranger = Ca::self_signed(made.middle_params(), KeyPair::generate().unwrap()).unwrap();
    assert_eq!(judge(&made, &[list(&params(&[7]), &stranger)]), [Code::CrlInvalid]);
}

#[test]
fn lists_for_some_certificates_only() {
    let made = made();
    let scoped = |scope| {
        let mut params = params(&[7]);
        params.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
            distribution_point: rcgen::CrlDistributionPoint { uris: vec!["http://a.test".into()] },
            scope: Some(scope),
        });
        list(&params, &made.middle)
    };
    assert_eq!(judge(&made, &[scoped(CrlScope::UserCertsOnly)]), [Code::Revoked]);
    assert_eq!(judge(&made, &[scoped(CrlScope::CaCertsOnly)]), []);
}

impl Made {
    fn middle_params(&self) -> CertificateParams {
        let mut params = ca_params("I");
        params.key_usages.push(KeyUsagePurpose::CrlSign);
        params
    }
}
