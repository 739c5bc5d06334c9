//! Building paths: every way from a leaf up to something trusted (RFC 4158), within a budget of work.
//!
//! Issuers are found by name and proved by signature. A certificate whose name fits and whose signature does not
//! prove it is followed only where no other one is there: then it explains what is wrong ("same name, other key").

use std::collections::HashMap;

use time::OffsetDateTime;

use super::located::Located;
use super::trust::{Anchor, TrustStore};
use crate::x509::{Certificate, SignatureCheck};

/// A way up from the leaf.
#[derive(Clone, Debug)]
pub struct Path<'a> {
    /// Indices into the pool, leaf first.
    pub indices: Vec<usize>,
    /// For each certificate but the last, whether its signature is by the next one; and for the last one whether
    /// it is by the anchor, where the path ends in one that is not itself in the pool.
    pub links: Vec<SignatureCheck>,
    /// Where it ends.
    pub end: PathEnd<'a>,
}

/// Where a path ends.
#[derive(Clone, Copy, Debug)]
pub enum PathEnd<'a> {
    /// At something trusted. It may be the last certificate of the path itself.
    Anchor(&'a Anchor),
    /// At a self-signed certificate that is not trusted.
    Root,
    /// Nobody of the issuer's name is there.
    Missing,
}

/// Signatures checked before the search gives up. A chain of a public CA needs three; the budget keeps a bundle of
/// thousands of CAs of one name from taking minutes.
const MAX_SIGNATURE_CHECKS: usize = 2000;
/// Certificates in a path. The longest real ones have five.
const MAX_DEPTH: usize = 16;
/// Paths kept to choose the best of.
const MAX_PATHS: usize = 64;

/// Builds the paths from `leaf` (an index into `pool`), best first: trusted before not, all proved before not, all
/// valid at `at` before not, short before long. There is always at least one.
pub fn build_paths<'a>(
    pool: &[Located],
    leaf: usize,
    trust: &'a TrustStore,
    at: OffsetDateTime,
) -> Vec<Path<'a>> {
    let mut search = Search { pool, by_subject: by_subject(pool), trust, checks: 0, paths: Vec::new() };
    search.extend(&mut vec![leaf], &mut Vec::new());
    let mut paths = search.paths;
    paths.sort_by_cached_key(|path| rank(path, pool, at));
    paths
}

/// Smaller is better.
fn rank(path: &Path<'_>, pool: &[Located], at: OffsetDateTime) -> (bool, bool, u8, bool, usize) {
    let trusted = matches!(path.end, PathEnd::Anchor(_));
    let proved = path.links.iter().all(|&link| link == SignatureCheck::Valid);
    let end = match path.end {
        PathEnd::Anchor(_) => 0,
        PathEnd::Root => 1,
        PathEnd::Missing => 2,
    };
    let mut valid = path.indices.iter().all(|&index| pool[index].certificate.is_valid_at(at));
    if let PathEnd::Anchor(anchor) = path.end {
        valid &= anchor.certificate.is_valid_at(at);
    }
    // A path that ends nowhere is the better the further it goes.
    let length = if trusted { path.indices.len() } else { MAX_DEPTH - path.indices.len().min(MAX_DEPTH) };
    (!(trusted && proved && valid), !proved, end, !valid, length)
}

struct Search<'p, 'a> {
    pool: &'p [Located],
    by_subject: HashMap<&'p [u8], Vec<usize>>,
    trust: &'a TrustStore,
    checks: usize,
    paths: Vec<Path<'a>>,
}

impl<'a> Search<'_, 'a> {
    fn extend(&mut self, indices: &mut Vec<usize>, links: &mut Vec<SignatureCheck>) {
        let Some(&last) = indices.last() else { return };
        let certificate = &self.pool[last].certificate;
        if let Some(anchor) = self.trust.find(certificate) {
            self.keep(indices, links, PathEnd::Anchor(anchor));
            return;
        }
        // A certificate that names itself as issuer ends the path, unless the name belongs to an older key of the
        // same CA that signed it.
        if certificate.is_self_issued() && self.check(certificate, certificate) == SignatureCheck::Valid {
            self.keep(indices, links, PathEnd::Root);
            return;
        }
        let mut anchors: Vec<_> = (self.trust.named(&certificate.issuer.der))
            .map(|anchor| (anchor, self.check(certificate, &anchor.certificate)))
            .collect();
        let own = self.by_subject.get(certificate.issuer.der.as_slice()).cloned().unwrap_or_default();
        let mut issuers = Vec::with_capacity(own.len());
        for index in own {
            if !self.repeats(indices, index) {
                issuers.push((index, self.check(certificate, &self.pool[index].certificate)));
            }
        }
        let proved = |check: SignatureCheck| check != SignatureCheck::Invalid;
        if anchors.iter().any(|(_, check)| proved(*check)) || issuers.iter().any(|(_, check)| proved(*check))
        {
            anchors.retain(|(_, check)| proved(*check));
            issuers.retain(|(_, check)| proved(*check));
        }
        if anchors.is_empty() && (issuers.is_empty() || indices.len() >= MAX_DEPTH) {
            self.keep(indices, links, PathEnd::Missing);
            return;
        }
        for (anchor, check) in anchors {
            links.push(check);
            self.keep(indices, links, PathEnd::Anchor(anchor));
            links.pop();
        }
        for (index, check) in issuers {
            if self.paths.len() >= MAX_PATHS {
                return;
            }
            indices.push(index);
            links.push(check);
            self.extend(indices, links);
            links.pop();
            indices.pop();
        }
    }

    /// Whether a certificate of this name and key is in the path already; a path through it would be a loop
    /// (RFC 4158 section 2.4.2).
    fn repeats(&self, indices: &[usize], index: usize) -> bool {
        let candidate = &self.pool[index].certificate;
        indices.iter().any(|&earlier| {
            let earlier = &self.pool[earlier].certificate;
            earlier.subject.der == candidate.subject.der && earlier.spki == candidate.spki
        })
    }

    fn check(&mut self, certificate: &Certificate, issuer: &Certificate) -> SignatureCheck {
        // A key identifier that differs says cheaply that the key is another one.
        if let (Some(wanted), Some(has)) = (&certificate.authority_key_id, &issuer.subject_key_id)
            && wanted != has
        {
            return SignatureCheck::Invalid;
        }
        self.checks += 1;
        if self.checks > MAX_SIGNATURE_CHECKS {
            return SignatureCheck::Invalid;
        }
        certificate.signature_by(issuer)
    }

    fn keep(&mut self, indices: &[usize], links: &[SignatureCheck], end: PathEnd<'a>) {
        self.paths.push(Path { indices: indices.to_vec(), links: links.to_vec(), end });
    }
}

fn by_subject(pool: &[Located]) -> HashMap<&[u8], Vec<usize>> {
    let mut map = HashMap::<_, Vec<_>>::with_capacity(pool.len());
    for (index, located) in pool.iter().enumerate() {
        map.entry(located.certificate.subject.der.as_slice()).or_default().push(index);
    }
    map
}
