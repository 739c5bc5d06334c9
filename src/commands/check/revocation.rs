//! Revocation lists from files, PEM or DER.

use crate::commands::input::cannot_read;
use crate::finding::{Code, Finding, Location};
use crate::pem;
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
    let malformed =
        |error: &dyn std::error::Error| Finding::error(Code::CrlInvalid, error.to_string()).fix(FIX);
    if bytes.first() == Some(&0x30) {
        return Ok(vec![Crl::from_der(bytes).map_err(|error| malformed(&error))?]);
    }
    let scan = pem::scan(bytes);
    if let Some(error) = scan.errors.first() {
        return Err(Finding::error(Code::PemMalformed, error.to_string()).fix(FIX));
    }
    let blocks = scan.blocks.iter().filter(|block| block.label == "X509 CRL");
    let lists: Vec<_> = blocks
        .map(|block| Crl::from_der(&block.der).map_err(|error| malformed(&error)))
        .collect::<Result<_, _>>()?;
    if lists.is_empty() {
        return Err(Finding::error(Code::CrlInvalid, "there is no revocation list (X509 CRL) in it").fix(FIX));
    }
    Ok(lists)
}
