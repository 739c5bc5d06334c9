//! The one result of a command: its findings and what it did, as data for `render`.

mod acme;
mod acme_life;
mod certificate;
mod chain;
mod files;
mod ledger;
mod show;
mod tools;
mod trust;

use zeroize::Zeroizing;

pub use self::acme::{
    DnsRecord, DnsRecords, Kept, KeptCertificates, ListedProvider, Renewal, RenewalState, Renewals, Revoked,
    ShownAccount,
};
pub use self::acme_life::{Deleted, Import, ImportedItem};
pub use self::certificate::{CertificateSummary, KeySummary, Role, SubjectName};
pub use self::chain::{
    Checked, ClientConnection, Dropped, Merged, OtherChainSummary, PlainSummary, ServerState, ServerSummary,
    ServerVerdict, UnnamedSummary,
};
pub use self::files::{
    BulkCount, CheckedCertificate, CheckedState, Created, CreatedFile, FileRole, ListedCa, RenewalCount,
    Revocation, RevocationList, StillValid,
};
pub use self::ledger::{RecordedCertificate, RecordedCertificates, RecordedState};
#[cfg(test)]
pub use self::show::{FACTS, FactType};
pub use self::show::{Fact, FactValue, Shown, ShownItem, TreeLine};
pub use self::tools::{Candidate, Converted, ConvertedItem, HostsEntry, HostsFile, Matched};
pub use self::trust::{
    TrustEnvironment, TrustVariable, Trusted, TrustedCa, TrustedCas, TrustedStore, UncoveredProgram,
};
use crate::finding::{Code, Finding, Severity};

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
    /// `acme dns-record`.
    DnsRecords(DnsRecords),
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
    /// `acme dns-providers`: what there is.
    DnsProviders(Vec<ListedProvider>),
    /// A file for standard output, as it is: `-o -`.
    Data(Zeroizing<Vec<u8>>),
    /// The work could not be done: nothing was changed.
    Failed {
        /// The exit status: 2, or what the command's contract says.
        status: u8,
    },
    /// `acme delete`: a certificate is not kept any more.
    Deleted(Deleted),
    /// `acme import`: what another client has was taken over.
    Imported(Import),
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
    /// `list`: what a CA's ledger remembers.
    Recorded(RecordedCertificates),
    /// `acme renew`: certificates were looked after.
    Renewed(Renewals),
    /// `acme revoke`: a certificate was revoked.
    Revoked(Revoked),
    /// `check` of several files or servers: the report on each, by what was typed.
    Several(Vec<(String, Report)>),
    /// `show`: what is in a file.
    Shown(Shown),
    /// `completions`, `man`: text for standard output, as it is.
    Text(String),
    /// `trust`: stores were asked or changed.
    Trusted(Trusted),
    /// `trust list`, `trust uninstall --all`: several CAs.
    TrustedCas(TrustedCas),
    /// `trust env`: variables, whose lines are data for standard output.
    TrustEnvironment(TrustEnvironment),
}

impl Report {
    /// A report of work that was done.
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, findings: Vec::new(), next: Vec::new() }
    }

    /// Everything found, also on the single certificates of `acme renew`.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        let renewals = match &self.outcome {
            Outcome::Renewed(renewals) => renewals.certificates.as_slice(),
            _ => &[],
        };
        renewals.iter().flat_map(|renewal| &renewal.findings).chain(&self.findings)
    }

    /// 0: done, or yes. 1: the answer is no. 3: done, but the deploy hook failed. Else: what the failure says.
    pub fn exit_status(&self) -> u8 {
        let mut errors =
            self.findings.iter().filter(|finding| finding.severity == Severity::Error).peekable();
        match &self.outcome {
            Outcome::Answered { status } | Outcome::Failed { status } => *status,
            Outcome::Renewed(renewals) => renewals.status,
            Outcome::Several(reports) => {
                reports.iter().map(|(_, report)| report.exit_status()).max().unwrap_or_default()
            }
            Outcome::Created(Created { status, .. }) if *status != 0 => *status,
            Outcome::Trusted(trusted) => trusted.status,
            Outcome::TrustedCas(cas) => cas.status,
            Outcome::TrustEnvironment(environment) => environment.status,
            // An unreadable state directory does not answer the question.
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

impl Outcome {
    /// Whether the command answers a question with yes or no.
    pub fn is_question(&self) -> bool {
        match self {
            Self::Checked(_) | Self::Matched(_) | Self::Several(_) => true,
            Self::Hosts(hosts) => hosts.action == "check",
            Self::Trusted(trusted) => trusted.action == "status",
            _ => false,
        }
    }
}

/// Why a command could not do its work: the error side of every command.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong; at least one.
    pub findings: Vec<Finding>,
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
