//! The name that clients use must be among the certificate's names (RFC 9525 section 6).

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use super::fixes;
use crate::finding::Code;
use crate::x509::{HostName, SubjectAltName};

const OTHER: Diagnostic = Diagnostic::error(Code::HostMismatch);

pub(super) const RULE: Rule = Rule { diagnostics: &[OTHER], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let Some(host) = judged.input.host else { return Vec::new() };
    let Some(names) = leaf.certificate.subject_alt_names.as_ref().filter(|names| !names.is_empty()) else {
        return Vec::new(); // `no_san` says so
    };
    if names.iter().any(|name| host.matches(name)) {
        return Vec::new();
    }
    let mut message = format!("the certificate is not for `{host}`; it is for:");
    for name in names.iter().take(MAX_NAMES) {
        message.push_str(&format!("\n{name}{}", why_not(host, name)));
    }
    if names.len() > MAX_NAMES {
        message.push_str(&format!("\nand {} more", names.len() - MAX_NAMES));
    }
    let issue = fixes::issue_command(judged, &host.to_string());
    let fix = format!("Use one of these names, or have a certificate issued for `{host}`: {issue}");
    judged.report(&OTHER, &leaf, message, fix).into_iter().collect()
}

/// Names listed in the message.
const MAX_NAMES: usize = 50;

/// Why a name that looks right does not match.
fn why_not(host: &HostName, name: &SubjectAltName) -> &'static str {
    match (host, name) {
        (HostName::Dns(host), SubjectAltName::Dns(name)) => {
            let Some(parent) = name.strip_prefix("*.") else {
                return if name.contains('*') { " (a wildcard must be the whole first label)" } else { "" };
            };
            if host.eq_ignore_ascii_case(parent) {
                " (a wildcard does not cover the bare domain)"
            } else if host.to_ascii_lowercase().ends_with(&format!(".{}", parent.to_ascii_lowercase())) {
                " (a wildcard covers one label only)"
            } else {
                ""
            }
        }
        (HostName::Ip(address), SubjectAltName::Dns(name)) if name.parse() == Ok(*address) => {
            " (written as a DNS name; clients expect an iPAddress entry)"
        }
        (HostName::Dns(_), SubjectAltName::Malformed { tag: 2, .. }) => {
            " (not ASCII; write international names in their xn-- form)"
        }
        _ => "",
    }
}
