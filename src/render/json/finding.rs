//! One finding and where it was seen.

use serde::Serialize;

use crate::finding as domain;

/// One thing found.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Finding<'a> {
    /// The stable name of this kind of finding; `certkit check --explain CODE` explains it.
    code: &'static str,
    /// `error` makes the answer no; `warning` leaves it yes, but some clients are affected; `note` is for information.
    severity: Severity,
    /// What was found, for people. The wording may change.
    message: &'a str,
    /// Where it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location<'a>>,
    /// What fixes it: sentences, and commands on lines of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    /// The commands of `fix`, in order; each can be run as it stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commands: Vec<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    Note,
    Warning,
    Error,
}

/// Where something stands.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Location<'a> {
    /// The file as it was typed, `-` for standard input, or `HOST:PORT` of a server.
    file: &'a str,
    /// The number of the PEM block in the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<u32>,
    /// First and last line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<[usize; 2]>,
    /// The number of the certificate among those that a server sent, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<u32>,
}

impl<'a> Finding<'a> {
    pub(super) fn new(finding: &'a domain::Finding) -> Self {
        let lines = finding.fix.as_deref().map(domain::fix_lines);
        let mut commands = Vec::new();
        let fix = lines.map(|lines| {
            let line = |line| match line {
                domain::FixLine::Command(command) => {
                    commands.push(command.clone());
                    command
                }
                domain::FixLine::Sentence(sentence) => sentence,
            };
            lines.into_iter().map(line).collect::<Vec<_>>().join("\n")
        });
        Self {
            code: finding.code.as_str(),
            severity: finding.severity.into(),
            message: &finding.message,
            location: finding.location.as_ref().map(Location::new),
            fix,
            commands,
        }
    }
}

impl From<domain::Severity> for Severity {
    fn from(severity: domain::Severity) -> Self {
        match severity {
            domain::Severity::Error => Self::Error,
            domain::Severity::Note => Self::Note,
            domain::Severity::Warning => Self::Warning,
        }
    }
}

impl<'a> Location<'a> {
    pub(super) fn new(location: &'a domain::Location) -> Self {
        Self {
            file: &location.file,
            block: location.block,
            lines: location.lines.map(|(first, last)| [first, last]),
            certificate: location.certificate,
        }
    }
}
