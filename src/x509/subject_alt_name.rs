//! An alternative name of a certificate (GeneralName, RFC 5280 section 4.2.1.6).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use x509_parser::extensions::GeneralName;

use super::distinguished_name::{DistinguishedName, on_one_line};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectAltName {
    Directory(DistinguishedName),
    /// A host name, possibly with a wildcard, as it stands there.
    Dns(String),
    Ip(IpAddr),
    Mail(String),
    /// What is not well-formed, such as an address of five bytes. The tag is that of its form in GeneralName.
    Malformed {
        tag: u8,
        /// What is there instead.
        text: String,
    },
    /// A form that certkit does not read. The tag is that of its form in GeneralName.
    Other {
        tag: u8,
        text: String,
    },
    Uri(String),
}

impl SubjectAltName {
    pub(super) fn new(name: &GeneralName<'_>) -> Self {
        let malformed = |tag, text| Self::Malformed { tag, text };
        match name {
            // "IA5String is limited to the set of ASCII characters" (RFC 5280 section 7.2).
            GeneralName::DNSName(name) if !name.is_ascii() => malformed(2, (*name).to_owned()),
            GeneralName::DNSName(name) => Self::Dns((*name).to_owned()),
            GeneralName::RFC822Name(name) if !name.is_ascii() => malformed(1, (*name).to_owned()),
            GeneralName::RFC822Name(name) => Self::Mail((*name).to_owned()),
            GeneralName::URI(uri) => Self::Uri((*uri).to_owned()),
            GeneralName::IPAddress(bytes) => match address(bytes) {
                Some(address) => Self::Ip(address),
                None => malformed(7, format!("address of {} bytes", bytes.len())),
            },
            GeneralName::DirectoryName(name) => Self::Directory(DistinguishedName::new(name)),
            GeneralName::OtherName(oid, _) => Self::Other { tag: 0, text: format!("other name {oid}") },
            GeneralName::X400Address(_) => Self::Other { tag: 3, text: "X.400 address".into() },
            GeneralName::EDIPartyName(_) => Self::Other { tag: 5, text: "EDI party name".into() },
            GeneralName::RegisteredID(oid) => Self::Other { tag: 8, text: format!("registered {oid}") },
            GeneralName::Invalid(tag, bytes) => {
                malformed(u8::try_from(tag.0).unwrap_or(u8::MAX), format!("{} bytes", bytes.len()))
            }
        }
    }
}

impl fmt::Display for SubjectAltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(text)
            | Self::Mail(text)
            | Self::Uri(text)
            | Self::Malformed { text, .. }
            | Self::Other { text, .. } => f.write_str(&on_one_line(text)),
            Self::Directory(name) => name.fmt(f),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(octets).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|octets| Ipv6Addr::from(octets).into())
}
