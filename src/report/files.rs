//! Files that were written.

use std::time::Duration;

use time::OffsetDateTime;

use super::CertificateSummary;

/// What was created on disk.
#[derive(Debug, Default)]
pub struct Created {
    /// The files in the order to show them.
    pub files: Vec<CreatedFile>,
    /// The certificate all this is about.
    pub certificate: Option<CertificateSummary>,
    /// The time that days are counted from.
    pub at: Option<OffsetDateTime>,
    /// `mkcert --from`: how many.
    pub bulk: Option<BulkCount>,
    /// `crl`: the list that was made.
    pub list: Option<RevocationList>,
    /// `renew`: what was checked and renewed.
    pub renewal: Option<RenewalCount>,
    /// `revoke`: what the ledger says now; the certificate that was named comes first.
    pub revocations: Vec<Revocation>,
    /// `revoke`: certificates with a name or the key of a revoked one.
    pub still_valid: Vec<StillValid>,
    /// The exit status, where it says more than that the work was done.
    pub status: u8,
}

/// How many certificates `mkcert --from` made.
#[derive(Debug)]
pub struct BulkCount {
    /// Certificates that were made.
    pub made: usize,
    /// Certificates that were there already and are still valid.
    pub kept: usize,
    /// How long it took.
    pub duration: Duration,
}

/// A file of certificate revocation lists that was made.
#[derive(Debug)]
pub struct RevocationList {
    pub path: String,
    /// That of the CA, then those of the CAs above it.
    pub lists: Vec<ListedCa>,
    /// Revocations that only the list in place knew.
    pub imported: usize,
}

/// The list of one CA.
#[derive(Debug)]
pub struct ListedCa {
    /// What to call the CA by.
    pub issuer: String,
    /// It only grows; `None` where a list that certkit did not make has none.
    pub number: Option<u64>,
    /// How many certificates it names.
    pub revoked: usize,
    /// When the next one is due, UTC.
    pub next_update: Option<OffsetDateTime>,
}

/// What `renew` checked and renewed.
#[derive(Debug, Default)]
pub struct RenewalCount {
    /// How many certificates were checked.
    pub checked: usize,
    /// File and new certificate of those that were renewed.
    pub renewed: Vec<(String, CertificateSummary)>,
    /// Each certificate that was checked and not refused.
    pub certificates: Vec<CheckedCertificate>,
    /// Whether nothing was to be changed.
    pub is_dry_run: bool,
}

/// A certificate that `renew` checked.
#[derive(Debug)]
pub struct CheckedCertificate {
    pub file: String,
    pub state: CheckedState,
    /// When it expires, or the new one.
    pub not_after: OffsetDateTime,
    /// When it is due, or the new one.
    pub due_at: OffsetDateTime,
    /// All files that are renewed as one with it, its own first.
    pub files: Vec<String>,
    /// Files that still hold the old certificate.
    pub left: Vec<String>,
}

/// What `renew` did with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckedState {
    /// It is due, and `--dry-run` left it as it was.
    Due,
    NotDue,
    Renewed,
}

impl CheckedState {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::NotDue => "not_due",
            Self::Renewed => "renewed",
        }
    }
}

/// A certificate that its CA has revoked.
#[derive(Debug)]
pub struct Revocation {
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// The names it is for.
    pub names: Vec<String>,
    /// Why, by the name of RFC 5280 section 5.3.1.
    pub reason: String,
    pub revoked_at: OffsetDateTime,
    /// Whether it was revoked before this command.
    pub already: bool,
}

/// A certificate with a name or the key of a revoked one.
#[derive(Debug)]
pub struct StillValid {
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    pub names: Vec<String>,
    pub not_after: OffsetDateTime,
}

/// One file that was written.
#[derive(Clone, Debug)]
pub struct CreatedFile {
    /// The path as the user would type it.
    pub path: String,
    pub role: FileRole,
    /// Its permission bits; `None` where certkit did not set them.
    pub mode: Option<u32>,
    /// What it is, for people: `private key, keep it secret`.
    pub description: String,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileRole {
    /// The certificate of a CA.
    CaCertificate,
    /// The private key of a CA.
    CaKey,
    /// The certificate of a server or client.
    Certificate,
    /// A server certificate and its intermediates.
    Chain,
    /// A certificate revocation list.
    Crl,
    /// A folder with many files.
    Folder,
    /// The intermediates, for `merge`.
    Intermediates,
    /// The ledger of a CA.
    Ledger,
    /// Something else, which the description names.
    Other,
    /// Certificates and keys in PKCS#12.
    Pkcs12,
    /// The private key of a server or client.
    PrivateKey,
    /// A certificate signing request.
    Request,
    /// A unit or table that renews certificates by itself.
    Timer,
}

impl FileRole {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CaCertificate => "ca_certificate",
            Self::CaKey => "ca_key",
            Self::Certificate => "certificate",
            Self::Chain => "chain",
            Self::Crl => "crl",
            Self::Folder => "folder",
            Self::Intermediates => "intermediates",
            Self::Ledger => "ledger",
            Self::Other => "other",
            Self::Pkcs12 => "pkcs12",
            Self::PrivateKey => "private_key",
            Self::Request => "request",
            Self::Timer => "timer",
        }
    }
}
