//! Which weak cipher suites and key exchanges a server accepts.

use super::configuration;
use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};
use crate::probe::{CipherOrder, Depth, Strength, Version};

/// A smaller finite-field group can be broken, or will be (RFC 9325 section 4.1).
const DH_BITS: usize = 2048;

const BROKEN: ServerDiagnostic = ServerDiagnostic::error(Code::WeakCipher);
const WEAK: ServerDiagnostic = ServerDiagnostic::warning(Code::WeakCipher);
const OUTDATED: ServerDiagnostic = ServerDiagnostic::note(Code::WeakCipher);

pub(super) const POOR: ServerRule = ServerRule { diagnostics: &[BROKEN, WEAK, OUTDATED], judge: poor };

const OWN_ORDER: ServerDiagnostic = ServerDiagnostic::note(Code::CipherOrder);

/// Mozilla's guideline 6.0: `server_preferred_order` is false.
pub(super) const ORDER: ServerRule = ServerRule { diagnostics: &[OWN_ORDER], judge: order };

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
    let has_export = |is_finite: bool| {
        let exports = facts.survey.poor_suites.iter().filter(|suite| suite.is_export());
        strength == Strength::Broken && exports.into_iter().any(|suite| suite.is_finite_field() == is_finite)
    };
    // FREAK makes a client's connection one with a short RSA key, Logjam one with a short finite-field group.
    let attacks = [(false, "FREAK, CVE-2015-0204"), (true, "Logjam, CVE-2015-4000")];
    let attacks: Vec<_> =
        attacks.into_iter().filter(|(is_finite, _)| has_export(*is_finite)).map(|(_, name)| name).collect();
    let attacks = if attacks.is_empty() { String::new() } else { format!(" ({})", attacks.join("; ")) };
    let more = if facts.depth == Depth::Deep { "" } else { " (--deep lists all of them)" };
    let message = format!("the server accepts {}{more}: {why}{attacks}", suites.join(", "));
    Some(diagnostic.finding(message).fix(configuration::suites(facts)))
}

fn small_group(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let Some(bits) = facts.survey.dh_bits.filter(|bits| *bits < DH_BITS) else { return Vec::new() };
    let message = format!(
        "the server uses a {bits}-bit Diffie-Hellman group, which can be broken for all servers at once \
         (Logjam, CVE-2015-4000); Java and OpenSSL refuse less than 1024 or 2048 bits"
    );
    vec![BROKEN.finding(message).fix(configuration::suites(facts))]
}

/// Among good suites the client knows best. Where some are poor, a client's order decides whether it gets them.
fn order(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let survey = facts.survey;
    let is_poor = survey.poor_suites.iter().any(|suite| suite.strength() <= Strength::StaticRsa);
    let wanted = if is_poor { CipherOrder::Client } else { CipherOrder::Server };
    let versions = survey.orders.iter().filter(|(_, order)| *order == wanted).map(|(version, _)| *version);
    let versions: Vec<_> = versions.filter(|version| !is_poor || *version < Version::Tls13).collect();
    if versions.is_empty() {
        return Vec::new();
    }
    let versions: Vec<_> = versions.iter().rev().map(ToString::to_string).collect();
    let versions = versions.join(", ");
    let finding = if is_poor {
        OWN_ORDER
            .finding(format!(
                "with {versions} the client's order decides which cipher suite is used, so an old client may get one \
                 of the weak ones although both have a better one"
            ))
            .fix(configuration::suites(facts))
    } else {
        OWN_ORDER
            .finding(format!(
                "with {versions} the server's own order decides which cipher suite is used; all of them are good, and \
                 phones without AES instructions are faster with ChaCha20, which they put first"
            ))
            .fix(
                "nginx: ssl_prefer_server_ciphers off;\nApache: SSLHonorCipherOrder off\nhaproxy, in global: \
                 ssl-default-bind-options prefer-client-ciphers\nlighttpd: ssl.openssl.ssl-conf-cmd += (\"Options\" \
                 => \"-ServerPreference\")\nPostfix: tls_preempt_cipherlist = no",
            )
    };
    vec![finding]
}
