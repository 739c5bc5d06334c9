//! A small DER writer that can also write what DER forbids.

/// Tags of ASN.1 that certificates use.
pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const UTF8: u8 = 0x0c;
pub(super) const PRINTABLE: u8 = 0x13;
pub(super) const TELETEX: u8 = 0x14;
pub(super) const IA5: u8 = 0x16;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const BMP: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// A value with its tag and its length in as few bytes as possible.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u16::try_from(content.len()).unwrap() {
        short @ 0..0x80 => out.push(u8::try_from(short).unwrap()),
        long => {
            let bytes = long.to_be_bytes();
            let bytes = if bytes[0] == 0 { &bytes[1..] } else { &bytes[..] };
            out.push(0x80 | u8::try_from(bytes.len()).unwrap());
            out.extend(bytes);
        }
    }
    out.extend(content);
    out
}

/// A value whose length takes one byte more than DER allows.
pub(super) fn tlv_with_long_length(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let needed = match content.len() {
        0..0x80 => 1,
        0x80..0x100 => 2,
        _ => 3,
    };
    let mut out = vec![tag, 0x80 | u8::try_from(needed).unwrap()];
    out.extend(&length[4 - needed..]);
    out.extend(content);
    out
}

/// A value of indefinite length, as BER has it.
pub(super) fn tlv_without_length(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

pub(super) fn sequence<T: AsRef<[u8]>>(parts: &[T]) -> Vec<u8> {
    tlv(SEQUENCE, &joined(parts))
}

pub(super) fn set<T: AsRef<[u8]>>(parts: &[T]) -> Vec<u8> {
    tlv(SET, &joined(parts))
}

pub(super) fn joined<T: AsRef<[u8]>>(parts: &[T]) -> Vec<u8> {
    parts.iter().flat_map(|part| part.as_ref().iter().copied()).collect()
}

/// An identifier from its text, as `2.5.29.15`.
pub(super) fn oid(text: &str) -> Vec<u8> {
    let arcs: Vec<u64> = text.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let mut groups = vec![u8::try_from(arc & 0x7f).unwrap()];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push(0x80 | u8::try_from(rest & 0x7f).unwrap());
            rest >>= 7;
        }
        content.extend(groups.iter().rev());
    }
    tlv(0x06, &content)
}

/// A bit string of whole bytes.
pub(super) fn bits(content: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[0], content].concat())
}

/// A small number.
pub(super) fn small(number: u8) -> Vec<u8> {
    tlv(INTEGER, &[number])
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(OCTET_STRING, content)
}

pub(super) fn truth() -> Vec<u8> {
    tlv(BOOLEAN, &[0xff])
}

/// The context tag `number` around `content`: `[0]`, `[1]`, constructed.
pub(super) fn context(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, content)
}

/// The same, primitive.
pub(super) fn context_value(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0x80 | number, content)
}
