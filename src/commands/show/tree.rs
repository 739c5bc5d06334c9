//! Which certificate signed which, as a tree.

use std::collections::HashMap;

use crate::report::TreeLine;
use crate::x509::{Certificate, SignatureCheck};

/// Every certificate below the one that signed it, roots first. Empty for a single one, and for more than a person
/// would look at.
pub(super) fn tree(certificates: &[Certificate]) -> Vec<TreeLine> {
    if !(2..=MAX_TREE).contains(&certificates.len()) {
        return Vec::new();
    }
    let mut by_subject: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, certificate) in certificates.iter().enumerate() {
        by_subject.entry(&certificate.subject.der).or_default().push(index);
    }
    let parent = |index: usize| {
        let certificate = &certificates[index];
        by_subject.get(certificate.issuer.der.as_slice()).into_iter().flatten().copied().find(|&issuer| {
            certificates[issuer] != *certificate
                && certificate.signature_by(&certificates[issuer]) != SignatureCheck::Invalid
        })
    };
    let parents: Vec<_> = (0..certificates.len())
        .map(|index| parent(index).filter(|_| !certificates[index].is_self_signed()))
        .collect();
    let mut lines = Vec::with_capacity(certificates.len());
    let mut seen = vec![false; certificates.len()];
    // What is left after the first round signed each other in a circle; each such one begins a tree of its own.
    let tops = (0..certificates.len()).filter(|&index| parents[index].is_none()).chain(0..certificates.len());
    for top in tops {
        let mut pending = vec![(top, 0)];
        while let Some((index, depth)) = pending.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let certificate = &certificates[index];
            let missing = depth == 0 && !certificate.is_self_issued();
            lines.push(TreeLine {
                depth,
                label: certificate.label(),
                missing_issuer: missing.then(|| certificate.issuer.label()),
            });
            let children = (0..certificates.len()).rev().filter(|&child| parents[child] == Some(index));
            pending.extend(children.map(|child| (child, depth + 1)));
        }
    }
    lines
}

/// Beyond this a tree says nothing any more, and costs signatures to draw.
const MAX_TREE: usize = 200;
