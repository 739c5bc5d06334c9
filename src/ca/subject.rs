//! The subject of a certificate to be made: a distinguished name as bytes, however it came.

use crate::der::oid::{self, Oid};
use crate::der::{self, IA5_STRING, PRINTABLE_STRING, SEQUENCE, SET, UTF8_STRING, element};
use crate::x509::DistinguishedName;

/// Upper bound of a common name (RFC 5280 appendix A.1, ub-common-name).
pub(super) const MAX_COMMON_NAME: usize = 64;

/// A distinguished name. Attributes may be repeated and stand together in one RDN: it is kept as
/// the bytes that go into the certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The RDNs in order; a copied name is one piece.
    rdns: Vec<Rdn>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rdn {
    der: Vec<u8>,
    common_name: Option<String>,
}

/// A text that is not a distinguished name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid distinguished name: {reason}")]
pub struct InvalidSubject {
    pub text: String,
    pub reason: String,
}

/// An attribute that has a short name: that, its object identifier, its string type, and how many
/// characters it may have (RFC 5280 appendix A.1).
struct Known(&'static str, Oid, u8, usize);

const KNOWN: &[Known] = &[
    Known("CN", oid::COMMON_NAME, UTF8_STRING, 64),
    Known("SN", oid::SURNAME, UTF8_STRING, 64),
    Known("serialNumber", oid::SERIAL_NUMBER, PRINTABLE_STRING, 64),
    Known("C", oid::COUNTRY, PRINTABLE_STRING, 2),
    Known("L", oid::LOCALITY, UTF8_STRING, 128),
    Known("ST", oid::STATE_OR_PROVINCE, UTF8_STRING, 128),
    Known("street", oid::STREET_ADDRESS, UTF8_STRING, 128),
    Known("O", oid::ORGANIZATION, UTF8_STRING, 64),
    Known("OU", oid::ORGANIZATIONAL_UNIT, UTF8_STRING, 64),
    Known("title", oid::TITLE, UTF8_STRING, 64),
    Known("GN", oid::GIVEN_NAME, UTF8_STRING, 64),
    Known("UID", oid::USER_ID, UTF8_STRING, 256),
    Known("DC", oid::DOMAIN_COMPONENT, IA5_STRING, 63),
    Known("emailAddress", oid::EMAIL_ADDRESS, IA5_STRING, 255),
];

impl Subject {
    /// A name with a common name alone. At most 64 characters go into a certificate; the rest is
    /// cut.
    pub fn common_name(name: &str) -> Self {
        Self::default().with_common_name(name)
    }

    /// The same name with a common name appended.
    #[must_use]
    pub fn with_common_name(mut self, name: &str) -> Self {
        let name: String = name.chars().take(MAX_COMMON_NAME).collect();
        let attribute =
            element(SEQUENCE, &[oid::COMMON_NAME.der(), &element(UTF8_STRING, &[name.as_bytes()])]);
        self.rdns.push(Rdn { der: element(SET, &[&attribute]), common_name: Some(name) });
        self
    }

    /// The same name with another common name appended, instead of those it has.
    #[must_use]
    pub fn renamed(mut self, name: &str) -> Self {
        self.rdns.retain(|rdn| rdn.common_name.is_none());
        self.with_common_name(name)
    }

    /// Another certificate's or request's name, byte for byte.
    pub fn copied(name: &DistinguishedName) -> Self {
        let der = der::contents(&name.der).unwrap_or_default().to_vec();
        let common_name = name.common_name().map(str::to_owned);
        Self { rdns: if der.is_empty() { Vec::new() } else { vec![Rdn { der, common_name }] } }
    }

    /// Another certificate's name without its common names.
    pub fn copied_without_common_name(name: &DistinguishedName) -> Self {
        let is_common_name = |rdn: &der::Element<'_>| {
            der::elements(rdn.contents)
                .any(|attribute| attribute.contents.starts_with(oid::COMMON_NAME.der()))
        };
        let rdns = der::elements(der::contents(&name.der).unwrap_or_default());
        let rdns = rdns.filter(|rdn| !is_common_name(rdn));
        Self { rdns: rdns.map(|rdn| Rdn { der: rdn.whole.to_vec(), common_name: None }).collect() }
    }

    /// Reads `CN=name,O=team,OU=a,OU=b` or `/O=team/OU=a/CN=name`, in the order that is typed. `+`
    /// puts two attributes into one RDN; a backslash takes the next character as it is.
    ///
    /// # Errors
    /// [`InvalidSubject`] with the reason.
    pub fn parse(text: &str) -> Result<Self, InvalidSubject> {
        Self::read(text).map_err(|reason| InvalidSubject { text: text.to_owned(), reason })
    }

    fn read(text: &str) -> Result<Self, String> {
        let (separator, rest) = match text.trim().strip_prefix('/') {
            Some(rest) => ('/', rest),
            None => (',', text.trim()),
        };
        let mut subject = Self::default();
        for rdn in split(rest, separator) {
            let (mut attributes, mut common_name) = (Vec::new(), None);
            for attribute in split(&rdn, '+') {
                let (name, value) = attribute
                    .split_once('=')
                    .ok_or_else(|| format!("`{attribute}` needs a = between name and value"))?;
                let (name, value) = (name.trim(), unescaped(value.trim()));
                if name.eq_ignore_ascii_case("CN") {
                    common_name = Some(value.clone());
                }
                attributes.push(encoded(name, &value)?);
            }
            // DER sorts the members of a SET (X.690 section 11.6).
            attributes.sort();
            let parts: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
            subject.rdns.push(Rdn { der: element(SET, &parts), common_name });
        }
        Ok(subject)
    }

    /// Its common name; the last one where there are several.
    pub fn name(&self) -> Option<&str> {
        self.rdns.iter().rev().find_map(|rdn| rdn.common_name.as_deref())
    }

    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// The whole name, as DER.
    pub fn to_der(&self) -> Vec<u8> {
        let parts: Vec<&[u8]> = self.rdns.iter().map(|rdn| rdn.der.as_slice()).collect();
        element(SEQUENCE, &parts)
    }
}

fn encoded(name: &str, value: &str) -> Result<Vec<u8>, String> {
    if value.is_empty() {
        return Err(format!("{name} has no value"));
    }
    let known = KNOWN.iter().find(|known| known.0.eq_ignore_ascii_case(name) || known.1.text == name);
    let (kind, tag, most) = match known {
        Some(&Known(_, kind, tag, most)) => (Some(kind.der().to_vec()), tag, most),
        None => (oid::from_text(name), UTF8_STRING, 255),
    };
    let kind = kind.ok_or_else(|| {
        let names: Vec<_> = KNOWN.iter().map(|known| known.0).collect();
        format!("unknown attribute `{name}` (known: {}, or a number such as 2.5.4.3)", names.join(", "))
    })?;
    let length = value.chars().count();
    if kind == oid::COUNTRY.der() && !(length == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Err("C must be a country code of two capital letters, such as DE".into());
    }
    if length > most {
        return Err(format!("{name} has {length} characters; at most {most} are allowed"));
    }
    let fits = match tag {
        IA5_STRING => value.is_ascii(),
        // X.680 section 41.4.
        PRINTABLE_STRING => {
            value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte))
        }
        _ => true,
    };
    if !fits || value.chars().any(char::is_control) {
        return Err(format!("{name} contains a character that is not allowed"));
    }
    Ok(element(SEQUENCE, &[&kind, &element(tag, &[value.as_bytes()])]))
}

/// The parts between separators without a backslash before them; backslashes stay, empty parts go.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if c == separator && !escaped {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_spellings_give_one_name() {
        let comma = Subject::parse("C=DE, O=Team\\, the, OU=A,OU=B, CN=x/y").unwrap();
        let slash = Subject::parse("/C=DE/O=Team, the/OU=A/OU=B/CN=x\\/y").unwrap();
        assert_eq!(comma, slash);
        assert_eq!(comma.name(), Some("x/y"));
        let renamed = comma.clone().renamed("z");
        assert_eq!((renamed.name(), renamed.rdns.len()), (Some("z"), comma.rdns.len()));
        let der = comma.to_der();
        assert_eq!(der.windows(5).filter(|window| window[..4] == [3, 0x55, 4, 11]).count(), 2);
    }

    #[test]
    fn what_is_no_name() {
        for bad in
            ["CN", "CN=", "=x", "C=Germany", "XX=1", "C=de", "serialNumber=ä", "emailAddress=ä@x", "CN=a\nb"]
        {
            assert!(Subject::parse(bad).is_err(), "{bad}");
        }
        assert!(Subject::parse(&format!("CN={}", "ä".repeat(64))).is_ok());
        assert!(Subject::parse(&format!("CN={}", "ä".repeat(65))).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[/,=+\\\\A-Za-z. ]{0,40}|\\PC{0,40}") {
            let _ = Subject::parse(&text);
        }
    }
}
