//! Strict-Transport-Security (RFC 6797).

use super::configuration;
use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};
use crate::probe::HttpAnswer;

/// How long browsers should insist on https: two years, as Mozilla's guideline has it.
const HSTS_SECONDS: u64 = 63_072_000;

const MISSING: ServerDiagnostic = ServerDiagnostic::warning(Code::Hsts);
const SHORT: ServerDiagnostic = ServerDiagnostic::note(Code::Hsts);

pub(super) const HSTS: ServerRule = ServerRule { diagnostics: &[MISSING, SHORT], judge };

fn judge(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let finding = match &facts.peer.http {
        None => return Vec::new(),
        Some(Err(_)) if facts.peer.wants_client_certificate => return Vec::new(),
        Some(Err(why)) => {
            SHORT.finding(format!("Strict-Transport-Security was not checked: HEAD got no answer ({why})"))
        }
        Some(Ok(answer)) => match answer.hsts_max_age() {
            Some(HSTS_SECONDS..) => return trap(answer).into_iter().collect(),
            Some(seconds) => SHORT.finding(short(seconds)).fix(configuration::hsts(facts)),
            None => MISSING.finding(missing(answer.hsts())).fix(configuration::hsts(facts)),
        },
    };
    vec![finding]
}

/// What makes a header of the right age useless or stricter than it looks.
fn trap(answer: &HttpAnswer) -> Option<Finding> {
    let header = answer.hsts().unwrap_or_default().to_ascii_lowercase();
    if answer.all("strict-transport-security").count() > 1 {
        let message = "the answer has several Strict-Transport-Security headers; browsers use the first alone \
                       (RFC 6797 section 8.1)";
        return Some(
            SHORT.finding(message).fix("Set it in one place: the application or the server in front."),
        );
    }
    if header.contains("preload") && !header.contains("includesubdomains") {
        let message = "Strict-Transport-Security has preload without includeSubDomains: the preload list refuses it, and \
                       preload has no other meaning";
        return Some(
            SHORT.finding(message).fix("Remove preload; with includeSubDomains every subdomain needs https."),
        );
    }
    None
}

fn missing(header: Option<&str>) -> String {
    let what = match header {
        Some(text) => format!("the Strict-Transport-Security header has no number of seconds (`{text}`)"),
        None => "the answer has no Strict-Transport-Security header".to_owned(),
    };
    format!(
        "{what}: an on-path attacker can keep people who type the name without https:// on unencrypted HTTP"
    )
}

fn short(seconds: u64) -> String {
    if seconds == 0 {
        "Strict-Transport-Security is 0 seconds: browsers forget that this name requires https".to_owned()
    } else {
        let days = seconds / 86_400;
        format!("Strict-Transport-Security is {days} days; Mozilla and the preload list recommend two years")
    }
}
