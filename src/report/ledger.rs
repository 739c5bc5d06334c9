//! What a CA's ledger remembers.

use std::path::PathBuf;

use time::OffsetDateTime;

/// Certificates that CAs of one folder issued.
#[derive(Debug)]
pub struct RecordedCertificates {
    /// The time that days are counted from.
    pub at: OffsetDateTime,
    /// The ledger's file.
    pub ledger: String,
    /// Those to show, the first to expire on top.
    pub certificates: Vec<RecordedCertificate>,
    /// How many others are expired, and how many revoked.
    pub hidden: (usize, usize),
    /// Whether files and origin of each are shown to people too.
    pub is_detailed: bool,
}

/// A certificate in the ledger.
#[derive(Debug)]
pub struct RecordedCertificate {
    pub serial: String,
    pub names: Vec<String>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub state: RecordedState,
    /// Whether its file holds a newer one now, by the ledger.
    pub is_replaced: bool,
    /// SHA-256 of the issuer's public key, in hexadecimal.
    pub issuer_key_sha256: String,
    /// SHA-256 of its DER, in hexadecimal.
    pub sha256: String,
    /// SHA-256 of its public key, in hexadecimal; older lines do not have it.
    pub key_sha256: Option<String>,
    pub file: Option<PathBuf>,
    pub key_file: Option<PathBuf>,
    pub other_files: Vec<PathBuf>,
    /// What asked for it, as `mkcert`.
    pub requested_by: Option<String>,
    /// Whether `export` can write it.
    pub is_kept: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedState {
    Expired,
    Revoked {
        at: OffsetDateTime,
        /// By the name of RFC 5280 section 5.3.1.
        reason: String,
    },
    Valid,
}
