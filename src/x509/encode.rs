//! The little of DER (ITU-T X.690) that certkit writes by itself.
//!
//! Everything is built from the inside out: [`element`] puts a header before parts that are DER already. What is
//! copied (an issuer's name, a public key) goes in byte for byte, which is the reason for this file: a library that
//! decodes and encodes again does not give back every name that exists.

use time::OffsetDateTime;

use super::der::Reader;
pub use super::der::{INTEGER, OCTET_STRING, OID, SEQUENCE, SET, context, context_constructed};

/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// ENUMERATED.
pub const ENUMERATED: u8 = 0x0a;
/// UTF8String.
pub const UTF8_STRING: u8 = 0x0c;
/// PrintableString.
pub const PRINTABLE_STRING: u8 = 0x13;
/// IA5String.
pub const IA5_STRING: u8 = 0x16;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// One element: header, then the parts one after another.
pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    match u8::try_from(length) {
        Ok(short @ ..0x80) => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let used = octets.len() - (length.leading_zeros() / 8) as usize;
            out.push(0x80 | used as u8); // at most 8
            out.extend(octets.iter().skip(octets.len() - used));
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// An INTEGER that is not negative, from its big-endian bytes.
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len());
    let significant = bytes.get(start..).unwrap_or_default();
    // The highest bit is the sign, and zero has one byte too.
    let pad: &[u8] = if significant.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] };
    element(INTEGER, &[pad, significant])
}

/// A BIT STRING of whole bytes.
pub fn bits(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bytes])
}

/// A time, in whole seconds UTC. "CAs … MUST always encode certificate validity dates through the year 2049 as
/// UTCTime; … in 2050 or later MUST be encoded as GeneralizedTime" (RFC 5280 section 4.1.2.5).
pub fn time(time: OffsetDateTime) -> Vec<u8> {
    let time = time.to_offset(time::UtcOffset::UTC);
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    let rest = format!("{:02}{day:02}{hour:02}{minute:02}{second:02}Z", u8::from(month));
    if (1950..2050).contains(&year) {
        element(UTC_TIME, &[format!("{:02}", year % 100).as_bytes(), rest.as_bytes()])
    } else {
        element(GENERALIZED_TIME, &[format!("{year:04}").as_bytes(), rest.as_bytes()])
    }
}

/// What stands inside an element; `None` when `der` is not one element.
pub fn contents(der: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(der);
    let body = reader.next().ok()?.body;
    reader.is_at_end().then_some(body)
}

/// The first element of `der`, header included.
pub fn first(der: &[u8]) -> Option<&[u8]> {
    Reader::new(der).next().ok().map(|element| element.whole)
}

/// An object identifier from its numbers, as `2.5.4.3`; `None` when it is none.
pub fn object_identifier(text: &str) -> Option<Vec<u8>> {
    let numbers: Vec<u64> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let (&first, rest) = numbers.split_first()?;
    let (&second, rest) = rest.split_first()?;
    if first > 2 || (first < 2 && second > 39) || second > 1 << 32 {
        return None;
    }
    let mut body = Vec::new();
    for number in std::iter::once(first * 40 + second).chain(rest.iter().copied()) {
        // Seven bits a byte, the highest first; all but the last byte have the upper bit set.
        let sevens = (64 - number.leading_zeros()).div_ceil(7).max(1);
        for index in (0..sevens).rev() {
            let seven = (number >> (index * 7)) as u8 & 0x7f;
            body.push(if index == 0 { seven } else { seven | 0x80 });
        }
    }
    Some(element(OID, &[&body]))
}

#[cfg(test)]
mod tests {
    use ::time::macros::datetime;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_times_and_identifiers() {
        assert_eq!(unsigned(&[]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0x80, 1]), [2, 3, 0, 0x80, 1]);
        assert_eq!(time(datetime!(2049-12-31 23:59:59 UTC)), b"\x17\x0d491231235959Z");
        assert_eq!(time(datetime!(2050-01-01 0:00 UTC)), b"\x18\x0f20500101000000Z");
        assert_eq!(time(datetime!(2026-11-20 1:00 +2)), b"\x17\x0d261119230000Z");
        assert_eq!(object_identifier("2.5.4.3").unwrap(), [6, 3, 0x55, 4, 3]);
        assert_eq!(
            object_identifier("1.2.840.113549.1").unwrap(),
            [6, 7, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1]
        );
        for bad in ["", "1", "3.1", "1.40", "1.x", "1.2.-3", "a.b"] {
            assert_eq!(object_identifier(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(body in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let der = element(OCTET_STRING, &[&body]);
            let mut reader = Reader::new(&der);
            prop_assert_eq!(reader.expect(OCTET_STRING), Ok(&body[..]));
            prop_assert!(reader.is_at_end());
        }
    }
}
