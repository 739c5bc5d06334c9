//! A subject or issuer name: its bytes to copy, its parts to read, and whether two are the same name.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use x509_parser::der_parser::asn1_rs::{Any, Tag};
use x509_parser::oid_registry::{Oid, OidRegistry};
use x509_parser::x509::X509Name;

use crate::der::{Malformed, OID, Reader, SEQUENCE, SET, oid};

/// A distinguished name. `==` compares bytes; [`Self::matches`] says whether two are the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName {
    /// The DER of the name.
    pub der: Vec<u8>,
    /// The attributes in order, as `("CN", "test.example")`.
    pub attributes: Vec<(String, String)>,
    hash: u64,
}

impl DistinguishedName {
    pub(super) fn new(name: &X509Name<'_>) -> Self {
        let attributes = name
            .iter_attributes()
            .map(|attribute| (short_name(attribute.attr_type()), text(attribute.attr_value())))
            .collect();
        let der = name.as_raw().to_vec();
        let hash = hash(&der).unwrap_or_default();
        Self { der, attributes, hash }
    }

    /// Whether both are the same name (RFC 5280 section 7.1): text without regard to its string type, to case and to
    /// the number of blanks. An old CA may have written its name in another string type than it does today.
    pub fn matches(&self, other: &Self) -> bool {
        self.der == other.der || (self.hash == other.hash && self.comparable() == other.comparable())
    }

    /// The same for all names that [match](Self::matches).
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether it has no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The mail addresses among its attributes (PKCS #9 emailAddress).
    pub fn mail_addresses(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(|(kind, _)| kind == "emailAddress").map(|(_, value)| value.as_str())
    }

    /// The common names, in order.
    pub fn common_names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.attributes.iter().filter(|(kind, _)| kind == "CN").map(|(_, value)| value.as_str())
    }

    /// Its RDNs in a form to compare: see [`comparable`].
    pub(super) fn comparable(&self) -> Vec<Vec<u8>> {
        comparable(&self.der).unwrap_or_default()
    }

    /// The last common name, which is the most specific one.
    pub fn common_name(&self) -> Option<&str> {
        self.common_names().next_back()
    }

    /// As text with the last part first (RFC 4514): `CN=alice,O=example`. Empty for an empty name.
    pub fn rfc4514(&self) -> String {
        let part = |(kind, value): &(String, String)| {
            let mut part = format!("{kind}=");
            for (index, letter) in value.char_indices() {
                let at_end = index + letter.len_utf8() == value.len();
                let is_special = matches!(letter, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
                    || (letter == '#' && index == 0)
                    || (letter == ' ' && (index == 0 || at_end));
                if is_special {
                    part.push('\\');
                }
                part.push(letter);
            }
            part
        };
        self.attributes.iter().rev().map(part).collect::<Vec<_>>().join(",")
    }

    /// The name to call it by: the common name, else all of it.
    pub fn label(&self) -> String {
        self.common_name().map_or_else(|| self.to_string(), str::to_owned)
    }
}

impl std::fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.attributes.is_empty() {
            return f.write_str("(empty name)");
        }
        for (index, (kind, value)) in self.attributes.iter().enumerate() {
            let gap = if index == 0 { "" } else { ", " };
            write!(f, "{gap}{kind}={value}")?;
        }
        Ok(())
    }
}

/// A hash of a name (whole DER) that is the same for every way to write it. It is made without a copy: every name of
/// every certificate is hashed, and few are ever compared.
fn hash(name: &[u8]) -> Result<u64, Malformed> {
    let mut rdns = Reader::inside(name, SEQUENCE)?;
    let mut whole = DefaultHasher::new();
    while !rdns.is_at_end() {
        let mut set = Reader::new(rdns.expect(SET)?);
        // The order within a set does not count.
        let mut sum = 0_u64;
        while !set.is_at_end() {
            let mut parts = Reader::new(set.expect(SEQUENCE)?);
            let mut attribute = DefaultHasher::new();
            parts.expect(OID)?.hash(&mut attribute);
            let value = parts.next()?;
            match decode(Tag(u32::from(value.tag)), value.contents) {
                Some(text) => {
                    for word in text.split_whitespace() {
                        word.chars().flat_map(char::to_lowercase).for_each(|c| c.hash(&mut attribute));
                        attribute.write_u8(b' ');
                    }
                }
                None => value.whole.hash(&mut attribute),
            }
            sum = sum.wrapping_add(attribute.finish());
        }
        sum.hash(&mut whole);
    }
    Ok(whole.finish())
}

/// The RDNs of a name (whole DER) in a form to compare byte by byte: text of any string type in lower case with single
/// blanks (RFC 5280 section 7.1), anything else as it stands.
pub(super) fn comparable(name: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut rdns = Reader::inside(name, SEQUENCE)?;
    let mut comparable = Vec::new();
    while !rdns.is_at_end() {
        let mut set = Reader::new(rdns.expect(SET)?);
        let mut attributes = Vec::new();
        while !set.is_at_end() {
            let mut parts = Reader::new(set.expect(SEQUENCE)?);
            let kind = parts.expect(OID)?;
            let value = parts.next()?;
            parts.end()?;
            let mut attribute = vec![u8::try_from(kind.len()).unwrap_or(u8::MAX)];
            attribute.extend_from_slice(kind);
            match decode(Tag(u32::from(value.tag)), value.contents) {
                Some(text) => {
                    attribute.push(b'"');
                    for word in text.split_whitespace() {
                        // Letter by letter: a sigma at the end of a word is another letter only in whole words.
                        let lower: String = word.chars().flat_map(char::to_lowercase).collect();
                        attribute.extend_from_slice(lower.as_bytes());
                        attribute.push(b' ');
                    }
                }
                None => attribute.extend_from_slice(value.whole),
            }
            attributes.push(attribute);
        }
        attributes.sort();
        comparable.push(attributes.join(&b'+'));
    }
    Ok(comparable)
}

/// What an attribute is called; rare ones are known to `x509-parser` alone.
fn short_name(kind: &Oid<'_>) -> String {
    thread_local! {
        static REGISTRY: OidRegistry<'static> = OidRegistry::default().with_x509();
    }
    if let Some(known) = oid::find(kind.as_bytes()) {
        return known.name.to_owned();
    }
    REGISTRY.with(|registry| {
        registry.get(kind).map_or_else(|| kind.to_id_string(), |entry| entry.sn().to_owned())
    })
}

/// The text of an attribute in any of the string types of X.520; hexadecimal where it is none.
fn text(value: &Any<'_>) -> String {
    match decode(value.tag(), value.data) {
        Some(text) => on_one_line(&text),
        None => format!("#{}", super::algorithm::hex(value.data)),
    }
}

/// Text with control characters as RFC 4514 section 2.4 writes them, such as `\\0A`: a line break in a name must not
/// begin a line of its own in what certkit says.
pub(super) fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            let mut utf8 = [0; 4];
            line.extend(c.encode_utf8(&mut utf8).bytes().map(|byte| format!("\\{byte:02X}")));
        } else {
            line.push(c);
        }
    }
    line
}

fn decode(tag: Tag, data: &[u8]) -> Option<Cow<'_, str>> {
    match tag {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            std::str::from_utf8(data).ok().map(Cow::Borrowed)
        }
        // Old CAs put Latin-1 into TeletexString, whatever T.61 says.
        Tag::TeletexString => Some(data.iter().map(|&byte| char::from(byte)).collect::<String>().into()),
        Tag::BmpString => {
            let units = data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
            Some(text.collect::<String>().into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(tag: u8, text: &str) -> Vec<u8> {
        let length = |body: &[u8]| u8::try_from(body.len()).unwrap();
        let mut attribute = vec![OID, 3, 0x55, 4, 3, tag, length(text.as_bytes())];
        attribute.extend_from_slice(text.as_bytes());
        for outer in [SEQUENCE, SET, SEQUENCE] {
            attribute.splice(0..0, [outer, length(&attribute)]);
        }
        attribute
    }

    #[test]
    fn names_compare_without_case_blanks_and_string_type() {
        let of = |tag, text| comparable(&name(tag, text)).unwrap();
        assert_eq!(of(12, "Foo  Bar"), of(19, " foo bar"));
        assert_ne!(of(12, "Foo"), of(12, "Fo"));
        assert_ne!(of(12, "a"), of(4, "a"));
        let hash = |tag, text| hash(&name(tag, text)).unwrap();
        assert_eq!(hash(12, "Foo  BÄR Σ"), hash(12, " foo bär σ "));
        assert_eq!(hash(20, "Foo"), hash(22, "foo"));
        assert_ne!(hash(12, "Foo"), hash(12, "Fo"));
        assert_ne!(hash(12, "a"), hash(4, "a"));
        assert_eq!(comparable(&[0x30, 1, 0x31]), Err(Malformed));
    }

    #[test]
    fn control_characters_are_written_as_their_bytes() {
        assert_eq!(on_one_line("Fußball, a\\b"), "Fußball, a\\b");
        assert_eq!(on_one_line("a\r\n\u{9b}\0"), "a\\0D\\0A\\C2\\9B\\00");
    }
}
