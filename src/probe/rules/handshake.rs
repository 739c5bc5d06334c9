//! What the one honest handshake shows.

use super::configuration;
use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};
use crate::probe::{Possession, Strength, Version};

const OTHER_KEY: ServerDiagnostic = ServerDiagnostic::error(Code::BadSignature);
const ONLY_OLD: ServerDiagnostic = ServerDiagnostic::error(Code::OldProtocol);
const ONLY_POOR: ServerDiagnostic = ServerDiagnostic::warning(Code::WeakCipher);
const CLIENT_CERTIFICATE: ServerDiagnostic = ServerDiagnostic::note(Code::HandshakeFailed);
const UNKNOWN_GROUP: ServerDiagnostic = ServerDiagnostic::error(Code::UnusualGroup);
const RARE_GROUP: ServerDiagnostic = ServerDiagnostic::warning(Code::UnusualGroup);
const BROKEN_OFF: ServerDiagnostic = ServerDiagnostic::error(Code::HandshakeFailed);

pub(super) const WRONG_KEY: ServerRule = ServerRule { diagnostics: &[OTHER_KEY], judge: wrong_key };

pub(super) const INCOMPLETE: ServerRule =
    ServerRule { diagnostics: &[ONLY_OLD, ONLY_POOR, CLIENT_CERTIFICATE, BROKEN_OFF], judge: incomplete };

fn wrong_key(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let of_other = facts.survey.other_chain.as_ref().filter(|chain| chain.possession == Possession::Refuted);
    let which = match of_other {
        _ if facts.peer.possession == Possession::Refuted => "certificate".to_owned(),
        Some(chain) => format!("{} certificate", chain.kind.as_str()),
        None => return Vec::new(),
    };
    let message = format!(
        "the server signs the handshake with a key that does not belong to its {which}; every client refuses it"
    );
    let fix = "Configure a certificate and key that belong together, the server's own certificate first; \
               to test them: `certkit check chain.pem --key server.key`.";
    vec![OTHER_KEY.finding(message).fix(fix)]
}

pub(super) const UNUSUAL_GROUP: ServerRule =
    ServerRule { diagnostics: &[UNKNOWN_GROUP, RARE_GROUP], judge: unusual_group };

/// Chrome and rustls have X25519, P-256 and P-384 besides the hybrids; Firefox, Safari, Go, Java and OpenSSL also have P-521.
fn unusual_group(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let peer = facts.peer;
    if !peer.has_unusual_groups_only {
        return Vec::new();
    }
    let group = peer.group.as_deref().unwrap_or_default();
    let finding = if group == "secp521r1" {
        RARE_GROUP.finding(
            "the only group for the key exchange is P-521; Chrome, Edge, Android and programs in Rust cannot \
             connect",
        )
    } else {
        UNKNOWN_GROUP.finding(format!(
            "the only group for the key exchange that was found is {group}; browsers and programs in Go and Rust \
             cannot connect (whether it has the key of its certificate was not verified)"
        ))
    };
    vec![finding.fix(configuration::curves(facts))]
}

/// The handshake did not end, or only a hello made by hand got an answer.
fn incomplete(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let peer = facts.peer;
    let finding = match &peer.broken_off {
        Some(_) if peer.version < Version::Tls12 => ONLY_OLD
            .finding(format!(
                "the server supports nothing newer than {}; browsers since 2020, curl, Python, Java and \
                 phones refuse it (whether it has the key of its certificate was not verified)",
                peer.version
            ))
            .fix(configuration::versions(facts)),
        Some(_) if peer.is_by_hand && peer.strength != Strength::Good => ONLY_POOR
            .finding(format!(
                "the server has no cipher suite in common with current clients; with older ones it uses \
                 {}. Programs in Rust and Go and some browsers refuse it (whether it has the key of its \
                 certificate was not verified)",
                peer.cipher
            ))
            .fix(configuration::suites(facts)),
        Some(_) if peer.has_unusual_groups_only => return Vec::new(),
        Some(why) if !peer.wants_client_certificate => BROKEN_OFF
            .finding(format!("the server sends its chain, but the handshake failed: {why}"))
            .fix("Check the server's log around now."),
        _ if peer.wants_client_certificate => CLIENT_CERTIFICATE
            .finding("the server requires a client certificate; its own chain was judged without one"),
        _ => return Vec::new(),
    };
    vec![finding]
}
