//! Writing what was issued: files and ledger, in the order that no kill and no full disk can break.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::ledger::{Error as LedgerError, Event, Ledger};
use crate::pem;
use crate::sys::fs::{self, NewFile, stage};
use crate::x509::Certificate;

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    File(#[from] fs::Error),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Makes the files of issued certificates, all or none, with their lines in the ledger: when the
/// files are safe on disk under temporary names, and before they get their names.
///
/// # Errors
/// When a file is in the way, or files or ledger cannot be written; then no file has its name.
pub fn publish(files: &[NewFile], ledger: &Ledger, events: &[Event]) -> Result<(), PublishError> {
    let staged = stage(files)?;
    ledger.append(events)?;
    staged.commit().map_err(|error| {
        let discarded = events.iter().filter_map(|event| match event {
            Event::Issued { ca, serial, .. } => {
                Some(Event::Discarded { ca: ca.clone(), serial: serial.clone() })
            }
            _ => None,
        });
        // If not even that can be written, the ledger names a certificate that nobody has: no harm.
        let _ = ledger.append(&discarded.collect::<Vec<_>>());
        error.into()
    })
}

/// Certificates as the text of a file, in this order.
pub fn certificate_text(certificates: &[Certificate]) -> Vec<u8> {
    let mut text = String::new();
    for certificate in certificates {
        pem::write(&mut text, "CERTIFICATE", &certificate.der);
    }
    text.into_bytes()
}

/// `BASE.crt`; unlike `with_extension` this keeps the dots of `www.example.com`.
pub fn with_ending(base: &Path, ending: &str) -> PathBuf {
    let mut path = OsString::from(base);
    path.push(".");
    path.push(ending);
    path.into()
}
