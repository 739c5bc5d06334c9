//! RSA below 2048 bits, DSA and odd curves are refused everywhere; Ed25519 and P-521 by browsers. The TLS BR list what
//! is allowed (6.1.5): RSA of 2048 bits or more in whole bytes, P-256, P-384, P-521, curves by name (7.1.3.1.2).

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::{P256, P384, P521, PublicKeyKind};

const WEAK: Diagnostic = Diagnostic::error(Code::WeakKey);
const NOT_FOR_BROWSERS: Diagnostic = Diagnostic::warning(Code::BrowserUnsupported);

pub(super) const RULE: Rule = Rule { diagnostics: &[WEAK, NOT_FOR_BROWSERS], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let is_webpki = judged.input.profile == Profile::Webpki;
    let mut found = Vec::new();
    for member in judged.all() {
        let key = PublicKeyKind::new(&member.certificate.spki);
        let label = member.label();
        let why = match &key {
            PublicKeyKind::Dsa => Some("clients do not support DSA"),
            PublicKeyKind::Rsa(..2048) => Some("clients require RSA keys of at least 2048 bits"),
            PublicKeyKind::Rsa(bits) if is_webpki && bits % 8 != 0 => {
                Some("on the public web the size of an RSA key is a multiple of 8 bits")
            }
            PublicKeyKind::Ec(Some(curve)) if [P256, P384, P521].contains(&curve.as_str()) => None,
            PublicKeyKind::Ec(_) => Some("clients support only P-256, P-384 and P-521, named by OID"),
            PublicKeyKind::Ed25519 | PublicKeyKind::Ed448 if is_webpki => {
                Some("on the public web this kind is not allowed")
            }
            PublicKeyKind::Other(_) | PublicKeyKind::Unreadable => Some("clients cannot use it"),
            _ => None,
        };
        if let Some(why) = why {
            let message = format!("clients refuse the key of `{label}` ({key}): {why}");
            let fix =
                "Make a new key (`certkit mkcert` makes ECDSA P-256) and have a new certificate issued.";
            found.extend(judged.report(&WEAK, &member, message, fix));
        } else if member.index == 0
            && (key == PublicKeyKind::Ed25519 || key == PublicKeyKind::Ec(Some(P521.to_owned())))
        {
            let message = format!("browsers refuse the key of `{label}` ({key}); curl and Python accept it");
            let fix = "Use an ECDSA P-256 key.";
            found.extend(judged.report(&NOT_FOR_BROWSERS, &member, message, fix));
        }
    }
    found
}
