//! The one result of a command: its findings and what it did, as data for `render`.

mod acme;
mod show;
mod tools;

use std::net::SocketAddr;

use time::OffsetDateTime;
use zeroize::Zeroizing;

pub use self::acme::{Kept, KeptCertificates, Renewal, RenewalState, Renewals, Revoked, ShownAccount};
pub use self::show::{Fact, FactValue, Shown, ShownItem, TreeLine};
pub use self::tools::{
    Candidate, Converted, ConvertedItem, HostsEntry, HostsFile, Matched, Trusted, TrustedStore,
};
use crate::finding::{Code, Finding, Location, Severity};

/// What a command did and found. The exit status follows from it.
#[derive(Debug)]
pub struct Report {
    /// What was done or judged.
    pub outcome: Outcome,
    /// Everything found, in the order it was found.
    pub findings: Vec<Finding>,
    /// The next likely commands, with the paths that were typed.
    pub next: Vec<String>,
}

/// What a command did, by kind of command.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one per process")]
#[non_exhaustive]
pub enum Outcome {
    /// `acme account`: an account at a server.
    Account(ShownAccount),
    /// `check --batch`: every line was answered as it came.
    Answered {
        /// 0: all hold; 1: some do not; 2: some could not be judged.
        status: u8,
    },
    /// `check`: a chain was judged.
    Checked(Checked),
    /// `mkca`, `mkcert`, `acme obtain`: files were made.
    Created(Created),
    /// `convert`: a file in another form.
    Converted(Converted),
    /// A file for standard output, as it is: `-o -`.
    Data(Zeroizing<Vec<u8>>),
    /// The work could not be done: nothing was changed.
    Failed {
        /// The exit status: 2, or what the command's contract says.
        status: u8,
    },
    /// `acme list`: what is kept.
    Listed(KeptCertificates),
    /// `hosts`: a name in the hosts file.
    Hosts(HostsFile),
    /// `key match`: which files belong to a key.
    Matched(Matched),
    /// `merge`: a chain was put together.
    Merged(Merged),
    /// The command has said all it had to say.
    Nothing,
    /// `acme renew`: certificates were looked after.
    Renewed(Renewals),
    /// `acme revoke`: a certificate was revoked.
    Revoked(Revoked),
    /// `show`: what is in a file.
    Shown(Shown),
    /// `completions`, `man`: text for standard output, as it is.
    Text(String),
    /// `trust`: stores were asked or changed.
    Trusted(Trusted),
}

impl Report {
    /// A report of work that was done.
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, findings: Vec::new(), next: Vec::new() }
    }

    /// 0: done, or yes. 1: the answer is no. 3: done, but the deploy hook failed. Else: what the failure says.
    pub fn exit_status(&self) -> u8 {
        let mut errors =
            self.findings.iter().filter(|finding| finding.severity == Severity::Error).peekable();
        match &self.outcome {
            Outcome::Answered { status } | Outcome::Failed { status } => *status,
            Outcome::Renewed(renewals) => renewals.status,
            Outcome::Created(Created { status, .. }) if *status != 0 => *status,
            Outcome::Trusted(trusted) => trusted.status,
            // What cannot be read is no answer.
            Outcome::Listed(_) if errors.peek().is_some() => 2,
            Outcome::Created(_)
                if errors.peek().is_some() && errors.all(|error| error.code == Code::HookFailed) =>
            {
                3
            }
            _ => u8::from(errors.peek().is_some()),
        }
    }
}

/// Why a command could not do its work: the error side of every command.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong; at least one.
    pub findings: Vec<Finding>,
    /// The exit status.
    pub status: u8,
}

impl Failure {
    /// A failure with exit status 2: usage, or the work could not be done.
    pub fn new(finding: Finding) -> Self {
        Self { findings: vec![finding], status: 2 }
    }

    /// The same failure with another exit status.
    #[must_use]
    pub fn status(mut self, status: u8) -> Self {
        self.status = status;
        self
    }
}

impl From<Finding> for Failure {
    fn from(finding: Finding) -> Self {
        Self::new(finding)
    }
}

impl From<Failure> for Report {
    fn from(failure: Failure) -> Self {
        Self {
            outcome: Outcome::Failed { status: failure.status },
            findings: failure.findings,
            next: Vec::new(),
        }
    }
}

/// The part a certificate plays in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The certificate of the server or client.
    Leaf,
    /// A CA certificate between leaf and root.
    Intermediate,
    /// A self-signed CA certificate.
    Root,
}

/// What a reader wants to know of one certificate.
#[derive(Clone, Debug)]
pub struct CertificateSummary {
    /// Its part in the chain.
    pub role: Role,
    /// The name to call it by: CN, else the first name, else the whole subject.
    pub label: String,
    /// The whole subject, as `CN=…, O=…`.
    pub subject: String,
    /// The whole issuer.
    pub issuer: String,
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// Every name it is for.
    pub names: Vec<String>,
    /// Start of validity, UTC.
    pub not_before: OffsetDateTime,
    /// End of validity, UTC.
    pub not_after: OffsetDateTime,
    /// Kind and size of its key, as `ECDSA P-256`.
    pub key: String,
    /// Kind of its signature, as `ECDSA with SHA-256`.
    pub signature: String,
    /// SHA-256 of the DER in lower-case hexadecimal.
    pub sha256: String,
    /// Addresses of CRLs that speak of it.
    pub crl_urls: Vec<String>,
    /// Addresses of OCSP responders that know it.
    pub ocsp_urls: Vec<String>,
    /// The worst that was found on it; `None` when it is fine, or was not judged.
    pub verdict: Option<Severity>,
    /// Where it was read from, or where it stands in the file that was written.
    pub location: Option<Location>,
}

/// What `check` judged.
#[derive(Debug)]
pub struct Checked {
    /// The file, as it was typed.
    pub file: String,
    /// The name it was judged for.
    pub host: Option<String>,
    /// The server that sent it; none for a file.
    pub server: Option<ServerSummary>,
    /// The time it was judged at.
    pub at: OffsetDateTime,
    /// The path, leaf first, as far as it could be built.
    pub path: Vec<CertificateSummary>,
    /// The issuer that the path lacks, where it ends nowhere.
    pub missing_issuer: Option<String>,
    /// Where the trust at the end of the path comes from, such as `the system store`.
    pub trusted_by: Option<String>,
}

/// A server that was looked at.
#[derive(Debug)]
pub struct ServerSummary {
    /// The name or address that it was found by.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// The address that answered.
    pub address: SocketAddr,
    /// The name that was asked for in the handshake.
    pub sni: Option<String>,
    /// The protocol that TLS began in the middle of.
    pub starttls: Option<&'static str>,
    /// The version that was agreed upon, by OpenSSL's name.
    pub protocol: &'static str,
    /// The cipher suite, by OpenSSL's name.
    pub cipher: String,
    /// The group of the key exchange, by OpenSSL's name.
    pub group: Option<String>,
    /// Every version that it was seen to speak, oldest first.
    pub protocols: Vec<&'static str>,
    /// Whether an OCSP answer came along.
    pub is_stapled: bool,
    /// Whether it asked for a certificate of the client.
    pub wants_client_certificate: bool,
    /// Whether it proved that it has the key of its certificate; `None` where that could not be verified.
    pub is_key_proved: Option<bool>,
    /// Its Strict-Transport-Security header.
    pub hsts: Option<String>,
    /// All its cipher suites by version, newest first; only when every one was asked for.
    pub suites: Vec<(&'static str, Vec<String>)>,
    /// All its groups; likewise.
    pub groups: Vec<String>,
}

/// What `merge` put together.
#[derive(Debug)]
pub struct Merged {
    /// The file that was written; `-` is standard output.
    pub output: String,
    /// The new file's blocks in order, with their lines there.
    pub certificates: Vec<CertificateSummary>,
    /// What was left out.
    pub dropped: Vec<Dropped>,
    /// The new file's text, when it goes to standard output.
    pub stdout: Option<Vec<u8>>,
}

/// A certificate that `merge` left out.
#[derive(Debug)]
pub struct Dropped {
    /// Why.
    pub finding: Finding,
    /// Which.
    pub certificate: CertificateSummary,
}

/// What was created on disk.
#[derive(Debug, Default)]
pub struct Created {
    /// The files in the order to show them.
    pub files: Vec<CreatedFile>,
    /// The certificate all this is about.
    pub certificate: Option<CertificateSummary>,
    /// The exit status, where it says more than that the work was done.
    pub status: u8,
}

/// One file that was made.
#[derive(Debug)]
pub struct CreatedFile {
    /// The path as the user would type it.
    pub path: String,
    /// What it is, as `private key, keep it secret`.
    pub description: String,
}
