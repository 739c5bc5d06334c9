//! The request for a certificate and its result: making one is one verb,
//! [`Issuer::issue`](super::Issuer::issue).

use time::OffsetDateTime;

use super::error::Error;
use super::ledger::{Event, Filed};
use super::profile::{CaProfile, LeafProfile};
use crate::x509::{Certificate, CertifiedKey, KeyKind, PrivateKey};

/// A certificate that is asked for.
pub struct Issuance<'a> {
    pub profile: Profile<'a>,
    pub key: SubjectKey<'a>,
    pub now: OffsetDateTime,
    pub proof: Proof,
    /// For the ledger.
    pub filed: Filed<'a>,
}

#[derive(Clone, Copy)]
pub enum Profile<'a> {
    /// A CA below this one.
    Ca(&'a CaProfile),
    Leaf(&'a LeafProfile),
}

/// The key that the certificate is for.
pub enum SubjectKey<'a> {
    Given(PrivateKey),
    New(KeyKind),
    /// Somebody else's key: SubjectPublicKeyInfo, whole DER.
    Public(&'a [u8]),
}

/// How it is proved that clients accept a certificate, before anything is written. A CA's
/// certificate is compared with its plan only: the chain rules judge certificates of servers and
/// clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By the chain rules, from this certificate to its CA.
    ChainRules,
    /// By an earlier certificate with the same CA, purpose and validity; the caller has compared
    /// the names with the CA's name constraints.
    SameAsEarlier,
}

/// An issued certificate, proved but not written yet.
#[derive(Debug)]
pub struct Issued {
    pub certificate: Certificate,
    /// `None` where only the public key was given.
    pub key: Option<PrivateKey>,
    /// Whether its end was cut to its issuer's.
    pub clamped: bool,
    /// Its line for the ledger.
    pub event: Event,
}

impl<'a> Issuance<'a> {
    pub fn leaf(profile: &'a LeafProfile, key: SubjectKey<'a>, now: OffsetDateTime) -> Self {
        Self { profile: Profile::Leaf(profile), key, now, proof: Proof::ChainRules, filed: Filed::default() }
    }

    pub fn ca(profile: &'a CaProfile, key: SubjectKey<'a>, now: OffsetDateTime) -> Self {
        Self { profile: Profile::Ca(profile), key, now, proof: Proof::ChainRules, filed: Filed::default() }
    }
}

impl Issued {
    /// The certificate with its private key.
    ///
    /// # Errors
    /// When only the public key was given.
    pub fn into_certified(self) -> Result<CertifiedKey, Error> {
        let key = self.key.ok_or(Error::NotAsRequested("private key"))?;
        CertifiedKey::new(self.certificate, Vec::new(), key).map_err(|_| Error::NotAsRequested("public key"))
    }
}

/// # Errors
/// When the system provides no random bytes.
pub fn new_key(kind: KeyKind) -> Result<PrivateKey, Error> {
    Ok(PrivateKey::generate(kind)?)
}
