//! Merging certificates into the one chain that a server should send: fetching what is missing, putting the rest in
//! order, leaving the root out.

use time::OffsetDateTime;

use super::located::Located;
use super::order::{DropReason, Order, OrderError, order};
use super::trust::TrustStore;
use crate::x509::{Certificate, PrivateKey};

/// Longer chains than any CA has.
const MAX_FETCHED: usize = 8;

#[derive(Debug)]
pub struct MergeInput<'a> {
    /// Every certificate, in any order.
    pub pool: Vec<Located>,
    /// Says which certificate is the leaf.
    pub key: Option<&'a PrivateKey>,
    pub trust: &'a TrustStore,
    pub at: OffsetDateTime,
    /// Whether the root stays at the end.
    pub keeps_root: bool,
}

/// The chain that a server should send.
#[derive(Debug)]
pub struct MergedChain {
    /// Leaf first; never empty.
    pub chain: Vec<Located>,
    pub dropped: Vec<(DropReason, Located)>,
    /// Whether the input had another order.
    pub is_reordered: bool,
    /// Why the chain does not reach a known root; `None` when it does.
    pub gap: Option<Gap>,
}

/// Why a chain does not reach a known root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The leaf's issuer is missing: clients refuse the chain.
    Intermediate,
    /// The last certificate is self-issued and not trusted.
    SelfSigned,
    /// The issuer of the last intermediate is unknown: fine if it is the root of a private CA.
    UnknownRoot,
}

/// Gives the issuer of a certificate, if it can get it.
pub type FetchIssuer<'a> = &'a mut dyn FnMut(&Certificate) -> Option<Located>;

/// Merges the certificates. `fetch` gives the issuer of a certificate that the pool lacks, if it can get it.
///
/// # Errors
/// When it is not clear which certificate comes first.
pub fn merge(mut input: MergeInput<'_>, fetch: Option<FetchIssuer<'_>>) -> Result<MergedChain, OrderError> {
    if let Some(fetch) = fetch {
        fetch_missing(&mut input, fetch);
    }
    let Order { mut chain, has_root, complete, mut dropped, reordered } =
        order(input.pool, input.key, input.trust, input.at)?;
    let gap = chain.last().and_then(|last| {
        let is_alone = chain.len() == 1 && last.certificate.is_self_signed();
        let is_unknown = !complete || (is_alone && input.trust.find(&last.certificate).is_none());
        is_unknown.then(|| gap(last, chain.len()))
    });
    if has_root
        && !input.keeps_root
        && let Some(root) = chain.pop()
    {
        dropped.push((DropReason::Root, root));
    }
    Ok(MergedChain { chain, dropped, is_reordered: reordered, gap })
}

fn gap(last: &Located, length: usize) -> Gap {
    if last.certificate.is_self_issued() {
        Gap::SelfSigned
    } else if length > 1 {
        Gap::UnknownRoot
    } else {
        Gap::Intermediate
    }
}

/// Adds the issuers that the pool lacks, one after the other.
fn fetch_missing(input: &mut MergeInput<'_>, fetch: FetchIssuer<'_>) {
    for _ in 0..MAX_FETCHED {
        let Ok(order) = order(input.pool.clone(), input.key, input.trust, input.at) else { return };
        let last = order.chain.last().filter(|last| !order.complete && !last.certificate.is_self_issued());
        let Some(fetched) = last.and_then(|last| fetch(&last.certificate)) else { return };
        input.pool.push(fetched);
    }
}
