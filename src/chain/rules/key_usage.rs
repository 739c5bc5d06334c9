//! The leaf's key must be allowed to sign handshakes (RFC 8446 section 4.4.2.2), and a CA's certificate is no good as
//! a server's: openssl and browsers take some, rustls and Go refuse.

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let leaf = judged.leaf();
    let label = leaf.certificate.label();
    let mut findings = Vec::new();
    if leaf.certificate.key_usage.is_some_and(|usage| !usage.digital_signature()) {
        let message = format!(
            "the key of `{label}` may not sign handshakes (its keyUsage lacks digitalSignature); TLS 1.3 needs that"
        );
        let fix = "have it issued again with digitalSignature: certkit mkcert does so";
        findings.push(placed(Finding::error(Code::KeyUsage, message).fix(fix), leaf.location.as_ref()));
    }
    if leaf.certificate.is_ca() {
        let message = format!(
            "`{label}` is a CA certificate used as a server certificate: curl, openssl and most browsers take that, rustls \
             and Go clients refuse"
        );
        let fix = "make a server certificate under this CA: certkit mkcert NAME";
        findings.push(placed(Finding::warning(Code::CaAsLeaf, message).fix(fix), leaf.location.as_ref()));
    }
    findings
}
