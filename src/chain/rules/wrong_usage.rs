//! The extended key usage, where there is one, must name the purpose: of the leaf (RFC 5280 section 4.2.1.12), and, as
//! all clients implement it, of the intermediates too. "Any purpose" is enough for an issuer, and under the bare RFC for
//! the leaf. The TLS BR require the extension in a leaf, without "any purpose" (7.1.2.7.10), and forbid it in a root
//! (7.1.2.1.2).

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::Purpose;

const OTHER: Diagnostic = Diagnostic::error(Code::WrongUsage);

pub(super) const RULE: Rule = Rule { diagnostics: &[OTHER], judge };

const ANY: &str = "2.5.29.37.0";
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let (wanted, purpose) = match judged.input.purpose {
        Purpose::Client => (CLIENT_AUTH, "clients (clientAuth)"),
        Purpose::Server => (SERVER_AUTH, "servers (serverAuth)"),
    };
    let is_webpki = judged.input.profile == Profile::Webpki;
    let mut found = Vec::new();
    for member in judged.all() {
        let label = member.label();
        let any_will_do = member.index > 0 || judged.input.profile == Profile::Rfc5280;
        let usages = member.certificate.extended_key_usage.as_deref();
        let message = match usages {
            Some(_) if member.is_anchor && member.index > 0 => {
                if !is_webpki || !member.certificate.is_self_issued() {
                    continue;
                }
                format!("the root `{label}` has an extended key usage, which the public web forbids in roots")
            }
            None if is_webpki && member.index == 0 => {
                format!("`{label}` has no extended key usage, which the public web requires")
            }
            None => continue,
            Some(usages) if is_webpki && member.index == 0 && usages.iter().any(|oid| oid == ANY) => {
                format!(
                    "the extended key usage of `{label}` is \"any purpose\", which the public web forbids"
                )
            }
            Some(usages) if usages.iter().any(|oid| oid == wanted || oid == ANY && any_will_do) => continue,
            Some(usages) => {
                let allowed: Vec<_> = usages.iter().map(|oid| name(oid)).collect();
                let allowed = if allowed.is_empty() { "nothing".into() } else { allowed.join(", ") };
                format!("`{label}` is not for {purpose}; its extended key usage allows {allowed}")
            }
        };
        let fix = "Have it issued for this purpose: `certkit mkcert NAME` for a server, with --client for a client.";
        found.extend(judged.report(&OTHER, &member, message, fix));
    }
    found
}

fn name(oid: &str) -> &str {
    match oid {
        ANY => "any purpose (which TLS clients do not accept in a server certificate)",
        SERVER_AUTH => "servers",
        CLIENT_AUTH => "clients",
        "1.3.6.1.5.5.7.3.3" => "code signing",
        "1.3.6.1.5.5.7.3.4" => "mail protection",
        "1.3.6.1.5.5.7.3.8" => "time stamping",
        "1.3.6.1.5.5.7.3.9" => "OCSP signing",
        other => other,
    }
}
