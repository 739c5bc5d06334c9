//! A CA's certificate again: by its own key, by its issuer, or by the root that it follows.
//!
//! Subject, key, key identifier and extensions stay, so everything that the CA signed holds under
//! the new certificate as well, and clients that trust a root by name and key take chains to either.

use time::OffsetDateTime;

use super::error::Error;
use super::issuer::{Issuer, self_signed};
use super::plan::CertificatePlan;
use super::validity::End;
use crate::sys::clock::date;
use crate::x509::{Certificate, CertifiedKey};

/// Why a CA's certificate is not renewed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaRenewalError {
    #[error("`{file}` was issued by `{issuer}`, whose certificate and key are not both here")]
    IssuerAway { file: String, issuer: String },
    #[error("`{file}` cannot be valid longer than its issuer `{issuer}`, which expires on {}", date(*.end))]
    IssuerEnds { file: String, issuer: String, end: OffsetDateTime },
    #[error(
        "`{by}` names its issuer by the serial number of `{file}`, and a renewed certificate has another one"
    )]
    NamedBySerial { file: String, by: String },
    #[error("`{0}` was revoked; it will not be renewed")]
    Revoked(String),
}

impl Issuer<'_> {
    /// Certifies a CA that has a certificate already, for as long as that one was valid for; never
    /// longer than this CA. Tells whether the end was cut.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn certify_again(&self, ca: &Certificate, now: OffsetDateTime) -> Result<(Certificate, bool), Error> {
        self.sign(CertificatePlan::again(ca, validity(ca, now), self.certificate())?)
    }
}

/// A self-signed certificate again, with a new serial number and validity.
///
/// # Errors
/// When the key cannot sign.
pub fn renew_root(root: &CertifiedKey, now: OffsetDateTime) -> Result<Certificate, Error> {
    self_signed(&CertificatePlan::again(root.leaf(), validity(root.leaf(), now), root.leaf())?, root.key())
}

/// Whether so many CAs may follow below this one.
pub fn allows_below(ca: &Certificate, count: u32) -> bool {
    ca.basic_constraints.and_then(|constraints| constraints.path_length).is_none_or(|most| most >= count)
}

/// As long as before, from now on.
fn validity(ca: &Certificate, now: OffsetDateTime) -> (OffsetDateTime, OffsetDateTime) {
    let (not_before, _) = End::Days(1).validity(now);
    (not_before, not_before.saturating_add(ca.not_after - ca.not_before))
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::ca::{CaProfile, Constraint, Issuance, LeafProfile, Subject, SubjectKey, make_root};
    use crate::x509::{CertificateName, KeyKind, PrivateKey, Purpose, SignatureCheck};

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyKind::EcdsaP256).unwrap()
    }

    fn root(name: &str, days: u32) -> CertifiedKey {
        make_root(&CaProfile::root(Subject::common_name(name), days), key(), NOW).unwrap()
    }

    #[test]
    fn a_root_again_is_the_same_ca() {
        let limits = vec![Constraint::parse("test").unwrap()];
        let profile = CaProfile::new(Subject::common_name("CA"), 900, 1).limited(limits, Vec::new());
        let root = make_root(&profile, key(), NOW).unwrap();
        let leaf = LeafProfile::new(vec![CertificateName::parse("a.test").unwrap()], Purpose::Server, 30);
        let issuer = Issuer::new(&root, NOW).unwrap();
        let leaf = issuer.issue(Issuance::leaf(&leaf, SubjectKey::Given(key()), NOW)).unwrap().certificate;
        let later = NOW + Duration::days(800);
        let again = renew_root(&root, later).unwrap();
        let old = root.leaf();
        assert_eq!(
            (&again.subject, &again.spki, &again.subject_key_id),
            (&old.subject, &old.spki, &old.subject_key_id)
        );
        assert_ne!(again.serial, old.serial);
        assert_eq!(again.not_after, old.not_after + Duration::days(800));
        assert_eq!(again.name_constraints.is_some(), old.name_constraints.is_some());
        assert_eq!(again.basic_constraints, old.basic_constraints);
        assert_eq!(again.extensions.count, old.extensions.count);
        assert!(leaf.names_issuer(&again) && leaf.key_id_fits(&again));
        assert_eq!(leaf.signature_by(&again), SignatureCheck::Valid);
    }

    #[test]
    fn a_ca_under_another_ends_with_it() {
        let (old, new) = (root("old", 100), root("new", 3650));
        let (cross, clamped) = Issuer::new(&old, NOW).unwrap().certify_again(new.leaf(), NOW).unwrap();
        assert!(clamped);
        assert_eq!(cross.not_after, old.leaf().not_after);
        assert_eq!((&cross.subject, &cross.spki), (&new.leaf().subject, &new.leaf().spki));
        assert_eq!(cross.subject_key_id, new.leaf().subject_key_id);
        assert_eq!(cross.authority_key_id, old.leaf().subject_key_id);
        assert!(allows_below(old.leaf(), 2));
    }
}
