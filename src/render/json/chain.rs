//! `check`, `check --batch` and `merge`.

use serde::Serialize;
use time::OffsetDateTime;

use super::certificate::{Certificate, Server};
use super::finding::Finding;
use super::verdict::Verdict;
use super::{findings_of, rfc3339};
use crate::finding::{self as domain, Severity};
use crate::report::{Checked, Merged, OtherChainSummary, Report};

/// `check`: whether a chain holds. On exit status 2 only `errors` is there.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "there is one per process")]
pub(super) enum CheckResult<'a> {
    /// The chain was judged.
    Judged {
        /// The file as it was typed, or `HOST:PORT`.
        file: &'a str,
        /// The name that it was judged for.
        #[serde(skip_serializing_if = "Option::is_none")]
        host: Option<&'a str>,
        /// The server that sent it.
        #[serde(skip_serializing_if = "Option::is_none")]
        server: Option<Server<'a>>,
        /// How good that server is.
        #[serde(skip_serializing_if = "Option::is_none")]
        verdict: Option<Verdict<'a>>,
        /// The time that it was judged at, RFC 3339.
        at: String,
        /// Whether it holds: no finding is an error.
        valid: bool,
        /// The path, leaf first, as far as it could be built.
        path: Vec<Certificate<'a>>,
        /// The name of the issuer that the path lacks.
        #[serde(skip_serializing_if = "Option::is_none")]
        missing_issuer: Option<&'a str>,
        /// Where the trust at the end of the path comes from.
        #[serde(skip_serializing_if = "Option::is_none")]
        trusted_by: Option<&'a str>,
        /// The chain of a server for clients that know only another kind of key; with `--deep` only.
        #[serde(skip_serializing_if = "Option::is_none")]
        other_chain: Option<OtherChain<'a>>,
        /// The findings of severity `error`.
        reasons: Vec<Finding<'a>>,
        /// The findings of severity `warning`.
        warnings: Vec<Finding<'a>>,
    },
    /// The chain could not be judged.
    Failed {
        /// The findings of severity `error`.
        errors: Vec<Finding<'a>>,
    },
}

/// The chain of a server for clients that know only another kind of key.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct OtherChain<'a> {
    /// The kind of key: `RSA` or `ECDSA`.
    key: &'static str,
    /// Whether it holds.
    valid: bool,
    /// The path, leaf first, as far as it could be built.
    path: Vec<Certificate<'a>>,
}

impl<'a> OtherChain<'a> {
    fn new(other: &'a OtherChainSummary, at: OffsetDateTime) -> Self {
        let path = other.path.iter().map(|one| Certificate::new(one, Some(at))).collect();
        Self { key: other.kind, valid: other.does_hold, path }
    }
}

/// One line of `check --batch`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub(super) enum BatchResult<'a> {
    /// The chain was judged.
    Judged {
        /// Whether it holds.
        valid: bool,
        /// Why it does not.
        reasons: Vec<Finding<'a>>,
        /// The findings of severity `warning`, where the line asks for them.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<Finding<'a>>,
    },
    /// The chain could not be judged.
    Failed {
        /// Why, with the line's number.
        error: &'a str,
    },
}

/// `merge`: the chain that was put together. Where there is none, `certificates` is empty.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct MergeResult<'a> {
    /// The file that was written, `-` for standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
    /// Its permission bits, octal.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    /// The blocks of the new file in order; `location` says on which lines.
    certificates: Vec<Certificate<'a>>,
    /// The findings of severity `warning`.
    warnings: Vec<Finding<'a>>,
    /// The findings of severity `error`.
    errors: Vec<Finding<'a>>,
    /// What was left out.
    dropped: Vec<Dropped<'a>>,
}

/// A certificate that was left out, and why.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Dropped<'a> {
    #[serde(flatten)]
    finding: Finding<'a>,
    /// The certificate.
    certificate: Certificate<'a>,
}

impl<'a> CheckResult<'a> {
    pub(super) fn new(checked: &'a Checked, report: &'a Report) -> Self {
        Self::Judged {
            file: &checked.file,
            host: checked.host.as_deref(),
            server: checked.server.as_ref().map(Server::new),
            verdict: checked.verdict.as_ref().map(Verdict::new),
            at: rfc3339(checked.at),
            valid: report.exit_status() == 0,
            path: checked.path.iter().map(|one| Certificate::new(one, Some(checked.at))).collect(),
            missing_issuer: checked.missing_issuer.as_deref(),
            trusted_by: checked.trusted_by.as_deref(),
            other_chain: checked.other_chain.as_ref().map(|other| OtherChain::new(other, checked.at)),
            reasons: findings_of(&report.findings, Severity::Error),
            warnings: findings_of(&report.findings, Severity::Warning),
        }
    }

    pub(super) fn failed(report: &'a Report) -> Self {
        Self::Failed { errors: findings_of(&report.findings, Severity::Error) }
    }
}

impl<'a> BatchResult<'a> {
    pub(super) fn judged(findings: &'a [domain::Finding]) -> Self {
        let reasons = findings_of(findings, Severity::Error);
        let warnings = findings_of(findings, Severity::Warning);
        Self::Judged { valid: reasons.is_empty(), reasons, warnings }
    }

    pub(super) fn failed(error: &'a domain::Finding) -> Self {
        Self::Failed { error: &error.message }
    }
}

impl<'a> MergeResult<'a> {
    pub(super) fn new(merged: &'a Merged, report: &'a Report) -> Self {
        Self {
            output: Some(&merged.output),
            mode: merged.mode.map(super::files::octal),
            certificates: merged
                .certificates
                .iter()
                .map(|certificate| Certificate::new(certificate, Some(merged.at)))
                .collect(),
            dropped: merged
                .dropped
                .iter()
                .map(|dropped| Dropped {
                    finding: Finding::new(&dropped.finding),
                    certificate: Certificate::new(&dropped.certificate, Some(merged.at)),
                })
                .collect(),
            ..Self::failed(report)
        }
    }

    pub(super) fn failed(report: &'a Report) -> Self {
        Self {
            output: None,
            mode: None,
            certificates: Vec::new(),
            warnings: findings_of(&report.findings, Severity::Warning),
            errors: findings_of(&report.findings, Severity::Error),
            dropped: Vec::new(),
        }
    }
}
