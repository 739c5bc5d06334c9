//! Which certificate a client gets: by the name it asks for (SNI) and by what it can verify.
//!
//! The set in use can be replaced while the server runs; handshakes that have begun keep the one they took.

use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Error, policy};
use crate::finding::Finding;

/// Where certificates come from: files, an ACME server, a CA of our own. The server asks and knows no more.
#[async_trait]
pub trait CertificateSource: Send + Sync {
    /// Reads what is to be shown to clients from now on.
    ///
    /// # Errors
    /// Findings that say why the certificates cannot be used; those in use then stay.
    fn load(&self) -> Result<CertificateSet, Vec<Finding>>;

    /// Waits until there is something new to load.
    async fn changed(&self);
}

/// Certificates with their keys; never empty. The first is for clients that ask for no name, or an unknown one.
#[derive(Debug)]
pub struct CertificateSet {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// DNS names in lower case, wildcards as `*.example.com`.
    names: Vec<String>,
    key: Arc<CertifiedKey>,
}

impl CertificateSet {
    /// A set of chains (leaf first) with their keys.
    ///
    /// # Errors
    /// [`Error::NoCertificate`] for none, [`Error::CertifiedKey`] where key and leaf do not belong together.
    pub fn new(
        pairs: impl IntoIterator<Item = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    ) -> Result<Self, Error> {
        let provider = policy::provider();
        let entries = pairs
            .into_iter()
            .map(|(chain, key)| {
                let names = chain.first().map_or_else(|| Err(Error::NoCertificate), dns_names)?;
                let key = CertifiedKey::from_der(chain, key, &provider).map_err(Error::CertifiedKey)?;
                Ok(Entry { names, key: Arc::new(key) })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        if entries.is_empty() {
            return Err(Error::NoCertificate);
        }
        Ok(Self { entries })
    }

    /// The certificate for a name: exact names before wildcards, and among several (an ECDSA and an RSA one) the
    /// first that `fits` the client.
    fn choose(&self, name: Option<&str>, fits: impl Fn(&CertifiedKey) -> bool) -> Option<Arc<CertifiedKey>> {
        let of_name = |wanted: &str| -> Vec<&Entry> {
            self.entries.iter().filter(|entry| entry.names.iter().any(|name| name == wanted)).collect()
        };
        let mut candidates = Vec::new();
        if let Some(name) = name {
            let name = name.to_ascii_lowercase();
            candidates = of_name(&name);
            // RFC 9525 section 6.3: a wildcard stands for exactly one label.
            if candidates.is_empty()
                && let Some((_, parent)) = name.split_once('.')
            {
                candidates = of_name(&format!("*.{parent}"));
            }
        }
        if candidates.is_empty() {
            let first = self.entries.first()?;
            candidates = self.entries.iter().filter(|entry| entry.names == first.names).collect();
        }
        let best = candidates.iter().find(|entry| fits(&entry.key)).or(candidates.first())?;
        Some(Arc::clone(&best.key))
    }
}

/// Hands the set in use to rustls, and lets it be replaced.
#[derive(Debug)]
pub struct Resolver {
    set: ArcSwap<CertificateSet>,
}

impl Resolver {
    /// A resolver that begins with `set`.
    pub fn new(set: CertificateSet) -> Self {
        Self { set: ArcSwap::from_pointee(set) }
    }

    /// Uses `set` from the next handshake on.
    pub fn replace(&self, set: CertificateSet) {
        self.set.store(Arc::new(set));
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        self.set
            .load()
            .choose(hello.server_name(), |certified| certified.key.choose_scheme(schemes).is_some())
    }
}

fn dns_names(leaf: &CertificateDer<'_>) -> Result<Vec<String>, Error> {
    let names = |error: &dyn std::fmt::Display| Error::Names(error.to_string());
    let (_, certificate) = X509Certificate::from_der(leaf).map_err(|error| names(&error))?;
    let san = certificate.subject_alternative_name().map_err(|error| names(&error))?;
    let general_names = san.map(|san| san.value.general_names.as_slice()).unwrap_or_default();
    Ok(general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn pair(
        names: &[&str],
        algorithm: &'static rcgen::SignatureAlgorithm,
    ) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        (vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }

    #[test]
    fn names_choose_the_certificate() {
        let p256 = &rcgen::PKCS_ECDSA_P256_SHA256;
        let pairs = [
            pair(&["a.example"], p256),
            pair(&["*.b.example"], p256),
            pair(&["x.b.example"], p256),
            pair(&["a.example"], &rcgen::PKCS_ECDSA_P384_SHA384),
        ];
        let leaves: Vec<_> = pairs.iter().map(|(chain, _)| chain[0].clone()).collect();
        let set = CertificateSet::new(pairs).unwrap();
        let all = |_: &CertifiedKey| true;
        let index = |chosen: Option<Arc<CertifiedKey>>| {
            leaves.iter().position(|leaf| chosen.as_ref().is_some_and(|key| key.cert[0] == *leaf)).unwrap()
        };
        assert_eq!(index(set.choose(Some("A.example"), all)), 0);
        assert_eq!(index(set.choose(Some("y.b.example"), all)), 1);
        assert_eq!(index(set.choose(Some("x.b.example"), all)), 2);
        assert_eq!(index(set.choose(Some("y.z.b.example"), all)), 0);
        assert_eq!(index(set.choose(None, all)), 0);
        // A client that cannot verify the first one gets the other of the same name.
        let p384 = rustls::SignatureScheme::ECDSA_NISTP384_SHA384;
        let fits = |key: &CertifiedKey| key.key.choose_scheme(&[p384]).is_some();
        assert_eq!(index(set.choose(Some("a.example"), fits)), 3);
        assert_eq!(index(set.choose(None, fits)), 3);
    }

    #[test]
    fn a_foreign_key_is_refused() {
        let (chain, _) = pair(&["a.example"], &rcgen::PKCS_ECDSA_P256_SHA256);
        let (_, key) = pair(&["a.example"], &rcgen::PKCS_ECDSA_P256_SHA256);
        assert!(matches!(CertificateSet::new([(chain, key)]), Err(Error::CertifiedKey(_))));
        assert!(matches!(CertificateSet::new([]), Err(Error::NoCertificate)));
    }
}
