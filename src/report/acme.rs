//! What the commands of `acme` did.

use time::OffsetDateTime;

use crate::finding::Finding;

/// An account at an ACME server.
#[derive(Debug)]
pub struct ShownAccount {
    /// What was done to it, if anything.
    pub done: Option<&'static str>,
    /// The address of the server's directory.
    pub server: String,
    pub url: String,
    /// The server's word for how it stands, such as `valid`.
    pub status: String,
    /// Where the server may write to.
    pub contacts: Vec<String>,
    /// The address of the terms of service that were agreed to.
    pub terms_agreed: Option<String>,
    /// The file of its key.
    pub key: String,
}

/// Records to be set in the DNS.
#[derive(Debug)]
pub struct DnsRecords {
    pub records: Vec<DnsRecord>,
}

/// A TXT record.
#[derive(Debug)]
pub struct DnsRecord {
    /// Without a dot at its end.
    pub name: String,
    pub value: String,
    /// The value in the pieces that a record can hold.
    pub strings: Vec<String>,
}

/// Certificates that are renewed.
#[derive(Debug)]
pub struct KeptCertificates {
    /// The time that days are counted from.
    pub at: OffsetDateTime,
    pub certificates: Vec<Kept>,
}

/// A DNS provider whose API `--dns` takes.
#[derive(Debug)]
pub struct ListedProvider {
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The fields that its file of credentials must have.
    pub required: Vec<&'static str>,
    /// Those that it may have.
    pub optional: Vec<&'static str>,
    /// Where they are explained.
    pub documentation: &'static str,
}

#[derive(Debug)]
pub struct Kept {
    /// The name that its files are under.
    pub name: String,
    pub names: Vec<String>,
    /// The address of the server's directory.
    pub server: String,
    /// What people call the server.
    pub server_name: Option<&'static str>,
    /// Kind of its key, as `p256`.
    pub key_kind: String,
    /// Whether names and key are from a signing request.
    pub is_requested: bool,
    /// The server's word for its kind.
    pub profile: Option<String>,
    pub not_before: Option<OffsetDateTime>,
    pub not_after: Option<OffsetDateTime>,
    /// When it is renewed; `None` when it is not, or by another program.
    pub next_renewal: Option<OffsetDateTime>,
    /// Whether the server chose that time.
    pub by_server: bool,
    /// When it was revoked.
    pub revoked: Option<OffsetDateTime>,
    /// When and why a renewal failed last, since the last one that did not.
    pub last_failure: Option<(OffsetDateTime, String)>,
    /// How many have failed in a row.
    pub failures: u32,
    /// When the next one is tried, after a failure.
    pub next_try: Option<OffsetDateTime>,
    /// The data of its TLSA records, of the key in use and of the next one, where these are known ahead.
    pub tlsa: Vec<String>,
    /// Why the deploy hook is still to be run.
    pub hook_failure: Option<String>,
    /// The file for servers.
    pub fullchain: String,
    /// The file of its key; `None` where the key is elsewhere.
    pub key: Option<String>,
}

/// What came of looking after certificates.
#[derive(Debug)]
pub struct Renewals {
    /// The time that days are counted from.
    pub at: OffsetDateTime,
    pub certificates: Vec<Renewal>,
    pub status: u8,
}

/// What came of looking after one.
#[derive(Debug)]
pub struct Renewal {
    /// The name that its files are under.
    pub name: String,
    pub state: RenewalState,
    /// Whether its deploy hook failed.
    pub hook_failed: bool,
    pub not_after: Option<OffsetDateTime>,
    /// Whether little is left of it although it is due: somebody must know.
    pub nears_its_end: bool,
    /// When it is renewed, or tried again.
    pub next: Option<OffsetDateTime>,
    /// Why it was not renewed, in one line.
    pub reason: Option<String>,
    pub findings: Vec<Finding>,
}

impl Renewal {
    /// One that is not due.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: RenewalState::NotDue,
            hook_failed: false,
            not_after: None,
            nears_its_end: false,
            next: None,
            reason: None,
            findings: Vec::new(),
        }
    }
}

/// How a certificate stands after it was looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalState {
    /// Another program renews it.
    Elsewhere,
    Failed,
    /// Due, and left alone since it failed not long ago.
    HeldBack,
    NotDue,
    Renewed,
    /// Revoked, and not renewed.
    Revoked,
    /// The server is not there, or limits the rate.
    TryLater,
}

impl RenewalState {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Elsewhere => "elsewhere",
            Self::Failed => "failed",
            Self::HeldBack => "held_back",
            Self::NotDue => "not_due",
            Self::Renewed => "renewed",
            Self::Revoked => "revoked",
            Self::TryLater => "try_later",
        }
    }
}

/// A certificate that was revoked.
#[derive(Debug)]
pub struct Revoked {
    /// The name that its files are under.
    pub name: String,
    /// Its serial number in lower-case hexadecimal.
    pub serial: String,
    /// Why, in the word of RFC 5280.
    pub reason: Option<String>,
}
