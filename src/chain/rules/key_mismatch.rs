//! The private key must be the leaf's: a server with another one cannot complete a handshake.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::finding::Code;
use crate::x509::key_description;

const OTHER: Diagnostic = Diagnostic::error(Code::KeyMismatch);

pub(super) const RULE: Rule = Rule { diagnostics: &[OTHER], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let Some(key) = judged.input.key else { return Vec::new() };
    let leaf = judged.leaf();
    if leaf.certificate.spki == key.spki() {
        return Vec::new();
    }
    let other = judged.input.certificates.iter().find(|located| located.certificate.spki == key.spki());
    let hint = match other {
        Some(other) => format!("It belongs to `{}` in the same file.", other.certificate.label()),
        None => "It belongs to another certificate, perhaps from before a renewal.".into(),
    };
    let message = format!(
        "the private key does not belong to the certificate `{}`\n\
         public key of the certificate: SHA-256 {} ({})\n\
         public key of the private key: SHA-256 {} ({})\n\
         {hint}",
        leaf.certificate.label(),
        leaf.certificate.spki_sha256(),
        key_description(&leaf.certificate.spki),
        key.spki_sha256(),
        key.description(),
    );
    let fix =
        "Use the key that was made for this certificate, or have a new certificate issued for this key.";
    judged.report(&OTHER, &leaf, message, fix).into_iter().collect()
}
