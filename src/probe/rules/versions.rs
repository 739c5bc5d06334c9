//! Which versions of SSL and TLS a server supports.

use super::configuration;
use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};
use crate::probe::Version;

const STILL_OLD: ServerDiagnostic = ServerDiagnostic::error(Code::OldProtocol);
const WITHOUT_TLS13: ServerDiagnostic = ServerDiagnostic::warning(Code::NoTls13);

/// RFC 8996.
pub(super) const OLD: ServerRule = ServerRule { diagnostics: &[STILL_OLD], judge: old };

pub(super) const NO_TLS13: ServerRule = ServerRule { diagnostics: &[WITHOUT_TLS13], judge: no_tls13 };

fn old(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let old = facts.survey.versions.iter().filter(|version| **version < Version::Tls12);
    let names: Vec<_> = old.map(ToString::to_string).collect();
    if facts.peer.version < Version::Tls12 || names.is_empty() {
        return Vec::new();
    }
    let message = format!(
        "the server still supports {}{}: an on-path attacker can decrypt old clients' connections, and no \
         current client needs it (RFC 8996)",
        names.join(", "),
        if facts.survey.versions.contains(&Version::Ssl3) { " (POODLE)" } else { "" }
    );
    vec![STILL_OLD.finding(message).fix(configuration::versions(facts))]
}

fn no_tls13(facts: &ServerFacts<'_>) -> Vec<Finding> {
    if facts.peer.version != Version::Tls12 || facts.survey.versions.contains(&Version::Tls13) {
        return Vec::new();
    }
    let message = "the server does not support TLS 1.3: every new connection takes one more round trip, and \
                   its certificate is sent unencrypted";
    vec![WITHOUT_TLS13.finding(message).fix(configuration::tls13(facts))]
}
