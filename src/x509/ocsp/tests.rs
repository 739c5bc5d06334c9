//! Responses that are made here, whole and with one thing wrong.

use proptest::prelude::*;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use time::macros::datetime;

use super::*;
use crate::ca::{CaProfile, Issuance, Issuer, LeafProfile, Subject, SubjectKey, make_root};
use crate::der::{bits, element};
use crate::pem;
use crate::x509::{CertificateName, CertifiedKey, KeyKind, PrivateKey, Purpose};

const NOW: OffsetDateTime = datetime!(2026-11-28 12:00 UTC);

fn make_ca() -> CertifiedKey {
    let profile = CaProfile::new(Subject::common_name("CA"), 99, 0);
    make_root(&profile, PrivateKey::generate(KeyKind::EcdsaP256).unwrap(), NOW).unwrap()
}

fn issue(ca: &CertifiedKey) -> Certificate {
    let names = vec![CertificateName::parse("test.example").unwrap()];
    let profile = LeafProfile::new(names, Purpose::Server, 9);
    let request = Issuance::leaf(&profile, SubjectKey::New(KeyKind::EcdsaP256), NOW);
    let issued = Issuer::new(ca, NOW).unwrap().issue(request).unwrap();
    issued.into_certified().unwrap().leaf().clone()
}

/// A certificate for a responder by the CA, with its key.
fn authorize(ca: &CertifiedKey, purpose: ExtendedKeyUsagePurpose, until: i32) -> (Certificate, PrivateKey) {
    let mut text = String::new();
    pem::write(&mut text, "CERTIFICATE", &ca.leaf().der);
    let ca_key = KeyPair::from_pem(&ca.key().to_pem()).unwrap();
    let issuer = rcgen::Issuer::from_ca_cert_pem(&text, ca_key).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "responder");
    params.not_before = datetime!(2026-01-01 0:00 UTC);
    params.not_after = datetime!(2026-01-01 0:00 UTC).replace_year(until).unwrap();
    params.extended_key_usages = vec![purpose];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKey::from_der(key.serialize_der().into()).unwrap();
    (Certificate::from_der(certificate.der().to_vec()).unwrap(), key)
}

fn generalized(time: OffsetDateTime) -> Vec<u8> {
    let format = format_description!("[year][month][day][hour][minute][second]Z");
    element(GENERALIZED_TIME, &[time.format(format).unwrap().as_bytes()])
}

/// What a response is made of; every part is DER.
#[derive(Clone)]
struct Parts {
    response_status: u8,
    response_type: Vec<u8>,
    hash: Vec<u8>,
    name_hash: Vec<u8>,
    key_hash: Vec<u8>,
    serial: Vec<u8>,
    status: Vec<u8>,
    this_update: Vec<u8>,
    next_update: Vec<u8>,
    responder: Vec<u8>,
    certificates: Vec<u8>,
}

impl Parts {
    fn good(leaf: &Certificate, ca: &Certificate) -> Self {
        let sha256 = |bytes: &[u8]| digest::digest(&SHA256, bytes).as_ref().to_vec();
        Self {
            response_status: 0,
            response_type: oid::OCSP_BASIC.der().to_vec(),
            hash: oid::SHA256.der().to_vec(),
            name_hash: sha256(&ca.subject.der),
            key_hash: sha256(public_key(ca).unwrap()),
            serial: leaf.serial.clone(),
            status: element(context(0), &[]),
            this_update: generalized(NOW),
            next_update: element(CONTEXT_0, &[&generalized(NOW + time::Duration::DAY)]),
            responder: element(CONTEXT_1, &[&ca.subject.der]),
            certificates: Vec::new(),
        }
    }

    fn by_sha1(mut self, ca: &Certificate) -> Self {
        let sha1 = |bytes: &[u8]| digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec();
        self.hash = oid::SHA1.der().to_vec();
        (self.name_hash, self.key_hash) = (sha1(&ca.subject.der), sha1(public_key(ca).unwrap()));
        self
    }

    fn of_responder(mut self, responder: &Certificate) -> Self {
        self.responder = element(CONTEXT_1, &[&responder.subject.der]);
        self.certificates = element(CONTEXT_0, &[&element(SEQUENCE, &[&responder.der])]);
        self
    }

    fn sign(&self, key: &PrivateKey) -> Vec<u8> {
        let id = element(
            SEQUENCE,
            &[
                &element(SEQUENCE, &[&self.hash]),
                &element(OCTET_STRING, &[&self.name_hash]),
                &element(OCTET_STRING, &[&self.key_hash]),
                &element(INTEGER, &[&self.serial]),
            ],
        );
        let single = element(SEQUENCE, &[&id, &self.status, &self.this_update, &self.next_update]);
        let produced = generalized(NOW);
        let data = element(SEQUENCE, &[&self.responder, &produced, &element(SEQUENCE, &[&single])]);
        let signer = key.signer().unwrap();
        let signature = bits(&signer.sign(&data).unwrap());
        let basic = element(SEQUENCE, &[&data, signer.algorithm(), &signature, &self.certificates]);
        let bytes = element(SEQUENCE, &[&self.response_type, &element(OCTET_STRING, &[&basic])]);
        let status = element(ENUMERATED, &[&[self.response_status]]);
        element(SEQUENCE, &[&status, &element(CONTEXT_0, &[&bytes])])
    }
}

fn judge(der: &[u8], leaf: &Certificate, ca: &Certificate) -> Result<Staple, OcspError> {
    judge_at(der, leaf, ca, NOW)
}

fn judge_at(
    der: &[u8],
    leaf: &Certificate,
    ca: &Certificate,
    now: OffsetDateTime,
) -> Result<Staple, OcspError> {
    let response = OcspResponse::from_der(der)?;
    assert!(response.names(leaf));
    response.staple(leaf, ca, now)
}

#[test]
fn a_response_of_the_issuer_itself() {
    let ca = make_ca();
    let leaf = issue(&ca);
    let until = NOW + time::Duration::DAY;
    let good = Parts::good(&leaf, ca.leaf());
    for parts in [good.clone(), good.clone().by_sha1(ca.leaf())] {
        let der = parts.sign(ca.key());
        assert_eq!(judge(&der, &leaf, ca.leaf()), Ok(Staple { der: der.clone(), until }));
        assert!(!OcspResponse::from_der(&der).unwrap().names(&issue(&ca)), "another certificate");
    }
    // Named by the hash of its key.
    let key_hash = digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, public_key(ca.leaf()).unwrap());
    let responder = element(context_constructed(2), &[&element(OCTET_STRING, &[key_hash.as_ref()])]);
    let der = Parts { responder, ..good.clone() }.sign(ca.key());
    assert!(judge(&der, &leaf, ca.leaf()).is_ok());

    // The second in which the next one is due is too late.
    let der = good.sign(ca.key());
    let second = time::Duration::SECOND;
    assert!(judge_at(&der, &leaf, ca.leaf(), until - second).is_ok());
    assert_eq!(judge_at(&der, &leaf, ca.leaf(), until), Err(OcspError::Expired(until)));
    assert_eq!(judge_at(&der, &leaf, ca.leaf(), NOW - second), Err(OcspError::NotYetValid(NOW)));
}

#[test]
fn responses_that_say_something_else() {
    let ca = make_ca();
    let leaf = issue(&ca);
    let good = Parts::good(&leaf, ca.leaf());
    let of = |parts: Parts| judge(&parts.sign(ca.key()), &leaf, ca.leaf()).unwrap_err();
    let revoked = element(CONTEXT_1, &[&generalized(NOW)]);
    assert_eq!(of(Parts { status: revoked, ..good.clone() }), OcspError::Revoked(NOW));
    let unknown = element(context(2), &[]);
    assert_eq!(of(Parts { status: unknown, ..good.clone() }), OcspError::Unknown);
    assert_eq!(of(Parts { next_update: Vec::new(), ..good.clone() }), OcspError::NoNextUpdate);
    assert_eq!(
        of(Parts { response_type: oid::OCSP.der().to_vec(), ..good.clone() }),
        OcspError::UnsupportedType
    );
    assert_eq!(of(Parts { response_status: 3, ..good.clone() }), OcspError::Unsuccessful("tryLater"));
    assert_eq!(of(Parts { response_status: 4, ..good.clone() }), OcspError::Damaged);
    let fraction = element(GENERALIZED_TIME, &[b"20261128120000.5Z"]);
    assert_eq!(of(Parts { this_update: fraction, ..good.clone() }), OcspError::Damaged);
    let zone = element(GENERALIZED_TIME, &[b"20261128120000+0100"]);
    assert_eq!(of(Parts { this_update: zone, ..good.clone() }), OcspError::Damaged);
    let no_day = element(GENERALIZED_TIME, &[b"20260230120000Z"]);
    assert_eq!(of(Parts { this_update: no_day, ..good.clone() }), OcspError::Damaged);
    // As servers that are overloaded send it: a status alone.
    assert_eq!(
        OcspResponse::from_der(&[0x30, 3, 0x0a, 1, 6]).unwrap_err(),
        OcspError::Unsuccessful("unauthorized")
    );
    let unnamed = Parts { hash: oid::SHA512.der().to_vec(), ..good };
    assert!(!OcspResponse::from_der(&unnamed.sign(ca.key())).unwrap().names(&leaf));
}

#[test]
fn responses_that_others_signed() {
    let (ca, stranger) = (make_ca(), make_ca());
    let leaf = issue(&ca);
    let good = Parts::good(&leaf, ca.leaf());
    let forged = judge(&good.sign(stranger.key()), &leaf, ca.leaf());
    assert_eq!(forged, Err(OcspError::BadSignature("CA".to_owned())));
    // An issuer of the same name with another key.
    let of_stranger = Parts { serial: leaf.serial.clone(), ..Parts::good(&leaf, stranger.leaf()) };
    let other = judge(&of_stranger.sign(stranger.key()), &leaf, ca.leaf());
    assert_eq!(other, Err(OcspError::OtherIssuer("CA".to_owned())));

    let ocsp = ExtendedKeyUsagePurpose::OcspSigning;
    let (responder, key) = authorize(&ca, ocsp.clone(), 2027);
    let der = good.clone().of_responder(&responder).sign(&key);
    assert_eq!(judge(&der, &leaf, ca.leaf()).unwrap().until, NOW + time::Duration::DAY);
    // It is no longer sent when the certificate of its responder ends, even if the next one is due later.
    let next_update = element(CONTEXT_0, &[&generalized(NOW + time::Duration::days(99))]);
    let der = Parts { next_update, ..good.clone() }.of_responder(&responder).sign(&key);
    assert_eq!(judge(&der, &leaf, ca.leaf()).unwrap().until, responder.not_after);

    let no_responder = Err(OcspError::NoResponder("CA".to_owned()));
    let forged = good.clone().of_responder(&responder).sign(stranger.key());
    assert_eq!(judge(&forged, &leaf, ca.leaf()), Err(OcspError::BadSignature("responder".to_owned())));
    let unsent = Parts { certificates: Vec::new(), ..good.clone().of_responder(&responder) };
    assert_eq!(judge(&unsent.sign(&key), &leaf, ca.leaf()), no_responder);
    for (ca_of_it, purpose, until) in [
        (&stranger, ocsp.clone(), 2027),
        (&ca, ExtendedKeyUsagePurpose::ServerAuth, 2027),
        (&ca, ExtendedKeyUsagePurpose::Any, 2027),
        (&ca, ocsp, 2026),
    ] {
        let (responder, key) = authorize(ca_of_it, purpose, until);
        let der = good.clone().of_responder(&responder).sign(&key);
        assert_eq!(judge(&der, &leaf, ca.leaf()), no_responder);
    }
}

#[test]
fn every_cut_and_every_changed_bit_is_refused() {
    let ca = make_ca();
    let leaf = issue(&ca);
    let (responder, key) = authorize(&ca, ExtendedKeyUsagePurpose::OcspSigning, 2027);
    let good = Parts::good(&leaf, ca.leaf());
    for der in [good.sign(ca.key()), good.of_responder(&responder).sign(&key)] {
        let is_good = |der: &[u8]| {
            OcspResponse::from_der(der)
                .is_ok_and(|response| response.names(&leaf) && response.staple(&leaf, ca.leaf(), NOW).is_ok())
        };
        assert!(is_good(&der));
        for cut in 0..der.len() {
            assert_eq!(OcspResponse::from_der(&der[..cut]).err(), Some(OcspError::Damaged), "{cut}");
        }
        assert!(OcspResponse::from_der(&[&der[..], &[0]].concat()).is_err());
        for at in 0..der.len() {
            for bit in [1, 0x20, 0x80] {
                let mut changed = der.clone();
                changed[at] ^= bit;
                assert!(!is_good(&changed), "bit {bit:#x} of byte {at}");
            }
        }
    }
}

/// Responses of `openssl ocsp`: testdata/ocsp/make.sh.
#[test]
fn responses_of_openssl() {
    let file =
        |name: &str| std::fs::read(format!("{}/testdata/ocsp/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let certificate = |name: &str| {
        let blocks = pem::scan(&file(name)).blocks;
        Certificate::from_der(blocks[0].der.to_vec()).unwrap()
    };
    let (ca, leaf) = (certificate("ca.pem"), certificate("leaf.pem"));
    for name in ["by-issuer.der", "by-responder.der"] {
        let der = file(name);
        let response = OcspResponse::from_der(&der).unwrap();
        assert!(response.names(&leaf));
        let begin = response.statuses[0].this_update;
        let staple = response.staple(&leaf, &ca, begin).unwrap();
        assert_eq!(staple, Staple { der, until: begin + time::Duration::days(7) }, "{name}");
    }
    let response = OcspResponse::from_der(&file("revoked.der")).unwrap();
    let begin = response.statuses[0].this_update;
    assert!(matches!(response.staple(&leaf, &ca, begin), Err(OcspError::Revoked(_))));
}

proptest! {
    #[test]
    fn no_bytes_panic(der in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(OcspResponse::from_der(&der).is_err());
    }
}
