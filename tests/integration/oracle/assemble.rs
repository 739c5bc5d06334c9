//! From a blueprint to certificates in DER.

use super::blueprint::{Blueprint, Draft, Extension, Flaw, Identifier, Mark, Name, SKI, Value};
use super::der;
use super::keys::{self, KeyId, KeyType};

/// Everything that a client is shown, and what it trusts.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// DER, the leaf first.
    pub(super) sent: Vec<Vec<u8>>,
    pub(super) trusted: Vec<Vec<u8>>,
    pub(super) host: String,
    /// The private key of the leaf.
    pub(super) key_pem: String,
    pub(super) key: KeyId,
}

pub(super) fn assemble(plan: &Blueprint) -> Chain {
    let built: Vec<_> = (0..plan.certificates.len()).map(|index| certificate(plan, index)).collect();
    let leaf = plan.certificates[plan.sent[0]].key;
    Chain {
        sent: plan.sent.iter().map(|&index| built[index].clone()).collect(),
        trusted: plan.trusted.iter().map(|&index| built[index].clone()).collect(),
        host: plan.host.clone(),
        key_pem: keys::key(leaf).pem.clone(),
        key: leaf,
    }
}

fn certificate(plan: &Blueprint, index: usize) -> Vec<u8> {
    let draft = &plan.certificates[index];
    let signer = &plan.certificates[draft.signer];
    let has = |flaw: Flaw| draft.flaws.contains(&flaw);
    let mut outer = keys::algorithm(signer.key.kind, draft.signature);
    if has(Flaw::NullMissing) && outer.ends_with(&[5, 0]) {
        let inside = outer[2..outer.len() - 2].to_vec();
        outer = der::tlv(der::SEQUENCE, &inside);
    }
    if has(Flaw::NullAdded) && !outer.ends_with(&[5, 0]) {
        outer = der::tlv(der::SEQUENCE, &[&outer[2..], &[5, 0]].concat());
    }
    let inner = if has(Flaw::OtherInnerAlgorithm) {
        keys::algorithm(KeyType::Rsa2048, keys::Signature::Sha512)
    } else {
        outer.clone()
    };
    let body = to_be_signed(plan, draft, signer, &inner);
    let mut signature = keys::key(signer.key).sign(signer.key.kind, draft.signature, &body);
    if has(Flaw::BrokenSignature) {
        let middle = signature.len() / 2;
        signature[middle] ^= 0x04;
    }
    let signature = if has(Flaw::SignatureWithUnusedBits) {
        der::tlv(der::BIT_STRING, &[&[1], &signature[..], &[0]].concat())
    } else {
        der::bits(&signature)
    };
    let mut content = der::joined(&[body, outer, signature]);
    if has(Flaw::TrailingBytesInside) {
        content.extend(der::small(1));
    }
    let mut whole = if has(Flaw::LongLengthOutside) {
        der::tlv_with_long_length(der::SEQUENCE, &content)
    } else if has(Flaw::IndefiniteOutside) {
        der::tlv_without_length(der::SEQUENCE, &content)
    } else {
        der::tlv(der::SEQUENCE, &content)
    };
    if has(Flaw::TrailingBytes) {
        whole.extend([0, 0]);
    }
    whole
}

fn to_be_signed(plan: &Blueprint, draft: &Draft, signer: &Draft, algorithm: &[u8]) -> Vec<u8> {
    let has = |flaw: Flaw| draft.flaws.contains(&flaw);
    let wrap = |flaw, tag, content: &[u8]| {
        if has(flaw) { der::tlv_with_long_length(tag, content) } else { der::tlv(tag, content) }
    };
    let mut parts = Vec::new();
    if let Some(version) = draft.version {
        parts.push(der::context(0, &der::small(version)));
    }
    parts.push(wrap(Flaw::LongLengthOfSerial, der::INTEGER, &draft.serial));
    parts.push(algorithm.to_vec());
    parts.push(name(draft.issuer.as_ref().unwrap_or(&signer.subject)));
    let times = [&draft.not_before, &draft.not_after].map(|time| der::tlv(time.tag, time.text.as_bytes()));
    parts.push(wrap(Flaw::LongLengthOfValidity, der::SEQUENCE, &der::joined(&times)));
    parts.push(name(&draft.subject));
    parts.push(keys::key(draft.key).spki.clone());
    if draft.issuer_uid {
        parts.push(der::context_value(1, &[0, 0xaa, 0x55]));
    }
    if draft.subject_uid {
        parts.push(der::context_value(2, &[0, 0x55, 0xaa]));
    }
    let has_list = !draft.extensions.is_empty() && !has(Flaw::NoExtensionList);
    if has_list {
        let encoded: Vec<_> =
            draft.extensions.iter().map(|one| extension(plan, draft, signer, one)).collect();
        parts.push(der::context(3, &der::sequence(&encoded)));
    }
    wrap(Flaw::LongLengthInside, der::SEQUENCE, &der::joined(&parts))
}

fn extension(plan: &Blueprint, draft: &Draft, signer: &Draft, extension: &Extension) -> Vec<u8> {
    let value = match &extension.value {
        Value::Der(value) => value.clone(),
        Value::SubjectKeyId(Some(own)) => der::octets(own),
        Value::SubjectKeyId(None) => der::octets(&keys::key(draft.key).identifier),
        Value::AuthorityKeyId { key, certificate } => authority(plan, signer, *key, *certificate),
    };
    let mark: &[u8] = match extension.critical {
        Mark::No => &[],
        Mark::Yes => &[1, 1, 0xff],
        Mark::WrittenFalse => &[1, 1, 0],
        Mark::OddTrue => &[1, 1, 1],
    };
    let value = if draft.flaws.contains(&Flaw::LongLengthOfExtension) {
        der::tlv_with_long_length(der::OCTET_STRING, &value)
    } else {
        der::octets(&value)
    };
    der::sequence(&[der::oid(extension.oid), mark.to_vec(), value])
}

/// AuthorityKeyIdentifier (RFC 5280 section 4.2.1.1).
fn authority(plan: &Blueprint, signer: &Draft, key: Identifier, certificate: Identifier) -> Vec<u8> {
    let own = signer.find(SKI).map(|index| &signer.extensions[index].value);
    let right = match own {
        Some(Value::SubjectKeyId(Some(own))) => own.clone(),
        _ => keys::key(signer.key).identifier.clone(),
    };
    let mut parts = Vec::new();
    match key {
        Identifier::Missing => {}
        Identifier::Right => parts.push(der::context_value(0, &right)),
        Identifier::Wrong | Identifier::WrongSerial => parts.push(der::context_value(0, &[0x77; 20])),
    }
    if certificate != Identifier::Missing {
        let above = &plan.certificates[signer.signer];
        let issuer = match certificate {
            Identifier::Wrong => Name::of("Somebody Else"),
            _ => signer.issuer.clone().unwrap_or_else(|| above.subject.clone()),
        };
        let serial = match certificate {
            Identifier::WrongSerial => vec![0x12, 0x34],
            _ => signer.serial.clone(),
        };
        parts.push(der::context(1, &der::context(4, &name(&issuer))));
        parts.push(der::context_value(2, &serial));
    }
    der::sequence(&parts)
}

pub(super) fn name(name: &Name) -> Vec<u8> {
    let sets: Vec<_> = name
        .0
        .iter()
        .map(|attributes| {
            let mut encoded: Vec<_> = attributes
                .iter()
                .map(|one| der::sequence(&[der::oid(one.oid), der::tlv(one.tag, &one.content)]))
                .collect();
            encoded.sort();
            der::set(&encoded)
        })
        .collect();
    der::sequence(&sets)
}
