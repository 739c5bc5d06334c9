//! Putting certificates in order: the leaf, then each issuer in turn, and why each other one was left out.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;

use time::OffsetDateTime;

use super::located::Located;
use super::path::{Path, PathEnd, build_paths};
use super::trust::TrustStore;
use crate::finding::Location;
use crate::x509::{Certificate, PrivateKey, SignatureCheck};

#[derive(Debug)]
pub struct Order {
    /// Leaf first, each followed by its issuer; the root last, if it was among them.
    pub chain: Vec<Located>,
    /// Whether the last of `chain` is a root.
    pub has_root: bool,
    /// Whether the chain reaches a root: one of its own, or one that is trusted.
    pub complete: bool,
    /// What was left out, and why.
    pub dropped: Vec<(DropReason, Located)>,
    /// Whether the input had another order.
    pub reordered: bool,
}

/// Why a certificate is not in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The same certificate is there already, first at this location.
    Duplicate(Option<Location>),
    /// An expired copy of a newer certificate in the chain.
    ExpiredCopy,
    ExtraLeaf,
    /// A root, which clients have already.
    Root,
    /// A CA of this chain, but the path goes another way.
    Unneeded,
    /// It has nothing in common with the chain.
    Unrelated,
}

/// Why certificates do not form a chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    #[error("there is no server certificate among these, only CA certificates")]
    NoLeaf,
    /// Several leaves, and no key to choose by.
    #[error("there are several server certificates:{}", list(.0))]
    MultipleLeaves(Vec<Located>),
    #[error("the private key belongs to none of the server certificates:{}{key}", list(.leaves))]
    KeyMismatch { leaves: Vec<Located>, key: KeyFingerprint },
}

/// The public half of a private key, as the last line of a sentence.
#[derive(Debug)]
pub struct KeyFingerprint {
    sha256: String,
    description: String,
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\npublic key of the private key: SHA-256 {} ({})", self.sha256, self.description)
    }
}

/// A line for each leaf.
fn list(leaves: &[Located]) -> String {
    let line = |leaf: &Located| {
        let place = leaf.location.as_ref().map(|at| format!(" in {at}")).unwrap_or_default();
        let (label, sha256) = (leaf.certificate.label(), leaf.certificate.spki_sha256());
        format!("\n`{label}`{place}: public key SHA-256 {sha256}")
    };
    leaves.iter().map(line).collect()
}

/// Puts `pool` in order. The key, where there is one, says which certificate is the leaf.
///
/// # Errors
/// [`OrderError`] when it is not clear which certificate comes first.
pub fn order(
    pool: Vec<Located>,
    key: Option<&PrivateKey>,
    trust: &TrustStore,
    at: OffsetDateTime,
) -> Result<Order, OrderError> {
    let (pool, mut dropped) = without_duplicates(pool);
    let leaf = choose_leaf(&pool, key)?;
    let reaches = |path: &Path<'_>| {
        matches!(path.end, PathEnd::Anchor(_) | PathEnd::Root)
            || path.indices.iter().any(|&index| is_issued_by_anchor(&pool[index].certificate, trust))
    };
    // Among the paths that hold, the longest: CAs put cross-signs into their bundles for clients with old stores.
    let path = build_paths(&pool, leaf, trust, at).into_iter().min_by_key(|path| {
        let valid = path.indices.iter().all(|&index| pool[index].certificate.is_valid_at(at));
        let proved = path.links.iter().all(|&link| link != SignatureCheck::Invalid);
        (!proved, !valid, !reaches(path), Reverse(path.indices.len()))
    });
    let Some(path) = path else { return Err(OrderError::NoLeaf) };
    // An issuer that did not sign does not belong in the chain.
    let proved = path.links.iter().take_while(|&&link| link != SignatureCheck::Invalid).count();
    let indices = &path.indices[..path.indices.len().min(proved + 1)];
    let complete = proved == path.links.len() && reaches(&path);
    let has_root =
        indices.len() > 1 && indices.last().is_some_and(|&last| pool[last].certificate.is_self_signed());
    let reordered = !indices.is_sorted();
    let mut slots: Vec<_> = pool.into_iter().map(Some).collect();
    let chain: Vec<_> = indices.iter().filter_map(|&index| slots[index].take()).collect();
    for rest in slots.into_iter().flatten() {
        dropped.push((why_dropped(&rest, &chain, at), rest));
    }
    Ok(Order { chain, has_root, complete, dropped, reordered })
}

fn is_issued_by_anchor(certificate: &Certificate, trust: &TrustStore) -> bool {
    trust
        .named(&certificate.issuer.der)
        .any(|anchor| certificate.signature_by(&anchor.certificate) == SignatureCheck::Valid)
}

fn without_duplicates(pool: Vec<Located>) -> (Vec<Located>, Vec<(DropReason, Located)>) {
    let mut seen = HashMap::new();
    let mut kept: Vec<Located> = Vec::with_capacity(pool.len());
    let mut dropped = Vec::new();
    for located in pool {
        match seen.get(&located.certificate.der) {
            None => {
                seen.insert(located.certificate.der.clone(), kept.len());
                kept.push(located);
            }
            Some(&first) => {
                dropped.push((DropReason::Duplicate(kept[first].location.clone()), located));
            }
        }
    }
    (kept, dropped)
}

fn choose_leaf(pool: &[Located], key: Option<&PrivateKey>) -> Result<usize, OrderError> {
    let mut leaves: Vec<_> = (0..pool.len()).filter(|&index| !pool[index].certificate.is_ca()).collect();
    if leaves.is_empty()
        && let [only] = pool
        && only.certificate.is_self_issued()
        && only.certificate.subject_alt_names.is_some()
    {
        // `openssl req -x509` makes its server certificates CAs.
        leaves.push(0);
    }
    if leaves.is_empty() {
        return Err(OrderError::NoLeaf);
    }
    let located = |indices: &[usize]| indices.iter().map(|&index| pool[index].clone()).collect();
    if let Some(key) = key {
        let fitting: Vec<_> =
            leaves.iter().copied().filter(|&index| pool[index].certificate.spki == key.spki()).collect();
        if fitting.is_empty() {
            let key = KeyFingerprint { sha256: key.spki_sha256(), description: key.description() };
            return Err(OrderError::KeyMismatch { leaves: located(&leaves), key });
        }
        leaves = fitting;
    }
    match leaves[..] {
        [leaf] => Ok(leaf),
        _ => Err(OrderError::MultipleLeaves(located(&leaves))),
    }
}

fn why_dropped(rest: &Located, chain: &[Located], at: OffsetDateTime) -> DropReason {
    let certificate = &rest.certificate;
    let is_copy = chain.iter().any(|located| {
        located.certificate.subject.der == certificate.subject.der
            && located.certificate.spki == certificate.spki
    });
    let is_issuer = chain.iter().any(|located| located.certificate.names_issuer(certificate));
    if certificate.not_after < at && is_copy {
        DropReason::ExpiredCopy
    } else if !certificate.is_ca() {
        DropReason::ExtraLeaf
    } else if is_issuer || is_copy {
        DropReason::Unneeded
    } else {
        DropReason::Unrelated
    }
}
