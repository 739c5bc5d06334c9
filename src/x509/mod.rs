//! Certificates, private keys, revocation lists, names: owned types, named as in RFC 5280.

mod algorithm;
mod certificate;
mod certified_key;
mod crl;
mod details;
mod distinguished_name;
mod encoding;
mod extension;
mod key_form;
mod key_kind;
mod name;
mod name_constraints;
mod ocsp;
mod private_key;
mod public_part;
mod purpose;
mod renewal_policy;
mod request;
mod signed;
mod signer;
mod subject_alt_name;
mod subtree;
mod summary;
mod wildcard_reach;

pub use algorithm::{
    P256, P384, P521, PublicKeyKind, SignatureCheck, is_compressed_point, key_description,
    signature_description, spki_sha256,
};
pub use certificate::{Certificate, Error as CertificateError};
pub use certified_key::{CertifiedKey, Mismatch};
pub use crl::{Crl, CrlNumber, Error as CrlError, Scope as CrlScope, reason_phrase};
pub use details::{CertificateDetails, CrlDetails};
pub use distinguished_name::DistinguishedName;
pub use encoding::EncodingFault;
pub use extension::{ExtensionFault, ExtensionId};
pub use key_kind::KeyKind;
pub use name::{CertificateName, HostName, InvalidName};
pub use name_constraints::{NameConstraints, Verdict};
pub use ocsp::{OcspError, OcspResponse, Staple};
pub use private_key::{Error as PrivateKeyError, PrivateKey};
pub use purpose::Purpose;
pub use renewal_policy::RenewalPolicy;
pub use request::Request;
pub use signer::Signer;
pub use subject_alt_name::SubjectAltName;
pub use subtree::{Subtree, SubtreeFault};
pub use summary::{key_summary, subject_name};
pub use wildcard_reach::WildcardReach;
