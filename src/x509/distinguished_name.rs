//! A subject or issuer name: its exact bytes for comparing, its parts for reading.

use x509_parser::der_parser::asn1_rs::{Any, Tag};
use x509_parser::oid_registry::{Oid, OidRegistry};
use x509_parser::x509::X509Name;

/// A distinguished name. Two are the same issuer only when their bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName {
    /// The DER of the name.
    pub der: Vec<u8>,
    /// The attributes in order, as `("CN", "test.example")`.
    pub attributes: Vec<(String, String)>,
}

impl DistinguishedName {
    pub(super) fn new(name: &X509Name<'_>) -> Self {
        let attributes = name
            .iter_attributes()
            .map(|attribute| (short_name(attribute.attr_type()), text(attribute.attr_value())))
            .collect();
        Self { der: name.as_raw().to_vec(), attributes }
    }

    /// The last common name, which is the most specific one.
    pub fn common_name(&self) -> Option<&str> {
        self.attributes.iter().rev().find(|(kind, _)| kind == "CN").map(|(_, value)| value.as_str())
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

fn short_name(oid: &Oid<'_>) -> String {
    thread_local! {
        static REGISTRY: OidRegistry<'static> = OidRegistry::default().with_x509();
    }
    REGISTRY.with(|registry| {
        registry.get(oid).map_or_else(
            || oid.to_id_string(),
            |entry| match entry.sn() {
                "commonName" => "CN".into(),
                "organizationName" => "O".into(),
                "organizationalUnit" | "organizationalUnitName" => "OU".into(),
                "countryName" => "C".into(),
                "localityName" => "L".into(),
                "stateOrProvinceName" => "ST".into(),
                other => other.to_owned(),
            },
        )
    })
}

/// The text of an attribute in any of the string types of X.520; hexadecimal where it is none.
fn text(value: &Any<'_>) -> String {
    let units: fn(&[u8]) -> Option<String> = match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            |data| std::str::from_utf8(data).ok().map(str::to_owned)
        }
        // Old CAs put Latin-1 into TeletexString, whatever T.61 says.
        Tag::TeletexString => |data| Some(data.iter().map(|&byte| char::from(byte)).collect()),
        Tag::BmpString => |data| {
            let units = data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        },
        _ => |_| None,
    };
    units(value.data).unwrap_or_else(|| format!("#{}", super::algorithm::hex(value.data)))
}
