//! Reports for scripts: one envelope for every command, and for each line of a batch.
//!
//! The structs here are the contract; the structs of [`crate::report`] may be renamed without changing them. Under test
//! they also give the JSON Schema (`schema`), from which docs/certkit.schema.json and docs/json.md are made.

mod acme;
mod acme_life;
mod certificate;
mod chain;
mod files;
mod finding;
mod ledger;
#[cfg(test)]
mod schema;
mod show;
mod tools;
mod trust;
mod verdict;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use self::acme::{
    AccountResult, AcmeListResult, AcmeRenewResult, AcmeRevokeResult, DnsProvidersResult, DnsRecordsResult,
};
use self::acme_life::{AcmeDeleteResult, AcmeImportResult};
use self::chain::{BatchResult, CheckResult, MergeResult};
use self::files::{ConvertResult, FilesResult, TextResult};
use self::finding::Finding;
use self::ledger::CaListResult;
use self::show::ShowResult;
use self::tools::{HostsResult, KeyMatchResult};
use self::trust::{TrustEnvResult, TrustListResult, TrustResult};
use crate::finding::{self as domain, Severity};
use crate::report::{Outcome, Report};

/// The version of the envelope and of every result in it.
const SCHEMA: u32 = 1;

/// Writes the report of `command` (as `acme obtain`) as one object and a line end.
pub(super) fn write(out: &mut impl Write, command: &str, report: &Report) -> io::Result<()> {
    write_envelope(out, command, None, report)
}

/// Writes the report on one of several operands, which is its `id`.
pub(super) fn write_one_of_several(
    out: &mut impl Write,
    command: &str,
    name: &str,
    report: &Report,
) -> io::Result<()> {
    write_envelope(out, command, Some(&Value::from(name)), report)
}

fn write_envelope(
    out: &mut impl Write,
    command: &str,
    id: Option<&Value>,
    report: &Report,
) -> io::Result<()> {
    let exit_status = report.exit_status();
    let envelope = Envelope {
        schema: SCHEMA,
        command,
        id,
        status: Status::of(report),
        exit_status,
        result: CommandResult::new(command, report),
        findings: report.all_findings().map(Finding::new).collect(),
        next: &report.next,
    };
    serde_json::to_writer(&mut *out, &envelope)?;
    out.write_all(b"\n")
}

/// One line for `check --batch`: what was found (without an error the chain holds), or why it was not judged.
pub(super) fn batch_line(id: &Value, judged: Result<&[domain::Finding], &domain::Finding>) -> Vec<u8> {
    let (status, exit_status, result, findings) = match judged {
        Ok(reasons) => {
            let valid = reasons.iter().all(|finding| finding.severity != Severity::Error);
            let status = if valid { Status::Yes } else { Status::No };
            (status, u8::from(!valid), BatchResult::judged(reasons), reasons)
        }
        Err(error) => (Status::Failed, 2, BatchResult::failed(error), std::slice::from_ref(error)),
    };
    let envelope = Envelope {
        schema: SCHEMA,
        command: "check",
        id: Some(id),
        status,
        exit_status,
        result: CommandResult::Batch(result),
        findings: findings.iter().map(Finding::new).collect(),
        next: &[],
    };
    // Strings, numbers and lists of them always have a JSON form.
    let mut line = serde_json::to_vec(&envelope).unwrap_or_default();
    line.push(b'\n');
    line
}

/// What every command prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Envelope<'a> {
    /// Version of this format. It changes only when a field changes its meaning or is removed.
    schema: u32,
    /// The command, such as `check` or `acme obtain`.
    command: &'a str,
    /// The `id` of the line of a batch that this answers; of several files or servers, which one this is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    /// The answer in one word.
    status: Status,
    /// The exit status of the command; for a line of a batch that of this line.
    exit_status: u8,
    /// What was done or judged. Its fields depend on `command`.
    result: CommandResult<'a>,
    /// Everything found, in the order it was found.
    findings: Vec<Finding<'a>>,
    /// Commands that are likely to come next.
    next: &'a [String],
}

/// The answer of a command in one word.
#[derive(Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum Status {
    /// The work was done. `exit_status` 3 says that a deploy hook failed afterwards.
    Done,
    /// The work could not be done, or not all of it.
    Failed,
    /// The question is answered with no.
    No,
    /// The question is answered with yes.
    Yes,
}

impl Status {
    fn of(report: &Report) -> Self {
        let is_question = report.outcome.is_question();
        match report.exit_status() {
            0 if is_question => Self::Yes,
            1 if is_question => Self::No,
            0 | 3 => Self::Done,
            _ => Self::Failed,
        }
    }
}

/// The result of each command.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "there is one per process")]
enum CommandResult<'a> {
    Account(AccountResult<'a>),
    AcmeDelete(AcmeDeleteResult<'a>),
    AcmeImport(AcmeImportResult<'a>),
    DnsRecords(DnsRecordsResult<'a>),
    AcmeList(AcmeListResult<'a>),
    AcmeRenew(AcmeRenewResult<'a>),
    AcmeRevoke(AcmeRevokeResult<'a>),
    Batch(BatchResult<'a>),
    CaList(CaListResult<'a>),
    Check(CheckResult<'a>),
    Convert(ConvertResult<'a>),
    DnsProviders(DnsProvidersResult<'a>),
    Files(FilesResult<'a>),
    Hosts(HostsResult<'a>),
    KeyMatch(KeyMatchResult<'a>),
    Merge(MergeResult<'a>),
    Nothing(NoResult),
    Show(ShowResult<'a>),
    Text(TextResult<'a>),
    Trust(TrustResult<'a>),
    TrustEnv(TrustEnvResult<'a>),
    TrustList(TrustListResult<'a>),
}

/// Nothing was done or judged.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("maxProperties" = 0)))]
struct NoResult {}

impl<'a> CommandResult<'a> {
    fn new(command: &str, report: &'a Report) -> Self {
        match &report.outcome {
            Outcome::DnsRecords(records) => Self::DnsRecords(DnsRecordsResult::new(records)),
            Outcome::Account(account) => Self::Account(AccountResult::new(account)),
            Outcome::Checked(checked) => Self::Check(CheckResult::new(checked, report)),
            Outcome::Converted(converted) => Self::Convert(ConvertResult::new(converted)),
            Outcome::Created(created) => Self::Files(FilesResult::new(created)),
            Outcome::Deleted(deleted) => Self::AcmeDelete(AcmeDeleteResult::new(deleted)),
            Outcome::DnsProviders(providers) => Self::DnsProviders(DnsProvidersResult::new(providers)),
            Outcome::Hosts(hosts) => Self::Hosts(HostsResult::new(hosts)),
            Outcome::Imported(import) => Self::AcmeImport(AcmeImportResult::new(import)),
            Outcome::Listed(kept) => Self::AcmeList(AcmeListResult::new(kept)),
            Outcome::Matched(matched) => {
                Self::KeyMatch(KeyMatchResult::new(matched, report.exit_status() == 0))
            }
            Outcome::Merged(merged) => Self::Merge(MergeResult::new(merged, report)),
            Outcome::Recorded(recorded) => Self::CaList(CaListResult::new(recorded)),
            Outcome::Renewed(renewals) => Self::AcmeRenew(AcmeRenewResult::new(renewals)),
            Outcome::Revoked(revoked) => Self::AcmeRevoke(AcmeRevokeResult::new(revoked)),
            Outcome::Shown(shown) => Self::Show(ShowResult::new(shown)),
            Outcome::Text(text) => Self::Text(TextResult::new(text)),
            Outcome::Trusted(trusted) => Self::Trust(TrustResult::new(trusted)),
            Outcome::TrustedCas(list) => Self::TrustList(TrustListResult::new(list)),
            Outcome::TrustEnvironment(environment) => Self::TrustEnv(TrustEnvResult::new(environment)),
            // Scripts that read these lists before there were `findings` go on reading them.
            Outcome::Failed { .. } if command == "check" => Self::Check(CheckResult::failed(report)),
            Outcome::Failed { .. } if command == "merge" => Self::Merge(MergeResult::failed(report)),
            Outcome::Answered { .. }
            | Outcome::Data(_)
            | Outcome::Failed { .. }
            | Outcome::Nothing
            | Outcome::Several(_) => Self::Nothing(NoResult {}),
        }
    }
}

/// The findings of some severities.
fn findings_of(findings: &[domain::Finding], severity: Severity) -> Vec<Finding<'_>> {
    findings.iter().filter(|finding| finding.severity == severity).map(Finding::new).collect()
}

fn rfc3339(time: OffsetDateTime) -> String {
    // A year past 9999 has no RFC 3339 form; X.509 has none such either.
    time.truncate_to_second().format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}
