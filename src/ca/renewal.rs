//! The same certificate again: what to issue for it, and why it may not be renewed.

use time::Duration;

use super::addresses::Addresses;
use super::ledger::Records;
use super::names::certificate_name;
use super::profile::LeafProfile;
use super::signing_ca::{NotIssuedHereError, SigningCa};
use super::subject::Subject;
use super::validity::End;
use crate::x509::{Certificate, KeyKind, P384, P521, PublicKeyKind, Purpose};

/// Why a certificate is not renewed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenewalError {
    #[error("`{0}` is a CA certificate")]
    CaCertificate(String),
    #[error("`{0}` is a PKCS#7 or PKCS#12 file, which certkit cannot write back")]
    Container(String),
    #[error("`{0}` has a name of a form that certkit does not issue")]
    NameForm(String),
    #[error(transparent)]
    NotIssuedHere(#[from] NotIssuedHereError),
    #[error("`{0}` was revoked; it will not be renewed")]
    Revoked(String),
    #[error("a renewed certificate replaces its file, and standard input cannot be replaced")]
    StandardInput,
}

/// Refuses a certificate that this CA may not issue again.
///
/// # Errors
/// When it is of a CA that is neither this one nor of its family, a CA itself, or revoked.
pub fn require_renewable(
    old: &Certificate,
    file: &str,
    ca: &SigningCa,
    records: &Records,
) -> Result<(), RenewalError> {
    let issuer = ca.require_issued(old, file)?;
    if old.is_ca() {
        return Err(RenewalError::CaCertificate(file.to_owned()));
    }
    if records.revoked.of(&issuer.spki_sha256(), &old.serial_hex()).is_some() {
        return Err(RenewalError::Revoked(file.to_owned()));
    }
    Ok(())
}

/// What to issue for a renewed certificate: names, subject, purpose and length of validity as
/// before.
///
/// # Errors
/// When it has a name that certkit does not issue.
pub fn renewed_profile(old: &Certificate, file: &str) -> Result<LeafProfile, RenewalError> {
    let names = old.subject_alt_names.iter().flatten().map(certificate_name).collect::<Option<_>>();
    let names = names.ok_or_else(|| RenewalError::NameForm(file.to_owned()))?;
    let is_for =
        |purpose: Purpose| old.extended_key_usage.iter().flatten().any(|usage| usage == purpose.oid());
    let (purpose, also_for) = match (is_for(Purpose::Server), is_for(Purpose::Client)) {
        (true, true) => (Purpose::Server, Some(Purpose::Client)),
        (false, true) => (Purpose::Client, None),
        _ => (Purpose::Server, None),
    };
    let mut profile = LeafProfile::new(names, purpose, 0);
    profile.end = End::Lasting(old.not_after - old.not_before + Duration::SECOND);
    profile.also_for = also_for;
    profile.subject = Some(Subject::copied(&old.subject));
    profile.addresses = Addresses::copied(old);
    Ok(profile)
}

/// The kind of a new key for a certificate: that of its old one, as near as certkit makes it.
pub fn renewed_key_kind(old: &Certificate) -> KeyKind {
    match PublicKeyKind::new(&old.spki) {
        PublicKeyKind::Ed25519 => KeyKind::Ed25519,
        PublicKeyKind::Rsa(..=2048) => KeyKind::Rsa2048,
        PublicKeyKind::Rsa(..=3072) => KeyKind::Rsa3072,
        PublicKeyKind::Rsa(_) => KeyKind::Rsa4096,
        PublicKeyKind::Ec(Some(curve)) if curve == P384 => KeyKind::EcdsaP384,
        PublicKeyKind::Ec(Some(curve)) if curve == P521 => KeyKind::EcdsaP521,
        _ => KeyKind::EcdsaP256,
    }
}
