//! Certificates with real signatures, put together from the fuzzer's bytes: a path is followed only where signatures
//! are right, and no mutation ever hits one.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use crate::Bytes;
use crate::der::{sequence, wrap};

/// Ed25519, as AlgorithmIdentifier (RFC 8410 section 3).
const ED25519: &[u8] = &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];

/// What makes a certificate; the rest is the same in all.
pub struct Template<'a> {
    pub subject: u8,
    pub issuer: u8,
    /// Number of the key inside, and of the key that signs.
    pub key: u8,
    pub signer: u8,
    pub serial: &'a [u8],
    /// `YYMMDDhhmmssZ`.
    pub not_before: &'a [u8],
    pub not_after: &'a [u8],
    /// Extensions, whole DER, one after another.
    pub extensions: Vec<u8>,
}

impl Template<'_> {
    /// The certificate's DER.
    pub fn sign(&self) -> Vec<u8> {
        let extensions = match self.extensions.as_slice() {
            [] => Vec::new(),
            extensions => wrap(0xa3, &wrap(0x30, extensions)),
        };
        let tbs = sequence(&[
            &wrap(0xa0, &[2, 1, 2]),
            &wrap(0x02, self.serial),
            ED25519,
            &name(self.issuer),
            &sequence(&[&wrap(0x17, self.not_before), &wrap(0x17, self.not_after)]),
            &name(self.subject),
            &sequence(&[ED25519, &bits(key(self.key).public_key().as_ref())]),
            &extensions,
        ]);
        let signature = bits(key(self.signer).sign(&tbs).as_ref());
        sequence(&[&tbs, ED25519, &signature])
    }
}

/// A certificate that has one extension with this value.
pub fn with_extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    leaf(extension(id, critical, value))
}

/// A leaf with these extensions.
pub fn leaf(extensions: Vec<u8>) -> Vec<u8> {
    let template = Template {
        subject: 1,
        issuer: 2,
        key: 1,
        signer: 2,
        serial: &[1],
        not_before: b"260101000000Z",
        not_after: b"270101000000Z",
        extensions,
    };
    template.sign()
}

/// An extension (RFC 5280 section 4.1); `id` is the object identifier's contents.
pub fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&wrap(0x06, id), critical, &wrap(0x04, value)])
}

/// Certificates that may belong together: names and keys are few, so that they meet.
pub fn certificates(bytes: &mut Bytes<'_>, most: usize) -> Vec<Vec<u8>> {
    let mut made = Vec::new();
    while made.len() < most && (made.is_empty() || !bytes.is_empty()) {
        made.push(certificate(bytes, made.is_empty()));
    }
    made
}

fn certificate(bytes: &mut Bytes<'_>, is_first: bool) -> Vec<u8> {
    let (subject, issuer) = match bytes.byte() {
        // Usually a name is issued by the next one and has the key of its own number.
        0..128 if is_first => (0, 1),
        both => (both & 7, both >> 3 & 7),
    };
    let (mut key, mut signer) = (subject, issuer);
    if bytes.one_in(8) {
        let both = bytes.byte();
        (key, signer) = (both & 7, both >> 3 & 7);
    }
    let not_before = bytes.one_of::<[u8]>(&[b"250101000000Z", b"260601000000Z", b"270101000000Z"]);
    let not_after = bytes.one_of::<[u8]>(&[b"351231235959Z", b"260601000000Z", b"260101000000Z"]);
    let mut extensions = Vec::new();
    if !is_first || bytes.one_in(8) {
        extensions.extend(basic_constraints(bytes));
    }
    if is_first || bytes.one_in(4) {
        extensions.extend(alternative_names(bytes));
    }
    for _ in 0..bytes.below(4) {
        extensions.extend(other_extension(bytes, key, signer));
    }
    let serial = [1 + (bytes.byte() & 0x3f)];
    Template { subject, issuer, key, signer, serial: &serial, not_before, not_after, extensions }.sign()
}

fn basic_constraints(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let value = match bytes.below(8) {
        7 => sequence(&[]),
        6 => sequence(&[&[1, 1, 0xff], &wrap(0x02, &[bytes.below(4)])]),
        _ => sequence(&[&[1, 1, 0xff]]),
    };
    extension(&[0x55, 0x1d, 0x13], !bytes.one_in(8), &value)
}

const HOSTS: &[&[u8]] =
    &[b"a.test", b"*.test", b"b.a.test", b"*.a.test", b"*", b"A.TEST.", b"xn--bcher-kva.test"];

fn alternative_names(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let mut names = Vec::new();
    for _ in 0..=bytes.below(3) {
        names.extend(general_name(bytes));
    }
    extension(&[0x55, 0x1d, 0x11], bytes.one_in(8), &wrap(0x30, &names))
}

fn general_name(bytes: &mut Bytes<'_>) -> Vec<u8> {
    match bytes.below(8) {
        0..4 => wrap(0x82, bytes.one_of(HOSTS)),
        4 => wrap(0x87, bytes.one_of::<[u8]>(&[&[127, 0, 0, 1], &[10, 0, 0, 1], &[0; 16], &[1; 3]])),
        5 => wrap(0x81, bytes.one_of::<[u8]>(&[b"me@a.test", b"@", b"\"a b\"@test"])),
        6 => wrap(0x86, bytes.one_of::<[u8]>(&[b"https://a.test/x", b"a:b", b"//"])),
        _ => wrap(0x80 | bytes.below(32), bytes.some(40)),
    }
}

fn other_extension(bytes: &mut Bytes<'_>, key: u8, signer: u8) -> Vec<u8> {
    let critical = bytes.one_in(2);
    match bytes.below(8) {
        // Subject and authority key identifier, mostly right.
        0 => extension(&[0x55, 0x1d, 0x0e], critical, &wrap(0x04, &[key | bytes.one_in(4) as u8; 4])),
        1 => {
            let id = wrap(0x80, &[signer | bytes.one_in(4) as u8; 4]);
            extension(&[0x55, 0x1d, 0x23], critical, &wrap(0x30, &id))
        }
        2 => extension(&[0x55, 0x1d, 0x0f], critical, &wrap(0x03, &[1, bytes.byte() & 0xfe])),
        3 => {
            let usage = wrap(0x06, &[0x2b, 6, 1, 5, 5, 7, 3, 1 + bytes.below(4)]);
            extension(&[0x55, 0x1d, 0x25], critical, &wrap(0x30, &usage))
        }
        4 | 5 => {
            let mut trees = [Vec::new(), Vec::new()];
            for _ in 0..=bytes.below(4) {
                let tree = wrap(0x30, &constraint(bytes));
                trees[usize::from(bytes.one_in(2))].extend(tree);
            }
            let [permitted, excluded] = trees;
            let mut value = Vec::new();
            for (tag, trees) in [(0xa0, permitted), (0xa1, excluded)] {
                if !trees.is_empty() {
                    value.extend(wrap(tag, &trees));
                }
            }
            extension(&[0x55, 0x1d, 0x1e], critical, &wrap(0x30, &value))
        }
        6 => {
            let value = wrap(0x80, &[bytes.below(3)]);
            extension(&[0x55, 0x1d, 0x24], critical, &wrap(0x30, &value))
        }
        _ => extension(&[0x2a, bytes.below(64)], critical, bytes.some(20)),
    }
}

fn constraint(bytes: &mut Bytes<'_>) -> Vec<u8> {
    match bytes.below(6) {
        0..2 => wrap(0x82, bytes.one_of::<[u8]>(&[b"test", b"a.test", b".test", b"", b"other"])),
        2 => wrap(0x87, bytes.one_of::<[u8]>(&[&[127, 0, 0, 0, 255, 0, 0, 0], &[0; 8], &[0; 32], &[0; 5]])),
        3 => wrap(0xa4, &name(bytes.below(8))),
        _ => general_name(bytes),
    }
}

/// A distinguished name with one common name.
fn name(number: u8) -> Vec<u8> {
    if number == 7 {
        return sequence(&[]);
    }
    let text = [b'A' + number];
    wrap(0x30, &wrap(0x31, &sequence(&[&[0x06, 3, 0x55, 4, 3], &wrap(0x0c, &text)])))
}

fn bits(contents: &[u8]) -> Vec<u8> {
    wrap(0x03, &[&[0], contents].concat())
}

/// The key pair of a number.
fn key(number: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[number; 32]).expect("32 bytes are a seed")
}
