//! A certificate before it is signed: its contents, and the comparison of what was signed with
//! them.

use aws_lc_rs::digest;
use time::OffsetDateTime;

use super::addresses::Addresses;
use super::encode::{
    BasicRole, KeyUsages, ToBeSigned, addresses, authority_key_id, basic_constraints, extended_key_usage,
    key_usage, name_constraints, subject_alt_names, subject_key_id,
};
use super::error::Error;
use super::names::alternative_name;
use super::profile::{CaProfile, LeafProfile};
use super::serial;
use super::validity::End;
use crate::der::oid::{self, Oid};
use crate::der::{self, context, context_constructed};
use crate::x509::{Certificate, CertificateName, PublicKeyKind, SignatureCheck, Signer};

/// Everything that a certificate will say but for its issuer.
pub(super) struct CertificatePlan<'a> {
    pub(super) subject: Vec<u8>,
    /// `None`: those of another certificate, in its extensions; likewise for addresses.
    names: Option<&'a [CertificateName]>,
    addresses: Option<&'a Addresses>,
    serial: [u8; 16],
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    spki: &'a [u8],
    /// Those that follow from the profile alone.
    extensions: Vec<Vec<u8>>,
    /// `None`: a certificate again that has none.
    pub(super) key_id: Option<Vec<u8>>,
    /// Whether it is a CA, and its path length.
    basic: (bool, Option<u32>),
}

impl<'a> CertificatePlan<'a> {
    pub(super) fn ca(profile: &'a CaProfile, spki: &'a [u8], now: OffsetDateTime) -> Result<Self, Error> {
        let basic = basic_constraints(BasicRole::Ca(profile.path_length));
        let mut extensions = vec![basic, key_usage(KeyUsages::Ca)];
        if !profile.permitted.is_empty() || !profile.excluded.is_empty() {
            extensions.push(name_constraints(&profile.permitted, &profile.excluded));
        } else if let Some(other) = &profile.limited_as {
            extensions.extend(copied_extension(other, oid::NAME_CONSTRAINTS));
        }
        extensions.extend(addresses(&profile.addresses));
        let (not_before, not_after) = End::Days(profile.validity_days).validity(now);
        Ok(Self {
            subject: profile.subject.to_der(),
            names: Some(&[]),
            addresses: Some(&profile.addresses),
            serial: serial::random().ok_or(Error::Random)?,
            not_before,
            not_after,
            spki,
            extensions,
            key_id: Some(key_id(spki)),
            basic: (true, profile.path_length.map(u32::from)),
        })
    }

    /// The same CA in a new certificate: subject, key, key identifier and extensions as they are, so
    /// that whatever it signed holds under the new one too.
    pub(super) fn again(
        ca: &'a Certificate,
        validity: (OffsetDateTime, OffsetDateTime),
        issuer: &Certificate,
    ) -> Result<Self, Error> {
        // The identifiers are put in when it is signed: the issuer's may be another one.
        let mut omitted = vec![oid::SUBJECT_KEY_ID.der(), oid::AUTHORITY_KEY_ID.der()];
        if !ca.names_issuer(issuer) {
            // They name the list and the certificate of another issuer.
            omitted.extend([oid::CRL_DISTRIBUTION_POINTS.der(), oid::AUTHORITY_INFO_ACCESS.der()]);
        }
        let mut extensions: Vec<_> =
            extensions(ca).filter(|(id, _)| !omitted.contains(id)).map(|(_, whole)| whole.to_vec()).collect();
        let basic = match ca.basic_constraints {
            Some(constraints) => (constraints.is_ca, constraints.path_length),
            // Certificates of version 1 have no extensions.
            None => {
                extensions.extend([basic_constraints(BasicRole::Ca(None)), key_usage(KeyUsages::Ca)]);
                (true, None)
            }
        };
        Ok(Self {
            subject: ca.subject.der.clone(),
            names: None,
            addresses: None,
            serial: serial::random().ok_or(Error::Random)?,
            not_before: validity.0,
            not_after: validity.1,
            spki: &ca.spki,
            extensions,
            // Others may have made up an identifier for a CA without one (RFC 5280 has several ways): what they
            // wrote into its certificates would no longer fit.
            key_id: ca.subject_key_id.clone(),
            basic,
        })
    }

    pub(super) fn leaf(profile: &'a LeafProfile, spki: &'a [u8], now: OffsetDateTime) -> Result<Self, Error> {
        let usages = match PublicKeyKind::new(spki) {
            PublicKeyKind::Rsa(_) => KeyUsages::SignatureAndRsa,
            _ => KeyUsages::Signature,
        };
        let subject = profile.subject();
        let mut extensions = vec![
            basic_constraints(BasicRole::Leaf),
            key_usage(usages),
            extended_key_usage(profile.purposes()),
        ];
        if !profile.names.is_empty() {
            extensions.push(subject_alt_names(&profile.names, subject.is_empty()));
        }
        extensions.extend(addresses(&profile.addresses));
        let (not_before, not_after) = profile.end.validity(now);
        Ok(Self {
            subject: subject.to_der(),
            names: Some(&profile.names),
            addresses: Some(&profile.addresses),
            serial: serial::random().ok_or(Error::Random)?,
            not_before,
            not_after,
            spki,
            extensions,
            key_id: Some(key_id(spki)),
            basic: (false, None),
        })
    }

    /// The certificate as DER; `issuer` is a whole name, `authority` the issuer's key identifier, if it
    /// is named.
    pub(super) fn sign(&self, issuer: &[u8], authority: Option<&[u8]>, signer: &Signer) -> Option<Vec<u8>> {
        let mut extensions = self.extensions.clone();
        extensions.extend(self.key_id.as_deref().map(subject_key_id));
        extensions.extend(authority.map(authority_key_id));
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
        let has_names = |names: &[CertificateName]| {
            made.subject_alt_names.iter().flatten().cloned().eq(names.iter().map(alternative_name))
        };
        let constraints =
            made.basic_constraints.map(|constraints| (constraints.is_ca, constraints.path_length));
        let checks = [
            (made.issuer.der == issuer.subject.der, "issuer name"),
            (made.subject.der == self.subject, "subject name"),
            (made.spki == self.spki, "public key"),
            (made.signature_by(issuer) == SignatureCheck::Valid, "signature"),
            (made.signature_algorithms_agree, "signature algorithm"),
            (made.serial == self.serial, "serial number"),
            ((made.not_before, made.not_after) == (self.not_before, self.not_after), "validity"),
            (self.names.is_none_or(has_names), "list of names"),
            (constraints == Some(self.basic), "basic constraints extension"),
            (self.addresses.is_none_or(|meant| Addresses::copied(made) == *meant), "addresses"),
            (made.subject_key_id == self.key_id, "subject key identifier"),
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

/// The extensions of a certificate: the object identifier (whole DER) and the whole extension.
fn extensions(certificate: &Certificate) -> impl Iterator<Item = (&[u8], &[u8])> {
    let to_be_signed = der::contents(&certificate.der).and_then(der::contents).unwrap_or_default();
    let list = der::elements(to_be_signed).find(|part| part.tag == context_constructed(3));
    let list = list.and_then(|list| der::contents(list.contents)).unwrap_or_default();
    der::elements(list)
        .filter_map(|extension| Some((der::first(extension.contents)?.0.whole, extension.whole)))
}

/// Whether a certificate names its issuer's certificate by the serial number (authorityCertSerialNumber, RFC 5280
/// section 4.2.1.1), so that a renewed one does not fit.
pub(super) fn names_issuer_by_serial(certificate: &Certificate) -> bool {
    let Some(extension) = copied_extension(certificate, oid::AUTHORITY_KEY_ID) else { return false };
    let value = der::contents(&extension).and_then(|parts| der::elements(parts).last());
    let parts = value.and_then(|value| der::contents(value.contents)).unwrap_or_default();
    der::elements(parts).any(|part| part.tag == context(2))
}

/// One extension of a certificate, as it is.
fn copied_extension(certificate: &Certificate, id: Oid) -> Option<Vec<u8>> {
    extensions(certificate).find(|(known, _)| *known == id.der()).map(|(_, whole)| whole.to_vec())
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
