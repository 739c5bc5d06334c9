//! A certificate before it is signed: its contents, and the comparison of what was signed with
//! them.

use aws_lc_rs::digest;
use time::OffsetDateTime;

use super::encode::{
    KeyUsages, ToBeSigned, authority_key_id, basic_constraints, extended_key_usage, key_usage,
    name_constraints, subject_alt_names, subject_key_id,
};
use super::error::Error;
use super::names::alternative_name;
use super::profile::{CaProfile, LeafProfile};
use super::serial;
use super::validity::End;
use crate::der;
use crate::x509::{Certificate, CertificateName, PublicKeyKind, SignatureCheck, Signer};

/// Everything that a certificate will say but for its issuer.
pub(super) struct CertificatePlan<'a> {
    pub(super) subject: Vec<u8>,
    names: &'a [CertificateName],
    serial: [u8; 16],
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    spki: &'a [u8],
    /// Those that follow from the profile alone.
    extensions: Vec<Vec<u8>>,
    path_length: Option<u8>,
}

impl<'a> CertificatePlan<'a> {
    pub(super) fn ca(profile: &CaProfile, spki: &'a [u8], now: OffsetDateTime) -> Result<Self, Error> {
        let mut extensions = vec![basic_constraints(Some(profile.path_length)), key_usage(KeyUsages::Ca)];
        if !profile.permitted.is_empty() || !profile.excluded.is_empty() {
            extensions.push(name_constraints(&profile.permitted, &profile.excluded));
        }
        let (not_before, not_after) = End::Days(profile.validity_days).validity(now);
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

    pub(super) fn leaf(profile: &'a LeafProfile, spki: &'a [u8], now: OffsetDateTime) -> Result<Self, Error> {
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
    pub(super) fn sign(&self, issuer: &[u8], authority: &[u8], signer: &Signer) -> Option<Vec<u8>> {
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

    /// Compares the certificate that was made with this plan.
    pub(super) fn compare(&self, made: &Certificate, issuer: &Certificate) -> Result<(), Error> {
        let names = self.names.iter().map(alternative_name);
        let constraints =
            made.basic_constraints.map(|constraints| (constraints.is_ca, constraints.path_length));
        let meant_constraints = (self.path_length.is_some(), self.path_length.map(u32::from));
        let checks = [
            (made.issuer.der == issuer.subject.der, "issuer name"),
            (made.subject.der == self.subject, "subject name"),
            (made.spki == self.spki, "public key"),
            (made.signature_by(issuer) == SignatureCheck::Valid, "signature"),
            (made.signature_algorithms_agree, "signature algorithm"),
            (made.serial == self.serial, "serial number"),
            ((made.not_before, made.not_after) == (self.not_before, self.not_after), "validity"),
            (made.subject_alt_names.iter().flatten().cloned().eq(names), "list of names"),
            (constraints == Some(meant_constraints), "basic constraints extension"),
            (made.subject_key_id.is_some(), "subject key identifier"),
            (
                issuer.subject_key_id.is_none() || made.authority_key_id == issuer.subject_key_id,
                "authority key identifier",
            ),
        ];
        match checks.into_iter().find(|(holds, _)| !holds) {
            None => Ok(()),
            Some((_, part)) => Err(Error::NotAsRequested(part)),
        }
    }
}

/// "The leftmost 160 bits of the SHA-256 hash of the value of the BIT STRING subjectPublicKey" (RFC
/// 7093 section 2).
pub(super) fn key_id(spki: &[u8]) -> Vec<u8> {
    let bits = der::contents(spki)
        .and_then(|parts| der::elements(parts).nth(1))
        .and_then(|bits| bits.contents.get(1..)) // how many bits of the last byte do not count: none
        .unwrap_or(spki);
    digest::digest(&digest::SHA256, bits).as_ref().iter().copied().take(20).collect()
}
