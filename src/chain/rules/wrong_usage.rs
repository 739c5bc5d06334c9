//! The extended key usage, where there is one, must name the purpose: of the leaf (RFC 5280 section 4.2.1.12), and as
//! all clients have it, of the intermediates too.

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};
use crate::x509::Purpose;

const ANY: &str = "2.5.29.37.0";
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let (wanted, purpose) = match judged.input.purpose {
        Purpose::Client => (CLIENT_AUTH, "client (clientAuth)"),
        Purpose::Server => (SERVER_AUTH, "server (serverAuth)"),
    };
    let mut findings = Vec::new();
    for (index, located) in judged.own().enumerate() {
        let Some(usages) = &located.certificate.extended_key_usage else { continue };
        if usages.iter().any(|oid| oid == wanted || oid == ANY && index > 0) {
            continue;
        }
        let allowed: Vec<_> = usages.iter().map(|oid| name(oid)).collect();
        let allowed = if allowed.is_empty() { "nothing".into() } else { allowed.join(", ") };
        let message = format!(
            "`{}` is not for a {purpose}; its extended key usage allows {allowed}",
            located.certificate.label()
        );
        let finding = Finding::error(Code::WrongUsage, message).fix(
            "have it issued for this purpose: certkit mkcert NAME for a server, with --client for a client",
        );
        findings.push(placed(finding, located.location.as_ref()));
    }
    findings
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
