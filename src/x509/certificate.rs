//! A certificate: its DER and what certkit reads from it.

use std::collections::HashSet;
use std::fmt;

use aws_lc_rs::digest;
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::X509Extension;
use x509_parser::prelude::FromDer;

use super::algorithm::{self, SignatureCheck, hex};
use super::distinguished_name::DistinguishedName;
use super::encoding::{self, EncodingFault};
use super::extension::{Extensions, MalformedExtension};
use super::signed::Signed;
use crate::der::{self, CONTEXT_0, INTEGER, Malformed, Reader, SEQUENCE};

/// A certificate (RFC 5280 section 4.1), read once. Equality is by DER.
#[derive(Clone)]
#[non_exhaustive]
pub struct Certificate {
    /// All of its bytes.
    pub der: CertificateDer<'static>,
    /// 1, 2 or 3.
    pub version: u32,
    /// Serial number, big endian, as in the DER.
    pub serial: Vec<u8>,
    /// Whom it is for.
    pub subject: DistinguishedName,
    pub issuer: DistinguishedName,
    /// Start of validity, UTC.
    pub not_before: OffsetDateTime,
    /// End of validity, UTC; this second still counts.
    pub not_after: OffsetDateTime,
    pub spki: Vec<u8>,
    /// AlgorithmIdentifier of the signature, whole DER.
    pub signature_algorithm: Vec<u8>,
    /// Whether both places that name the algorithm of the signature agree (RFC 5280 section 4.1.1.2).
    pub signature_algorithms_agree: bool,
    /// Whether it has a unique identifier of the issuer or the subject (RFC 5280 section 4.1.2.8).
    pub has_unique_id: bool,
    /// What is not DER in it.
    pub encoding_faults: Vec<EncodingFault>,
    /// What its extensions say; they can be read as if they were fields of the certificate.
    pub extensions: Extensions,
    tbs: std::ops::Range<usize>,
    signature: Vec<u8>,
}

/// Why bytes are not a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the certificate is damaged: {0}")]
    Der(String),
    #[error("there are {0} more bytes after the certificate")]
    TrailingBytes(usize),
    /// RFC 5280 section 4.2 forbids it.
    #[error("the certificate has the same extension twice")]
    DuplicateExtension,
    #[error("the certificate's extension {0} is malformed")]
    Extension(String),
}

/// Of bytes whose structure is another one.
const NO_CERTIFICATE: &str = "it does not have the structure of a certificate";

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
        let signed = Signed::read(&der).map_err(|Malformed| Error::Der(NO_CERTIFICATE.into()))?;
        // The to-be-signed part is a slice of `der`, right behind the outer header.
        let tbs_start = der.len() - der::contents(&der).map_or(0, <[u8]>::len);
        let tbs = tbs_start..tbs_start + signed.part.len();
        let signature_algorithm = signed.algorithm.to_vec();
        let tbs_algorithm = tbs_signature_algorithm(signed.part).unwrap_or_default();
        if is_known_extension_twice(parsed.extensions()) {
            return Err(Error::DuplicateExtension);
        }
        Ok(Self {
            version: parsed.version().0.saturating_add(1),
            serial: parsed.raw_serial().to_vec(),
            subject: DistinguishedName::new(parsed.subject()),
            issuer: DistinguishedName::new(parsed.issuer()),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            spki: parsed.public_key().raw.to_vec(),
            signature_algorithms_agree: tbs_algorithm == signature_algorithm,
            signature_algorithm,
            has_unique_id: parsed.issuer_uid.is_some() || parsed.subject_uid.is_some(),
            encoding_faults: encoding::faults(&der),
            extensions: Extensions::new(parsed.extensions())
                .map_err(|MalformedExtension(name)| Error::Extension(name))?,
            signature: signed.signature.to_vec(),
            tbs,
            der: CertificateDer::from(der),
        })
    }

    /// Whether subject and issuer are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.subject.matches(&self.issuer)
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
        self.issuer.matches(&issuer.subject)
    }

    /// Whether the key identifiers of both, where both have one, are the same (RFC 5280 section 4.2.1.1).
    pub fn key_id_fits(&self, issuer: &Self) -> bool {
        match (&self.authority_key_id, &issuer.subject_key_id) {
            (Some(wanted), Some(has)) => wanted == has,
            _ => true,
        }
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
        algorithm::spki_sha256(&self.spki)
    }
}

impl std::ops::Deref for Certificate {
    type Target = Extensions;

    fn deref(&self) -> &Extensions {
        &self.extensions
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

/// Whether an extension that means something here is there twice: which of the two counts is not known.
fn is_known_extension_twice(extensions: &[X509Extension<'_>]) -> bool {
    let mut known = extensions.iter().filter(|extension| !extension.parsed_extension().unsupported());
    let mut seen = HashSet::new();
    known.any(|extension| !seen.insert(extension.oid.as_bytes()))
}

/// The AlgorithmIdentifier within the signed part (RFC 5280 section 4.1.2.3), whole DER.
fn tbs_signature_algorithm(tbs: &[u8]) -> Option<&[u8]> {
    let mut parts = Reader::inside(tbs, SEQUENCE).ok()?;
    parts.optional(CONTEXT_0).ok()?;
    parts.expect(INTEGER).ok()?;
    parts.next().ok().map(|algorithm| algorithm.whole)
}

fn plain(error: &x509_parser::nom::Err<X509Error>) -> String {
    match error {
        x509_parser::nom::Err::Incomplete(_) => "it is cut off".into(),
        x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error) => match error {
            X509Error::NomError(_) => {
                "it is cut off, or its header declares more bytes than there are".into()
            }
            X509Error::Der(_) => NO_CERTIFICATE.into(),
            other => other.to_string(),
        },
    }
}
