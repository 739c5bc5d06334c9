//! Issuing: what is to be signed is put together, signed, and read back.
//!
//! Nothing leaves this file that was not parsed again and compared with what was meant: issuer name and public key byte
//! for byte, signature, serial number, validity, names, role and key identifiers.

use aws_lc_rs::digest;
use time::OffsetDateTime;

use super::encode::{
    KeyUsages, ToBeSigned, authority_key_id, basic_constraints, extended_key_usage, key_usage,
    name_constraints, signed, subject_alt_names, subject_key_id,
};
use super::profile::{CaProfile, LeafProfile};
use super::serial;
use super::subject::Subject;
use crate::der::{self, CONTEXT_0, SEQUENCE, SET, element, oid, unsigned};
use crate::x509::{
    Certificate, CertificateError, CertificateName, CertifiedKey, PrivateKey, PublicKeyKind, SignatureCheck,
    Signer, SubjectAltName,
};

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The issuer's validity is over, or has not begun.
    #[error("the CA `{label}` is valid from {not_before} until {not_after} only")]
    IssuerNotValid {
        /// Its name.
        label: String,
        /// First second.
        not_before: OffsetDateTime,
        /// Last second.
        not_after: OffsetDateTime,
    },
    /// The CA's certificate says that its key signs no revocation lists.
    #[error("the CA `{0}` may sign no revocation lists: its key usage does not say cRLSign")]
    NoLists(String),
    /// What came out is not what was meant. Nothing was written.
    #[error("the certificate did not come out as meant: its {0} differs")]
    NotAsMeant(&'static str),
    /// The issuer is no CA.
    #[error("`{0}` is no CA certificate")]
    NotACa(String),
    /// No random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// The key does not sign.
    #[error("a key of kind {0} cannot sign here")]
    Sign(String),
    /// What came out cannot be read.
    #[error(transparent)]
    Unreadable(#[from] CertificateError),
}

/// An issued certificate.
#[derive(Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// Whether its end was cut to its issuer's.
    pub clamped: bool,
}

/// A CA whose key is ready to sign; threads can share it.
#[derive(Debug)]
pub struct Issuer<'a> {
    certificate: &'a Certificate,
    signer: Signer,
}

/// Makes a self-signed root.
///
/// # Errors
/// When the key does not sign, or the result is not as meant.
pub fn make_root(profile: &CaProfile, key: PrivateKey, now: OffsetDateTime) -> Result<CertifiedKey, Error> {
    let meant = Meant::ca(profile, key.spki(), now)?;
    let subject = meant.subject.clone();
    let key_id = key_id(key.spki());
    let der = meant.sign(&subject, &key_id, &signer(&key)?).ok_or_else(|| Error::Sign(key.description()))?;
    let certificate = Certificate::from_der(der)?;
    meant.compare(&certificate, &certificate)?;
    CertifiedKey::new(certificate, Vec::new(), key).map_err(|_| Error::NotAsMeant("public key"))
}

/// Makes an intermediate CA under `issuer`.
///
/// # Errors
/// As [`Issuer::issue_ca`].
pub fn issue_intermediate(
    profile: &CaProfile,
    key: PrivateKey,
    issuer: &CertifiedKey,
    now: OffsetDateTime,
) -> Result<CertifiedKey, Error> {
    let Issued { certificate, .. } = Issuer::new(issuer, now)?.issue_ca(profile, key.spki(), now)?;
    CertifiedKey::new(certificate, Vec::new(), key).map_err(|_| Error::NotAsMeant("public key"))
}

/// Issues a server or client certificate for `key`.
///
/// # Errors
/// As [`Issuer::issue_leaf`].
pub fn issue_leaf(
    profile: &LeafProfile,
    key: &PrivateKey,
    issuer: &CertifiedKey,
    now: OffsetDateTime,
) -> Result<Issued, Error> {
    Issuer::new(issuer, now)?.issue_leaf(profile, key.spki(), now)
}

/// Makes a certificate signing request (RFC 2986), as DER.
///
/// # Errors
/// When the key does not sign.
pub fn make_request(
    subject: &Subject,
    names: &[CertificateName],
    key: &PrivateKey,
) -> Result<Vec<u8>, Error> {
    // extensionRequest (RFC 2985 section 5.4.2) with the names alone: all other extensions are the CA's.
    let extensions = element(SEQUENCE, &[&subject_alt_names(names, subject.is_empty())]);
    let attribute = element(SEQUENCE, &[oid::EXTENSION_REQUEST.der(), &element(SET, &[&extensions])]);
    let attributes: &[&[u8]] = if names.is_empty() { &[] } else { &[&attribute] };
    let version = unsigned(&[0]);
    let attributes = element(CONTEXT_0, attributes);
    let info = element(SEQUENCE, &[&version, &subject.to_der(), key.spki(), &attributes]);
    signed(&info, &signer(key)?).ok_or_else(|| Error::Sign(key.description()))
}

impl<'a> Issuer<'a> {
    /// Makes a CA ready to issue at this time.
    ///
    /// # Errors
    /// When it is no CA, may not issue now, or its key does not sign.
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
        Ok(Self { certificate, signer: signer(ca.key())? })
    }

    /// Issues a server or client certificate for a public key (SubjectPublicKeyInfo, whole DER).
    ///
    /// # Errors
    /// When the key does not sign, or the result is not as meant.
    pub fn issue_leaf(
        &self,
        profile: &LeafProfile,
        spki: &[u8],
        now: OffsetDateTime,
    ) -> Result<Issued, Error> {
        self.issue(Meant::leaf(profile, spki, now)?)
    }

    /// Issues the certificate of a CA below.
    ///
    /// # Errors
    /// As [`Self::issue_leaf`].
    pub fn issue_ca(&self, profile: &CaProfile, spki: &[u8], now: OffsetDateTime) -> Result<Issued, Error> {
        self.issue(Meant::ca(profile, spki, now)?)
    }

    fn issue(&self, mut meant: Meant<'_>) -> Result<Issued, Error> {
        let ca = self.certificate;
        // A certificate that outlives its issuer would fail before its own date says so. And one that begins before
        // its issuer (made in the same minute) looks odd to people.
        let clamped = meant.not_after > ca.not_after;
        if clamped {
            meant.not_after = ca.not_after;
        }
        meant.not_before = meant.not_before.max(ca.not_before);
        let der = meant
            .sign(&ca.subject.der, &self.key_id(), &self.signer)
            .ok_or_else(|| Error::Sign(PublicKeyKind::new(&ca.spki).to_string()))?;
        let certificate = Certificate::from_der(der)?;
        meant.compare(&certificate, ca)?;
        Ok(Issued { certificate, clamped })
    }

    /// The CA's certificate.
    pub fn certificate(&self) -> &'a Certificate {
        self.certificate
    }

    /// The key that signs.
    pub(super) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// What the authority key identifier says: the CA's own identifier, however it was made.
    pub(super) fn key_id(&self) -> Vec<u8> {
        self.certificate.subject_key_id.clone().unwrap_or_else(|| key_id(&self.certificate.spki))
    }
}

/// What a certificate is meant to be.
struct Meant<'a> {
    /// Whole DER.
    subject: Vec<u8>,
    names: &'a [CertificateName],
    serial: [u8; 16],
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    /// Whole DER.
    spki: &'a [u8],
    /// Those that follow from the profile alone.
    extensions: Vec<Vec<u8>>,
    /// Of a CA.
    path_length: Option<u8>,
}

impl<'a> Meant<'a> {
    fn ca(profile: &CaProfile, spki: &'a [u8], now: OffsetDateTime) -> Result<Self, Error> {
        let mut extensions = vec![basic_constraints(Some(profile.path_length)), key_usage(KeyUsages::Ca)];
        if !profile.permitted.is_empty() || !profile.excluded.is_empty() {
            extensions.push(name_constraints(&profile.permitted, &profile.excluded));
        }
        let (not_before, not_after) = super::profile::End::Days(profile.validity_days).validity(now);
        Ok(Self {
            subject: profile.subject.to_der(),
            names: &[],
            serial: serial::random().ok_or(Error::Random)?,
            not_before,
            not_after,
            spki,
            extensions,
            path_length: Some(profile.path_length),
        })
    }

    fn leaf(profile: &'a LeafProfile, spki: &'a [u8], now: OffsetDateTime) -> Result<Self, Error> {
        let usages = match PublicKeyKind::new(spki) {
            PublicKeyKind::Rsa(_) => KeyUsages::SignatureAndRsa,
            _ => KeyUsages::Signature,
        };
        let subject = profile.subject();
        let mut extensions =
            vec![basic_constraints(None), key_usage(usages), extended_key_usage(profile.purpose)];
        if !profile.names.is_empty() {
            extensions.push(subject_alt_names(&profile.names, subject.is_empty()));
        }
        let (not_before, not_after) = profile.end.validity(now);
        Ok(Self {
            subject: subject.to_der(),
            names: &profile.names,
            serial: serial::random().ok_or(Error::Random)?,
            not_before,
            not_after,
            spki,
            extensions,
            path_length: None,
        })
    }

    /// The certificate as DER; `issuer` is a whole name, `authority` the issuer's key identifier.
    fn sign(&self, issuer: &[u8], authority: &[u8], signer: &Signer) -> Option<Vec<u8>> {
        let mut extensions = self.extensions.clone();
        extensions.push(subject_key_id(&key_id(self.spki)));
        extensions.push(authority_key_id(authority));
        let to_be_signed = ToBeSigned {
            serial: &self.serial,
            issuer,
            not_before: self.not_before,
            not_after: self.not_after,
            subject: &self.subject,
            spki: self.spki,
            extensions,
        };
        to_be_signed.sign(signer)
    }

    /// Compares what came out with what was meant.
    fn compare(&self, made: &Certificate, issuer: &Certificate) -> Result<(), Error> {
        let names = self.names.iter().map(|name| match name {
            CertificateName::Dns(name) => SubjectAltName::Dns(name.clone()),
            CertificateName::Ip(address) => SubjectAltName::Ip(*address),
            CertificateName::Mail(mail) => SubjectAltName::Mail(mail.clone()),
            CertificateName::Uri(uri) => SubjectAltName::Uri(uri.clone()),
        });
        let constraints =
            made.basic_constraints.map(|constraints| (constraints.is_ca, constraints.path_length));
        let differs = |part| Err(Error::NotAsMeant(part));
        match () {
            () if made.issuer.der != issuer.subject.der => differs("issuer name"),
            () if made.subject.der != self.subject => differs("subject name"),
            () if made.spki != self.spki => differs("public key"),
            () if made.signature_by(issuer) != SignatureCheck::Valid => differs("signature"),
            () if !made.signature_algorithms_agree => differs("signature algorithm"),
            () if made.serial != self.serial => differs("serial number"),
            () if (made.not_before, made.not_after) != (self.not_before, self.not_after) => {
                differs("validity")
            }
            () if !made.subject_alt_names.iter().flatten().cloned().eq(names) => differs("list of names"),
            () if constraints != Some((self.path_length.is_some(), self.path_length.map(u32::from))) => {
                differs("basic constraints")
            }
            () if made.subject_key_id.is_none() => differs("subject key identifier"),
            () if issuer.subject_key_id.is_some() && made.authority_key_id != issuer.subject_key_id => {
                differs("authority key identifier")
            }
            () => Ok(()),
        }
    }
}

/// "The leftmost 160 bits of the SHA-256 hash of the value of the BIT STRING subjectPublicKey" (RFC 7093 section 2).
fn key_id(spki: &[u8]) -> Vec<u8> {
    let bits = der::contents(spki)
        .and_then(|parts| der::elements(parts).nth(1))
        .and_then(|bits| bits.contents.get(1..)) // how many bits of the last byte do not count: none
        .unwrap_or(spki);
    digest::digest(&digest::SHA256, bits).as_ref().iter().copied().take(20).collect()
}

fn signer(key: &PrivateKey) -> Result<Signer, Error> {
    key.signer().map_err(|_| Error::Sign(key.description()))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::x509::{KeyKind, Purpose};

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn root(days: u32, path_length: u8) -> CertifiedKey {
        let profile = CaProfile::new(Subject::common_name("Test root"), days, path_length);
        make_root(&profile, PrivateKey::generate(KeyKind::EcdsaP256).unwrap(), NOW).unwrap()
    }

    fn leaf(names: &[&str]) -> LeafProfile {
        let names = names.iter().map(|name| CertificateName::parse(name).unwrap()).collect();
        LeafProfile::new(names, Purpose::Server, 397)
    }

    #[test]
    fn a_leaf_has_what_clients_want() {
        let root = root(3650, 0);
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let profile = leaf(&["test.example", "*.test.example", "127.0.0.1", "me@test.example"]);
        let Issued { certificate, clamped } = issue_leaf(&profile, &key, &root, NOW).unwrap();
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
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let issued = issue_leaf(&leaf(&["a.test"]), &key, &root, NOW).unwrap();
        assert!(issued.clamped);
        assert_eq!(issued.certificate.not_after, root.leaf().not_after);
        let late = NOW + time::Duration::days(31);
        assert!(matches!(
            issue_leaf(&leaf(&["a.test"]), &key, &root, late),
            Err(Error::IssuerNotValid { .. })
        ));
    }

    #[test]
    fn a_name_too_long_for_a_common_name_stands_in_the_list_only() {
        let root = root(3650, 0);
        let key = PrivateKey::generate(KeyKind::Rsa2048).unwrap();
        let long = format!("{}.{}.test", "a".repeat(60), "b".repeat(60));
        let certificate = issue_leaf(&leaf(&[&long]), &key, &root, NOW).unwrap().certificate;
        assert_eq!(certificate.subject.common_name(), None);
        assert_eq!(certificate.label(), long);
    }

    #[test]
    fn a_leaf_signs_nothing() {
        let root = root(3650, 0);
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let issued = issue_leaf(&leaf(&["a.test"]), &key, &root, NOW).unwrap();
        let leaf_as_ca = CertifiedKey::new(issued.certificate, Vec::new(), key).unwrap();
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        assert!(matches!(issue_leaf(&leaf(&["b.test"]), &key, &leaf_as_ca, NOW), Err(Error::NotACa(_))));
    }

    #[test]
    fn every_kind_of_key_signs_every_kind() {
        use KeyKind::*;
        for ca_kind in [EcdsaP256, EcdsaP384, EcdsaP521, Ed25519, Rsa2048] {
            let profile = CaProfile::new(Subject::parse("O=Team,OU=A,OU=B,CN=CA").unwrap(), 3650, 1);
            let root = make_root(&profile, PrivateKey::generate(ca_kind).unwrap(), NOW).unwrap();
            for kind in [EcdsaP256, EcdsaP384, Ed25519] {
                let key = PrivateKey::generate(kind).unwrap();
                let issued = issue_leaf(&leaf(&["a.test"]), &key, &root, NOW).unwrap();
                assert_eq!(issued.certificate.issuer.der, root.leaf().subject.der);
                assert_eq!(issued.certificate.issuer.attributes.len(), 4);
            }
        }
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
