//! Revoking a certificate, and making the next revocation list: each one step under the ledger's
//! lock.

use std::path::PathBuf;

use time::{Duration, OffsetDateTime};

use super::crl::make_list;
use super::error::Error;
use super::ledger::{Error as LedgerError, Event};
use super::reason::Reason;
use super::signing_ca::{NotIssuedHereError, SigningCa};
use crate::pem;
use crate::sys::fs::{self, Existing, NewFile, PUBLIC, create_all};
use crate::x509::Certificate;

/// Why nothing was revoked or listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationError {
    #[error(transparent)]
    File(#[from] fs::Error),
    #[error(transparent)]
    Issue(#[from] Error),
    #[error("`{0}` is the CA itself, and a CA cannot revoke itself")]
    ItsOwn(String),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    NotIssuedHere(#[from] NotIssuedHereError),
}

/// A revocation list that was made.
pub struct MadeList {
    pub text: Vec<u8>,
    pub number: u64,
    pub revoked: usize,
    pub next_update: OffsetDateTime,
}

impl SigningCa {
    /// Enters a revocation into the ledger. Gives the one that is there already, if there is one:
    /// then nothing changes. `file` is the certificate's, for messages.
    ///
    /// # Errors
    /// When it is not a certificate of this CA, or the ledger cannot be written.
    pub fn revoke(
        &self,
        certificate: &Certificate,
        file: &str,
        reason: Reason,
        at: OffsetDateTime,
    ) -> Result<Option<(OffsetDateTime, Reason)>, RevocationError> {
        self.require_issued(certificate, file)?;
        if certificate.is_self_signed() {
            // Its list would be signed by the very key that nobody should trust any more.
            return Err(RevocationError::ItsOwn(file.to_owned()));
        }
        let issuer = self.certified.leaf();
        let serial = certificate.serial_hex();
        self.ledger.update(issuer, |records| {
            let before = records.revoked.get(&serial).copied();
            let event = Event::Revoked { ca: issuer.spki_sha256(), serial: serial.clone(), at, reason };
            Ok((if before.is_none() { vec![event] } else { Vec::new() }, before))
        })
    }

    /// Makes the next revocation list, and writes it to a file unless `path` is `None`. `existing`
    /// is asked under the lock: another run may just have made the first list.
    ///
    /// # Errors
    /// When the CA cannot sign lists now, or file or ledger cannot be written; then no number is used up.
    pub fn make_next_list(
        &self,
        days: u32,
        now: OffsetDateTime,
        path: Option<&PathBuf>,
        existing: impl FnOnce() -> Existing,
    ) -> Result<MadeList, RevocationError> {
        let issuer = self.issuer(now)?;
        let certificate = self.certified.leaf();
        let next_update = (now + Duration::days(days.into())).min(certificate.not_after);
        // Number and list belong together: nobody else may take the number, or revoke, in between.
        self.ledger.update(certificate, |records| {
            let number = records.last_list + 1;
            let entries = records.entries();
            let der = make_list(&issuer, number, &entries, now, next_update)?;
            let mut text = String::new();
            pem::write(&mut text, "X509 CRL", &der);
            let text = text.into_bytes();
            if let Some(path) = path {
                let contents = text.clone();
                let file = NewFile { path: path.clone(), contents, mode: PUBLIC, existing: existing() };
                create_all(&[file])?;
            }
            let event = Event::Listed { ca: certificate.spki_sha256(), number, at: now };
            Ok((vec![event], MadeList { text, number, revoked: entries.len(), next_update }))
        })
    }
}
