//! A certificate as clients get it.

use std::sync::Arc;

use rustls::sign::CertifiedKey as RustlsKey;
use time::OffsetDateTime;

use super::{Error, policy};
use crate::sys::clock::Clock;
use crate::x509::{Certificate, CertifiedKey, Staple, SubjectAltName};

/// A certificate with its key.
#[derive(Debug)]
pub(super) struct ServedCertificate {
    pub(super) validity: Validity,
    /// Its DNS names, in lower case.
    pub(super) names: Vec<String>,
    /// Without an OCSP response.
    pub(super) key: Arc<RustlsKey>,
    pub(super) stapled: Option<StapledKey>,
}

/// The same with an OCSP response.
#[derive(Debug)]
pub(super) struct StapledKey {
    key: Arc<RustlsKey>,
    pub(super) until: OffsetDateTime,
}

/// How long a certificate may be used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Validity {
    /// The first of its DNS names, else what its subject is called.
    pub name: String,
    pub not_after: OffsetDateTime,
}

impl StapledKey {
    fn new(key: &RustlsKey, staple: &Staple) -> Self {
        let key = RustlsKey { ocsp: Some(staple.der.clone()), ..key.clone() };
        Self { key: Arc::new(key), until: staple.until }
    }
}

impl ServedCertificate {
    /// # Errors
    /// [`Error::CertifiedKey`] for a kind of key that rustls cannot sign with.
    pub(super) fn new(pair: &CertifiedKey) -> Result<Self, Error> {
        let chain = pair.chain().iter().map(|certificate| certificate.der.clone()).collect();
        let key = RustlsKey::from_der(chain, pair.key().to_rustls(), &policy::provider())
            .map_err(Error::CertifiedKey)?;
        let names = dns_names(pair.leaf());
        let name = names.first().cloned().unwrap_or_else(|| pair.leaf().label());
        let validity = Validity { name, not_after: pair.leaf().not_after };
        let stapled = pair.staple().map(|staple| StapledKey::new(&key, staple));
        Ok(Self { validity, names, key: Arc::new(key), stapled })
    }

    /// What clients get. A response that has expired is worse than none: clients end the handshake.
    pub(super) fn shown(&self, clock: &dyn Clock) -> Arc<RustlsKey> {
        let stapled = self.stapled.as_ref().filter(|stapled| clock.now() < stapled.until);
        Arc::clone(stapled.map_or(&self.key, |stapled| &stapled.key))
    }
}

fn dns_names(leaf: &Certificate) -> Vec<String> {
    leaf.subject_alt_names
        .iter()
        .flatten()
        .filter_map(|name| match name {
            SubjectAltName::Dns(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}
