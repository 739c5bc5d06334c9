//! Reading revocation lists, PEM or DER.

use crate::container::{self, BlockKind};
use crate::x509::{Crl, CrlError};

/// Why there is no revocation list to use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationListError {
    #[error(transparent)]
    Container(container::Error),
    #[error(transparent)]
    Malformed(#[from] CrlError),
    #[error("the file contains no revocation list (X509 CRL)")]
    Missing,
}

/// The lists in a text or in DER; at least one.
///
/// # Errors
/// When there is none, or one cannot be decoded.
pub fn read_revocation_lists(bytes: &[u8]) -> Result<Vec<Crl>, RevocationListError> {
    let contents = container::read(bytes, None);
    if let Some(error) = contents.errors.into_iter().next() {
        return Err(RevocationListError::Container(error));
    }
    let blocks = contents.blocks.iter().filter(|block| block.kind == BlockKind::Crl);
    let lists = blocks.map(|block| Crl::from_der(&block.der)).collect::<Result<Vec<_>, _>>()?;
    if lists.is_empty() { Err(RevocationListError::Missing) } else { Ok(lists) }
}
