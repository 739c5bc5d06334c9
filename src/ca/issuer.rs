//! The CA that signs: certificates are put together, signed, and read back.
//!
//! Nothing leaves this room that was not parsed again and compared with its plan: issuer name and
//! public key byte for byte, signature, serial number, validity, names, role and key identifiers.

use std::borrow::Cow;

use time::OffsetDateTime;

use super::encode::{BasicRole, KeyUsages, basic_constraints, key_usage, signed, subject_alt_names};
use super::error::Error;
use super::issuance::{Issuance, Issued, Profile, Proof, SubjectKey, new_key};
use super::ledger::Event;
use super::plan::{CertificatePlan, key_id};
use super::profile::CaProfile;
use super::subject::Subject;
use crate::chain::{self, CheckInput, Located, Origin, TrustStore};
use crate::der::{CONTEXT_0, SEQUENCE, SET, element, oid, unsigned};
use crate::finding::Severity;
use crate::x509::{Certificate, CertificateName, CertifiedKey, PrivateKey, PublicKeyKind, Purpose, Signer};

/// A CA whose key is ready to sign; threads can share it.
#[derive(Debug)]
pub struct Issuer<'a> {
    certificate: &'a Certificate,
    signer: Signer,
    /// What findings call it: its file, else its common name.
    name: String,
}

impl<'a> Issuer<'a> {
    /// # Errors
    /// When the certificate is not a CA's or not valid now, or the key cannot sign.
    pub fn new(ca: &'a CertifiedKey, now: OffsetDateTime) -> Result<Self, Error> {
        let certificate = ca.leaf();
        if !certificate.is_ca() {
            return Err(Error::NotACa(certificate.label()));
        }
        if !certificate.is_valid_at(now) {
            return Err(Error::IssuerNotValid {
                label: certificate.label(),
                not_before: certificate.not_before,
                not_after: certificate.not_after,
            });
        }
        Ok(Self { certificate, signer: signer(ca.key())?, name: certificate.label() })
    }

    /// The same, called by its file in findings.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Makes a certificate: its key if it needs a new one, the certificate, the comparison with
    /// what was asked for, the proof that clients accept it, and its line for the ledger. Nothing
    /// is written.
    ///
    /// # Errors
    /// [`Error::Refused`] when the chain rules refuse it; else when the key cannot be made or cannot sign.
    pub fn issue(&self, request: Issuance<'_>) -> Result<Issued, Error> {
        let Issuance { profile, key, now, proof, filed } = request;
        let key = match key {
            SubjectKey::New(kind) => Ok(new_key(kind)?),
            SubjectKey::Given(key) => Ok(key),
            SubjectKey::Public(spki) => Err(spki),
        };
        let spki = key.as_ref().map_or_else(|spki| *spki, PrivateKey::spki);
        let plan = match profile {
            Profile::Ca(profile) => CertificatePlan::ca(profile, spki, now)?,
            Profile::Leaf(profile) => CertificatePlan::leaf(profile, spki, now)?,
        };
        let (certificate, clamped) = self.sign(plan)?;
        if let (Profile::Leaf(profile), Proof::ChainRules) = (profile, proof) {
            for purpose in profile.purposes() {
                self.prove(&certificate, purpose, now)?;
            }
        }
        let event = Event::issued(self.certificate, &certificate, filed);
        Ok(Issued { certificate, key: key.ok(), clamped, event })
    }

    pub(super) fn sign(&self, mut plan: CertificatePlan<'_>) -> Result<(Certificate, bool), Error> {
        let ca = self.certificate;
        // A certificate that outlives its issuer would fail before its own date says so. And one
        // that begins before its issuer (made in the same minute) looks odd to people.
        let clamped = plan.not_after > ca.not_after;
        if clamped {
            plan.not_after = ca.not_after;
        }
        plan.not_before = plan.not_before.max(ca.not_before);
        let der = plan
            .sign(&ca.subject.der, Some(&self.key_id()), &self.signer)
            .ok_or_else(|| Error::Sign(PublicKeyKind::new(&ca.spki).to_string()))?;
        let certificate = Certificate::from_der(der)?;
        plan.compare(&certificate, ca)?;
        Ok((certificate, clamped))
    }

    /// Refuses what clients would refuse, above all names that the CA is not allowed to issue for.
    fn prove(&self, certificate: &Certificate, purpose: Purpose, now: OffsetDateTime) -> Result<(), Error> {
        let mut trust = TrustStore::default();
        trust.add(self.certificate.clone(), Origin::File(self.name.clone()));
        let judgement = chain::check(&CheckInput {
            purpose,
            ..CheckInput::new(&[Located::from(certificate.clone())], &trust, now, &self.name)
        });
        let mut errors = judgement.findings;
        errors.retain(|finding| finding.severity == Severity::Error);
        if errors.is_empty() { Ok(()) } else { Err(Error::Refused(errors)) }
    }

    pub fn certificate(&self) -> &'a Certificate {
        self.certificate
    }

    pub(super) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// What the authority key identifier says: the CA's own identifier, however it was made.
    pub(super) fn key_id(&self) -> Cow<'_, [u8]> {
        match &self.certificate.subject_key_id {
            Some(id) => Cow::Borrowed(id),
            None => Cow::Owned(key_id(&self.certificate.spki)),
        }
    }
}

/// Makes a self-signed root.
///
/// # Errors
/// When the key cannot sign.
pub fn make_root(profile: &CaProfile, key: PrivateKey, now: OffsetDateTime) -> Result<CertifiedKey, Error> {
    let certificate = self_signed(&CertificatePlan::ca(profile, key.spki(), now)?, &key)?;
    CertifiedKey::new(certificate, Vec::new(), key).map_err(|_| Error::NotAsRequested("public key"))
}

/// The certificate of a plan, signed by the key that it is for.
pub(super) fn self_signed(plan: &CertificatePlan<'_>, key: &PrivateKey) -> Result<Certificate, Error> {
    let der = plan.sign(&plan.subject, plan.key_id.as_deref(), &signer(key)?);
    let certificate = Certificate::from_der(der.ok_or_else(|| Error::Sign(key.description()))?)?;
    plan.compare(&certificate, &certificate)?;
    Ok(certificate)
}

/// Makes a certificate signing request (RFC 2986), as DER.
///
/// # Errors
/// When the key cannot sign.
pub fn make_request(
    subject: &Subject,
    names: &[CertificateName],
    key: &PrivateKey,
) -> Result<Vec<u8>, Error> {
    // extensionRequest (RFC 2985 section 5.4.2) with the names alone: all other extensions are the
    // CA's.
    if names.is_empty() {
        return request(subject, &[], key);
    }
    request(subject, &[&subject_alt_names(names, subject.is_empty())], key)
}

/// A request to become a CA below another one, with no CA below itself.
///
/// # Errors
/// When the key cannot sign.
pub fn make_ca_request(subject: &Subject, key: &PrivateKey) -> Result<Vec<u8>, Error> {
    let basic = basic_constraints(BasicRole::Ca(Some(0)));
    request(subject, &[&basic, &key_usage(KeyUsages::Ca)], key)
}

fn request(subject: &Subject, extensions: &[&[u8]], key: &PrivateKey) -> Result<Vec<u8>, Error> {
    let list = element(SEQUENCE, extensions);
    let attribute = element(SEQUENCE, &[oid::EXTENSION_REQUEST.der(), &element(SET, &[&list])]);
    let attributes: &[&[u8]] = if extensions.is_empty() { &[] } else { &[&attribute] };
    let version = unsigned(&[0]);
    let attributes = element(CONTEXT_0, attributes);
    let info = element(SEQUENCE, &[&version, &subject.to_der(), key.spki(), &attributes]);
    signed(&info, &signer(key)?).ok_or_else(|| Error::Sign(key.description()))
}

fn signer(key: &PrivateKey) -> Result<Signer, Error> {
    key.signer().map_err(|_| Error::Sign(key.description()))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::super::profile::LeafProfile;
    use super::*;
    use crate::x509::{KeyKind, SignatureCheck};

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn root(days: u32, path_length: u8) -> CertifiedKey {
        let profile = CaProfile::new(Subject::common_name("Test root"), days, path_length);
        make_root(&profile, PrivateKey::generate(KeyKind::EcdsaP256).unwrap(), NOW).unwrap()
    }

    fn leaf(names: &[&str]) -> LeafProfile {
        let names = names.iter().map(|name| CertificateName::parse(name).unwrap()).collect();
        LeafProfile::new(names, Purpose::Server, 397)
    }

    fn issue(profile: &LeafProfile, root: &CertifiedKey, kind: KeyKind) -> Result<Issued, Error> {
        Issuer::new(root, NOW)?.issue(Issuance::leaf(profile, SubjectKey::New(kind), NOW))
    }

    #[test]
    fn a_leaf_has_what_clients_want() {
        let root = root(3650, 0);
        let profile = leaf(&["test.example", "*.test.example", "127.0.0.1", "me@test.example"]);
        let Issued { certificate, clamped, .. } = issue(&profile, &root, KeyKind::EcdsaP256).unwrap();
        assert!(!clamped);
        assert_eq!(certificate.subject.common_name(), Some("test.example"));
        assert_eq!(certificate.subject_alt_names.as_ref().unwrap().len(), 4);
        assert_eq!(certificate.authority_key_id, root.leaf().subject_key_id);
        assert_eq!(
            certificate.not_after - certificate.not_before,
            time::Duration::days(397) - time::Duration::SECOND
        );
        let usage = certificate.key_usage.unwrap();
        assert!(usage.critical && usage.digital_signature() && !usage.key_cert_sign());
    }

    #[test]
    fn a_leaf_never_outlives_its_issuer() {
        let root = root(30, 0);
        let issued = issue(&leaf(&["a.test"]), &root, KeyKind::EcdsaP256).unwrap();
        assert!(issued.clamped);
        assert_eq!(issued.certificate.not_after, root.leaf().not_after);
        let late = NOW + time::Duration::days(31);
        assert!(matches!(Issuer::new(&root, late), Err(Error::IssuerNotValid { .. })));
    }

    #[test]
    fn a_name_too_long_for_a_common_name_stands_in_the_list_only() {
        let root = root(3650, 0);
        let long = format!("{}.{}.test", "a".repeat(60), "b".repeat(60));
        let certificate = issue(&leaf(&[&long]), &root, KeyKind::Rsa2048).unwrap().certificate;
        assert_eq!(certificate.subject.common_name(), None);
        assert_eq!(certificate.label(), long);
    }

    #[test]
    fn a_leaf_signs_nothing() {
        let root = root(3650, 0);
        let issued = issue(&leaf(&["a.test"]), &root, KeyKind::EcdsaP256).unwrap();
        let leaf_as_ca = issued.into_certified().unwrap();
        assert!(matches!(Issuer::new(&leaf_as_ca, NOW), Err(Error::NotACa(_))));
    }

    #[test]
    fn every_kind_of_key_signs_every_kind() {
        use KeyKind::*;
        for ca_kind in [EcdsaP256, EcdsaP384, EcdsaP521, Ed25519, Rsa2048] {
            let profile = CaProfile::new(Subject::parse("O=Team,OU=A,OU=B,CN=CA").unwrap(), 3650, 1);
            let root = make_root(&profile, PrivateKey::generate(ca_kind).unwrap(), NOW).unwrap();
            for kind in [EcdsaP256, EcdsaP384, Ed25519] {
                let issued = issue(&leaf(&["a.test"]), &root, kind).unwrap();
                assert_eq!(issued.certificate.issuer.der, root.leaf().subject.der);
                assert_eq!(issued.certificate.issuer.attributes.len(), 4);
            }
        }
    }

    #[test]
    fn what_clients_would_refuse_is_not_issued() {
        let permitted = vec![super::super::profile::Constraint::parse("test").unwrap()];
        let profile = CaProfile::new(Subject::common_name("CA"), 9, 0).limited(permitted, Vec::new());
        let root = make_root(&profile, PrivateKey::generate(KeyKind::EcdsaP256).unwrap(), NOW).unwrap();
        assert!(issue(&leaf(&["a.test"]), &root, KeyKind::EcdsaP256).is_ok());
        let refused = issue(&leaf(&["a.example"]), &root, KeyKind::EcdsaP256);
        let Err(Error::Refused(findings)) = refused else { panic!("{refused:?}") };
        assert_eq!(findings[0].code, crate::finding::Code::NameConstraint);
    }

    #[test]
    fn a_request_says_what_was_asked() {
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP521, KeyKind::Ed25519, KeyKind::Rsa2048] {
            let key = PrivateKey::generate(kind).unwrap();
            let profile = leaf(&["a.test", "10.0.0.1"]);
            let der = make_request(&profile.subject(), &profile.names, &key).unwrap();
            let request = crate::x509::Request::from_der(&der).unwrap();
            assert_eq!(request.proof_of_possession(), SignatureCheck::Valid, "{kind}");
            assert_eq!((request.names.len(), request.subject.common_name()), (2, Some("a.test")));
        }
    }
}
