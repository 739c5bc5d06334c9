//! Revocation lists from files, PEM or DER.

use super::read::{ReadError, read};
use crate::chain::{RevocationListError, read_revocation_lists};
use crate::x509::Crl;

/// The largest list that is read; the largest of public CAs have some 20 MiB.
const MAX_BYTES: u64 = 256 << 20;

/// Why a file gives no revocation list.
#[derive(Debug, thiserror::Error)]
pub enum ListFileError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{file}: {error}")]
    Unusable { file: String, error: RevocationListError },
}

/// Reads the lists of a file.
///
/// # Errors
/// When the file cannot be read or holds no list, or a list in it cannot be decoded.
pub fn read_revocation_list_file(file: &str) -> Result<Vec<Crl>, ListFileError> {
    let bytes = read(file, MAX_BYTES)?;
    read_revocation_lists(&bytes).map_err(|error| ListFileError::Unusable { file: file.to_owned(), error })
}
