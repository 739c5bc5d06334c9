//! Features that a server should not have, and the one that it should.

use super::configuration;
use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};

const INJECTION: ServerDiagnostic = ServerDiagnostic::warning(Code::StarttlsInjection);
const COMPRESSED: ServerDiagnostic = ServerDiagnostic::warning(Code::TlsCompression);
const UNSAFE: ServerDiagnostic = ServerDiagnostic::warning(Code::InsecureRenegotiation);
const EXPLOITABLE: ServerDiagnostic = ServerDiagnostic::error(Code::InsecureRenegotiation);
const STARTED_BY_CLIENT: ServerDiagnostic = ServerDiagnostic::note(Code::ClientRenegotiation);
const NOT_HYBRID: ServerDiagnostic = ServerDiagnostic::note(Code::NoPostQuantum);
const PARTIAL: ServerDiagnostic = ServerDiagnostic::warning(Code::ConnectionFailed);

const WITHOUT_RENEGOTIATION: &str = "Update the server: nginx since 0.8.23, Apache since 2.2.15 and programs with OpenSSL 3 \
                                     refuse it.\nOpenSSL's programs: omit -client_renegotiation and \
                                     -legacy_renegotiation\nPython: context.options |= ssl.OP_NO_RENEGOTIATION";

/// CVE-2011-0411.
pub(super) const STARTTLS_INJECTION: ServerRule =
    ServerRule { diagnostics: &[INJECTION], judge: starttls_injection };

pub(super) const COMPRESSION: ServerRule = ServerRule { diagnostics: &[COMPRESSED], judge: compression };

/// RFC 5746.
pub(super) const RENEGOTIATION: ServerRule =
    ServerRule { diagnostics: &[UNSAFE, EXPLOITABLE, STARTED_BY_CLIENT], judge: renegotiation };

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
    let granted = facts.survey.renegotiation;
    if granted.is_some_and(|granted| granted.is_insecure_granted) {
        let message = "the server lets clients start renegotiation without RFC 5746: an on-path attacker can put a \
                       request before a client's own, with that client's cookies (CVE-2009-3555)";
        return vec![EXPLOITABLE.finding(message).fix(WITHOUT_RENEGOTIATION)];
    }
    if facts.survey.is_renegotiation_safe == Some(false) {
        let message = "the server does not support secure renegotiation (RFC 5746): an on-path attacker can put \
                       a request before a client's own; OpenSSL 3 and browsers refuse such a server or warn";
        let fix = "Update the TLS library.\nApache: SSLInsecureRenegotiation off";
        return vec![UNSAFE.finding(message).fix(configuration::own(facts, fix))];
    }
    if granted.is_some_and(|granted| granted.is_secure_granted) {
        let message = "clients may start renegotiation: one connection can make the server do handshake after \
                       handshake, each of which costs it more than the client (CVE-2011-1473); no client needs it";
        return vec![STARTED_BY_CLIENT.finding(message).fix(WITHOUT_RENEGOTIATION)];
    }
    Vec::new()
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
