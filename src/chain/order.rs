//! Putting certificates in order: the leaf, then each issuer in turn, and a word about each one left out.

use std::cmp::Reverse;
use std::collections::HashMap;

use time::OffsetDateTime;

use super::located::Located;
use super::path::{Path, PathEnd, build_paths};
use super::trust::TrustStore;
use crate::finding::{Code, Finding};
use crate::sys::clock::date;
use crate::x509::{Certificate, PrivateKey, SignatureCheck};

/// Certificates in order.
#[derive(Debug)]
pub struct Order {
    /// Leaf first, each followed by its issuer; the root last, if it was among them.
    pub chain: Vec<Located>,
    /// Whether the last of `chain` is a root.
    pub has_root: bool,
    /// Whether the chain reaches a root: one of its own, or one that is trusted.
    pub complete: bool,
    /// What was left out, and why.
    pub dropped: Vec<(Finding, Located)>,
    /// Whether the input had another order.
    pub reordered: bool,
}

/// Why certificates make no chain.
#[derive(Debug)]
#[non_exhaustive]
pub enum OrderError {
    /// Certificates of CAs only.
    NoLeaf,
    /// Several leaves, and no key to choose by.
    MultipleLeaves(Vec<Located>),
    /// The key is none of these leaves'.
    KeyMismatch(Vec<Located>),
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
    // An issuer that did not sign has no place in the chain.
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

fn without_duplicates(pool: Vec<Located>) -> (Vec<Located>, Vec<(Finding, Located)>) {
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
                let place =
                    kept[first].location.as_ref().map(|at| format!(", first in {at}")).unwrap_or_default();
                let message = format!("`{}` is there twice{place}", located.certificate.label());
                dropped.push((finding(Code::Duplicate, message, &located), located));
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
            return Err(OrderError::KeyMismatch(located(&leaves)));
        }
        leaves = fitting;
    }
    match leaves[..] {
        [leaf] => Ok(leaf),
        _ => Err(OrderError::MultipleLeaves(located(&leaves))),
    }
}

fn why_dropped(rest: &Located, chain: &[Located], at: OffsetDateTime) -> Finding {
    let certificate = &rest.certificate;
    let label = certificate.label();
    let is_copy = chain.iter().any(|located| {
        located.certificate.subject.der == certificate.subject.der
            && located.certificate.spki == certificate.spki
    });
    if certificate.not_after < at && is_copy {
        let ended = date(certificate.not_after);
        return finding(
            Code::ExpiredDropped,
            format!("an older copy of `{label}` ended on {ended}; the newer one is used"),
            rest,
        );
    }
    if !certificate.is_ca() {
        return finding(
            Code::ExtraLeaf,
            format!("`{label}` is another server certificate, not a part of this chain"),
            rest,
        );
    }
    let is_issuer = chain.iter().any(|located| located.certificate.names_issuer(certificate));
    if is_issuer || is_copy {
        return finding(Code::Unneeded, format!("`{label}` is not needed: the chain goes another way"), rest);
    }
    finding(Code::Unrelated, format!("`{label}` has nothing to do with this chain"), rest)
}

fn finding(code: Code, message: String, located: &Located) -> Finding {
    let finding = Finding::note(code, format!("left out: {message}"));
    match &located.location {
        Some(location) => finding.at(location.clone()),
        None => finding,
    }
}
