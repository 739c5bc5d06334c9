//! Which certificate a client gets: by the name it asks for (SNI) and by what it can verify.
//!
//! The set in use can be replaced while the server runs; handshakes that have begun keep the one
//! they took.

use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey as RustlsKey;
use time::OffsetDateTime;

use super::challenge::is_validation;
use super::{AlpnChallenges, Error, policy};
use crate::finding::Finding;
use crate::x509::{Certificate, CertifiedKey, SubjectAltName};

/// Where certificates come from: files, an ACME server, a CA of our own. The server asks and knows
/// no more.
#[async_trait]
pub trait CertificateSource: Send + Sync {
    /// Reads what is to be shown to clients from now on.
    ///
    /// # Errors
    /// Findings that say why the certificates cannot be used; those in use then stay.
    fn load(&self) -> Result<CertificateSet, Vec<Finding>>;

    /// Waits until there is something new to load: more or something else than at the last [`load`](Self::load).
    async fn changed(&self);

    /// The user asked for a reload: a source that fetches certificates may look for new ones now.
    fn refresh(&self) {}
}

/// Certificates with their keys. The first is for clients that ask for an unknown name, and for
/// those that ask for none unless there is one with an address: clients that connect by address ask
/// for no name (RFC 6066 section 3).
#[derive(Debug)]
pub struct CertificateSet {
    entries: Vec<ServedCertificate>,
}

#[derive(Debug)]
struct ServedCertificate {
    /// DNS names in lower case, wildcards as `*.example.com`.
    names: Vec<String>,
    has_address: bool,
    validity: Validity,
    key: Arc<RustlsKey>,
}

impl CertificateSet {
    /// A set of chains with their keys.
    ///
    /// # Errors
    /// [`Error::NoCertificate`] for none, [`Error::CertifiedKey`] for a kind of key that rustls
    /// cannot sign with.
    pub fn new<'k>(pairs: impl IntoIterator<Item = &'k CertifiedKey>) -> Result<Self, Error> {
        let provider = policy::provider();
        let entries = pairs
            .into_iter()
            .map(|pair| {
                let chain = pair.chain().iter().map(|certificate| certificate.der.clone()).collect();
                let key = RustlsKey::from_der(chain, pair.key().to_rustls(), &provider)
                    .map_err(Error::CertifiedKey)?;
                let has_address = has_address(pair.leaf());
                let names = dns_names(pair.leaf());
                let name = names.first().cloned().unwrap_or_else(|| pair.leaf().label());
                let validity = Validity { name, not_after: pair.leaf().not_after };
                Ok(ServedCertificate { names, has_address, validity, key: Arc::new(key) })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        if entries.is_empty() {
            return Err(Error::NoCertificate);
        }
        Ok(Self { entries })
    }

    /// No certificate yet: every client is refused, by the alert that RFC 8446 section 6.2 has for
    /// it.
    pub fn none() -> Self {
        Self { entries: Vec::new() }
    }

    /// The certificate for a name: exact names before wildcards, and among several (an ECDSA and an
    /// RSA one) the first that `fits` the client.
    pub(crate) fn choose(
        &self,
        name: Option<&str>,
        fits: impl Fn(&RustlsKey) -> bool,
    ) -> Option<Arc<RustlsKey>> {
        let of_name = |wanted: &str| -> Vec<&ServedCertificate> {
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
            let by_address = self.entries.iter().find(|entry| name.is_none() && entry.has_address);
            let first = by_address.or_else(|| self.entries.first())?;
            candidates = self.entries.iter().filter(|entry| entry.names == first.names).collect();
        }
        let best = candidates.iter().find(|entry| fits(&entry.key)).or_else(|| candidates.first())?;
        Some(Arc::clone(&best.key))
    }
}

/// How long a certificate may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first of its DNS names, else what its subject is called.
    pub name: String,
    pub not_after: OffsetDateTime,
}

/// Hands the set in use to rustls, and lets it be replaced.
#[derive(Debug)]
pub struct Resolver {
    set: ArcSwap<CertificateSet>,
    challenges: AlpnChallenges,
}

impl Resolver {
    /// A resolver that begins with `set`, and shows `challenges` to ACME servers.
    pub fn new(set: CertificateSet, challenges: AlpnChallenges) -> Self {
        Self { set: ArcSwap::from_pointee(set), challenges }
    }

    /// How long each certificate in use may be.
    pub fn validities(&self) -> Vec<Validity> {
        self.set.load().entries.iter().map(|entry| entry.validity.clone()).collect()
    }

    /// Uses `set` from the next handshake on.
    pub fn replace(&self, set: CertificateSet) {
        self.set.store(Arc::new(set));
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<RustlsKey>> {
        if is_validation(&hello) {
            return self.challenges.choose(&hello);
        }
        let schemes = hello.signature_schemes();
        self.set
            .load()
            .choose(hello.server_name(), |certified| certified.key.choose_scheme(schemes).is_some())
    }
}

fn has_address(leaf: &Certificate) -> bool {
    leaf.subject_alt_names.iter().flatten().any(|name| matches!(name, SubjectAltName::Ip(_)))
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

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::ca::{CaProfile, Issuance, Issuer, LeafProfile, Subject, SubjectKey, make_root};
    use crate::x509::{CertificateName, KeyKind, PrivateKey, Purpose};

    fn pair(name: &str, kind: KeyKind) -> CertifiedKey {
        let now = OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000);
        let key = |kind| PrivateKey::generate(kind).unwrap();
        let profile = CaProfile::new(Subject::common_name("CA"), 9, 0);
        let root = make_root(&profile, key(KeyKind::EcdsaP256), now).unwrap();
        let names = vec![CertificateName::parse(name).unwrap()];
        let profile = LeafProfile::new(names, Purpose::Server, 9);
        let request = Issuance::leaf(&profile, SubjectKey::New(kind), now);
        Issuer::new(&root, now).unwrap().issue(request).unwrap().into_certified().unwrap()
    }

    #[test]
    fn names_choose_the_certificate() {
        let pairs = [
            pair("a.example", KeyKind::EcdsaP256),
            pair("*.b.example", KeyKind::EcdsaP256),
            pair("x.b.example", KeyKind::EcdsaP256),
            pair("a.example", KeyKind::EcdsaP384),
        ];
        let set = CertificateSet::new(&pairs).unwrap();
        let all = |_: &RustlsKey| true;
        let index = |chosen: Option<Arc<RustlsKey>>| {
            let leaf = &chosen.unwrap().cert[0];
            pairs.iter().position(|pair| pair.leaf().der == *leaf).unwrap()
        };
        assert_eq!(index(set.choose(Some("A.example"), all)), 0);
        assert_eq!(index(set.choose(Some("y.b.example"), all)), 1);
        assert_eq!(index(set.choose(Some("x.b.example"), all)), 2);
        assert_eq!(index(set.choose(Some("y.z.b.example"), all)), 0);
        assert_eq!(index(set.choose(None, all)), 0);
        // A client that cannot verify the first one gets the other of the same name.
        let p384 = rustls::SignatureScheme::ECDSA_NISTP384_SHA384;
        let fits = |key: &RustlsKey| key.key.choose_scheme(&[p384]).is_some();
        assert_eq!(index(set.choose(Some("a.example"), fits)), 3);
        assert_eq!(index(set.choose(None, fits)), 3);
    }

    #[test]
    fn whoever_asks_for_no_name_came_by_address() {
        let pairs = [pair("a.example", KeyKind::EcdsaP256), pair("192.0.2.7", KeyKind::EcdsaP256)];
        let set = CertificateSet::new(&pairs).unwrap();
        let leaf = |name| set.choose(name, |_: &RustlsKey| true).unwrap().cert[0].clone();
        assert_eq!(leaf(None), pairs[1].leaf().der);
        assert_eq!(leaf(Some("x.example")), pairs[0].leaf().der);
    }

    #[test]
    fn an_empty_set_is_refused() {
        assert!(matches!(CertificateSet::new([]), Err(Error::NoCertificate)));
    }
}
