//! Walking over elements: an [`Element`] is a tag and two slices of the input.

use super::tag::{INTEGER, is_long};

/// Walks over the elements of some DER.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

/// One tag, length and contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier octet, class and constructed bit included.
    pub tag: u8,
    pub contents: &'a [u8],
    pub whole: &'a [u8],
}

/// The DER does not have the structure that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl<'a> Reader<'a> {
    pub fn new(der: &'a [u8]) -> Self {
        Self { rest: der }
    }

    /// A reader of the contents of `der`, which must be one element with this tag.
    pub fn inside(der: &'a [u8], tag: u8) -> Result<Self, Malformed> {
        let mut reader = Self::new(der);
        let contents = reader.expect(tag)?;
        reader.end()?;
        Ok(Self::new(contents))
    }

    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    #[allow(clippy::should_implement_trait, reason = "an iterator would end at an error without naming it")]
    pub fn next(&mut self) -> Result<Element<'a>, Malformed> {
        let (element, rest) = first(self.rest).ok_or(Malformed)?;
        self.rest = rest;
        Ok(element)
    }

    /// The contents of the next element; its tag must be `tag`.
    pub fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let element = self.next()?;
        if element.tag == tag { Ok(element.contents) } else { Err(Malformed) }
    }

    /// The contents of the next element if its tag is `tag`; otherwise the reader stays where it is.
    pub fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.rest.first() == Some(&tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    /// Fails if anything follows.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.is_at_end() { Ok(()) } else { Err(Malformed) }
    }
}

/// The first element of `input`, and what follows it. `None` when it is cut off, has a length of indefinite form
/// (see [`super::to_definite`]) or a tag of several octets.
pub fn first(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (tag, header, length) = header(input)?;
    let (whole, rest) = input.split_at_checked(header.checked_add(length)?)?;
    Some((Element { tag, contents: whole.get(header..)?, whole }, rest))
}

/// Tag, length of the header, length of the contents. The contents may be cut off.
pub fn header(input: &[u8]) -> Option<(u8, usize, usize)> {
    let (&tag, &short) = (input.first()?, input.get(1)?);
    if is_long(tag) {
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
    let length = input.get(2..2 + octets)?.iter();
    let length = length.fold(0_usize, |sum, &octet| sum << 8 | usize::from(octet));
    Some((tag, 2 + octets, length))
}

/// The elements of `input` one after the other; ends early where it is damaged.
pub fn elements(mut input: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let (element, rest) = first(input)?;
        input = rest;
        Some(element)
    })
}

/// The contents of the first element.
pub fn contents(der: &[u8]) -> Option<&[u8]> {
    first(der).map(|(element, _)| element.contents)
}

/// The INTEGERs among the elements of `input`, as unsigned numbers; what exceeds 64 bits becomes the largest one.
pub fn unsigned_integers(input: &[u8]) -> impl Iterator<Item = u64> {
    elements(input).filter(|element| element.tag == INTEGER).map(|element| {
        let digits = element.contents.iter();
        digits.fold(0_u64, |sum, &octet| sum.saturating_mul(256).saturating_add(octet.into()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::der::{OID, SEQUENCE, element};

    #[test]
    fn elements_in_order() {
        let der = [0x30, 0x05, 0x02, 0x01, 0x07, 0x05, 0x00];
        let mut reader = Reader::inside(&der, SEQUENCE).unwrap();
        assert_eq!(reader.optional(OID), Ok(None));
        assert_eq!(reader.expect(INTEGER), Ok(&[7][..]));
        assert_eq!(reader.next().map(|element| element.whole), Ok(&[5, 0][..]));
        assert!(reader.is_at_end());
        assert_eq!(reader.next(), Err(Malformed));
        assert_eq!(Reader::inside(&[&der[..], &[0]].concat(), SEQUENCE).err(), Some(Malformed));
    }

    #[test]
    fn damaged_headers_are_refused() {
        let damaged: [&[u8]; 9] = [
            &[],
            &[0x30],
            &[0x30, 5, 1],
            &[0x30, 0x80],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x82, 1],
            &[0x30, 0x85, 0, 0, 0, 0, 1, 0],
            &[0x1f, 1, 0],
            &[0x1f, 0x81, 0x01],
        ];
        for input in damaged {
            assert!(first(input).is_none(), "{input:?}");
            assert_eq!(Reader::new(input).next(), Err(Malformed), "{input:?}");
        }
    }

    #[test]
    fn integers_saturate() {
        let der = [&[2, 1, 7][..], &[4, 1, 9], &[2, 2, 1, 0], &[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
        assert_eq!(unsigned_integers(&der).collect::<Vec<_>>(), [7, 256, u64::MAX]);
    }

    proptest! {
        #[test]
        fn written_elements_are_read_back(
            contents in proptest::collection::vec(any::<u8>(), 0..70_000),
            tag in 0u8..0x1f,
            rest in any::<[u8; 3]>(),
        ) {
            let mut input = element(tag, &[&contents]);
            input.extend(rest);
            let (element, behind) = first(&input).unwrap();
            prop_assert_eq!((element.tag, element.contents, behind), (tag, &contents[..], &rest[..]));
            let mut reader = Reader::new(&input);
            prop_assert_eq!(reader.expect(tag), Ok(&contents[..]));
        }

        #[test]
        fn no_bytes_panic(der in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut reader = Reader::new(&der);
            let mut count = 0;
            while reader.next().is_ok() {
                count += 1;
            }
            prop_assert_eq!(elements(&der).count(), count);
            prop_assert!(count <= der.len() / 2);
            unsigned_integers(&der).for_each(drop);
        }
    }
}
