//! BER to DER, for programs that write PKCS#7 and PKCS#12 as a stream (Firefox, Java, older Windows).
//!
//! They use lengths of indefinite form and cut octet strings into pieces (X.690 sections 8.1.3.6 and 8.7.3). Here the
//! lengths are made definite and the pieces are joined; everything else stays as it is.

use super::reader::{first, header};
use super::tag::{CONSTRUCTED, OCTET_STRING, OID, SEQUENCE, context, context_constructed, is_long};
use super::writer::{element, write_header};

/// Whether an element of indefinite length begins at `input`.
pub fn is_indefinite(input: &[u8]) -> bool {
    matches!(input, [tag, 0x80, ..] if tag & CONSTRUCTED != 0)
}

/// The first element of `input` with definite lengths throughout, and how many bytes of `input` it took. `None` when
/// it is damaged or nested deeper than any honest file.
pub fn to_definite(input: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut out = Vec::with_capacity(input.len().min(1 << 20));
    let taken = copy(input, 0, &mut out)?;
    Some((out, taken))
}

/// Deeper than PKCS#12 ever is, shallow enough for any stack.
const MAX_DEPTH: usize = 32;
/// An octet string in pieces.
const PIECES: u8 = OCTET_STRING | CONSTRUCTED;

/// Copies one element; says how many bytes of `input` it took.
fn copy(input: &[u8], depth: usize, out: &mut Vec<u8>) -> Option<usize> {
    if depth > MAX_DEPTH {
        return None;
    }
    let indefinite = is_indefinite(input);
    let (tag, header, length) = if indefinite { (input[0], 2, 0) } else { header(input)? };
    if is_long(tag) {
        return None;
    }
    if tag & CONSTRUCTED == 0 {
        out.extend_from_slice(input.get(..header.checked_add(length)?)?);
        return Some(header + length);
    }
    let contents =
        if indefinite { &input[header..] } else { input.get(header..header.checked_add(length)?)? };
    let mut children = Children::default();
    let mut at = 0;
    loop {
        let rest = &contents[at..];
        if indefinite && rest.starts_with(&[0, 0]) {
            at += 2;
            break;
        }
        if rest.is_empty() {
            if indefinite {
                return None;
            }
            break;
        }
        at += children.add(rest, depth)?;
    }
    if tag == PIECES {
        out.extend(element(OCTET_STRING, &[&joined(&children.written)?]));
    } else if !indefinite && children.written == contents {
        // A certificate inside must stay as it was signed, even where its lengths are not the shortest.
        out.extend_from_slice(&input[..header + length]);
    } else {
        write_header(out, tag, children.written.len());
        out.append(&mut children.written);
    }
    Some(header + at)
}

/// What was written of the elements inside one.
#[derive(Default)]
struct Children {
    written: Vec<u8>,
    tags: Vec<u8>,
}

impl Children {
    fn add(&mut self, input: &[u8], depth: usize) -> Option<usize> {
        let start = self.written.len();
        let taken = copy(input, depth + 1, &mut self.written)?;
        let (tag, header, _) = header(&self.written[start..])?;
        // EncryptedContentInfo (RFC 5652 section 6.1) is: type, algorithm, `[0] IMPLICIT OCTET STRING`. In pieces the
        // last one looks like `[0]` around octet strings, which here must become one string again.
        if tag == context_constructed(0)
            && self.tags == [OID, SEQUENCE]
            && let Some(octets) = joined(&self.written[start + header..])
        {
            self.written.truncate(start);
            self.written.extend(element(context(0), &[&octets]));
        }
        if self.tags.len() < 3 {
            self.tags.push(tag);
        }
        Some(taken)
    }
}

/// The contents of octet strings, put together; `None` when there is anything else, or nothing.
fn joined(pieces: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::with_capacity(pieces.len());
    let mut rest = pieces;
    while !rest.is_empty() {
        let (piece, behind) = first(rest)?;
        if piece.tag != OCTET_STRING {
            return None;
        }
        all.extend_from_slice(piece.contents);
        rest = behind;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_become_definite_and_pieces_are_joined() {
        let ber = [
            0x30, 0x80, // SEQUENCE
            0x02, 1, 3, // INTEGER
            0x24, 0x80, 0x04, 2, 1, 2, 0x24, 3, 0x04, 1, 3, 0, 0, // an octet string in three pieces
            0, 0, 0xff, // the end, and something behind it
        ];
        let (der, taken) = to_definite(&ber).unwrap();
        assert_eq!(der, [0x30, 8, 0x02, 1, 3, 0x04, 3, 1, 2, 3]);
        assert_eq!(taken, ber.len() - 1);
    }

    #[test]
    fn encrypted_content_in_pieces() {
        let ber = [0x30, 0x80, 0x06, 1, 42, 0x30, 0, 0xa0, 0x80, 0x04, 1, 1, 0x04, 1, 2, 0, 0, 0, 0];
        assert_eq!(to_definite(&ber).unwrap().0, [0x30, 9, 0x06, 1, 42, 0x30, 0, 0x80, 2, 1, 2]);
    }

    #[test]
    fn endless_nesting_is_refused() {
        assert!(to_definite(&[0x30, 0x80].repeat(100_000)).is_none());
        assert!(to_definite(&[0x30, 0x80, 0x02, 1, 1]).is_none());
    }

    fn header_octet() -> impl Strategy<Value = u8> {
        const TAGS: [u8; 7] = [0x30, 0x80, 0x24, 0xa0, 0, 0x04, 0x06];
        prop_oneof![7 => prop::sample::select(&TAGS[..]), 1 => 0u8..6]
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            to_definite(&bytes);
        }

        #[test]
        fn no_shape_panics(bytes in proptest::collection::vec(header_octet(), 0..80)) {
            if let Some((der, taken)) = to_definite(&bytes) {
                prop_assert!(taken <= bytes.len());
                // What comes out is DER that stays as it is.
                prop_assert_eq!(to_definite(&der).map(|(again, _)| again), Some(der));
            }
        }

        #[test]
        fn der_stays_as_it_is(contents in proptest::collection::vec(any::<u8>(), 0..400)) {
            let der = element(SEQUENCE, &[&element(OCTET_STRING, &[&contents])]);
            prop_assert_eq!(to_definite(&der).unwrap(), (der.clone(), der.len()));
        }
    }
}
