//! RSA below 2048 bits, DSA and odd curves are refused by most clients; Ed25519 and P-521 by browsers. The TLS BR list
//! what is allowed (6.1.5): RSA of 2048 bits or more in whole bytes, P-256, P-384, P-521, curves by name (7.1.3.1.2).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::{P256, P384, P521, PublicKeyKind, is_compressed_point};

const WEAK: Diagnostic = Diagnostic::error(Code::WeakKey);
const RSA: Diagnostic = Diagnostic::of_clients(Defect::LeafRsa1024);
const RSA_OF_CA: Diagnostic = Diagnostic::of_clients(Defect::CaRsa1024);
const RSA_ALMOST: Diagnostic = Diagnostic::of_clients(Defect::LeafRsa2040);
const ON_P224: Diagnostic = Diagnostic::of_clients(Defect::LeafP224);
const CA_ON_P224: Diagnostic = Diagnostic::of_clients(Defect::CaP224);
const ON_SECP256K1: Diagnostic = Diagnostic::of_clients(Defect::LeafSecp256k1);
const CA_ON_SECP256K1: Diagnostic = Diagnostic::of_clients(Defect::CaSecp256k1);
const ED25519: Diagnostic = of_browsers(Defect::LeafEd25519);
const ED25519_OF_CA: Diagnostic = of_browsers(Defect::CaEd25519);
const ED448: Diagnostic = of_browsers(Defect::LeafEd448);
const ON_P521: Diagnostic = of_browsers(Defect::LeafP521);

const COMPRESSED: Diagnostic = of_browsers(Defect::LeafCompressedPoint);
const COMPRESSED_OF_CA: Diagnostic = of_browsers(Defect::CaCompressedPoint);

/// SEC 2, sections 2.2.1 and 2.4.1.
const P224: &str = "1.3.132.0.33";
const SECP256K1: &str = "1.3.132.0.10";

const fn of_browsers(defect: Defect) -> Diagnostic {
    Diagnostic::of_clients_alone(defect)
}

pub(super) const RULE: Rule = Rule {
    diagnostics: &[
        WEAK,
        RSA,
        RSA_OF_CA,
        RSA_ALMOST,
        ON_P224,
        CA_ON_P224,
        ON_SECP256K1,
        CA_ON_SECP256K1,
        ED25519,
        ED25519_OF_CA,
        ED448,
        ON_P521,
        COMPRESSED,
        COMPRESSED_OF_CA,
    ],
    judge,
};

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found: Vec<PathFinding> = Vec::new();
    for member in judged.all() {
        let key = PublicKeyKind::new(&member.certificate.spki);
        let Some((diagnostic, why)) = judge_key(judged, &member, &key) else { continue };
        let for_browsers = diagnostic.code == Code::BrowserUnsupported;
        // The keys of a CA and of what it issues are most often of one kind.
        if for_browsers && found.iter().any(|found| found.finding.code == Code::BrowserUnsupported) {
            continue;
        }
        let message = format!("the key of `{}` ({key}) {why}", member.label());
        let fix = if for_browsers {
            "Use an ECDSA P-256 key."
        } else {
            "Make a new key (`certkit mkcert` makes ECDSA P-256) and have a new certificate issued."
        };
        found.extend(judged.report(&diagnostic, &member, message, fix));
    }
    found
}

fn judge_key(
    judged: &JudgedPath<'_>,
    member: &PathCertificate<'_>,
    key: &PublicKeyKind,
) -> Option<(Diagnostic, &'static str)> {
    let is_leaf = member.index == 0;
    let is_webpki = judged.input.profile == Profile::Webpki;
    let of = |leaf: Diagnostic, ca: Diagnostic| if is_leaf { leaf } else { ca };
    Some(match key {
        PublicKeyKind::Dsa => (WEAK, "is of a kind that TLS 1.3 does not have"),
        PublicKeyKind::Rsa(..2000) => (of(RSA, RSA_OF_CA), "is shorter than 2048 bits"),
        PublicKeyKind::Rsa(..2048) => (of(RSA_ALMOST, WEAK), "is shorter than 2048 bits"),
        PublicKeyKind::Rsa(bits) if is_webpki && bits % 8 != 0 => {
            (WEAK, "is not allowed on the public web: its size must be a multiple of 8 bits")
        }
        PublicKeyKind::Ec(_) if is_compressed_point(&member.certificate.spki) => {
            (of(COMPRESSED, COMPRESSED_OF_CA), "is a compressed point, which not all clients can read")
        }
        PublicKeyKind::Ec(Some(curve)) if curve == P256 || curve == P384 => return None,
        PublicKeyKind::Ec(Some(curve)) if curve == P521 => {
            return is_leaf.then_some((ON_P521, "is on a curve that not all clients support"));
        }
        PublicKeyKind::Ec(Some(curve)) if curve == P224 => {
            (of(ON_P224, CA_ON_P224), "is on a curve that not all clients support")
        }
        PublicKeyKind::Ec(Some(curve)) if curve == SECP256K1 => {
            (of(ON_SECP256K1, CA_ON_SECP256K1), "is on a curve that not all clients support")
        }
        PublicKeyKind::Ec(_) => (WEAK, "is on another curve than P-256, P-384 and P-521, named by OID"),
        PublicKeyKind::Ed25519 | PublicKeyKind::Ed448 if is_webpki => {
            (WEAK, "is of a kind that is not allowed on the public web")
        }
        PublicKeyKind::Ed25519 => (of(ED25519, ED25519_OF_CA), "is of a kind that not all clients support"),
        // `bad_signature` says so of a CA's.
        PublicKeyKind::Ed448 => {
            return is_leaf.then_some((ED448, "is of a kind that not all clients support"));
        }
        PublicKeyKind::Other(_) | PublicKeyKind::Unreadable => (WEAK, "is of a kind that is not known"),
        PublicKeyKind::Rsa(_) => return None,
    })
}
