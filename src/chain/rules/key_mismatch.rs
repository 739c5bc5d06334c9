//! The private key must be the leaf's: a server with another one cannot finish a handshake.

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let Some(key) = judged.input.key else { return Vec::new() };
    let leaf = judged.leaf();
    if leaf.certificate.spki == key.spki() {
        return Vec::new();
    }
    let other = judged.input.certificates.iter().find(|located| located.certificate.spki == key.spki());
    let hint = match other {
        Some(other) => {
            format!("It fits `{}`, which is another certificate of this file.", other.certificate.label())
        }
        None => "It is the key of another certificate, perhaps from before a renewal.".into(),
    };
    let message = format!(
        "the private key does not belong to the certificate `{}`\n\
         the certificate wants the public key SHA-256 {} ({})\n\
         the private key has  the public key SHA-256 {} ({})\n\
         {hint}",
        leaf.certificate.label(),
        leaf.certificate.spki_sha256(),
        crate::x509::key_description(&leaf.certificate.spki),
        key.spki_sha256(),
        key.description(),
    );
    let finding = Finding::error(Code::KeyMismatch, message).fix(
        "use the key that was made together with this certificate, or have a new certificate issued for this key",
    );
    vec![leaf.found(finding)]
}
