//! RSA below 2048 bits, DSA and odd curves are refused everywhere; Ed25519 and P-521 by browsers. The TLS BR list what
//! is allowed (6.1.5): RSA of 2048 bits or more in whole bytes, P-256, P-384, P-521, curves by name (7.1.3.1.2).

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::chain::Profile;
use crate::finding::{Code, Finding};
use crate::x509::{P256, P384, P521, PublicKeyKind};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let is_webpki = judged.input.profile == Profile::Webpki;
    let mut found = Vec::new();
    for place in judged.all() {
        let key = PublicKeyKind::new(&place.certificate.spki);
        let label = place.label();
        let why = match &key {
            PublicKeyKind::Dsa => Some("no client takes DSA"),
            PublicKeyKind::Rsa(..2048) => Some("clients want RSA of 2048 bits or more"),
            PublicKeyKind::Rsa(bits) if is_webpki && bits % 8 != 0 => {
                Some("on the public web the bits of an RSA key are whole bytes")
            }
            PublicKeyKind::Ec(Some(curve)) if [P256, P384, P521].contains(&curve.as_str()) => None,
            PublicKeyKind::Ec(_) => Some("clients know P-256, P-384 and P-521, by name"),
            PublicKeyKind::Ed25519 | PublicKeyKind::Ed448 if is_webpki => {
                Some("on the public web it is not allowed")
            }
            PublicKeyKind::Other(_) | PublicKeyKind::Unreadable => Some("no client can use it"),
            _ => None,
        };
        if let Some(why) = why {
            let message = format!("the key of `{label}` will not do: {key}; {why}");
            let fix = "make a new key (certkit mkcert makes ECDSA P-256) and have a new certificate issued";
            found.push(place.found(Finding::error(Code::WeakKey, message).fix(fix)));
        } else if place.index == 0
            && (key == PublicKeyKind::Ed25519 || key == PublicKeyKind::Ec(Some(P521.to_owned())))
        {
            let message =
                format!("`{label}` has a key of kind {key}: curl and Python take it, browsers refuse it");
            let finding = Finding::warning(Code::BrowserUnsupported, message).fix("use an ECDSA P-256 key");
            found.push(place.found(finding));
        }
    }
    found
}
