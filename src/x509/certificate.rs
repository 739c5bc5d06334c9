//! A certificate: its DER and what certkit reads from it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_lc_rs::digest;
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

use super::algorithm::{self, SignatureCheck, hex};
use super::distinguished_name::DistinguishedName;

/// A certificate (RFC 5280 section 4.1), read once. Equality is by DER.
#[derive(Clone)]
#[non_exhaustive]
pub struct Certificate {
    /// All of its bytes.
    pub der: CertificateDer<'static>,
    /// 1, 2 or 3.
    pub version: u32,
    /// Serial number, big endian, as it stands in the DER.
    pub serial: Vec<u8>,
    /// Whom it is for.
    pub subject: DistinguishedName,
    /// Who signed it.
    pub issuer: DistinguishedName,
    /// Start of validity, UTC.
    pub not_before: OffsetDateTime,
    /// End of validity, UTC; this second still counts.
    pub not_after: OffsetDateTime,
    /// SubjectPublicKeyInfo, whole DER.
    pub spki: Vec<u8>,
    /// AlgorithmIdentifier of the signature, whole DER.
    pub signature_algorithm: Vec<u8>,
    /// Alternative names; `None` when the extension is missing.
    pub subject_alt_names: Option<Vec<SubjectAltName>>,
    /// `None` when the extension is missing.
    pub basic_constraints: Option<BasicConstraints>,
    /// `None` when the extension is missing, which permits everything.
    pub key_usage: Option<KeyUsage>,
    /// Object identifiers of the purposes; `None` when the extension is missing, which permits everything.
    pub extended_key_usage: Option<Vec<String>>,
    /// Subject key identifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// Key identifier of the authority key identifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// Addresses where the issuer's certificate can be had (RFC 5280 section 4.2.2.1).
    pub issuer_urls: Vec<String>,
    /// Object identifiers of critical extensions that certkit does not know.
    pub unknown_critical: Vec<String>,
    tbs: std::ops::Range<usize>,
    signature: Vec<u8>,
}

/// Why bytes are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The DER does not parse.
    #[error("the certificate is damaged: {0}")]
    Der(String),
    /// There is something behind it.
    #[error("there are {0} more bytes behind the certificate")]
    TrailingBytes(usize),
    /// The same extension twice (RFC 5280 section 4.2 forbids it).
    #[error("the certificate has the same extension twice")]
    DuplicateExtension,
    /// An extension that does not parse.
    #[error("the certificate's extension {0} is damaged")]
    Extension(String),
}

/// One alternative name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectAltName {
    /// A host name, possibly with a wildcard, as it stands there.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// A mail address.
    Mail(String),
    /// A URI.
    Uri(String),
    /// Something else, in words.
    Other(String),
}

/// Basic constraints (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub is_ca: bool,
    /// How many intermediates may follow.
    pub path_length: Option<u32>,
    /// Whether marked critical.
    pub critical: bool,
}

/// Key usage (RFC 5280 section 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// Bit 0 (digitalSignature) is the lowest bit.
    pub bits: u16,
    /// Whether marked critical.
    pub critical: bool,
}

impl KeyUsage {
    /// May sign handshakes.
    pub fn digital_signature(self) -> bool {
        self.bits & 1 != 0
    }

    /// May sign certificates.
    pub fn key_cert_sign(self) -> bool {
        self.bits & (1 << 5) != 0
    }
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// When the DER does not parse wholly.
    pub fn from_der(der: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let der = der.into();
        let (rest, parsed) = X509Certificate::from_der(&der).map_err(|error| Error::Der(plain(&error)))?;
        if !rest.is_empty() {
            return Err(Error::TrailingBytes(rest.len()));
        }
        let tbs_der = parsed.tbs_certificate.as_ref();
        // The to-be-signed part is a slice of `der`: right behind the outer header, in front of the signature.
        let tbs_start = der.len() - algorithm::contents(&der).map_or(0, <[u8]>::len);
        let tbs = tbs_start..tbs_start + tbs_der.len();
        let signature_algorithm =
            der.get(tbs.end..).and_then(algorithm::first_element).unwrap_or_default().to_vec();
        let mut certificate = Self {
            version: parsed.version().0 + 1,
            serial: parsed.raw_serial().to_vec(),
            subject: DistinguishedName::new(parsed.subject()),
            issuer: DistinguishedName::new(parsed.issuer()),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            spki: parsed.public_key().raw.to_vec(),
            signature_algorithm,
            subject_alt_names: None,
            basic_constraints: None,
            key_usage: None,
            extended_key_usage: None,
            subject_key_id: None,
            authority_key_id: None,
            issuer_urls: Vec::new(),
            unknown_critical: Vec::new(),
            signature: parsed.signature_value.data.to_vec(),
            tbs,
            der: CertificateDer::from(Vec::new()),
        };
        parsed.extensions_map().map_err(|_| Error::DuplicateExtension)?;
        for extension in parsed.extensions() {
            certificate.take_extension(extension)?;
        }
        certificate.der = CertificateDer::from(der);
        Ok(certificate)
    }

    fn take_extension(
        &mut self,
        extension: &x509_parser::extensions::X509Extension<'_>,
    ) -> Result<(), Error> {
        match extension.parsed_extension() {
            ParsedExtension::ParseError { .. } => return Err(Error::Extension(extension.oid.to_id_string())),
            ParsedExtension::SubjectAlternativeName(names) => {
                self.subject_alt_names = Some(names.general_names.iter().map(SubjectAltName::new).collect());
            }
            ParsedExtension::BasicConstraints(constraints) => {
                self.basic_constraints = Some(BasicConstraints {
                    is_ca: constraints.ca,
                    path_length: constraints.path_len_constraint,
                    critical: extension.critical,
                });
            }
            ParsedExtension::KeyUsage(usage) => {
                self.key_usage = Some(KeyUsage { bits: usage.flags, critical: extension.critical });
            }
            ParsedExtension::ExtendedKeyUsage(usage) => self.extended_key_usage = Some(purposes(usage)),
            ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key_id = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                for description in &access.accessdescs {
                    // id-ad-caIssuers
                    if description.access_method.to_id_string() == "1.3.6.1.5.5.7.48.2"
                        && let GeneralName::URI(uri) = description.access_location
                    {
                        self.issuer_urls.push(uri.to_owned());
                    }
                }
            }
            ParsedExtension::UnsupportedExtension { .. } | ParsedExtension::Unparsed
                if extension.critical =>
            {
                self.unknown_critical.push(extension.oid.to_id_string());
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether subject and issuer are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.subject.der == self.issuer.der
    }

    /// Whether it is signed by its own key.
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.signature_by(self) != SignatureCheck::Invalid
    }

    /// Whether it says that it is a CA. A certificate of version 1 cannot say; a self-signed one counts as a CA.
    pub fn is_ca(&self) -> bool {
        match self.basic_constraints {
            Some(constraints) => constraints.is_ca,
            None => self.version < 3 && self.is_self_issued(),
        }
    }

    /// Whether this certificate's signature was made by `issuer`'s key.
    pub fn signature_by(&self, issuer: &Self) -> SignatureCheck {
        algorithm::verify(
            &self.signature_algorithm,
            &issuer.spki,
            &self.der[self.tbs.clone()],
            &self.signature,
        )
    }

    /// Whether `issuer`'s name is the one in this certificate. Names may be the same and keys differ.
    pub fn names_issuer(&self, issuer: &Self) -> bool {
        self.issuer.der == issuer.subject.der
    }

    /// Whether `time` is within its validity.
    pub fn is_valid_at(&self, time: OffsetDateTime) -> bool {
        self.not_before <= time && time <= self.not_after
    }

    /// The name to call it by: the common name, else the first alternative name, else the subject.
    pub fn label(&self) -> String {
        let first_name = || self.subject_alt_names.as_ref()?.first().map(ToString::to_string);
        self.subject
            .common_name()
            .map(str::to_owned)
            .or_else(first_name)
            .unwrap_or_else(|| self.subject.to_string())
    }

    /// Serial number in lower-case hexadecimal.
    pub fn serial_hex(&self) -> String {
        hex(&self.serial)
    }

    /// SHA-256 of the DER in lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        hex(digest::digest(&digest::SHA256, &self.der).as_ref())
    }

    /// SHA-256 of the public key in lower-case hexadecimal, to compare it with a private key's.
    pub fn spki_sha256(&self) -> String {
        hex(digest::digest(&digest::SHA256, &self.spki).as_ref())
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.label())
    }
}

impl SubjectAltName {
    pub(super) fn new(name: &GeneralName<'_>) -> Self {
        match name {
            GeneralName::DNSName(name) => Self::Dns((*name).to_owned()),
            GeneralName::RFC822Name(name) => Self::Mail((*name).to_owned()),
            GeneralName::URI(uri) => Self::Uri((*uri).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes)
                .map_or_else(|| Self::Other(format!("address of {} bytes", bytes.len())), Self::Ip),
            other => Self::Other(other.to_string()),
        }
    }
}

impl fmt::Display for SubjectAltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Mail(name) | Self::Uri(name) | Self::Other(name) => f.write_str(name),
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

fn purposes(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (usage.any, "2.5.29.37.0"),
        (usage.server_auth, "1.3.6.1.5.5.7.3.1"),
        (usage.client_auth, "1.3.6.1.5.5.7.3.2"),
        (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
        (usage.email_protection, "1.3.6.1.5.5.7.3.4"),
        (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
        (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
    ];
    let known = known.into_iter().filter(|(set, _)| *set).map(|(_, oid)| oid.to_owned());
    known.chain(usage.other.iter().map(x509_parser::oid_registry::Oid::to_id_string)).collect()
}

fn plain(error: &x509_parser::nom::Err<x509_parser::error::X509Error>) -> String {
    match error {
        x509_parser::nom::Err::Incomplete(_) => "it is cut off".into(),
        x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error) => error.to_string(),
    }
}
