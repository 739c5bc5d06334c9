//! The name that clients use must be among the certificate's names (RFC 9525 section 6).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use super::fixes;
use crate::x509::{Certificate, HostName, SubjectAltName};

const OTHER: Diagnostic = Diagnostic::of_clients(Defect::OtherHost);
const ONLY_COMMON_NAME: Diagnostic = Diagnostic::of_clients(Defect::NamesOfOtherKinds);
const DOT_AT_END: Diagnostic = Diagnostic::of_clients(Defect::DotAtEnd);
const ONLY_MAIL: Diagnostic = Diagnostic::of_clients(Defect::NamesOnlyMail);
const WILDCARD_IN_THE_MIDDLE: Diagnostic = Diagnostic::of_clients(Defect::WildcardInTheMiddle);
const PARTIAL_WILDCARD: Diagnostic = Diagnostic::of_clients(Defect::PartialWildcard);

pub(super) const RULE: Rule = Rule {
    diagnostics: &[OTHER, ONLY_COMMON_NAME, ONLY_MAIL, DOT_AT_END, PARTIAL_WILDCARD, WILDCARD_IN_THE_MIDDLE],
    judge,
};

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let Some(host) = judged.input.host else { return Vec::new() };
    let Some(names) = leaf.certificate.subject_alt_names.as_ref().filter(|names| !names.is_empty()) else {
        return Vec::new(); // `no_san` says so
    };
    if names.iter().any(|name| host.matches(name)) {
        return Vec::new();
    }
    let mut message = format!("the certificate is not for `{host}`\nit is for:");
    for name in names.iter().take(MAX_NAMES) {
        message.push_str(&format!("\n{name}{}", why_not(host, name)));
    }
    if names.len() > MAX_NAMES {
        message.push_str(&format!("\nand {} more", names.len() - MAX_NAMES));
    }
    let issue = fixes::issue_command(judged, &host.to_string());
    let fix = format!("Use one of these names, or have a certificate issued for `{host}`: {issue}");
    judged.report(&diagnostic(host, names, leaf.certificate), &leaf, message, fix).into_iter().collect()
}

/// Not all clients refuse what only resembles the host.
fn diagnostic(host: &HostName, names: &[SubjectAltName], leaf: &Certificate) -> Diagnostic {
    // OpenSSL goes by the common name where there is no DNS name.
    let is_host = |name: &SubjectAltName| matches!(name, SubjectAltName::Dns(_));
    let mut common_names = leaf.subject.common_names();
    if !names.iter().any(is_host)
        && common_names.any(|name| host.matches(&SubjectAltName::Dns(name.to_owned())))
    {
        let is_mail = |name: &SubjectAltName| matches!(name, SubjectAltName::Mail(_));
        return if names.iter().all(is_mail) { ONLY_MAIL } else { ONLY_COMMON_NAME };
    }
    let HostName::Dns(host) = host else { return OTHER };
    let host = host.to_ascii_lowercase();
    let is_any = |resembles: fn(&str, &str) -> bool| {
        names.iter().any(|name| match name {
            SubjectAltName::Dns(name) => resembles(&name.to_ascii_lowercase(), &host),
            _ => false,
        })
    };
    if is_any(|name, host| name.strip_suffix('.') == Some(host)) {
        DOT_AT_END
    } else if is_any(is_partial_wildcard) {
        PARTIAL_WILDCARD
    } else if is_any(stands_for) {
        WILDCARD_IN_THE_MIDDLE
    } else {
        OTHER
    }
}

/// Whether a wildcard that is only a part of the first label stands for the host.
fn is_partial_wildcard(name: &str, host: &str) -> bool {
    let is_of_first = name.split_once('.').is_some_and(|(first, rest)| first != "*" && !rest.contains('*'));
    is_of_first && stands_for(name, host)
}

/// Whether a name stands for the host where asterisks may be anywhere in it, as Java has it.
fn stands_for(name: &str, host: &str) -> bool {
    let (labels, of_host) = (name.split('.'), host.split('.'));
    name.contains('*')
        && labels.clone().count() == of_host.clone().count()
        && labels.zip(of_host).all(|(label, of_host)| match label.split_once('*') {
            Some((before, after)) => {
                of_host.len() >= before.len() + after.len()
                    && of_host.starts_with(before)
                    && of_host.ends_with(after)
            }
            None => label == of_host,
        })
}

/// Names listed in the message.
const MAX_NAMES: usize = 50;

/// Why a name that looks right does not match.
fn why_not(host: &HostName, name: &SubjectAltName) -> &'static str {
    match (host, name) {
        (HostName::Dns(host), SubjectAltName::Dns(name)) => {
            let Some(parent) = name.strip_prefix("*.") else {
                return if name.contains('*') {
                    " (a wildcard must be the whole first label)"
                } else if name.strip_suffix('.').is_some_and(|name| name.eq_ignore_ascii_case(host)) {
                    " (a name in a certificate must not end with a dot)"
                } else {
                    ""
                };
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
