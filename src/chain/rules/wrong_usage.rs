//! The extended key usage, where there is one, must name the purpose: of the leaf (RFC 5280 section 4.2.1.12), and as
//! all clients have it, of the intermediates too. "Any purpose" will do for an issuer, and under the bare RFC for the
//! leaf. The TLS BR want the extension in a leaf, without "any purpose" (7.1.2.7.10), and not in a root (7.1.2.1.2).

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::chain::Profile;
use crate::finding::{Code, Finding};
use crate::x509::Purpose;

const ANY: &str = "2.5.29.37.0";
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let (wanted, purpose) = match judged.input.purpose {
        Purpose::Client => (CLIENT_AUTH, "client (clientAuth)"),
        Purpose::Server => (SERVER_AUTH, "server (serverAuth)"),
    };
    let is_webpki = judged.input.profile == Profile::Webpki;
    let mut found = Vec::new();
    for place in judged.all() {
        let label = place.label();
        let any_will_do = place.index > 0 || judged.input.profile == Profile::Rfc5280;
        let usages = place.certificate.extended_key_usage.as_deref();
        let message = match usages {
            Some(_) if place.is_anchor && place.index > 0 => {
                if !is_webpki || !place.certificate.is_self_issued() {
                    continue;
                }
                format!(
                    "the root `{label}` has an extended key usage, which a root of the public web must not have"
                )
            }
            None if is_webpki && place.index == 0 => {
                format!(
                    "`{label}` does not say what it is for: on the public web it needs an extended key usage"
                )
            }
            None => continue,
            Some(usages) if is_webpki && place.index == 0 && usages.iter().any(|oid| oid == ANY) => format!(
                "`{label}` is for any purpose by its extended key usage, which is not allowed on the public web"
            ),
            Some(usages) if usages.iter().any(|oid| oid == wanted || oid == ANY && any_will_do) => continue,
            Some(usages) => {
                let allowed: Vec<_> = usages.iter().map(|oid| name(oid)).collect();
                let allowed = if allowed.is_empty() { "nothing".into() } else { allowed.join(", ") };
                format!("`{label}` is not for a {purpose}; its extended key usage allows {allowed}")
            }
        };
        let finding = Finding::error(Code::WrongUsage, message).fix(
            "have it issued for this purpose: certkit mkcert NAME for a server, with --client for a client",
        );
        found.push(place.found(finding));
    }
    found
}

fn name(oid: &str) -> &str {
    match oid {
        ANY => "any purpose (which TLS clients do not take for the server's own)",
        SERVER_AUTH => "servers",
        CLIENT_AUTH => "clients",
        "1.3.6.1.5.5.7.3.3" => "code signing",
        "1.3.6.1.5.5.7.3.4" => "mail protection",
        "1.3.6.1.5.5.7.3.8" => "time stamping",
        "1.3.6.1.5.5.7.3.9" => "OCSP signing",
        other => other,
    }
}
