//! What is not DER in a certificate, though it can be read (X.690 section 10; RFC 5280 sections 4.1 and 4.1.2.5).

use std::fmt;

use crate::der::{
    BOOLEAN, CONTEXT_0, GENERALIZED_TIME, INTEGER, Malformed, OCTET_STRING, OID, PRINTABLE_STRING, Reader,
    SEQUENCE, UTC_TIME, UTF8_STRING, context_constructed, elements, first, oid,
};

/// A value that is written in another way than DER and RFC 5280 have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodingFault {
    /// `cA` of the basic constraints, though it is the default.
    CaFalseWritten,
    /// `critical` of an extension, though it is the default.
    CriticalFalseWritten,
    /// A NULL in the parameters of an ECDSA signature algorithm (RFC 5758 section 3.2).
    EcdsaNull,
    LongLength,
    /// Of the signed part.
    LongLengthOfBody,
    LongNumber,
    LongSerial,
    OddBoolean,
    /// Characters that a PrintableString does not have (X.680 section 41.4). The asterisk and the ampersand are so common
    /// that clients accept them.
    PrintableString,
    /// No parameters in an RSA signature algorithm, which should have a NULL (RFC 4055 section 5).
    RsaWithoutNull,
    TimeFraction,
    TimeGeneralizedBefore2050,
    TimeOffset,
    TimeWithoutSeconds,
    TrailingBytes,
    /// A UTF8String that is not UTF-8.
    Utf8String,
    Version1Written,
}

impl fmt::Display for EncodingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CaFalseWritten => "cA is written although it is FALSE",
            Self::CriticalFalseWritten => "critical is written although it is FALSE",
            Self::EcdsaNull => "an ECDSA signature algorithm has a NULL",
            Self::LongLength => "a length has more octets than it needs",
            Self::LongLengthOfBody => "the length of the signed part has more octets than it needs",
            Self::LongNumber => "a number has more octets than it needs",
            Self::LongSerial => "the serial number has more octets than it needs",
            Self::OddBoolean => "a BOOLEAN is neither 00 nor FF",
            Self::PrintableString => "a PrintableString has characters that are not allowed in one",
            Self::RsaWithoutNull => "an RSA signature algorithm lacks its NULL",
            Self::TimeFraction => "a time has fractions of a second",
            Self::TimeGeneralizedBefore2050 => "a time before 2050 is a GeneralizedTime",
            Self::TimeOffset => "a time has an offset instead of Z",
            Self::TimeWithoutSeconds => "a time has no seconds",
            Self::TrailingBytes => "bytes follow the value of an extension",
            Self::Utf8String => "a UTF8String is not UTF-8",
            Self::Version1Written => "version 1 is written although it is the default",
        })
    }
}

/// Everything that is wrong with the encoding of a certificate (whole DER), each once.
pub(super) fn faults(der: &[u8]) -> Vec<EncodingFault> {
    let mut faults = Vec::new();
    walk(der, 0, &mut faults);
    // What cannot be read is not a certificate, and is reported as such.
    let _ = values(der, &mut faults);
    faults
}

fn add(faults: &mut Vec<EncodingFault>, fault: EncodingFault) {
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}

/// Nothing in a certificate is nested deeper, except by an attacker.
const MAX_DEPTH: usize = 24;
/// Of an extension's value: certificate, signed part, list, extension, octets.
const DEPTH_OF_EXTENSION: usize = 5;

/// Lengths, numbers and truth values wherever they are.
fn walk(der: &[u8], depth: usize, faults: &mut Vec<EncodingFault>) {
    for (index, element) in elements(der).enumerate() {
        let needed = match element.contents.len() {
            0..0x80 => 2,
            0x80..0x100 => 3,
            0x100..0x1_0000 => 4,
            0x1_0000..0x100_0000 => 5,
            _ => 6,
        };
        if element.whole.len() - element.contents.len() > needed {
            let is_body = depth == 1 && index == 0 && element.tag == SEQUENCE;
            add(faults, if is_body { EncodingFault::LongLengthOfBody } else { EncodingFault::LongLength });
        }
        match element.tag {
            INTEGER if is_long(element.contents) => add(faults, EncodingFault::LongNumber),
            PRINTABLE_STRING if !element.contents.iter().copied().all(is_printable) => {
                add(faults, EncodingFault::PrintableString);
            }
            UTF8_STRING if std::str::from_utf8(element.contents).is_err() => {
                add(faults, EncodingFault::Utf8String);
            }
            BOOLEAN if !matches!(element.contents, [0 | 0xff]) => add(faults, EncodingFault::OddBoolean),
            _ => {}
        }
        // The constructed bit.
        if element.tag & 0x20 != 0 && depth < MAX_DEPTH {
            walk(element.contents, depth + 1, faults);
        }
    }
}

fn values(der: &[u8], faults: &mut Vec<EncodingFault>) -> Result<(), Malformed> {
    let mut whole = Reader::inside(der, SEQUENCE)?;
    let mut body = Reader::new(whole.expect(SEQUENCE)?);
    if body.optional(CONTEXT_0)? == Some(&[INTEGER, 1, 0]) {
        add(faults, EncodingFault::Version1Written);
    }
    if is_long(body.expect(INTEGER)?) {
        faults.retain(|fault| *fault != EncodingFault::LongNumber);
        add(faults, EncodingFault::LongSerial);
    }
    signature_algorithm(body.expect(SEQUENCE)?, faults);
    body.next()?;
    let mut validity = Reader::new(body.expect(SEQUENCE)?);
    for _ in 0..2 {
        let element = validity.next()?;
        time(element.tag, element.contents, faults);
    }
    while !body.is_at_end() {
        let part = body.next()?;
        if part.tag == context_constructed(3) {
            let mut list = Reader::inside(part.contents, SEQUENCE)?;
            while !list.is_at_end() {
                extension(list.expect(SEQUENCE)?, faults)?;
            }
        }
    }
    Ok(())
}

fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&byte)
}

/// ecdsa-with-SHA2 and RSA with PKCS #1 (RFC 5758 section 3.2, RFC 4055 section 5).
fn signature_algorithm(algorithm: &[u8], faults: &mut Vec<EncodingFault>) {
    const ECDSA: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
    const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const PSS: u8 = 10;
    let parameters = |kind: &[u8]| algorithm.strip_prefix(kind).and_then(<[u8]>::split_first);
    if let Some((_, [5, 0])) = parameters(ECDSA) {
        add(faults, EncodingFault::EcdsaNull);
    }
    if let Some((digest, [])) = parameters(RSA)
        && *digest != PSS
    {
        add(faults, EncodingFault::RsaWithoutNull);
    }
}

/// id-ce: `2.5.29`.
const STANDARD_EXTENSIONS: &[u8] = &[0x55, 0x1d];

/// Whether a shorter form means the same number (X.690 section 8.3.2).
fn is_long(number: &[u8]) -> bool {
    matches!(number, [0, second, ..] if *second < 0x80)
        || matches!(number, [0xff, second, ..] if *second >= 0x80)
}

fn extension(contents: &[u8], faults: &mut Vec<EncodingFault>) -> Result<(), Malformed> {
    let mut parts = Reader::new(contents);
    let kind = parts.expect(OID)?;
    if parts.optional(BOOLEAN)? == Some(&[0]) {
        add(faults, EncodingFault::CriticalFalseWritten);
    }
    let value = parts.expect(OCTET_STRING)?;
    // An extension that is not known may hold anything: clients do not read it.
    let is_known = kind.starts_with(STANDARD_EXTENSIONS) || oid::AUTHORITY_INFO_ACCESS.is(kind);
    match first(value) {
        Some((_, [])) if is_known => walk(value, DEPTH_OF_EXTENSION, faults),
        Some((_, [_, ..])) if kind.starts_with(STANDARD_EXTENSIONS) => {
            add(faults, EncodingFault::TrailingBytes)
        }
        _ => {}
    }
    if oid::BASIC_CONSTRAINTS.is(kind) && Reader::inside(value, SEQUENCE)?.optional(BOOLEAN)? == Some(&[0]) {
        add(faults, EncodingFault::CaFalseWritten);
    }
    Ok(())
}

fn time(tag: u8, text: &[u8], faults: &mut Vec<EncodingFault>) {
    let digits = match tag {
        UTC_TIME => 12,
        GENERALIZED_TIME => 14,
        _ => return,
    };
    let leading = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if leading < digits {
        return add(faults, EncodingFault::TimeWithoutSeconds);
    }
    match text.get(leading) {
        Some(b'.' | b',') => add(faults, EncodingFault::TimeFraction),
        Some(b'Z') if tag == GENERALIZED_TIME && (&b"1950"[..]..&b"2050"[..]).contains(&text) => {
            add(faults, EncodingFault::TimeGeneralizedBefore2050);
        }
        Some(b'Z') => {}
        _ => add(faults, EncodingFault::TimeOffset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_time(tag: u8, text: &str) -> Vec<EncodingFault> {
        let mut faults = Vec::new();
        time(tag, text.as_bytes(), &mut faults);
        faults
    }

    #[test]
    fn times() {
        assert_eq!(of_time(UTC_TIME, "261120120000Z"), []);
        assert_eq!(of_time(UTC_TIME, "2611201200Z"), [EncodingFault::TimeWithoutSeconds]);
        assert_eq!(of_time(UTC_TIME, "261120120000+0100"), [EncodingFault::TimeOffset]);
        assert_eq!(of_time(GENERALIZED_TIME, "20500101000000Z"), []);
        assert_eq!(of_time(GENERALIZED_TIME, "20500101000000.5Z"), [EncodingFault::TimeFraction]);
        assert_eq!(of_time(GENERALIZED_TIME, "20491231235959Z"), [EncodingFault::TimeGeneralizedBefore2050]);
    }

    #[test]
    fn lengths_are_the_shortest() {
        let of = |der: &[u8]| {
            let mut faults = Vec::new();
            walk(der, 0, &mut faults);
            faults
        };
        assert_eq!(of(&[0x30, 3, 2, 1, 7]), []);
        assert_eq!(of(&[0x30, 4, 2, 0x81, 1, 7]), [EncodingFault::LongLength]);
        assert_eq!(of(&[0x30, 0x81, 3, 2, 1, 7]), [EncodingFault::LongLength]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(der in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            faults(&der);
        }
    }
}
