//! Which certificate a client gets: by the name it asks for (SNI) and by what it can verify.
//!
//! The set in use can be replaced while the server runs; handshakes that have begun keep the one
//! they took.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use async_trait::async_trait;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey as RustlsKey;
use time::OffsetDateTime;

use super::added_certificates::AddedCertificates;
use super::challenge::is_validation;
use super::served_certificate::{ServedCertificate, Validity};
use super::{AlpnChallenges, Error, HostMap, HostPattern, Preparation};
use crate::finding::Finding;
use crate::sys::clock::SystemClock;
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
    /// Which of them have a name, written as it is in certificates.
    by_name: HashMap<String, Vec<usize>>,
    /// The first, and the first with an address, each with those for the same names.
    first: Vec<usize>,
    first_address: Vec<usize>,
    /// All names and addresses.
    hosts: HostMap<()>,
    /// Those that come later, one by one.
    added: Option<Arc<AddedCertificates>>,
}

impl CertificateSet {
    /// A set of chains with their keys.
    ///
    /// # Errors
    /// [`Error::NoCertificate`] for none, [`Error::CertifiedKey`] for a kind of key that rustls
    /// cannot sign with.
    pub fn new<'k>(pairs: impl IntoIterator<Item = &'k CertifiedKey>) -> Result<Self, Error> {
        let mut hosts = HostMap::default();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut with_address = None;
        let entries = pairs
            .into_iter()
            .enumerate()
            .map(|(index, pair)| {
                let entry = ServedCertificate::new(pair)?;
                if has_address(pair.leaf()) {
                    with_address.get_or_insert(index);
                }
                patterns(pair.leaf()).for_each(|host| hosts.insert(&host, ()));
                for name in &entry.names {
                    let of_name = by_name.entry(name.clone()).or_default();
                    // A certificate may have a name twice.
                    if of_name.last() != Some(&index) {
                        of_name.push(index);
                    }
                }
                Ok(entry)
            })
            .collect::<Result<Vec<_>, Error>>()?;
        if entries.is_empty() {
            return Err(Error::NoCertificate);
        }
        let like = |one: Option<usize>| -> Vec<usize> {
            let wanted = one.and_then(|one| entries.get(one)).map(|entry| &entry.names);
            let all = entries.iter().enumerate();
            all.filter(|(_, entry)| Some(&entry.names) == wanted).map(|(index, _)| index).collect()
        };
        let (first, first_address) = (like(Some(0)), like(with_address));
        Ok(Self { entries, by_name, first, first_address, hosts, added: None })
    }

    /// The same with others beside it, each for the names that no certificate of the set has.
    #[must_use]
    pub fn and_added(self, added: Arc<AddedCertificates>) -> Self {
        Self { added: Some(added), ..self }
    }

    /// No certificate yet: every client is refused, by the alert that RFC 8446 section 6.2 has for
    /// it.
    pub fn none() -> Self {
        Self {
            entries: Vec::new(),
            by_name: HashMap::new(),
            first: Vec::new(),
            first_address: Vec::new(),
            hosts: HostMap::default(),
            added: None,
        }
    }

    /// How long each may be used, without those that come later.
    pub fn validities(&self) -> impl Iterator<Item = &Validity> {
        self.entries.iter().map(|entry| &entry.validity)
    }

    /// Until when each OCSP response may be sent, by the names of the certificates.
    fn staples(&self) -> impl Iterator<Item = Validity> {
        self.entries.iter().filter_map(|entry| {
            let not_after = entry.stapled.as_ref()?.until;
            Some(Validity { name: entry.validity.name.clone(), not_after })
        })
    }

    /// The certificate for a name: exact names before wildcards, and among several (an ECDSA and an
    /// RSA one) the first that `fits` the client.
    pub(crate) fn choose(
        &self,
        name: Option<&str>,
        fits: impl Fn(&RustlsKey) -> bool,
    ) -> Option<Arc<RustlsKey>> {
        let mut of_name = None;
        if let Some(name) = name.map(str::to_ascii_lowercase) {
            // RFC 9525 section 6.3: a wildcard stands for exactly one label.
            let wildcard = name.split_once('.').map(|(_, rest)| format!("*.{rest}"));
            for name in std::iter::once(name).chain(wildcard) {
                of_name = self.by_name.get(&name);
                if of_name.is_some() {
                    break;
                }
                if let Some(added) = self.added.as_ref().and_then(|added| added.get(&name)) {
                    return Some(added.shown(&SystemClock));
                }
            }
        }
        let candidates = match of_name {
            Some(candidates) => candidates,
            None if name.is_none() && !self.first_address.is_empty() => &self.first_address,
            None => &self.first,
        };
        let mut candidates = candidates.iter().filter_map(|index| self.entries.get(*index));
        let first = candidates.next()?;
        let best =
            if fits(&first.key) { first } else { candidates.find(|one| fits(&one.key)).unwrap_or(first) };
        Some(best.shown(&SystemClock))
    }
}

/// Hands the set in use to rustls, and lets it be replaced.
#[derive(Debug)]
pub struct Resolver {
    set: ArcSwap<CertificateSet>,
    challenges: AlpnChallenges,
    /// Hosts beside those of the certificates, where all others are refused.
    known: ArcSwapOption<HostMap<()>>,
    preparation: Option<Arc<dyn Preparation>>,
}

impl Resolver {
    /// A resolver that begins with `set`, and shows `challenges` to ACME servers.
    pub fn new(set: CertificateSet, challenges: AlpnChallenges) -> Self {
        Self { set: ArcSwap::from_pointee(set), challenges, known: ArcSwapOption::empty(), preparation: None }
    }

    /// The same, where handshakes may have to wait.
    #[must_use]
    pub fn preparing(self, preparation: Option<Arc<dyn Preparation>>) -> Self {
        Self { preparation, ..self }
    }

    /// What fetches things for handshakes.
    pub fn preparation(&self) -> Option<&Arc<dyn Preparation>> {
        self.preparation.as_ref()
    }

    /// Whether a certificate in use has this name or address.
    pub fn has(&self, host: &str) -> bool {
        let set = self.set.load();
        set.hosts.get(host).is_some() || set.added.as_ref().is_some_and(|added| added.has(host))
    }

    /// Whether the certificates in use have any name or address.
    pub fn has_any(&self) -> bool {
        let set = self.set.load();
        !set.hosts.is_empty() || set.added.as_ref().is_some_and(|added| !added.is_empty())
    }

    /// Refuses clients that ask for a name which neither `known` nor a certificate has; with `None` nobody.
    pub fn refuse_unknown(&self, known: Option<HostMap<()>>) {
        self.known.store(known.map(Arc::new));
    }

    /// How long each certificate in use may be.
    pub fn validities(&self) -> Vec<Validity> {
        let set = self.set.load();
        let added = set.added.as_ref().map(|added| added.validities()).unwrap_or_default();
        set.validities().cloned().chain(added).collect()
    }

    /// The OCSP responses of the certificates in use that have expired.
    pub fn expired_staples(&self, now: OffsetDateTime) -> Vec<Validity> {
        self.set.load().staples().filter(|staple| staple.not_after <= now).collect()
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
        // Clients that connect by address ask for none.
        if let (Some(known), Some(name)) = (&*self.known.load(), hello.server_name())
            && known.get(name).is_none()
            && !self.has(name)
        {
            return None;
        }
        let schemes = hello.signature_schemes();
        self.set
            .load()
            .choose(hello.server_name(), |certified| certified.key.choose_scheme(schemes).is_some())
    }
}

/// Its names and addresses, as hosts are written.
fn patterns(leaf: &Certificate) -> impl Iterator<Item = HostPattern> {
    let names = leaf.subject_alt_names.iter().flatten();
    names.filter_map(|name| match name {
        SubjectAltName::Dns(name) => name.parse().ok(),
        SubjectAltName::Ip(address) => HostPattern::of_address(*address).into(),
        _ => None,
    })
}

fn has_address(leaf: &Certificate) -> bool {
    leaf.subject_alt_names.iter().flatten().any(|name| matches!(name, SubjectAltName::Ip(_)))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::ca::{CaProfile, Issuance, Issuer, LeafProfile, Subject, SubjectKey, make_root};
    use crate::sys::clock::{Clock, FixedClock};
    use crate::x509::{CertificateName, KeyKind, PrivateKey, Purpose, Staple};

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
    fn one_that_is_added_is_found_by_its_names_beside_the_set() {
        let pairs = [pair("a.example", KeyKind::EcdsaP256), pair("*.b.example", KeyKind::EcdsaP256)];
        let added = Arc::<AddedCertificates>::default();
        let set = CertificateSet::new(&pairs).unwrap().and_added(Arc::clone(&added));
        let resolver = Resolver::new(set, AlpnChallenges::default());
        let leaf = |name| resolver.set.load().choose(Some(name), |_| true).unwrap().cert[0].clone();
        let [c, newer, other] =
            ["c.example", "c.example", "d.example"].map(|name| pair(name, KeyKind::EcdsaP256));
        assert!(!resolver.has("c.example"));
        assert_eq!(leaf("c.example"), pairs[0].leaf().der);
        added.add("c", &c).unwrap();
        assert!(resolver.has("C.example.") && !resolver.has("x.c.example"));
        assert_eq!(leaf("C.example"), c.leaf().der);
        // An exact name comes before a wildcard of the set, a name of the set before one that is added.
        for name in ["a.example", "x.b.example"] {
            added.add(name, &pair(name, KeyKind::EcdsaP256)).unwrap();
        }
        assert_eq!(leaf("a.example"), pairs[0].leaf().der);
        assert_ne!(leaf("x.b.example"), pairs[1].leaf().der);
        assert_eq!(leaf("y.b.example"), pairs[1].leaf().der);
        assert_eq!(resolver.validities().len(), 5);

        added.add("c", &newer).unwrap();
        assert_eq!(leaf("c.example"), newer.leaf().der);
        added.add("c", &other).unwrap();
        assert!(!resolver.has("c.example") && resolver.has("d.example"));
        assert_eq!(resolver.validities().len(), 5);
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
    fn an_expired_response_is_no_longer_sent() {
        let mut pair = pair("a.example", KeyKind::EcdsaP256);
        let (now, hour) = (SystemClock.now(), time::Duration::HOUR);
        let staple = |number, until| Staple { der: vec![number], until };
        pair.add_staple(staple(1, now + hour));
        // Of two responses the one that is valid for longer counts.
        pair.add_staple(staple(2, now + hour * 2));
        pair.add_staple(staple(3, now));
        let set = CertificateSet::new([&pair]).unwrap();
        let shown = |clock| set.entries[0].shown(&FixedClock(clock)).ocsp.clone();
        assert_eq!(shown(now), Some(vec![2]));
        assert_eq!(shown(now + hour * 2), None);
        assert_eq!(set.choose(None, |_: &RustlsKey| true).unwrap().ocsp, Some(vec![2]));
        let resolver = Resolver::new(set, AlpnChallenges::default());
        assert_eq!(resolver.expired_staples(now), []);
        let expired = resolver.expired_staples(now + hour * 2);
        assert_eq!(expired, [Validity { name: "a.example".to_owned(), not_after: now + hour * 2 }]);
    }

    #[test]
    fn an_empty_set_is_refused() {
        assert!(matches!(CertificateSet::new([]), Err(Error::NoCertificate)));
    }
}
