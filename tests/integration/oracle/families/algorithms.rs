//! Kinds of keys and signatures.

use super::super::blueprint::{Draft, Flaw};
use super::super::keys::{KeyType, Signature};
use super::super::mutation::{BELOW_ROOT, ON_ANY, ON_CAS, Rule, of, of_chain};

fn key(draft: &mut Draft, kind: KeyType) {
    draft.key.kind = kind;
}

pub(super) const RULES: &[Rule] = &[
    of(ON_ANY, "RSA 2048", |draft| key(draft, KeyType::Rsa2048)),
    of(ON_ANY, "RSA 3072", |draft| key(draft, KeyType::Rsa3072)),
    of(ON_ANY, "P-384", |draft| key(draft, KeyType::P384)),
    of(ON_ANY, "P-521", |draft| key(draft, KeyType::P521)),
    of(ON_ANY, "Ed25519", |draft| key(draft, KeyType::Ed25519)),
    of(ON_ANY, "RSA 1024", |draft| key(draft, KeyType::Rsa1024)),
    of(ON_ANY, "RSA with exponent 3", |draft| key(draft, KeyType::RsaExponent3)),
    of(ON_ANY, "a key for RSA-PSS alone", |draft| key(draft, KeyType::RsaPss)),
    of(ON_ANY, "P-224", |draft| key(draft, KeyType::P224)),
    of(ON_ANY, "secp256k1", |draft| key(draft, KeyType::Secp256k1)),
    of(ON_ANY, "brainpoolP256r1", |draft| key(draft, KeyType::Brainpool)),
    of(ON_ANY, "P-256 by its parameters", |draft| key(draft, KeyType::ExplicitP256)),
    of(ON_ANY, "P-256 with a compressed point", |draft| key(draft, KeyType::CompressedP256)),
    of(ON_ANY, "Ed448", |draft| key(draft, KeyType::Ed448)),
    of(ON_ANY, "DSA", |draft| key(draft, KeyType::Dsa)),
    of(ON_ANY, "signed with SHA-1", |draft| draft.signature = Signature::Sha1),
    of(ON_ANY, "signed with SHA-224", |draft| draft.signature = Signature::Sha224),
    of(ON_ANY, "signed with SHA-384", |draft| draft.signature = Signature::Sha384),
    of(ON_ANY, "signed with SHA-512", |draft| draft.signature = Signature::Sha512),
    of_chain("RSA CAs sign with PKCS#1", |plan| signed(plan, Signature::Sha256)),
    of_chain("RSA CAs sign with MD5", |plan| signed(plan, Signature::Md5)),
    of_chain("RSA CAs sign with SHA-1", |plan| signed(plan, Signature::Sha1)),
    of_chain("RSA CAs sign with PSS", |plan| signed(plan, Signature::Pss)),
    of_chain("RSA CAs sign with PSS and SHA-1", |plan| signed(plan, Signature::PssSha1)),
    of_chain("RSA for all, no NULL in the signature algorithm", |plan| {
        signed(plan, Signature::Sha256);
        plan.certificates[0].flaws.push(Flaw::NullMissing);
    }),
    of(ON_CAS, "a CA key of P-384", |draft| key(draft, KeyType::P384)),
    of(ON_ANY, "NULL in an ECDSA algorithm", |draft| draft.flaws.push(Flaw::NullAdded)),
    of(BELOW_ROOT, "a broken signature", |draft| draft.flaws.push(Flaw::BrokenSignature)),
    of(ON_ANY, "two signature algorithms", |draft| draft.flaws.push(Flaw::OtherInnerAlgorithm)),
];

/// RSA keys for all CAs, which sign everything below them like this.
fn signed(plan: &mut super::super::blueprint::Blueprint, how: Signature) {
    for index in 0..plan.certificates.len() {
        let signer = plan.certificates[index].signer;
        plan.certificates[signer].key.kind = KeyType::Rsa2048;
        if signer != index {
            plan.certificates[index].signature = how;
        }
    }
}
