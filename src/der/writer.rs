//! Writing elements, from the inside out: [`element`] puts a header before parts that are DER already.

use ::time::{OffsetDateTime, UtcOffset};

use super::tag::{BIT_STRING, GENERALIZED_TIME, INTEGER, UTC_TIME};

/// One element: a header, then the parts one after another.
pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    write_header(&mut out, tag, length);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// Appends a header with the shortest form of the length.
pub(super) fn write_header(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    if let Ok(short @ ..0x80) = u8::try_from(length) {
        out.push(short);
        return;
    }
    let octets = length.to_be_bytes();
    let used = octets.len() - (length.leading_zeros() / 8) as usize;
    out.push(0x80 | used as u8); // at most 8
    out.extend(octets.iter().skip(octets.len() - used));
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
    let time = time.to_offset(UtcOffset::UTC);
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    let rest = format!("{:02}{day:02}{hour:02}{minute:02}{second:02}Z", u8::from(month));
    if (1950..2050).contains(&year) {
        element(UTC_TIME, &[format!("{:02}", year % 100).as_bytes(), rest.as_bytes()])
    } else {
        element(GENERALIZED_TIME, &[format!("{year:04}").as_bytes(), rest.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use ::time::macros::datetime;

    use super::*;

    #[test]
    fn numbers_and_times() {
        assert_eq!(unsigned(&[]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0x80, 1]), [2, 3, 0, 0x80, 1]);
        assert_eq!(unsigned(&100_000_u32.to_be_bytes()), [2, 3, 1, 0x86, 0xa0]);
        assert_eq!(time(datetime!(2049-12-31 23:59:59 UTC)), b"\x17\x0d491231235959Z");
        assert_eq!(time(datetime!(2050-01-01 0:00 UTC)), b"\x18\x0f20500101000000Z");
        assert_eq!(time(datetime!(2026-11-20 1:00 +2)), b"\x17\x0d261119230000Z");
    }
}
