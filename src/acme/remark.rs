//! What a new certificate's user should know although the certificate is fine.

use time::{Duration, OffsetDateTime};

use super::error::Error;
use super::storage;
use crate::finding::Finding;
use crate::sys::hook::HookRun;

#[derive(Debug)]
#[non_exhaustive]
pub enum Remark {
    /// No chain on offer ends with the preferred root.
    ChainNotOffered {
        preferred: String,
        /// The issuer that the chain in use ends with.
        issuer: String,
    },
    /// What the caller found in the chain.
    Finding(Finding),
    /// The key is neither the one in use before nor the one prepared, as the plan wants it.
    KeyChanged,
    /// The key of the next renewal could not be made.
    NoNextKey(Box<Error>),
    /// The hook after the order failed.
    PostHook(HookRun),
    /// The certificate could not be added to the history that guards the server's limits.
    NotCounted(storage::Error),
    /// Only clients that trust this root accept the certificate; this machine does not. `below`: the CA that it certified
    /// last, where there are several; a CA that was rolled over is a root itself.
    PrivateRoot { issuer: String, below: Option<String> },
    /// The records that prove the names end then, which is soon or before the certificate does.
    ProofEnds { at: OffsetDateTime },
}

/// From this time before their end on the user is warned of it.
const PROOF_NOTICE: Duration = Duration::days(30);

impl Remark {
    /// What is worth saying of records that end at `ends`, in seconds since 1970, for a certificate that is valid until
    /// `not_after`.
    pub fn of_proof(ends: Option<i64>, not_after: OffsetDateTime, now: OffsetDateTime) -> Option<Self> {
        // More than there are in any calendar is for ever.
        let at = OffsetDateTime::from_unix_timestamp(ends?).ok()?;
        (at < not_after || at < now + PROOF_NOTICE).then_some(Self::ProofEnds { at })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_end_of_a_record_is_told_in_time() {
        let now = datetime!(2026-11-29 12:00 UTC);
        let is_told = |days: i64, certificate: i64| {
            let ends = (now + Duration::days(days)).unix_timestamp();
            Remark::of_proof(Some(ends), now + Duration::days(certificate), now).is_some()
        };
        assert!(is_told(29, 6) && is_told(80, 90) && is_told(-1, 90));
        assert!(!is_told(31, 6) && !is_told(91, 90));
        assert!(Remark::of_proof(None, now, now).is_none());
        assert!(Remark::of_proof(Some(i64::MAX), now, now).is_none());
    }
}
