//! RSA below 2048 bits is refused everywhere; Ed25519 and P-521 by browsers (CA/Browser baseline requirements 6.1.5).

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};
use crate::x509::key_description;

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, (certificate, location)) in judged.all().into_iter().enumerate() {
        let key = key_description(&certificate.spki);
        let bits = key.strip_prefix("RSA ").and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
        let label = certificate.label();
        if bits.is_some_and(|bits| bits < 2048) || key == "DSA" {
            let message =
                format!("the key of `{label}` is too weak: {key}; clients want RSA of 2048 bits or more");
            let finding = Finding::error(Code::WeakKey, message)
                .fix("make a new key (certkit mkcert makes ECDSA P-256) and have a new certificate issued");
            findings.push(placed(finding, location));
        } else if index == 0 && matches!(key.as_str(), "Ed25519" | "ECDSA P-521") {
            let message =
                format!("`{label}` has a key of kind {key}: curl and Python take it, browsers refuse it");
            let finding = Finding::warning(Code::BrowserUnsupported, message).fix("use an ECDSA P-256 key");
            findings.push(placed(finding, location));
        }
    }
    findings
}
