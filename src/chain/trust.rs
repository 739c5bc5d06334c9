//! What is trusted: the system's store, files, the CA of this folder.

use std::collections::HashMap;
use std::fmt;

use crate::x509::{Certificate, DistinguishedName};

/// A certificate that is trusted, and why.
#[derive(Clone, Debug)]
pub struct Anchor {
    pub certificate: Certificate,
    pub origin: Origin,
}

/// Where trust in an anchor comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Named by the user, as with `--roots`.
    File(String),
    /// The CA that certkit found for this folder; other programs do not trust it by themselves.
    LocalCa(String),
    /// A CA of this folder that a roll-over has put aside: clients that know only the new one do not trust it.
    OldCa(String),
    System,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.write_str(file),
            Self::LocalCa(file) => write!(f, "your own CA {file} only"),
            Self::OldCa(file) => write!(f, "your own old CA {file} only"),
            Self::System => f.write_str("the system store"),
        }
    }
}

/// Everything that is trusted, found by subject.
#[derive(Clone, Debug, Default)]
pub struct TrustStore {
    anchors: Vec<Anchor>,
    by_subject: HashMap<u64, Vec<usize>>,
}

impl TrustStore {
    /// The system's store (or the files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name). Entries that cannot be read are
    /// skipped: the user cannot do anything about one odd certificate in the system's bundle.
    pub fn system() -> Self {
        let mut store = Self::default();
        for der in rustls_native_certs::load_native_certs().certs {
            if let Ok(certificate) = Certificate::from_der(der.to_vec()) {
                store.add(certificate, Origin::System);
            }
        }
        store
    }

    /// Trusts one more certificate. One that is trusted already keeps its first origin.
    pub fn add(&mut self, certificate: Certificate, origin: Origin) {
        if self.find(&certificate).is_some() {
            return;
        }
        self.by_subject.entry(certificate.subject.hash()).or_default().push(self.anchors.len());
        self.anchors.push(Anchor { certificate, origin });
    }

    /// The anchor that is this very certificate.
    pub fn find(&self, certificate: &Certificate) -> Option<&Anchor> {
        self.named(&certificate.subject).find(|anchor| anchor.certificate == *certificate)
    }

    /// The anchors whose subject is `name`.
    pub fn named<'a, 'n>(
        &'a self,
        name: &'n DistinguishedName,
    ) -> impl Iterator<Item = &'a Anchor> + use<'a, 'n> {
        let of_hash = self.by_subject.get(&name.hash()).into_iter().flatten();
        of_hash.map(|&index| &self.anchors[index]).filter(|anchor| anchor.certificate.subject.matches(name))
    }
}
