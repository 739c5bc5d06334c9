//! The frame that certificates, revocation lists and requests share: a signed part, an algorithm, a signature.

use crate::der::{BIT_STRING, Malformed, Reader, SEQUENCE};

/// SEQUENCE { signed part, AlgorithmIdentifier, BIT STRING } (RFC 5280 sections 4.1.1 and 5.1.1, RFC 2986 section
/// 4.2), as slices of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signed<'a> {
    /// What is signed, whole.
    pub(super) part: &'a [u8],
    /// AlgorithmIdentifier, whole.
    pub(super) algorithm: &'a [u8],
    /// Octets of the signature.
    pub(super) signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Reads the frame. No signature covers it, so that anybody on the way could change it: every tag must be right,
    /// and the signature must consist of whole octets, as in all algorithms there are.
    ///
    /// # Errors
    /// When anything else is there, or anything follows.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut frame = Reader::inside(der, SEQUENCE)?;
        let signed = Self::begin(&mut frame)?;
        frame.end()?;
        Ok(signed)
    }

    /// Reads the same from the contents of a frame that may have more behind it.
    ///
    /// # Errors
    /// When anything else is there.
    pub(super) fn begin(frame: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (part, algorithm) = (frame.next()?, frame.next()?);
        if part.tag != SEQUENCE || algorithm.tag != SEQUENCE {
            return Err(Malformed);
        }
        // The first octet counts the bits that are not used.
        let Some((0, signature)) = frame.expect(BIT_STRING)?.split_first() else { return Err(Malformed) };
        Ok(Self { part: part.whole, algorithm: algorithm.whole, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two empty sequences and a signature of two octets.
    const WHOLE: [u8; 11] = [0x30, 9, 0x30, 0, 0x30, 0, 3, 3, 0, 7, 8];

    #[test]
    fn a_frame() {
        let signed = Signed { part: &[0x30, 0], algorithm: &[0x30, 0], signature: &[7, 8] };
        assert_eq!(Signed::read(&WHOLE), Ok(signed));
    }

    #[test]
    fn every_changed_bit_of_the_frame_is_refused() {
        for at in 0..WHOLE.len() - 2 {
            for bit in 0..8 {
                let mut changed = WHOLE;
                changed[at] ^= 1 << bit;
                assert_eq!(Signed::read(&changed), Err(Malformed), "bit {bit} of byte {at}");
            }
        }
        assert_eq!(Signed::read(&[&WHOLE[..], &[0]].concat()), Err(Malformed));
    }
}
