//! Writing what was issued: files and ledger, in the order that no kill and no full disk can break.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::ledger::{Error as LedgerError, Event, Ledger};
use crate::container::KeyEvidence;
use crate::pem;
use crate::sys::fs::{self, Existing, NewFile, create_all, stage};
use crate::x509::Certificate;

/// The ending of the file of a certificate with its intermediates. Not chain.pem, which `certkit merge` writes.
pub const FULL_CHAIN_ENDING: &str = "fullchain.pem";

/// No file with a key is larger; a revocation list may be.
const MOST_KEY_BYTES: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    File(#[from] fs::Error),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Makes the files of issued certificates, all or none, with their lines in the ledger: when the
/// files are written under temporary names, and before they are synced and get their names. After a
/// power cut the ledger may so name a certificate that nobody has: no harm.
///
/// # Errors
/// When a file is in the way, or files or ledger cannot be written; then no file has its name.
pub fn publish(files: &mut [NewFile], ledger: &Ledger, events: &[Event]) -> Result<(), PublishError> {
    spare_keys(files)?;
    let staged = stage(files)?;
    ledger.append(events)?;
    staged.commit().map_err(|error| {
        let discarded = events.iter().filter_map(|event| match event {
            Event::Issued(record) => {
                Some(Event::Discarded { ca: record.ca.clone(), serial: record.serial.clone() })
            }
            _ => None,
        });
        // If not even that can be written, the ledger names a certificate that nobody has: no harm.
        let _ = ledger.append(&discarded.collect::<Vec<_>>());
        error.into()
    })
}

/// Makes files that no ledger knows of: all or none.
///
/// # Errors
/// When a file is in the way or cannot be written.
pub fn create_files(files: &mut [NewFile]) -> Result<(), fs::Error> {
    spare_keys(files)?;
    create_all(files)
}

/// Refuses to replace a private key by something else, whatever the file is called. What cannot be opened and may hold one is
/// kept as a backup.
pub(super) fn spare_keys(files: &mut [NewFile]) -> Result<(), fs::Error> {
    for file in files.iter_mut().filter(|file| file.existing == Existing::Replace) {
        let Ok(old) = fs::read_limited(&file.path, MOST_KEY_BYTES).map(Zeroizing::new) else { continue };
        match KeyEvidence::of(&old) {
            KeyEvidence::Certain => return Err(fs::Error::HoldsKey(file.path.clone())),
            KeyEvidence::Possible => file.existing = Existing::KeepBackup,
            KeyEvidence::None => {}
        }
    }
    Ok(())
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
