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
    /// It leads only to a CA that has expired.
    BelowExpired {
        ca: String,
        not_after: OffsetDateTime,
    },
    /// An expired copy of a newer certificate in the chain.
    ExpiredCopy,
    /// It has expired: no client accepts a path through it.
    ExpiredIssuer,
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

/// Leaves that an error lists.
const MOST_LEAVES: usize = 20;

/// A line for each leaf, and how many more there are.
fn list(leaves: &[Located]) -> String {
    let line = |leaf: &Located| {
        let place = leaf.location.as_ref().map(|at| format!(" in {at}")).unwrap_or_default();
        let (label, sha256) = (leaf.certificate.label(), leaf.certificate.spki_sha256());
        format!("\n`{label}`{place}: public key SHA-256 {sha256}")
    };
    let lines: String = leaves.iter().take(MOST_LEAVES).map(line).collect();
    match leaves.len().saturating_sub(MOST_LEAVES) {
        0 => lines,
        more => format!("{lines}\nand {more} more"),
    }
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
    let (indices, tail) = indices.split_at(useful_length(&pool, indices, path.end, trust, at));
    let complete = match indices.last() {
        Some(&last) if !tail.is_empty() => is_issued_by_anchor(&pool[last].certificate, trust),
        _ => proved == path.links.len() && reaches(&path),
    };
    let expired_end = expired_end(&pool, tail, path.end, at);
    let has_root =
        indices.len() > 1 && indices.last().is_some_and(|&last| pool[last].certificate.is_self_signed());
    let reordered = !indices.is_sorted();
    let mut slots: Vec<_> = pool.into_iter().map(Some).collect();
    let chain: Vec<_> = indices.iter().filter_map(|&index| slots[index].take()).collect();
    for (index, rest) in slots.into_iter().enumerate() {
        let Some(rest) = rest else { continue };
        let below = expired_end.clone().filter(|_| tail.contains(&index) && rest.certificate.not_after >= at);
        dropped.push((below.unwrap_or_else(|| why_dropped(&rest, &chain, at)), rest));
    }
    Ok(Order { chain, has_root, complete, dropped, reordered })
}

/// How much of a path a server should send. What follows a certificate that a trusted root issued is for clients that know
/// only another root; it no longer helps when a part of it, or that root, has expired. Where no root is known, an expired
/// CA above the first one helps nobody: who knows its issuer refuses it, and who knows another certificate of its key
/// does not need it.
fn useful_length(
    pool: &[Located],
    indices: &[usize],
    end: PathEnd<'_>,
    trust: &TrustStore,
    at: OffsetDateTime,
) -> usize {
    let is_expired = |index: &usize| pool[*index].certificate.not_after < at;
    let ends_at_anchor = match end {
        PathEnd::Anchor(anchor) => Some(anchor.certificate.not_after >= at),
        PathEnd::Root | PathEnd::Missing => None,
    };
    let is_issued_by_valid_anchor = |index: &usize| {
        let certificate = &pool[*index].certificate;
        let mut anchors = trust.named(&certificate.issuer);
        anchors.any(|anchor| {
            anchor.certificate.not_after >= at
                && certificate.signature_by(&anchor.certificate) == SignatureCheck::Valid
        })
    };
    if let Some(last) = indices.iter().position(is_issued_by_valid_anchor) {
        let tail = &indices[last + 1..];
        let is_dead = tail.iter().any(is_expired) || ends_at_anchor == Some(false);
        return if is_dead { last + 1 } else { indices.len() };
    }
    if ends_at_anchor.is_some() {
        return indices.len();
    }
    let is_expired_cross = |index: &usize| is_expired(index) && !pool[*index].certificate.is_self_issued();
    indices.iter().skip(2).position(is_expired_cross).map_or(indices.len(), |position| position + 2)
}

/// The expired CA that a tail leads to, as the reason for those below it.
fn expired_end(pool: &[Located], tail: &[usize], end: PathEnd<'_>, at: OffsetDateTime) -> Option<DropReason> {
    let of_tail = tail.iter().map(|&index| &pool[index].certificate);
    let of_anchor = match end {
        PathEnd::Anchor(anchor) => Some(&anchor.certificate),
        PathEnd::Root | PathEnd::Missing => None,
    };
    let expired = of_tail.chain(of_anchor).find(|certificate| certificate.not_after < at)?;
    Some(DropReason::BelowExpired { ca: expired.label(), not_after: expired.not_after })
}

fn is_issued_by_anchor(certificate: &Certificate, trust: &TrustStore) -> bool {
    trust
        .named(&certificate.issuer)
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
        located.certificate.subject.matches(&certificate.subject)
            && located.certificate.spki == certificate.spki
    });
    let is_issuer = chain.iter().any(|located| located.certificate.names_issuer(certificate));
    if certificate.not_after < at && is_copy {
        DropReason::ExpiredCopy
    } else if certificate.not_after < at && is_issuer {
        DropReason::ExpiredIssuer
    } else if !certificate.is_ca() {
        DropReason::ExtraLeaf
    } else if is_issuer || is_copy {
        DropReason::Unneeded
    } else {
        DropReason::Unrelated
    }
}
