//! Which weak cipher suites and key exchanges a server accepts.

use super::configuration;
use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};
use crate::probe::{Depth, Strength};

/// A smaller finite-field group can be broken, or will be (RFC 9325 section 4.1).
const DH_BITS: usize = 2048;

const BROKEN: ServerDiagnostic = ServerDiagnostic::error(Code::WeakCipher);
const WEAK: ServerDiagnostic = ServerDiagnostic::warning(Code::WeakCipher);
const OUTDATED: ServerDiagnostic = ServerDiagnostic::note(Code::WeakCipher);

pub(super) const POOR: ServerRule = ServerRule { diagnostics: &[BROKEN, WEAK, OUTDATED], judge: poor };

pub(super) const SMALL_GROUP: ServerRule = ServerRule { diagnostics: &[BROKEN], judge: small_group };

fn poor(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let kinds =
        [Strength::Broken, Strength::TripleDes, Strength::StaticRsa, Strength::Outdated, Strength::Unusual];
    kinds.into_iter().filter_map(|strength| of_strength(facts, strength)).collect()
}

fn of_strength(facts: &ServerFacts<'_>, strength: Strength) -> Option<Finding> {
    let suites = facts.survey.poor_suites.iter().filter(|suite| suite.strength() == strength);
    let suites: Vec<_> = suites.map(|suite| suite.name).collect();
    if suites.is_empty() {
        return None;
    }
    let (diagnostic, why) = match strength {
        Strength::Broken => (
            BROKEN,
            "no encryption, no authentication or broken encryption; an on-path attacker can read or \
             redirect clients that use it",
        ),
        Strength::TripleDes => {
            (WEAK, "3DES; long connections of old clients that use it leak secrets (Sweet32)")
        }
        Strength::StaticRsa => (
            WEAK,
            "no forward secrecy; anyone who later gets the server's key can decrypt recorded connections",
        ),
        Strength::Unusual | Strength::Good => (
            OUTDATED,
            "CCM, ARIA or Camellia, which are not in Mozilla's guideline; hardly any client has them",
        ),
        Strength::Outdated => (
            OUTDATED,
            "CBC or finite-field Diffie-Hellman, with a history of padding attacks; no client since 2014 \
             needs it",
        ),
    };
    let more = if facts.depth == Depth::Deep { "" } else { " (--deep lists all of them)" };
    let message = format!("the server accepts {}{more}: {why}", suites.join(", "));
    Some(diagnostic.finding(message).fix(configuration::suites(facts)))
}

fn small_group(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let Some(bits) = facts.survey.dh_bits.filter(|bits| *bits < DH_BITS) else { return Vec::new() };
    let message = format!(
        "the server uses a {bits}-bit Diffie-Hellman group, which can be broken for all servers at once \
         (Logjam); Java and OpenSSL refuse less than 1024 or 2048 bits"
    );
    vec![BROKEN.finding(message).fix(configuration::suites(facts))]
}
