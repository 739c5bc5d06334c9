//! Rules about servers: what is wrong, who is affected, and the line of the server's configuration that fixes it.
//!
//! What current clients refuse is an error, and so is what breaks the protection of anyone who gets it: suites without
//! encryption or authentication, SSL and TLS before 1.2 (RFC 8996), Diffie-Hellman below 2048 bits. What weakens old clients
//! is a warning, and what falls short of Mozilla's guideline (6.0, "intermediate") otherwise is a note.

mod configuration;
mod features;
mod handshake;
mod headers;
mod http;
mod names;
mod plain_http;
mod server_rule;
mod sessions;
mod suites;
mod versions;
mod weaknesses;

pub use server_rule::ServerFacts;

use self::server_rule::ServerRule;
use crate::finding::{Finding, Severity};

/// Whether current clients can connect at all.
const CONNECTING: &[ServerRule] = &[handshake::WRONG_KEY, handshake::UNUSUAL_GROUP, handshake::INCOMPLETE];

/// Every other rule, in the order of the report.
const RULES: &[ServerRule] = &[
    weaknesses::NAMED,
    versions::OLD,
    versions::NO_TLS13,
    suites::POOR,
    suites::SMALL_GROUP,
    suites::ORDER,
    features::STARTTLS_INJECTION,
    features::COMPRESSION,
    features::RENEGOTIATION,
    features::POST_QUANTUM,
    features::UNANSWERED,
    sessions::STAPLING,
    sessions::ADDRESSES,
    names::DEFAULT_CERTIFICATE,
    sessions::EARLY_DATA,
    headers::HSTS,
    plain_http::PLAIN_HTTP,
    http::COOKIES,
    http::CLOCK,
    http::PAGE,
    http::VERSIONS,
];

/// What is wrong with a server.
#[derive(Debug)]
pub struct ServerJudgement {
    pub findings: Vec<Finding>,
    /// Whether current clients cannot connect.
    pub is_refused: bool,
}

pub fn judge_server(facts: &ServerFacts<'_>) -> ServerJudgement {
    let mut findings: Vec<_> = CONNECTING.iter().flat_map(|rule| rule.apply(facts)).collect();
    let is_refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    findings.extend(RULES.iter().flat_map(|rule| rule.apply(facts)));
    ServerJudgement { findings, is_refused }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::finding::Code;

    /// Codes that are also an error where the server does not send a chain to judge.
    const WITHOUT_A_CHAIN: [Code; 3] =
        [Code::ConnectionFailed, Code::HandshakeFailed, Code::StarttlsInjection];

    /// `Severity: warning or note.`, the worst first.
    #[test]
    fn the_documentation_states_each_code_and_its_severity() {
        let mut severities: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for diagnostic in CONNECTING.iter().chain(RULES).flat_map(|rule| rule.diagnostics) {
            severities.entry(diagnostic.code).or_default().push(diagnostic.severity);
        }
        for code in WITHOUT_A_CHAIN {
            severities.entry(code).or_default().push(Severity::Error);
        }
        let findings = include_str!("../../../docs/findings.md");
        for (code, mut severities) in severities {
            severities.sort_unstable();
            severities.dedup();
            let words: Vec<_> =
                severities.iter().rev().map(|severity| format!("{severity:?}").to_lowercase()).collect();
            let wanted = format!("Severity: {}.", words.join(" or "));
            let start = findings.find(&format!("\n## {code}\n")).unwrap_or_else(|| panic!("{code}"));
            let section = findings[start + 4..].split("\n## ").next().unwrap();
            assert!(section.lines().any(|line| line == wanted), "{code} lacks the line `{wanted}`");
        }
    }
}
