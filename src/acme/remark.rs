//! What a new certificate's user should know although the certificate is fine.

use super::storage;
use crate::finding::Finding;

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
    /// The certificate could not be added to the history that guards the server's limits.
    NotCounted(storage::Error),
    /// Only clients that trust this root accept the certificate; this machine does not.
    PrivateRoot { issuer: String },
}
