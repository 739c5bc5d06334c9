//! Why nothing was issued.

use time::OffsetDateTime;

use super::reason::Reason;
use crate::finding::Finding;
use crate::sys::clock::date;
use crate::x509::{CertificateError, PrivateKeyError};

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(
        "the CA `{label}` is valid from {} to {}; it cannot issue now", date(*.not_before), date(*.not_after)
    )]
    IssuerNotValid { label: String, not_before: OffsetDateTime, not_after: OffsetDateTime },
    #[error("the CA `{label}` was revoked on {} ({reason}); it does not issue any more", date(*.at))]
    IssuerRevoked { label: String, at: OffsetDateTime, reason: Reason },
    #[error("a certificate of this key was revoked because others may know the key")]
    CompromisedKey,
    #[error("the CA `{0}` cannot sign revocation lists: its key usage lacks cRLSign")]
    CannotSignLists(String),
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// What was signed is not what was to be signed. Nothing was written.
    #[error("internal check failed: the {0} is not what was requested")]
    NotAsRequested(&'static str),
    #[error("`{0}` is not a CA certificate")]
    NotACa(String),
    #[error("the system provides no random bytes")]
    Random,
    /// The chain rules refuse what was issued: these are their errors, at least one.
    #[error("clients would refuse this certificate")]
    Refused(Vec<Finding>),
    #[error("a key of type {0} cannot sign here")]
    Sign(String),
    #[error(transparent)]
    Unreadable(#[from] CertificateError),
}
