//! Certificates, private keys, names: owned types with the field's words (RFC 5280).

mod algorithm;
mod certificate;
mod certified_key;
mod details;
mod distinguished_name;
mod key_kind;
mod name;
mod private_key;
mod public_part;
mod purpose;

pub use algorithm::{SignatureCheck, key_description, signature_description};
pub use certificate::{BasicConstraints, Certificate, Error as CertificateError, KeyUsage, SubjectAltName};
pub use certified_key::{CertifiedKey, Mismatch};
pub use details::{CertificateDetails, Crl, Damaged, Request};
pub use distinguished_name::DistinguishedName;
pub use key_kind::KeyKind;
pub use name::{CertificateName, HostName, InvalidName};
pub use private_key::{Error as PrivateKeyError, PrivateKey};
pub use purpose::Purpose;
