//! Reports for scripts: one object with `schema`. The structs here are the contract; internals may be renamed
//! without changing them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::finding::{self, Severity};
use crate::report::{self, FactValue, Outcome, Report, Role};

/// The version of all objects here.
const SCHEMA: u32 = 1;

/// Writes the report as one object and a line end.
pub(super) fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Document::new(report))?;
    out.write_all(b"\n")
}

/// One line for `check --batch`.
pub(super) fn answer(id: &Value, judged: Result<&[finding::Finding], &str>) -> Vec<u8> {
    let answer = match judged {
        Ok(reasons) => Answer::Judged {
            id,
            valid: reasons.is_empty(),
            reasons: reasons.iter().map(Finding::new).collect(),
        },
        Err(error) => Answer::Failed { id, error },
    };
    // Strings and lists of them always have a JSON form.
    let mut line = serde_json::to_vec(&answer).unwrap_or_default();
    line.push(b'\n');
    line
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    Judged { id: &'a Value, valid: bool, reasons: Vec<Finding<'a>> },
    Failed { id: &'a Value, error: &'a str },
}

#[derive(Serialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "there is one per process")]
enum Document<'a> {
    Acme(super::acme::Document<'a>),
    Checked {
        schema: u32,
        file: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        host: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        server: Option<Server<'a>>,
        at: String,
        valid: bool,
        path: Vec<Certificate<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        trusted_by: Option<&'a str>,
        reasons: Vec<Finding<'a>>,
        warnings: Vec<Finding<'a>>,
    },
    Converted {
        schema: u32,
        output: &'a str,
        form: &'static str,
        items: Vec<NewItem<'a>>,
        warnings: Vec<Finding<'a>>,
        errors: Vec<Finding<'a>>,
    },
    Created {
        schema: u32,
        files: Vec<File<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        certificate: Option<Certificate<'a>>,
        warnings: Vec<Finding<'a>>,
        errors: Vec<Finding<'a>>,
    },
    Failed {
        schema: u32,
        errors: Vec<Finding<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<Finding<'a>>,
    },
    Hosts {
        schema: u32,
        action: &'static str,
        dry_run: bool,
        state: &'static str,
        file: &'a str,
        name: &'a str,
        entries: Vec<HostsEntry<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        windows: Option<Windows<'a>>,
        warnings: Vec<Finding<'a>>,
        errors: Vec<Finding<'a>>,
    },
    Matched {
        schema: u32,
        fits: bool,
        key: Key<'a>,
        files: Vec<Candidate<'a>>,
        warnings: Vec<Finding<'a>>,
        errors: Vec<Finding<'a>>,
    },
    Merged {
        schema: u32,
        output: &'a str,
        certificates: Vec<Certificate<'a>>,
        warnings: Vec<Finding<'a>>,
        errors: Vec<Finding<'a>>,
        dropped: Vec<Dropped<'a>>,
    },
    Shown {
        schema: u32,
        file: &'a str,
        items: Vec<Item<'a>>,
        chain: Vec<Branch<'a>>,
        warnings: Vec<Finding<'a>>,
        errors: Vec<Finding<'a>>,
    },
    Trusted {
        schema: u32,
        action: &'static str,
        dry_run: bool,
        file: &'a str,
        name: &'a str,
        certificate: Certificate<'a>,
        stores: Vec<Store<'a>>,
        warnings: Vec<Finding<'a>>,
        errors: Vec<Finding<'a>>,
    },
}

/// A line of the hosts file.
#[derive(Serialize)]
struct HostsEntry<'a> {
    line: usize,
    address: &'a str,
    ours: bool,
}

/// What to do on Windows by hand.
#[derive(Serialize)]
struct Windows<'a> {
    path: &'static str,
    line: &'a str,
}

/// One store of `trust`.
#[derive(Serialize)]
struct Store<'a> {
    store: &'static str,
    path: &'a str,
    state: &'static str,
    steps: &'a [String],
}

/// One object of `show`: its kind, its place, and a member for each of its facts.
#[derive(Serialize)]
struct Item<'a> {
    kind: &'static str,
    #[serde(flatten)]
    location: Location<'a>,
    #[serde(flatten)]
    facts: BTreeMap<&'static str, Value>,
}

/// The server of a live chain; `suites` and `groups` with `--deep` only.
#[derive(Serialize)]
struct Server<'a> {
    name: &'a str,
    port: u16,
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sni: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starttls: Option<&'static str>,
    protocol: &'static str,
    cipher: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    protocols: &'a [&'static str],
    ocsp_stapled: bool,
    client_certificate: bool,
    /// Whether it proved that it has the key of its certificate; null where that could not be verified.
    key_proved: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hsts: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    suites: BTreeMap<&'static str, &'a [String]>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    groups: &'a [String],
}

/// One object that `convert` wrote.
#[derive(Serialize)]
struct NewItem<'a> {
    kind: &'static str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    encrypted: bool,
}

/// The key of `key match`.
#[derive(Serialize)]
struct Key<'a> {
    file: &'a str,
    key: &'a str,
    public_key_sha256: &'a str,
}

/// A file that was compared with it.
#[derive(Serialize)]
struct Candidate<'a> {
    file: &'a str,
    fits: bool,
    kind: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct Branch<'a> {
    depth: usize,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_issuer: Option<&'a str>,
}

#[derive(Serialize)]
struct Certificate<'a> {
    role: &'static str,
    subject: &'a str,
    issuer: &'a str,
    serial: &'a str,
    names: &'a [String],
    not_before: String,
    not_after: String,
    key: &'a str,
    signature: &'a str,
    sha256: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    crl_urls: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ocsp_urls: &'a [String],
    #[serde(flatten)]
    location: Option<Location<'a>>,
}

#[derive(Serialize)]
struct Dropped<'a> {
    #[serde(flatten)]
    finding: Finding<'a>,
    certificate: Certificate<'a>,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    description: &'a str,
}

#[derive(Serialize)]
pub(super) struct Finding<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    location: Option<Location<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
}

#[derive(Serialize)]
struct Location<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<u32>,
}

impl<'a> Document<'a> {
    fn new(report: &'a Report) -> Self {
        let errors = || findings(report, |severity| severity == Severity::Error);
        let warnings = || findings(report, |severity| severity != Severity::Error);
        if let Some(document) = super::acme::Document::new(report, SCHEMA) {
            return Self::Acme(document);
        }
        match &report.outcome {
            Outcome::Checked(checked) => Self::Checked {
                schema: SCHEMA,
                file: &checked.file,
                host: checked.host.as_deref(),
                server: checked.server.as_ref().map(Server::new),
                at: rfc3339(checked.at),
                valid: report.exit_status() == 0,
                path: checked.path.iter().map(Certificate::new).collect(),
                trusted_by: checked.trusted_by.as_deref(),
                reasons: errors(),
                warnings: warnings(),
            },
            Outcome::Converted(converted) => Self::Converted {
                schema: SCHEMA,
                output: &converted.output,
                form: converted.form,
                items: converted
                    .items
                    .iter()
                    .map(|item| NewItem {
                        kind: item.kind,
                        title: &item.title,
                        name: item.name.as_deref(),
                        encrypted: item.encrypted,
                    })
                    .collect(),
                warnings: warnings(),
                errors: errors(),
            },
            Outcome::Created(created) => Self::Created {
                schema: SCHEMA,
                files: created
                    .files
                    .iter()
                    .map(|file| File { path: &file.path, description: &file.description })
                    .collect(),
                certificate: created.certificate.as_ref().map(Certificate::new),
                warnings: warnings(),
                errors: errors(),
            },
            Outcome::Hosts(hosts) => Self::Hosts {
                schema: SCHEMA,
                action: hosts.action,
                dry_run: hosts.dry_run,
                state: hosts.state,
                file: &hosts.file,
                name: &hosts.name,
                entries: hosts
                    .entries
                    .iter()
                    .map(|entry| HostsEntry {
                        line: entry.line,
                        address: &entry.address,
                        ours: entry.is_ours,
                    })
                    .collect(),
                windows: hosts
                    .windows_line
                    .as_deref()
                    .map(|line| Windows { path: super::tools::WINDOWS_HOSTS, line }),
                warnings: warnings(),
                errors: errors(),
            },
            Outcome::Matched(matched) => Self::Matched {
                schema: SCHEMA,
                fits: report.exit_status() == 0,
                key: Key {
                    file: &matched.key,
                    key: &matched.description,
                    public_key_sha256: &matched.public_key_sha256,
                },
                files: matched
                    .candidates
                    .iter()
                    .map(|one| Candidate { file: &one.file, fits: one.fits, kind: one.kind, name: &one.name })
                    .collect(),
                warnings: warnings(),
                errors: errors(),
            },
            Outcome::Merged(merged) => Self::Merged {
                schema: SCHEMA,
                output: &merged.output,
                certificates: merged.certificates.iter().map(Certificate::new).collect(),
                warnings: warnings(),
                errors: errors(),
                dropped: merged
                    .dropped
                    .iter()
                    .map(|dropped| Dropped {
                        finding: Finding::new(&dropped.finding),
                        certificate: Certificate::new(&dropped.certificate),
                    })
                    .collect(),
            },
            Outcome::Shown(shown) => Self::Shown {
                schema: SCHEMA,
                file: &shown.file,
                items: shown.items.iter().map(|item| Item::new(item, shown.at)).collect(),
                chain: shown
                    .tree
                    .iter()
                    .map(|line| Branch {
                        depth: line.depth,
                        name: &line.label,
                        missing_issuer: line.missing_issuer.as_deref(),
                    })
                    .collect(),
                warnings: warnings(),
                errors: errors(),
            },
            Outcome::Trusted(trusted) => Self::Trusted {
                schema: SCHEMA,
                action: trusted.action,
                dry_run: trusted.dry_run,
                file: &trusted.file,
                name: &trusted.name,
                certificate: Certificate::new(&trusted.certificate),
                stores: trusted
                    .stores
                    .iter()
                    .map(|store| Store {
                        store: store.kind,
                        path: &store.path,
                        state: store.state,
                        steps: &store.steps,
                    })
                    .collect(),
                warnings: warnings(),
                errors: errors(),
            },
            // Those of `acme` have their documents above; the rest has findings only.
            _ => Self::Failed { schema: SCHEMA, errors: errors(), warnings: warnings() },
        }
    }
}

impl<'a> Item<'a> {
    fn new(item: &'a report::ShownItem, at: OffsetDateTime) -> Self {
        let value = |value: &FactValue| match value {
            FactValue::End(time) | FactValue::Time(time) => Value::from(rfc3339(*time)),
            FactValue::Flag(flag) => Value::from(*flag),
            FactValue::List(items) => Value::from(items.clone()),
            FactValue::Number(number) => Value::from(*number),
            FactValue::Text(text) => Value::from(text.as_str()),
        };
        let mut facts: BTreeMap<_, _> =
            item.facts.iter().map(|fact| (fact.name, value(&fact.value))).collect();
        for fact in &item.facts {
            if let FactValue::End(time) = fact.value {
                facts.insert("days_left", Value::from((time - at).whole_days()));
            }
        }
        Self { kind: item.kind, location: Location::new(&item.location), facts }
    }
}

impl<'a> Server<'a> {
    fn new(server: &'a report::ServerSummary) -> Self {
        Self {
            name: &server.name,
            port: server.port,
            address: server.address.to_string(),
            sni: server.sni.as_deref(),
            starttls: server.starttls,
            protocol: server.protocol,
            cipher: &server.cipher,
            group: server.group.as_deref(),
            protocols: &server.protocols,
            ocsp_stapled: server.is_stapled,
            client_certificate: server.wants_client_certificate,
            key_proved: server.is_key_proved,
            hsts: server.hsts.as_deref(),
            suites: server.suites.iter().map(|(version, suites)| (*version, suites.as_slice())).collect(),
            groups: &server.groups,
        }
    }
}

impl<'a> Certificate<'a> {
    fn new(summary: &'a report::CertificateSummary) -> Self {
        Self {
            role: match summary.role {
                Role::Leaf => "leaf",
                Role::Intermediate => "intermediate",
                Role::Root => "root",
            },
            subject: &summary.subject,
            issuer: &summary.issuer,
            serial: &summary.serial,
            names: &summary.names,
            not_before: rfc3339(summary.not_before),
            not_after: rfc3339(summary.not_after),
            key: &summary.key,
            signature: &summary.signature,
            sha256: &summary.sha256,
            verdict: summary.verdict.map(severity),
            crl_urls: &summary.crl_urls,
            ocsp_urls: &summary.ocsp_urls,
            location: summary.location.as_ref().map(Location::new),
        }
    }
}

impl<'a> Finding<'a> {
    pub(super) fn new(finding: &'a finding::Finding) -> Self {
        Self {
            code: finding.code.as_str(),
            severity: severity(finding.severity),
            message: &finding.message,
            location: finding.location.as_ref().map(Location::new),
            fix: finding.fix.as_deref(),
        }
    }
}

impl<'a> Location<'a> {
    fn new(location: &'a finding::Location) -> Self {
        Self {
            file: &location.file,
            block: location.block,
            line: location.lines.map(|(first, _)| first),
            last_line: location.lines.map(|(_, last)| last),
            certificate: location.certificate,
        }
    }
}

fn findings(report: &Report, wanted: impl Fn(Severity) -> bool) -> Vec<Finding<'_>> {
    report.findings.iter().filter(|finding| wanted(finding.severity)).map(Finding::new).collect()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

pub(super) fn rfc3339(time: OffsetDateTime) -> String {
    // A year past 9999 has no RFC 3339 form; X.509 has none such either.
    time.truncate_to_second().format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}
