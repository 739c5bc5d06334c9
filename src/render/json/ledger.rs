//! `list`: what a CA's ledger remembers.

use serde::Serialize;
use time::OffsetDateTime;

use super::rfc3339;
use crate::report::{RecordedCertificate, RecordedCertificates, RecordedState};

/// `list`: the certificates in the CA's ledger.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CaListResult<'a> {
    /// The time that days are counted from, RFC 3339.
    at: String,
    /// The ledger's file.
    ledger: &'a str,
    /// The certificates, the first to expire on top.
    certificates: Vec<LedgerCertificate<'a>>,
    /// How many that are not listed have expired.
    hidden_expired: usize,
    /// How many that are not listed were revoked.
    hidden_revoked: usize,
}

/// A certificate in a CA's ledger.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LedgerCertificate<'a> {
    /// Serial number, hexadecimal.
    serial: &'a str,
    /// The names that it is for; of a CA its subject.
    names: &'a [String],
    /// Start of validity, RFC 3339.
    not_before: String,
    /// End of validity, RFC 3339.
    not_after: String,
    /// Whole days until the end; negative after it.
    days_left: i64,
    /// `expired`, `revoked` or `valid`.
    state: &'static str,
    /// Whether its file holds a newer one now, by the ledger.
    replaced: bool,
    /// When it was revoked, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// Why, by the name of RFC 5280 section 5.3.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// SHA-256 of the issuer's public key (SubjectPublicKeyInfo), hexadecimal.
    issuer_key_sha256: &'a str,
    /// SHA-256 of the certificate, hexadecimal.
    sha256: &'a str,
    /// SHA-256 of its public key (SubjectPublicKeyInfo), hexadecimal; absent in lines of older versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_sha256: Option<&'a str>,
    /// Its file; absent where it went to standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The file of its private key, where certkit knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_file: Option<String>,
    /// Other files that hold it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_files: Vec<String>,
    /// What asked for it, such as `mkcert` or `sign server.csr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<&'a str>,
    /// Whether `export` can write it again.
    exportable: bool,
}

impl<'a> CaListResult<'a> {
    pub(super) fn new(recorded: &'a RecordedCertificates) -> Self {
        let (hidden_expired, hidden_revoked) = recorded.hidden;
        let certificates = recorded.certificates.iter();
        Self {
            at: rfc3339(recorded.at),
            ledger: &recorded.ledger,
            certificates: certificates.map(|one| LedgerCertificate::new(one, recorded.at)).collect(),
            hidden_expired,
            hidden_revoked,
        }
    }
}

impl<'a> LedgerCertificate<'a> {
    fn new(one: &'a RecordedCertificate, at: OffsetDateTime) -> Self {
        let (state, revocation) = match &one.state {
            RecordedState::Expired => ("expired", None),
            RecordedState::Revoked { at, reason } => ("revoked", Some((*at, reason.as_str()))),
            RecordedState::Valid => ("valid", None),
        };
        let text = |path: &std::path::PathBuf| path.display().to_string();
        Self {
            serial: &one.serial,
            names: &one.names,
            not_before: rfc3339(one.not_before),
            not_after: rfc3339(one.not_after),
            days_left: (one.not_after - at).whole_days(),
            state,
            replaced: one.is_replaced,
            revoked_at: revocation.map(|(at, _)| rfc3339(at)),
            reason: revocation.map(|(_, reason)| reason),
            issuer_key_sha256: &one.issuer_key_sha256,
            sha256: &one.sha256,
            key_sha256: one.key_sha256.as_deref(),
            file: one.file.as_ref().map(text),
            key_file: one.key_file.as_ref().map(text),
            other_files: one.other_files.iter().map(text).collect(),
            requested_by: one.requested_by.as_deref(),
            exportable: one.is_kept,
        }
    }
}
