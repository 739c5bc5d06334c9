//! The one result of a command: its findings and what it did, as data for `render`.

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::finding::{Finding, Location, Severity};

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
    /// `key match`: which files belong to a key.
    Matched(Matched),
    /// `merge`: a chain was put together.
    Merged(Merged),
    /// The command has said all it had to say.
    Nothing,
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

    /// 0: done, or yes. 1: the answer is no. Else: what the failure says.
    pub fn exit_status(&self) -> u8 {
        match self.outcome {
            Outcome::Answered { status } | Outcome::Failed { status } => status,
            Outcome::Trusted(ref trusted) => trusted.status,
            _ => u8::from(self.findings.iter().any(|finding| finding.severity == Severity::Error)),
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
    /// The time it was judged at.
    pub at: OffsetDateTime,
    /// The path, leaf first, as far as it could be built.
    pub path: Vec<CertificateSummary>,
    /// The issuer that the path lacks, where it ends nowhere.
    pub missing_issuer: Option<String>,
    /// Where the trust at the end of the path comes from, such as `the system store`.
    pub trusted_by: Option<String>,
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
#[derive(Debug)]
pub struct Created {
    /// The files in the order to show them.
    pub files: Vec<CreatedFile>,
    /// The certificate all this is about.
    pub certificate: Option<CertificateSummary>,
}

/// One file that was made.
#[derive(Debug)]
pub struct CreatedFile {
    /// The path as the user would type it.
    pub path: String,
    /// What it is, as `private key, keep it secret`.
    pub description: String,
}

/// What `convert` wrote.
#[derive(Debug)]
pub struct Converted {
    /// The new file.
    pub output: String,
    /// Its form: one of the words that `--to` takes.
    pub form: &'static str,
    /// What it is, in words.
    pub description: String,
    /// What is in it, in order.
    pub items: Vec<ConvertedItem>,
}

/// One thing in a new file.
#[derive(Debug)]
pub struct ConvertedItem {
    /// Its kind, one of the words of [`ShownItem::kind`].
    pub kind: &'static str,
    /// What to call it by.
    pub title: String,
    /// The name that PKCS#12 gives it.
    pub name: Option<String>,
    /// Whether a password protects it.
    pub encrypted: bool,
}

/// What `key match` found.
#[derive(Debug)]
pub struct Matched {
    /// The key's file, as it was typed.
    pub key: String,
    /// Kind and size of the key.
    pub description: String,
    /// SHA-256 of its public key in lower-case hexadecimal.
    pub public_key_sha256: String,
    /// The files that it was compared with, in the order they were typed.
    pub candidates: Vec<Candidate>,
}

/// A file that may belong to a key.
#[derive(Debug)]
pub struct Candidate {
    /// As it was typed.
    pub file: String,
    /// Whether something in it has the key's public key.
    pub fits: bool,
    /// What that is, or what stands first in the file: a word of [`ShownItem::kind`].
    pub kind: &'static str,
    /// What to call it by.
    pub name: String,
}

/// What `trust` found in the stores of this machine, or did to them.
#[derive(Debug)]
pub struct Trusted {
    /// `install`, `uninstall` or `status`.
    pub action: &'static str,
    /// Whether nothing was changed, because only a plan was asked for.
    pub dry_run: bool,
    /// The CA's file, as it was typed or found.
    pub file: String,
    /// The CA.
    pub certificate: CertificateSummary,
    /// What it is called in stores.
    pub name: String,
    /// The stores, in the order they were looked at.
    pub stores: Vec<TrustedStore>,
    /// The exit status: 0, 1 where a store that was only asked does not trust it, 2 where a store could not be asked or
    /// changed.
    pub status: u8,
}

/// One trust store.
#[derive(Debug)]
pub struct TrustedStore {
    /// `system`, `nss`, `firefox` or `java`.
    pub kind: &'static str,
    /// Where it is.
    pub path: String,
    /// One of `absent`, `failed`, `installed`, `needs_rights`, `pending`, `planned`, `removed`, `trusted`, `untrusted`.
    pub state: &'static str,
    /// What would be done, or what is still to do.
    pub steps: Vec<String>,
}

/// What `show` found in a file.
#[derive(Debug)]
pub struct Shown {
    /// The file, as it was typed.
    pub file: String,
    /// The time that days are counted from.
    pub at: OffsetDateTime,
    /// Everything in it, in order.
    pub items: Vec<ShownItem>,
    /// The certificates as a tree, if there are several: each below the one that signed it.
    pub tree: Vec<TreeLine>,
}

/// One object of a file.
#[derive(Debug)]
pub struct ShownItem {
    /// Its kind, one of the words `certificate`, `certificate_request`, `crl`, `other`, `parameters`, `private_key`,
    /// `public_key`.
    pub kind: &'static str,
    /// What to call it by.
    pub title: String,
    /// What it says, in the order to show it.
    pub facts: Vec<Fact>,
    /// Where it stands.
    pub location: Location,
}

/// One thing that an object says. The name is the same word in JSON.
#[derive(Debug)]
pub struct Fact {
    /// In snake_case.
    pub name: &'static str,
    /// What.
    pub value: FactValue,
}

impl Fact {
    /// A fact.
    pub fn new(name: &'static str, value: FactValue) -> Self {
        Self { name, value }
    }
}

/// The value of a fact.
#[derive(Debug)]
pub enum FactValue {
    /// A time at which something ends, UTC; shown with the days that are left.
    End(OffsetDateTime),
    /// Yes or no.
    Flag(bool),
    /// Several texts.
    List(Vec<String>),
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// A time, UTC.
    Time(OffsetDateTime),
}

/// One certificate of a tree.
#[derive(Debug)]
pub struct TreeLine {
    /// How many stand above it.
    pub depth: usize,
    /// What to call it by.
    pub label: String,
    /// Its issuer's name, where the issuer is not in the file.
    pub missing_issuer: Option<String>,
}
