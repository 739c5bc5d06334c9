//! Just enough DER (X.690) to tell what bytes are, and to walk into PKCS#7 and PKCS#12.
//!
//! Nothing is decoded here: an [`Element`] is a tag and two slices of the input. Certificates are parsed by `x509`.

use super::Kind;

/// One tag, length and contents.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    /// The identifier octet. Tags above 30 take several octets and do not occur in what is read here.
    pub(super) tag: u8,
    /// What stands inside.
    pub(super) contents: &'a [u8],
    /// Header and contents.
    pub(super) whole: &'a [u8],
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;
/// `[1]`, constructed.
pub(super) const CONTEXT_1: u8 = 0xa1;

/// The first element of `input`, and what follows it. `None` when it is cut off, has a length of indefinite form
/// (see [`super::ber`]) or a tag of several octets.
pub(super) fn first(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (tag, header, length) = header(input)?;
    let end = header.checked_add(length)?;
    let whole = input.get(..end)?;
    Some((Element { tag, contents: &whole[header..], whole }, &input[end..]))
}

/// Tag, length of the header, length of the contents. The contents may be cut off.
pub(super) fn header(input: &[u8]) -> Option<(u8, usize, usize)> {
    let (&tag, &short) = (input.first()?, input.get(1)?);
    if tag & 0x1f == 0x1f {
        return None;
    }
    if short < 0x80 {
        return Some((tag, 2, usize::from(short)));
    }
    // Four octets of length are 4 GiB, more than is ever read.
    let octets = usize::from(short & 0x7f);
    if !(1..=4).contains(&octets) {
        return None;
    }
    let length = input.get(2..2 + octets)?.iter().fold(0usize, |sum, &octet| sum << 8 | usize::from(octet));
    Some((tag, 2 + octets, length))
}

/// The elements of `input` one after the other; ends early where it is damaged.
pub(super) fn elements(mut input: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let (element, rest) = first(input)?;
        input = rest;
        Some(element)
    })
}

/// Tags of the first `N` elements; 0 where there are fewer.
fn tags<const N: usize>(input: &[u8]) -> [u8; N] {
    let mut tags = [0; N];
    for (place, element) in tags.iter_mut().zip(elements(input)) {
        *place = element.tag;
    }
    tags
}

/// What a DER object is, by its shape. `None` when it has none of the known ones.
pub(super) fn identify(der: &[u8]) -> Option<Kind> {
    let (outer, _) = first(der)?;
    if outer.tag != SEQUENCE {
        return None;
    }
    let mut children = elements(outer.contents);
    let (one, two) = (children.next()?, children.next()?);
    let three = children.next();
    match (one.tag, two.tag, three.map_or(0, |three| three.tag)) {
        // Certificate, CertificateList and CertificationRequest all are: to be signed, algorithm, signature.
        (SEQUENCE, SEQUENCE, BIT_STRING) => Some(identify_signed(one.contents)),
        (SEQUENCE, OCTET_STRING, 0) if begins_with_oid(one) => Some(Kind::EncryptedPrivateKey),
        (SEQUENCE, BIT_STRING, 0) if begins_with_oid(one) => Some(Kind::PublicKey),
        (OID, CONTEXT_0, 0) if one.contents.starts_with(PKCS7) => Some(Kind::Pkcs7),
        // PFX (RFC 7292 section 4): version 3, then a ContentInfo.
        (INTEGER, SEQUENCE, 0 | SEQUENCE) if one.contents == [3] && begins_with_oid(two) => {
            Some(Kind::Pkcs12)
        }
        // PrivateKeyInfo (RFC 5958 section 2).
        (INTEGER, SEQUENCE, OCTET_STRING) if begins_with_oid(two) => Some(Kind::PrivateKey),
        // ECPrivateKey (RFC 5915 section 3).
        (INTEGER, OCTET_STRING, 0 | CONTEXT_0 | CONTEXT_1) if one.contents == [1] => Some(Kind::PrivateKey),
        // RSAPrivateKey (RFC 8017 appendix A.1.2) has nine numbers, DSA's old form six.
        (INTEGER, INTEGER, INTEGER) => {
            let numbers = elements(outer.contents).take(6).filter(|element| element.tag == INTEGER).count();
            (numbers == 6).then_some(Kind::PrivateKey)
        }
        // RSAPublicKey: modulus and exponent. Two short numbers could be anything.
        (INTEGER, INTEGER, 0) if one.contents.len() >= 64 => Some(Kind::PublicKey),
        _ => None,
    }
}

/// Which of the signed objects it is, by the part that is signed. Every odd one counts as a certificate: its parser
/// says best what is wrong.
fn identify_signed(contents: &[u8]) -> Kind {
    match tags::<4>(contents) {
        // CertificationRequestInfo (RFC 2986 section 4.1): version, subject, public key, attributes.
        [INTEGER, SEQUENCE, SEQUENCE, 0 | CONTEXT_0] => Kind::CertificateRequest,
        // TBSCertList (RFC 5280 section 5.1): version, algorithm, issuer, time; version 1 has no version.
        [INTEGER, SEQUENCE, SEQUENCE, UTC_TIME | GENERALIZED_TIME]
        | [SEQUENCE, SEQUENCE, UTC_TIME | GENERALIZED_TIME, _] => Kind::Crl,
        _ => Kind::Certificate,
    }
}

fn begins_with_oid(element: Element<'_>) -> bool {
    element.contents.first() == Some(&OID)
}

/// The contents of an object identifier in figures, as `1.2.840.113549.1.7.2`.
pub(super) fn oid_text(contents: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0u64;
    for &octet in contents {
        arc = arc << 7 | u64::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            if arcs.is_empty() {
                let top = (arc / 40).min(2);
                arcs.extend([top, arc - top * 40]);
            } else {
                arcs.push(arc);
            }
            arc = 0;
        }
    }
    arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// Contents of the identifiers below `pkcs-7` (1.2.840.113549.1.7), without the last arc.
pub(super) const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];

/// Puts a header in front of `contents`.
pub(super) fn wrap(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(contents.len() + 6);
    write_header(&mut out, tag, contents.len());
    out.extend_from_slice(contents);
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
    let used = &octets[octets.iter().take_while(|&&octet| octet == 0).count()..];
    // A `usize` has at most eight octets.
    out.push(0x80 | used.len() as u8);
    out.extend_from_slice(used);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn object_identifiers_are_written_in_figures() {
        assert_eq!(oid_text(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]), "1.2.840.113549.1.7.2");
        assert_eq!(oid_text(&[0x60, 0x86, 0x48, 1, 0x65]), "2.16.840.1.101");
        assert_eq!(oid_text(&[]), "");
    }

    #[test]
    fn what_is_cut_off_or_odd_is_nothing() {
        for input in
            [&[][..], &[0x30], &[0x30, 5, 1], &[0x30, 0x80], &[0x30, 0x85, 0, 0, 0, 0, 1, 0], &[0x1f, 1, 0]]
        {
            assert!(first(input).is_none(), "{input:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_wrapped_is_found_again(
            contents in proptest::collection::vec(any::<u8>(), 0..70_000), tag in 0u8..0x1f, rest in any::<[u8; 3]>(),
        ) {
            let mut input = wrap(tag, &contents);
            input.extend(rest);
            let (element, behind) = first(&input).unwrap();
            prop_assert_eq!((element.tag, element.contents, behind), (tag, &contents[..], &rest[..]));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            identify(&bytes);
            oid_text(&bytes);
            prop_assert!(elements(&bytes).count() <= bytes.len() / 2);
        }

        #[test]
        fn no_sequences_panic(bytes in proptest::collection::vec(
            prop_oneof![Just(0x30u8), Just(0x02), Just(0x03), Just(0x04), Just(0x06), Just(0xa0), 0u8..12], 0..60)) {
            identify(&wrap(SEQUENCE, &bytes));
        }
    }
}
