//! OCSP responses (RFC 6960): what a responder says of certificates, and whether it may be believed.

#[cfg(test)]
mod tests;

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use time::OffsetDateTime;
use time::PrimitiveDateTime;
use time::macros::format_description;

use crate::der::{
    self, BIT_STRING, CONTEXT_0, CONTEXT_1, ENUMERATED, GENERALIZED_TIME, INTEGER, Malformed, OCTET_STRING,
    OID, Reader, SEQUENCE, context, context_constructed, oid,
};
use crate::sys::clock::date_time;
use crate::x509::algorithm::{self, SignatureCheck};
use crate::x509::certificate::Certificate;
use crate::x509::signed::Signed;

/// A successful response of the type id-pkix-ocsp-basic.
#[derive(Clone, Debug)]
pub struct OcspResponse {
    der: Vec<u8>,
    responder: Responder,
    statuses: Vec<CertificateStatus>,
    /// Those that came along: of a responder that the issuer has authorized, and perhaps others.
    certificates: Vec<Certificate>,
    signature_algorithm: Vec<u8>,
    tbs: Vec<u8>,
    signature: Vec<u8>,
}

/// A response that a server sends along with its certificate (RFC 6066 section 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staple {
    pub der: Vec<u8>,
    /// From then on it says nothing any more: its nextUpdate, or the end of its responder's certificate.
    pub until: OffsetDateTime,
}

/// ResponderID: who says that it has made the response.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Responder {
    /// Name, whole DER.
    Name(Vec<u8>),
    /// SHA-1 of the public key.
    KeyHash(Vec<u8>),
}

/// SingleResponse.
#[derive(Clone, Debug)]
struct CertificateStatus {
    /// Object identifier of the hash, without its header.
    hash: Vec<u8>,
    issuer_name_hash: Vec<u8>,
    issuer_key_hash: Vec<u8>,
    serial: Vec<u8>,
    status: Status,
    this_update: OffsetDateTime,
    next_update: Option<OffsetDateTime>,
}

/// CertStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Good,
    Revoked(OffsetDateTime),
    Unknown,
}

/// Why a response cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OcspError {
    #[error("its signature does not verify with the key of `{0}`")]
    BadSignature(String),
    #[error("it does not have the structure of an OCSP response, or it is damaged")]
    Damaged,
    #[error("it expired on {}", date_time(*.0))]
    Expired(OffsetDateTime),
    /// Clients would not accept who made it.
    #[error(
        "it is signed by neither the issuer `{0}` nor a responder whose certificate is in it, was issued by `{0}` \
         for OCSPSigning, and is valid"
    )]
    NoResponder(String),
    #[error("it does not say until when it is valid (nextUpdate)")]
    NoNextUpdate,
    #[error("it is not valid before {}", date_time(*.0))]
    NotYetValid(OffsetDateTime),
    /// The certificate has the same serial number, and its issuer the same name.
    #[error("it is about a certificate of another CA, whose name is `{0}` too")]
    OtherIssuer(String),
    #[error("the certificate was revoked on {}", date_time(*.0))]
    Revoked(OffsetDateTime),
    #[error("the responder does not know the certificate")]
    Unknown,
    /// RFC 6960 section 4.2.1.
    #[error("the responder did not answer: {0}")]
    Unsuccessful(&'static str),
    #[error("its signature is of an algorithm that clients do not accept")]
    UnsupportedSignature,
    #[error("it is of a type other than id-pkix-ocsp-basic")]
    UnsupportedType,
}

impl From<Malformed> for OcspError {
    fn from(Malformed: Malformed) -> Self {
        Self::Damaged
    }
}

impl OcspResponse {
    /// Reads a response.
    ///
    /// # Errors
    /// When the DER does not parse wholly, or the response says nothing of any certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, OcspError> {
        let mut response = Reader::inside(der, SEQUENCE)?;
        if let Some(refused) = refusal_of(response.expect(ENUMERATED)?)? {
            return Err(OcspError::Unsuccessful(refused));
        }
        let mut bytes = Reader::inside(response.expect(CONTEXT_0)?, SEQUENCE)?;
        response.end()?;
        if !oid::OCSP_BASIC.is(bytes.expect(OID)?) {
            return Err(OcspError::UnsupportedType);
        }
        let basic = bytes.expect(OCTET_STRING)?;
        bytes.end()?;

        let mut basic = Reader::inside(basic, SEQUENCE)?;
        let signed = Signed::begin(&mut basic)?;
        let mut certificates = Vec::new();
        if let Some(list) = basic.optional(CONTEXT_0)? {
            let mut list = Reader::inside(list, SEQUENCE)?;
            while !list.is_at_end() {
                let certificate = Certificate::from_der(list.next()?.whole);
                certificates.push(certificate.map_err(|_| OcspError::Damaged)?);
            }
        }
        basic.end()?;

        let mut data = Reader::inside(signed.part, SEQUENCE)?;
        if let Some(version) = data.optional(CONTEXT_0)? {
            // v1, the only one there is, should be left out, and some responders write it.
            Reader::inside(version, INTEGER)?;
        }
        let responder = Responder::read(&mut data)?;
        data.expect(GENERALIZED_TIME)?;
        let mut list = Reader::new(data.expect(SEQUENCE)?);
        let mut statuses = Vec::new();
        while !list.is_at_end() {
            statuses.push(CertificateStatus::read(list.expect(SEQUENCE)?)?);
        }
        data.optional(CONTEXT_1)?;
        data.end()?;
        Ok(Self {
            der: der.to_vec(),
            responder,
            statuses,
            certificates,
            signature_algorithm: signed.algorithm.to_vec(),
            tbs: signed.part.to_vec(),
            signature: signed.signature.to_vec(),
        })
    }

    /// Whether it is about the certificate with this issuer's name and serial number.
    pub fn names(&self, certificate: &Certificate) -> bool {
        self.statuses.iter().any(|status| status.names(certificate))
    }

    /// The response for this certificate of `issuer`, if a server may send it `now`.
    ///
    /// # Errors
    /// When it says anything else than that the certificate is good, it is not valid now, or not signed by somebody who
    /// can say so.
    pub fn staple(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        now: OffsetDateTime,
    ) -> Result<Staple, OcspError> {
        let named = self.statuses.iter().filter(|status| status.names(certificate));
        let status = { named }
            .find(|status| status.is_key(issuer))
            .ok_or_else(|| OcspError::OtherIssuer(issuer.label()))?;
        let responder = self.responder_for(issuer, now)?;
        match algorithm::verify(&self.signature_algorithm, &responder.spki, &self.tbs, &self.signature) {
            SignatureCheck::Valid => {}
            SignatureCheck::Invalid => return Err(OcspError::BadSignature(responder.label())),
            SignatureCheck::Unsupported => return Err(OcspError::UnsupportedSignature),
        }
        match status.status {
            Status::Good => {}
            Status::Revoked(date) => return Err(OcspError::Revoked(date)),
            Status::Unknown => return Err(OcspError::Unknown),
        }
        let next_update = status.next_update.ok_or(OcspError::NoNextUpdate)?;
        if now < status.this_update {
            return Err(OcspError::NotYetValid(status.this_update));
        }
        if next_update <= now {
            return Err(OcspError::Expired(next_update));
        }
        Ok(Staple { der: self.der.clone(), until: next_update.min(responder.not_after) })
    }

    /// Whose key must have signed it (RFC 6960 section 4.2.2.2): the issuer's, or that of a responder which the issuer
    /// itself has authorized. The third way, a responder that clients are told to trust, is none for clients on the web.
    fn responder_for<'a>(
        &'a self,
        issuer: &'a Certificate,
        now: OffsetDateTime,
    ) -> Result<&'a Certificate, OcspError> {
        if self.responder.is(issuer) {
            return Ok(issuer);
        }
        let is_authorized = |certificate: &&Certificate| {
            let mut purposes = certificate.extended_key_usage.iter().flatten();
            self.responder.is(certificate)
                && purposes.any(|purpose| purpose == oid::OCSP_SIGNING.text)
                && certificate.is_valid_at(now)
                && certificate.names_issuer(issuer)
                && certificate.signature_by(issuer) == SignatureCheck::Valid
        };
        let delegated = self.certificates.iter().find(is_authorized);
        delegated.ok_or_else(|| OcspError::NoResponder(issuer.label()))
    }
}

impl Responder {
    fn read(data: &mut Reader<'_>) -> Result<Self, Malformed> {
        let id = data.next()?;
        if id.tag == CONTEXT_1 {
            let name = Reader::inside(id.contents, SEQUENCE).map(|_| id.contents)?;
            Ok(Self::Name(name.to_vec()))
        } else if id.tag == context_constructed(2) {
            let mut hash = Reader::new(id.contents);
            let key_hash = hash.expect(OCTET_STRING)?.to_vec();
            hash.end()?;
            Ok(Self::KeyHash(key_hash))
        } else {
            Err(Malformed)
        }
    }

    fn is(&self, certificate: &Certificate) -> bool {
        match self {
            Self::Name(name) => *name == certificate.subject.der,
            Self::KeyHash(hash) => public_key(certificate)
                .is_some_and(|key| digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, key).as_ref() == hash),
        }
    }
}

impl CertificateStatus {
    /// From the contents of a SingleResponse.
    fn read(contents: &[u8]) -> Result<Self, Malformed> {
        let mut parts = Reader::new(contents);
        let mut id = Reader::new(parts.expect(SEQUENCE)?);
        let mut algorithm = Reader::new(id.expect(SEQUENCE)?);
        let hash = algorithm.expect(OID)?.to_vec();
        let issuer_name_hash = id.expect(OCTET_STRING)?.to_vec();
        let issuer_key_hash = id.expect(OCTET_STRING)?.to_vec();
        let serial = id.expect(INTEGER)?.to_vec();
        id.end()?;
        let status = parts.next()?;
        let status = if status.tag == context(0) && status.contents.is_empty() {
            Status::Good
        } else if status.tag == CONTEXT_1 {
            Status::Revoked(generalized_time(Reader::new(status.contents).expect(GENERALIZED_TIME)?)?)
        } else if status.tag == context(2) && status.contents.is_empty() {
            Status::Unknown
        } else {
            return Err(Malformed);
        };
        let this_update = generalized_time(parts.expect(GENERALIZED_TIME)?)?;
        let next_update = parts.optional(CONTEXT_0)?.map(|contents| {
            let mut time = Reader::new(contents);
            let next_update = generalized_time(time.expect(GENERALIZED_TIME)?);
            time.end()?;
            next_update
        });
        parts.optional(CONTEXT_1)?;
        parts.end()?;
        Ok(Self {
            hash,
            issuer_name_hash,
            issuer_key_hash,
            serial,
            status,
            this_update,
            next_update: next_update.transpose()?,
        })
    }

    fn names(&self, certificate: &Certificate) -> bool {
        self.serial == certificate.serial
            && self.hashed(&certificate.issuer.der).is_some_and(|hash| hash == self.issuer_name_hash)
    }

    fn is_key(&self, issuer: &Certificate) -> bool {
        let hash = public_key(issuer).and_then(|key| self.hashed(key));
        hash.is_some_and(|hash| hash == self.issuer_key_hash)
    }

    /// `None` for a hash that no responder uses.
    fn hashed(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let algorithm = if oid::SHA1.is(&self.hash) {
            &SHA1_FOR_LEGACY_USE_ONLY
        } else if oid::SHA256.is(&self.hash) {
            &SHA256
        } else {
            return None;
        };
        Some(digest::digest(algorithm, bytes).as_ref().to_vec())
    }
}

/// The bits of the public key, without algorithm and without the octet that counts unused bits.
fn public_key(certificate: &Certificate) -> Option<&[u8]> {
    let mut parts = Reader::new(der::contents(&certificate.spki)?);
    parts.expect(SEQUENCE).ok()?;
    parts.expect(BIT_STRING).ok()?.split_first().map(|(_, key)| key)
}

/// OCSPResponseStatus (RFC 6960 section 4.2.1), by its name there; `None` is `successful`.
fn refusal_of(status: &[u8]) -> Result<Option<&'static str>, Malformed> {
    Ok(Some(match status {
        [0] => return Ok(None),
        [1] => "malformedRequest",
        [2] => "internalError",
        [3] => "tryLater",
        [5] => "sigRequired",
        [6] => "unauthorized",
        _ => return Err(Malformed),
    }))
}

/// The one form that RFC 5280 section 4.1.2.5.2 leaves: to the second, in UTC.
fn generalized_time(contents: &[u8]) -> Result<OffsetDateTime, Malformed> {
    let (digits, zone) = contents.split_at_checked(14).ok_or(Malformed)?;
    if zone != b"Z" || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Malformed);
    }
    let format = format_description!("[year][month][day][hour][minute][second]");
    let text = str::from_utf8(digits).map_err(|_| Malformed)?;
    PrimitiveDateTime::parse(text, format).map(PrimitiveDateTime::assume_utc).map_err(|_| Malformed)
}
