//! Revocation lists from files, PEM or DER.

use crate::container::{self, BlockKind};
use crate::finding::{Code, Finding, Location};
use crate::operands::input::cannot_read;
use crate::report::Failure;
use crate::sys::fs::read_limited;
use crate::x509::Crl;

/// The largest list that is read; the largest of public CAs have some 20 MiB.
const MAX_BYTES: u64 = 256 << 20;

/// Reads the lists of a file.
///
/// # Errors
/// When the file cannot be read or holds no list, or a list in it does not parse.
pub(super) fn read(file: &str) -> Result<Vec<Crl>, Failure> {
    let bytes =
        read_limited(std::path::Path::new(file), MAX_BYTES).map_err(|error| cannot_read(file, &error))?;
    lists(&bytes).map_err(|finding| finding.at(Location::file(file)).into())
}

/// The lists in a text or in DER.
///
/// # Errors
/// When there is none, or one does not parse; the finding has no place.
pub(super) fn lists(bytes: &[u8]) -> Result<Vec<Crl>, Finding> {
    const FIX: &str = "download the list again from the CA; its address is in the certificate";
    let contents = container::read(bytes, None);
    if let Some(error) = contents.errors.first() {
        return Err(Finding::error(Code::PemMalformed, error.to_string()).fix(FIX));
    }
    let mut lists = Vec::new();
    for block in contents.blocks.iter().filter(|block| block.kind == BlockKind::Crl) {
        let list = Crl::from_der(&block.der);
        lists.push(list.map_err(|error| Finding::error(Code::CrlInvalid, error.to_string()).fix(FIX))?);
    }
    if lists.is_empty() {
        return Err(Finding::error(Code::CrlInvalid, "there is no revocation list (X509 CRL) in it").fix(FIX));
    }
    Ok(lists)
}
