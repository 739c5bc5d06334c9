//! The leaf's key must be allowed to sign handshakes (RFC 8446 section 4.4.2.2; RFC 5280 leaves that to the protocol),
//! and a CA's certificate is no good as a server's: openssl and browsers take some, rustls refuses, the TLS BR forbid it
//! (7.1.2.7.8), RFC 5280 does not mind. Who is no CA may not sign certificates (RFC 5280 section 4.2.1.9).

use super::super::judged_path::{JudgedPath, PathFinding};
use super::finding;
use crate::chain::Profile;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let certificate = leaf.certificate;
    let label = leaf.label();
    let mut found = Vec::new();
    let is_bare_rfc = judged.input.profile == Profile::Rfc5280;
    if certificate.key_usage.is_some_and(|usage| !usage.digital_signature()) && !is_bare_rfc {
        let message = format!(
            "the key of `{label}` may not sign handshakes (its keyUsage lacks digitalSignature); TLS 1.3 needs that"
        );
        let fix = "have it issued again with digitalSignature: certkit mkcert does so";
        found.push(leaf.found(Finding::error(Code::KeyUsage, message).fix(fix)));
    }
    if certificate.is_ca() {
        if !is_bare_rfc {
            let message = format!(
                "`{label}` is a CA certificate used as a server certificate: curl, openssl and most browsers take that, rustls \
                 clients refuse, and public CAs may not issue it"
            );
            let fix = "make a server certificate under this CA: certkit mkcert NAME";
            let severity = judged.severity(&[Profile::Webpki]);
            found.push(leaf.found(finding(severity, Code::CaAsLeaf, message).fix(fix)));
        }
    } else if certificate.key_usage.is_some_and(|usage| usage.key_cert_sign()) {
        let message = format!(
            "`{label}` may sign certificates by its keyUsage (keyCertSign), and is no CA; Python 3.13 and openssl \
             -x509_strict refuse that"
        );
        let fix = "have it issued again without keyCertSign: certkit mkcert does so";
        let severity = judged.severity(&[Profile::Rfc5280, Profile::Webpki]);
        found.push(leaf.found(finding(severity, Code::KeyUsage, message).fix(fix)));
    }
    found
}
