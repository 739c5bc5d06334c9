//! Features that a server should not have, and the one that it should.

use super::configuration;
use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};

const INJECTION: ServerDiagnostic = ServerDiagnostic::warning(Code::StarttlsInjection);
const COMPRESSED: ServerDiagnostic = ServerDiagnostic::warning(Code::TlsCompression);
const UNSAFE: ServerDiagnostic = ServerDiagnostic::warning(Code::InsecureRenegotiation);
const NOT_HYBRID: ServerDiagnostic = ServerDiagnostic::note(Code::NoPostQuantum);
const PARTIAL: ServerDiagnostic = ServerDiagnostic::warning(Code::ConnectionFailed);

/// CVE-2011-0411.
pub(super) const STARTTLS_INJECTION: ServerRule =
    ServerRule { diagnostics: &[INJECTION], judge: starttls_injection };

pub(super) const COMPRESSION: ServerRule = ServerRule { diagnostics: &[COMPRESSED], judge: compression };

/// RFC 5746.
pub(super) const RENEGOTIATION: ServerRule = ServerRule { diagnostics: &[UNSAFE], judge: renegotiation };

pub(super) const POST_QUANTUM: ServerRule = ServerRule { diagnostics: &[NOT_HYBRID], judge: post_quantum };

/// A question of the survey that got no answer.
pub(super) const UNANSWERED: ServerRule = ServerRule { diagnostics: &[PARTIAL], judge: unanswered };

fn starttls_injection(facts: &ServerFacts<'_>) -> Vec<Finding> {
    if facts.survey.is_stuffable != Some(true) {
        return Vec::new();
    }
    let message = "the server executes inside TLS a command that was sent unencrypted before: an on-path \
                   attacker can insert commands before a client's own and so capture passwords \
                   (CVE-2011-0411)";
    let fix = "Update the server: it must discard what came before the handshake.";
    vec![INJECTION.finding(message).fix(fix)]
}

fn compression(facts: &ServerFacts<'_>) -> Vec<Finding> {
    if !facts.survey.is_compressed {
        return Vec::new();
    }
    let message = "the server compresses inside TLS: the length of messages reveals cookies to an on-path \
                   attacker (CRIME)";
    let fix = "nginx: update it and OpenSSL; it has no option for this\nApache: SSLCompression off";
    vec![COMPRESSED.finding(message).fix(configuration::own(facts, fix))]
}

fn renegotiation(facts: &ServerFacts<'_>) -> Vec<Finding> {
    if facts.survey.is_renegotiation_safe != Some(false) {
        return Vec::new();
    }
    let message = "the server does not support secure renegotiation (RFC 5746): an on-path attacker can put \
                   a request before a client's own; OpenSSL 3 and browsers refuse such a server or warn";
    let fix = "Update the TLS library.\nApache: SSLInsecureRenegotiation off";
    vec![UNSAFE.finding(message).fix(configuration::own(facts, fix))]
}

fn post_quantum(facts: &ServerFacts<'_>) -> Vec<Finding> {
    if facts.survey.is_hybrid != Some(false) {
        return Vec::new();
    }
    let message = "the server does not support X25519MLKEM768: connections recorded today can be decrypted \
                   once there are quantum computers";
    vec![NOT_HYBRID.finding(message).fix(configuration::groups(facts))]
}

fn unanswered(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let Some(error) = &facts.survey.failure else { return Vec::new() };
    let message = format!(
        "not everything could be asked, so the server may accept worse than is listed here; no answer about {}: \
         {error}",
        facts.survey.unanswered.join(", ")
    );
    let fix =
        "Run it again later, from an address that the server does not limit, or with a longer --timeout.";
    vec![PARTIAL.finding(message).fix(fix)]
}
