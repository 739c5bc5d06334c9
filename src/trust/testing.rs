//! CA certificates for the tests of this room.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

use crate::x509::Certificate;

/// A root with this common name.
pub(super) fn root(name: &str) -> Certificate {
    root_named(|_| name.to_owned())
}

/// A root whose common name follows from the SHA-256 of its public key.
pub(super) fn root_named(name: impl Fn(&str) -> String) -> Certificate {
    let key = KeyPair::generate().unwrap();
    let make = |name: &str| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Certificate::from_der(params.self_signed(&key).unwrap().der().to_vec()).unwrap()
    };
    let first = make("any");
    make(&name(&first.spki_sha256()))
}
