//! Pages over unencrypted HTTP.

use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};
use crate::probe::{PlainAnswer, PlainHttp};

const OPEN: ServerDiagnostic = ServerDiagnostic::warning(Code::PlainHttp);
const ELSEWHERE: ServerDiagnostic = ServerDiagnostic::note(Code::PlainHttp);

/// RFC 6797 section 7.2.
pub(super) const PLAIN_HTTP: ServerRule = ServerRule { diagnostics: &[OPEN, ELSEWHERE], judge };

fn judge(facts: &ServerFacts<'_>) -> Vec<Finding> {
    facts.survey.plain.iter().filter_map(of_port).collect()
}

fn of_port(plain: &PlainHttp) -> Option<Finding> {
    let PlainAnswer::Http { status, location } = &plain.answer else { return None };
    let port = plain.port;
    if plain.is_open() {
        let what = match location {
            Some(location) => {
                format!("leads unencrypted HTTP to {location} (status {status}), which is not https")
            }
            None => format!("answers unencrypted HTTP with a page (status {status})"),
        };
        let where_ = if plain.is_tls_port { "the port of TLS" } else { "the server" };
        let message = format!(
            "{where_} {what} on port {port}: an on-path attacker reads and changes what people get who type the name \
             without https://"
        );
        let fix = "nginx: server { listen 80; return 308 https://$host$request_uri; }\nApache, in <VirtualHost *:80>: \
                   Redirect permanent / https://NAME/\ncertkit serve: --redirect-http :80";
        return Some(OPEN.finding(message).fix(fix));
    }
    let host = plain.https_host()?;
    let name = plain.name.as_deref()?;
    (!host.eq_ignore_ascii_case(name)).then(|| {
        ELSEWHERE
            .finding(format!(
                "port {port} leads to https on another name, {host}: browsers never learn that {name} requires https \
                 (RFC 6797 section 7.2)"
            ))
            .fix("Redirect to https on the same name first, and from there to the other one.")
    })
}
