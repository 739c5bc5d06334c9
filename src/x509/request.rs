//! A request for a certificate (RFC 2986): what it asks for, and whether who asks has the key.
//!
//! Requests come from programs of thirty years, so everything that is not needed may be there in any form: attributes
//! are walked, and those that are not understood are passed over.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
};
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::algorithm::{self, SignatureCheck, signature_description};
use super::details::Damaged;
use super::distinguished_name::DistinguishedName;
use super::extension::purposes;
use super::signed::Signed;
use super::subject_alt_name::SubjectAltName;
use crate::der::{BIT_STRING, CONTEXT_0, INTEGER, Malformed, OID, Reader, SEQUENCE, SET, oid};

/// A request for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// Whom it is for.
    pub subject: DistinguishedName,
    /// Alternative names that are asked for.
    pub names: Vec<SubjectAltName>,
    /// Whether it asks to become a CA.
    pub asks_for_ca: bool,
    /// Object identifiers of the purposes that are asked for.
    pub extended_key_usage: Vec<String>,
    /// Object identifiers of all other extensions that are asked for.
    pub other_extensions: Vec<String>,
    pub spki: Vec<u8>,
    /// Kind of its signature.
    pub signature: String,
    signed: Vec<u8>,
    signature_algorithm: Vec<u8>,
    signature_value: Vec<u8>,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// When the DER does not parse.
    pub fn from_der(der: &[u8]) -> Result<Self, Damaged> {
        Self::read(der).map_err(|Malformed| Damaged::new("certificate signing request"))
    }

    fn read(der: &[u8]) -> Result<Self, Malformed> {
        let frame = Signed::read(der)?;
        let mut info = Reader::inside(frame.part, SEQUENCE)?;
        info.expect(INTEGER)?;
        let (_, subject) = X509Name::from_der(info.next()?.whole).map_err(|_| Malformed)?;
        let spki = info.next()?.whole;
        Reader::inside(spki, SEQUENCE)?;
        let mut request = Self {
            subject: DistinguishedName::new(&subject),
            names: Vec::new(),
            asks_for_ca: false,
            extended_key_usage: Vec::new(),
            other_extensions: Vec::new(),
            spki: spki.to_vec(),
            signature: signature_description(frame.algorithm),
            signed: frame.part.to_vec(),
            signature_algorithm: frame.algorithm.to_vec(),
            signature_value: frame.signature.to_vec(),
        };
        // The attributes are left out by some programs, though RFC 2986 does not say OPTIONAL.
        if let Some(attributes) = info.optional(CONTEXT_0)? {
            request.take_attributes(attributes)?;
        }
        Ok(request)
    }

    fn take_attributes(&mut self, attributes: &[u8]) -> Result<(), Malformed> {
        let mut attributes = Reader::new(attributes);
        while !attributes.is_at_end() {
            let mut attribute = Reader::new(attributes.expect(SEQUENCE)?);
            let kind = oid::find(attribute.expect(OID)?);
            if !matches!(kind, Some(oid::EXTENSION_REQUEST | oid::MICROSOFT_EXTENSION_REQUEST)) {
                continue;
            }
            let mut values = Reader::new(attribute.expect(SET)?);
            let mut extensions = Reader::new(values.expect(SEQUENCE)?);
            while !extensions.is_at_end() {
                let whole = extensions.next()?.whole;
                // One that cannot be read is one that is not ours to give.
                let Ok((_, extension)) = X509Extension::from_der(whole) else { continue };
                match extension.parsed_extension() {
                    ParsedExtension::SubjectAlternativeName(names) => {
                        self.names.extend(names.general_names.iter().map(SubjectAltName::new));
                    }
                    ParsedExtension::BasicConstraints(constraints) => self.asks_for_ca |= constraints.ca,
                    ParsedExtension::ExtendedKeyUsage(usage) => {
                        self.extended_key_usage.extend(purposes(usage));
                    }
                    _ => self.other_extensions.push(extension.oid.to_id_string()),
                }
            }
        }
        Ok(())
    }

    /// Whether the request was signed by the private key of the public key in it (proof of possession).
    pub fn proof_of_possession(&self) -> SignatureCheck {
        let usual =
            algorithm::verify(&self.signature_algorithm, &self.spki, &self.signed, &self.signature_value);
        if usual != SignatureCheck::Unsupported {
            return usual;
        }
        self.unusual_rsa().map_or(SignatureCheck::Unsupported, |check| check)
    }

    /// What TLS clients do not verify and requests still have: RSASSA-PSS by a key that says so, and SHA-1, whose
    /// weakness (two messages with one hash) is none where the signer gains nothing by it.
    fn unusual_rsa(&self) -> Option<SignatureCheck> {
        let mut spki = Reader::inside(&self.spki, SEQUENCE).ok()?;
        let key_kind = oid::find(Reader::new(spki.expect(SEQUENCE).ok()?).expect(OID).ok()?)?;
        let key = spki.expect(BIT_STRING).ok()?.split_first()?.1;
        if key_kind != oid::RSA_ENCRYPTION && key_kind != oid::RSA_PSS {
            return None;
        }
        let mut algorithm = Reader::inside(&self.signature_algorithm, SEQUENCE).ok()?;
        let parameters: &RsaParameters = match oid::find(algorithm.expect(OID).ok()?)? {
            oid::RSA_PSS => {
                let parameters = algorithm.next().ok()?.whole;
                let is_in =
                    |hash: &oid::Oid| parameters.windows(hash.der().len()).any(|window| window == hash.der());
                match [oid::SHA256, oid::SHA384, oid::SHA512].into_iter().find(is_in)? {
                    oid::SHA256 => &RSA_PSS_2048_8192_SHA256,
                    oid::SHA384 => &RSA_PSS_2048_8192_SHA384,
                    _ => &RSA_PSS_2048_8192_SHA512,
                }
            }
            oid::RSA_SHA1 if key_kind == oid::RSA_ENCRYPTION => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            _ => return None,
        };
        let verified = UnparsedPublicKey::new(parameters, key).verify(&self.signed, &self.signature_value);
        Some(if verified.is_ok() { SignatureCheck::Valid } else { SignatureCheck::Invalid })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made() -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["a.example".into(), "10.0.0.1".into()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Bücher");
        params.serialize_request(&key).unwrap().der().to_vec()
    }

    #[test]
    fn a_request_is_read() {
        let der = made();
        let request = Request::from_der(&der).unwrap();
        assert_eq!(request.subject.common_name(), Some("Bücher"));
        let names: Vec<_> = request.names.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["a.example", "10.0.0.1"]);
        assert_eq!(request.signature, "ECDSA with SHA-256");
        assert_eq!(request.proof_of_possession(), SignatureCheck::Valid);
        assert!(!request.asks_for_ca);
        assert!(Request::from_der(&der[..40]).is_err());
    }

    #[test]
    fn a_request_that_was_changed_proves_nothing() {
        let mut der = made();
        let at = der.windows(9).position(|window| window == b"a.example").unwrap();
        der[at] = b'b';
        let request = Request::from_der(&der).unwrap();
        assert_eq!(request.names[0], SubjectAltName::Dns("b.example".into()));
        assert_eq!(request.proof_of_possession(), SignatureCheck::Invalid);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Request::from_der(&bytes);
        }

        #[test]
        fn no_changed_request_panics(at in 0usize..200, byte in any::<u8>()) {
            let mut der = made();
            let at = at % der.len();
            der[at] = byte;
            if let Ok(request) = Request::from_der(&der) {
                request.proof_of_possession();
            }
        }
    }
}
