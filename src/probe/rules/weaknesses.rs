//! Weaknesses that have a name of their own.

use super::configuration;
use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};
use crate::probe::Weakness;

const BLEEDS: ServerDiagnostic = ServerDiagnostic::error(Code::Heartbleed);
const INJECTED: ServerDiagnostic = ServerDiagnostic::error(Code::CcsInjection);
const ORACLE: ServerDiagnostic = ServerDiagnostic::error(Code::Robot);
const SSL2: ServerDiagnostic = ServerDiagnostic::error(Code::OldProtocol);

pub(super) const NAMED: ServerRule = ServerRule { diagnostics: &[BLEEDS, INJECTED, SSL2, ORACLE], judge };

fn judge(facts: &ServerFacts<'_>) -> Vec<Finding> {
    facts.survey.weaknesses.iter().map(|weakness| finding(facts, *weakness)).collect()
}

fn finding(facts: &ServerFacts<'_>, weakness: Weakness) -> Finding {
    match weakness {
        Weakness::Heartbleed => BLEEDS
            .finding(
                "the server answers a heartbeat without looking at its length (Heartbleed, CVE-2014-0160): anyone can \
                 read its memory, and so its private key and passwords",
            )
            .fix("Update OpenSSL to 1.0.1g or newer, then replace key and certificate, and have the old one revoked."),
        Weakness::CcsInjection => INJECTED
            .finding(
                "the server accepts a ChangeCipherSpec message too early (CVE-2014-0224): an on-path attacker can read \
                 connections of clients with the same fault",
            )
            .fix("Update OpenSSL to 1.0.1h, 1.0.0m, 0.9.8za or newer."),
        Weakness::Robot => ORACLE
            .finding(
                "the server tells how a secret encrypted for its RSA key was padded (ROBOT): anyone who recorded a \
                 connection with RSA key exchange can have it decrypted by asking the server some ten thousand times, or \
                 sign in its name",
            )
            .fix(format!(
                "Remove the suites with RSA key exchange, and update the server.\n{}",
                configuration::suites(facts)
            )),
        Weakness::Drown => SSL2
            .finding(
                "the server speaks SSL 2.0 (DROWN, CVE-2016-0800): recorded connections to every server with the same \
                 RSA key can be decrypted",
            )
            .fix(configuration::versions(facts)),
    }
}
