//! What `show` found in a file, or at a server.

use time::OffsetDateTime;

use super::{KeySummary, SubjectName};
use crate::finding::Location;

/// What `show` found in a file.
#[derive(Debug)]
pub struct Shown {
    /// The file, as it was typed.
    pub file: String,
    /// The time that days are counted from.
    pub at: OffsetDateTime,
    /// Everything in it, in order.
    pub items: Vec<ShownItem>,
    /// The certificates as a tree, if there are several: each below the one that signed it.
    pub tree: Vec<TreeLine>,
}

/// One object of a file.
#[derive(Debug)]
pub struct ShownItem {
    /// Its kind, one of the words `certificate`, `certificate_request`, `crl`, `other`, `parameters`, `private_key`,
    /// `public_key`, `server`.
    pub kind: &'static str,
    /// What to call it by.
    pub title: String,
    /// What it says, in the order to show it.
    pub facts: Vec<Fact>,
    pub location: Location,
}

/// One thing that an object says. The name is the same word in JSON.
#[derive(Debug)]
pub struct Fact {
    pub name: &'static str,
    pub value: FactValue,
}

impl Fact {
    /// A fact; its name is one of [`FACTS`].
    pub fn new(name: &'static str, value: FactValue) -> Self {
        debug_assert!(FACTS.iter().any(|(known, _, _)| *known == name), "{name} is described nowhere");
        Self { name, value }
    }
}

/// The value of a fact.
#[derive(Debug)]
pub enum FactValue {
    /// A time at which something ends, UTC; shown with the days that are left.
    End(OffsetDateTime),
    Flag(bool),
    Key(KeySummary),
    List(Vec<String>),
    /// Names with their form.
    Names(Vec<SubjectName>),
    Number(i64),
    /// Serial numbers that were revoked, and when.
    Revoked(Vec<(String, OffsetDateTime)>),
    Text(String),
    Time(OffsetDateTime),
}

/// One certificate of a tree.
#[derive(Debug)]
pub struct TreeLine {
    /// How many stand above it.
    pub depth: usize,
    /// What to call it by.
    pub label: String,
    /// Its issuer's name, where the issuer is not in the file.
    pub missing_issuer: Option<String>,
}

/// Every fact that an object can have: its name, the JSON type, and what it says. `docs/json.md` and the schema are
/// made from this list.
pub const FACTS: &[(&str, FactType, &str)] = &[
    ("address", FactType::Text, "the address and port that answered"),
    ("authority_key_id", FactType::Text, "authority key identifier, hexadecimal"),
    ("bytes", FactType::Number, "size in bytes"),
    ("ca", FactType::Flag, "whether it is a CA certificate"),
    ("cipher", FactType::Text, "the cipher suite, by OpenSSL's name"),
    ("client_certificate", FactType::Flag, "whether the server asked for a client certificate"),
    ("crl_urls", FactType::List, "addresses of its revocation lists"),
    ("encrypted", FactType::Flag, "whether a password protects it"),
    ("excluded_names", FactType::List, "names that a CA is not allowed to issue for"),
    ("extended_key_usage", FactType::List, "purposes (RFC 5280 section 4.2.1.12)"),
    ("first_revoked", FactType::Revoked, "the first entries of a revocation list"),
    ("group", FactType::Text, "the group of the key exchange, by OpenSSL's name"),
    ("issuer", FactType::Text, "the issuer's distinguished name"),
    ("issuer_urls", FactType::List, "addresses of its issuer's certificate"),
    ("key", FactType::Key, "the public key"),
    ("key_proved", FactType::Flag, "whether the server proved that it has the key of its certificate"),
    ("key_usage", FactType::List, "key usage bits (RFC 5280 section 4.2.1.3)"),
    ("names", FactType::Names, "subjectAltName"),
    ("next_update", FactType::Time, "when the next revocation list is due"),
    ("not_after", FactType::Time, "end of validity"),
    ("not_before", FactType::Time, "start of validity"),
    ("number", FactType::Text, "number of the revocation list"),
    ("ocsp_stapled", FactType::Flag, "whether the server sent an OCSP response"),
    ("ocsp_urls", FactType::List, "addresses of its OCSP responders"),
    ("path_length", FactType::Number, "how many CA certificates may follow"),
    ("permitted_names", FactType::List, "names that a CA is allowed to issue for"),
    ("policies", FactType::List, "certificate policies"),
    ("protocol", FactType::Text, "the TLS version, by OpenSSL's name"),
    ("public_key_sha256", FactType::Text, "SHA-256 of the public key (SubjectPublicKeyInfo), hexadecimal"),
    ("revoked", FactType::Number, "how many certificates a revocation list names"),
    ("serial", FactType::Text, "serial number, hexadecimal"),
    ("sha1", FactType::Text, "SHA-1 of the certificate, hexadecimal"),
    ("sha256", FactType::Text, "SHA-256 of the certificate, hexadecimal"),
    ("signature", FactType::Text, "kind of its signature"),
    ("sni", FactType::Text, "the name that was asked for in the handshake"),
    ("starttls", FactType::Text, "the protocol that began before TLS"),
    ("subject", FactType::Text, "the subject's distinguished name"),
    ("subject_key_id", FactType::Text, "subject key identifier, hexadecimal"),
    ("this_update", FactType::Time, "when the revocation list was made"),
    ("unknown_critical_extensions", FactType::List, "critical extensions that clients do not know"),
    ("version", FactType::Number, "version of the certificate"),
];

/// The JSON type of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactType {
    /// `true` or `false`.
    Flag,
    /// An object as `key` of a certificate.
    Key,
    /// A list of strings.
    List,
    /// A list of objects as `names` of a certificate.
    Names,
    Number,
    /// A list of objects with `serial` and `revoked_at`.
    Revoked,
    Text,
    /// An RFC 3339 time.
    Time,
}
