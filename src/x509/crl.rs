//! Certificate revocation lists (RFC 5280 section 5): who was revoked, and whether the list may be believed.

use std::collections::HashMap;

use time::OffsetDateTime;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::algorithm::{self, SignatureCheck};
use super::certificate::Certificate;
use super::distinguished_name::DistinguishedName;
use super::signed::Signed;
use crate::der::{Malformed, SEQUENCE, bits, element, oid};

/// A revocation list, read once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Crl {
    /// Whose list it is.
    pub issuer: DistinguishedName,
    /// When it was made.
    pub this_update: OffsetDateTime,
    /// When the next one is due; RFC 5280 section 5.1.2.5 wants it to be there.
    pub next_update: Option<OffsetDateTime>,
    /// What the extension cRLNumber is like.
    pub number: CrlNumber,
    /// Its value, big endian without zeros in front; `None` where the extension is missing.
    pub number_value: Option<Vec<u8>>,
    /// Which certificates it covers.
    pub scope: Scope,
    /// Key identifier of the authority key identifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// Object identifiers of critical extensions that certkit does not know, of the list or of an entry.
    pub unknown_critical: Vec<String>,
    revoked: HashMap<Vec<u8>, Revocation>,
    signature_algorithm: Vec<u8>,
    tbs: Vec<u8>,
    signature: Vec<u8>,
}

/// An entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub date: OffsetDateTime,
    /// CRLReason (RFC 5280 section 5.3.1) as a phrase; `None` when the list does not give one.
    pub reason: Option<&'static str>,
    /// CRLReason as its number; 0 (unspecified) when the list does not give one.
    pub reason_code: u8,
}

/// cRLNumber (RFC 5280 section 5.2.3): must be there and must not be critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrlNumber {
    /// As it should be.
    Good,
    Critical,
    Missing,
}

/// Which certificates a list covers (RFC 5280 section 5.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of the issuer's.
    All,
    Attribute,
    Ca,
    /// What certkit does not process: a delta list, an indirect one, or one for some reasons only.
    Partial,
    /// All but CA certificates.
    User,
}

/// Why bytes are not a revocation list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The DER does not parse.
    #[error("the revocation list is damaged: {0}")]
    Der(String),
    /// An extension that does not parse.
    #[error("the extension {0} of the revocation list is malformed")]
    Extension(String),
}

/// Of bytes whose structure is another one.
const NO_LIST: &str = "it does not have the structure of a list";

impl Crl {
    /// Reads a list.
    ///
    /// # Errors
    /// When the DER does not parse wholly.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let (rest, parsed) =
            CertificateRevocationList::from_der(der).map_err(|_| Error::Der(NO_LIST.into()))?;
        if !rest.is_empty() {
            return Err(Error::Der(format!("there are {} more bytes after it", rest.len())));
        }
        let signed = Signed::read(der).map_err(|Malformed| Error::Der(NO_LIST.into()))?;
        let mut crl = Self {
            issuer: DistinguishedName::new(parsed.issuer()),
            this_update: parsed.last_update().to_datetime(),
            next_update: parsed.next_update().map(|time| time.to_datetime()),
            number: CrlNumber::Missing,
            number_value: None,
            scope: Scope::All,
            authority_key_id: None,
            unknown_critical: Vec::new(),
            revoked: HashMap::new(),
            signature_algorithm: signed.algorithm.to_vec(),
            tbs: signed.part.to_vec(),
            signature: signed.signature.to_vec(),
        };
        for extension in parsed.extensions() {
            crl.take_extension(extension)?;
        }
        for entry in parsed.iter_revoked_certificates() {
            let mut reason_code = 0;
            for extension in entry.extensions() {
                match extension.parsed_extension() {
                    ParsedExtension::ParseError { .. } => {
                        return Err(Error::Extension(extension.oid.to_id_string()));
                    }
                    ParsedExtension::ReasonCode(code) => reason_code = code.0,
                    ParsedExtension::UnsupportedExtension { .. } if extension.critical => {
                        crl.unknown_critical.push(extension.oid.to_id_string());
                    }
                    _ => {}
                }
            }
            let (date, reason) = (entry.revocation_date.to_datetime(), reason_phrase(reason_code));
            let revocation = Revocation { date, reason, reason_code };
            crl.revoked.insert(number(entry.raw_serial()).to_vec(), revocation);
        }
        Ok(crl)
    }

    fn take_extension(
        &mut self,
        extension: &x509_parser::extensions::X509Extension<'_>,
    ) -> Result<(), Error> {
        match extension.parsed_extension() {
            ParsedExtension::ParseError { .. } => {
                return Err(Error::Extension(extension.oid.to_id_string()));
            }
            ParsedExtension::CRLNumber(value) => {
                self.number_value = Some(number(&value.to_bytes_be()).to_vec());
                self.number = if extension.critical { CrlNumber::Critical } else { CrlNumber::Good };
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            ParsedExtension::IssuingDistributionPoint(point) => {
                self.scope = if point.indirect_crl || point.only_some_reasons.is_some() {
                    Scope::Partial
                } else if point.only_contains_attribute_certs {
                    Scope::Attribute
                } else if point.only_contains_ca_certs {
                    Scope::Ca
                } else if point.only_contains_user_certs {
                    Scope::User
                } else {
                    Scope::All
                };
            }
            ParsedExtension::UnsupportedExtension { oid } => {
                if oid::DELTA_CRL_INDICATOR.is(oid.as_bytes()) {
                    self.scope = Scope::Partial;
                } else if extension.critical {
                    self.unknown_critical.push(oid.to_id_string());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// How many certificates are on it.
    pub fn count(&self) -> usize {
        self.revoked.len()
    }

    /// The serial numbers on it, big endian without zeros in front, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], Revocation)> {
        self.revoked.iter().map(|(serial, revocation)| (serial.as_slice(), *revocation))
    }

    /// What the list says of this certificate, which must be one of its issuer's.
    pub fn revocation(&self, certificate: &Certificate) -> Option<Revocation> {
        self.revoked.get(number(&certificate.serial)).copied()
    }

    /// The whole list again.
    pub fn der(&self) -> Vec<u8> {
        element(SEQUENCE, &[&self.tbs, &self.signature_algorithm, &bits(&self.signature)])
    }

    /// Whether the list's signature was made by `issuer`'s key.
    pub fn signature_by(&self, issuer: &Certificate) -> SignatureCheck {
        algorithm::verify(&self.signature_algorithm, &issuer.spki, &self.tbs, &self.signature)
    }
}

/// A serial number without the zeros in front.
fn number(serial: &[u8]) -> &[u8] {
    let start = serial.iter().position(|&byte| byte != 0).unwrap_or(serial.len());
    &serial[start..]
}

/// A CRLReason (RFC 5280 section 5.3.1) as part of a sentence; `None` for unspecified.
pub fn reason_phrase(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "its key was compromised",
        2 => "the CA's key was compromised",
        3 => "its owner's affiliation changed",
        4 => "it was superseded",
        5 => "its service ceased",
        6 => "it is on hold",
        9 => "a privilege was withdrawn",
        10 => "the attribute authority was compromised",
        _ => return None,
    })
}
