//! The little of DER (ITU-T X.690) that certkit walks by itself: elements one after another, headers in short or long
//! definite form. Everything else about certificates is x509-parser's.

/// Walks over the elements of some DER.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// The identifier byte, class and constructed bit included.
    pub(super) tag: u8,
    /// What stands inside.
    pub(super) body: &'a [u8],
    /// Header and body.
    pub(super) whole: &'a [u8],
}

/// The DER is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// SET.
pub const SET: u8 = 0x31;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// INTEGER.
pub const INTEGER: u8 = 0x02;

/// `[number]`, primitive, as GeneralName has them.
pub const fn context(number: u8) -> u8 {
    0x80 | number
}

/// `[number]`, constructed.
pub const fn context_constructed(number: u8) -> u8 {
    0xa0 | number
}

impl<'a> Reader<'a> {
    /// Begins in front of the first element.
    pub(super) fn new(der: &'a [u8]) -> Self {
        Self { rest: der }
    }

    /// The contents of the one element `der` consists of.
    pub(super) fn inside(der: &'a [u8], tag: u8) -> Result<Self, Malformed> {
        let mut reader = Self::new(der);
        let body = reader.expect(tag)?;
        reader.end()?;
        Ok(Self::new(body))
    }

    /// Whether nothing follows.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element.
    pub(super) fn next(&mut self) -> Result<Element<'a>, Malformed> {
        let all = self.rest;
        let (&tag, rest) = all.split_first().ok_or(Malformed)?;
        if tag & 0x1f == 0x1f {
            return Err(Malformed); // tags above 30: nothing in a certificate has one
        }
        let (&first, mut rest) = rest.split_first().ok_or(Malformed)?;
        let length = match first {
            0..=0x7f => usize::from(first),
            0x81..=0x84 => {
                let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or(Malformed)?;
                rest = after;
                bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte))
            }
            _ => return Err(Malformed),
        };
        let (body, after) = rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = after;
        let whole = all.get(..all.len() - after.len()).ok_or(Malformed)?;
        Ok(Element { tag, body, whole })
    }

    /// The next element's contents; its tag must be `tag`.
    pub(super) fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let element = self.next()?;
        if element.tag == tag { Ok(element.body) } else { Err(Malformed) }
    }

    /// The next element's contents if its tag is `tag`; else nothing is passed over.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.rest.first() == Some(&tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        if self.is_at_end() { Ok(()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_in_order() {
        let der = [0x30, 0x05, 0x02, 0x01, 0x07, 0x05, 0x00];
        let mut reader = Reader::inside(&der, SEQUENCE).unwrap();
        assert_eq!(reader.optional(OID), Ok(None));
        assert_eq!(reader.expect(INTEGER), Ok(&[7][..]));
        assert_eq!(reader.next().map(|element| element.whole), Ok(&[5, 0][..]));
        assert!(reader.is_at_end());
        assert_eq!(reader.next(), Err(Malformed));
    }

    #[test]
    fn what_is_cut_off_or_of_endless_length_is_refused() {
        for der in [&[0x30][..], &[0x30, 0x80, 0, 0], &[0x30, 0x82, 1], &[0x30, 2, 0], &[0x1f, 0x81, 0x01]] {
            assert_eq!(Reader::new(der).next(), Err(Malformed), "{der:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(der in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(&der);
            while reader.next().is_ok() {}
        }
    }
}
