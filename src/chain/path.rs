//! Finding paths from a leaf to something trusted, through the certificates at hand.
//!
//! One name may belong to several certificates: cross-signs, an old and a new copy, another key. The search visits all
//! paths, within a budget of work, and the caller decides at each whether to stop. On a [`Search::sound`] path every
//! signature is right and every issuer may issue now; only when there is none, [`Search::any`] also follows broken
//! links, to find out what is wrong ("same name, other key").

use std::collections::HashMap;
use std::ops::ControlFlow;

use time::OffsetDateTime;

use super::located::Located;
use super::trust::{Anchor, TrustStore};
use crate::x509::{Certificate, SignatureCheck};

/// A path up from the leaf.
#[derive(Clone, Debug)]
pub struct Path<'a> {
    /// Indices into the pool, leaf first.
    pub indices: Vec<usize>,
    /// For each certificate but the last, whether its signature is by the next one; and for the last one whether
    /// it is by the anchor, where the path ends in one that is not itself in the pool.
    pub links: Vec<SignatureCheck>,
    pub end: PathEnd<'a>,
}

/// Where a path ends.
#[derive(Clone, Copy, Debug)]
pub enum PathEnd<'a> {
    /// At something trusted. It may be the last certificate of the path itself.
    Anchor(&'a Anchor),
    /// At a self-signed certificate that is not trusted.
    Root,
    /// The issuer is not there.
    Missing,
}

/// Signatures checked before the search gives up: about 50 ms. A chain of a public CA needs three; the budget keeps a
/// bundle of thousands of CAs of one name from taking minutes.
const MAX_SIGNATURE_CHECKS: usize = 400;
/// Certificates visited, on all paths together; cross-signs make paths multiply.
const MAX_STEPS: usize = 4000;
/// Certificates in a path. The longest real ones have five.
const MAX_DEPTH: usize = 64;
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
    let mut search = Search::new(pool, leaf, trust, at);
    let mut paths = Vec::new();
    search.any(&mut |path| {
        paths.push(path);
        if paths.len() < MAX_PATHS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    if paths.is_empty() {
        paths.push(Path { indices: vec![leaf], links: Vec::new(), end: PathEnd::Missing });
    }
    sort_best_first(&mut paths, pool, at);
    paths
}

/// Sorts as [`build_paths`] says.
pub(super) fn sort_best_first(paths: &mut [Path<'_>], pool: &[Located], at: OffsetDateTime) {
    paths.sort_by_cached_key(|path| rank(path, pool, at));
}

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

/// OpenSSL knows it, so that a path through it may hold (rule `critical_extension`).
const NETSCAPE_TYPE: &str = "2.16.840.1.113730.1.1";

/// Called with each path; [`ControlFlow::Break`] ends the search.
pub(super) type Visit<'v, 'a> = &'v mut dyn FnMut(Path<'a>) -> ControlFlow<()>;

/// A search from one leaf.
pub(super) struct Search<'p, 'a> {
    pool: &'p [Located],
    leaf: usize,
    trust: &'a TrustStore,
    at: OffsetDateTime,
    /// By the hash of the name.
    by_subject: HashMap<u64, Vec<usize>>,
    /// For each certificate of the pool the first one of its name and key.
    key_of: Vec<usize>,
    /// Results by certificate and issuing key: a CA's copies share their key.
    checked: HashMap<(usize, Issuer), SignatureCheck>,
    checks_left: usize,
    steps_left: usize,
    only_sound: bool,
}

/// Who may have issued a certificate, and whether it signed.
#[derive(Default)]
struct Issuers<'a> {
    anchors: Vec<(&'a Anchor, SignatureCheck)>,
    /// Indices into the pool.
    pool: Vec<(usize, SignatureCheck)>,
}

impl Issuers<'_> {
    fn is_any(&self, wanted: SignatureCheck) -> bool {
        self.anchors.iter().any(|(_, check)| *check == wanted)
            || self.pool.iter().any(|(_, check)| *check == wanted)
    }
}

/// Who might have signed; pool certificates of one name and key are the same one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Issuer {
    Anchor(usize),
    Pool(usize),
}

impl<'p, 'a> Search<'p, 'a> {
    pub(super) fn new(pool: &'p [Located], leaf: usize, trust: &'a TrustStore, at: OffsetDateTime) -> Self {
        Self {
            pool,
            leaf,
            trust,
            at,
            by_subject: by_subject(pool),
            key_of: first_of_key(pool),
            checked: HashMap::new(),
            checks_left: MAX_SIGNATURE_CHECKS,
            steps_left: 0,
            only_sound: true,
        }
    }

    /// Visits the paths to something trusted on which every signature is right and every issuer may issue now.
    pub(super) fn sound(&mut self, visit: Visit<'_, 'a>) {
        self.run(true, visit);
    }

    /// Visits all paths, also broken ones and those that end nowhere.
    pub(super) fn any(&mut self, visit: Visit<'_, 'a>) {
        self.run(false, visit);
    }

    /// Whether the last run ended because its budget was used up.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps_left == 0 || self.checks_left == 0
    }

    fn run(&mut self, only_sound: bool, visit: Visit<'_, 'a>) {
        self.steps_left = MAX_STEPS;
        self.only_sound = only_sound;
        // The budget is the only thing that can end the walk besides the visitor.
        let _ = self.walk(&mut vec![self.leaf], &mut Vec::new(), visit);
    }

    fn walk(
        &mut self,
        indices: &mut Vec<usize>,
        links: &mut Vec<SignatureCheck>,
        visit: Visit<'_, 'a>,
    ) -> ControlFlow<()> {
        let Some(&last) = indices.last() else { return ControlFlow::Continue(()) };
        if self.steps_left == 0 {
            return ControlFlow::Break(());
        }
        self.steps_left -= 1;
        let path = |indices: &[usize], links: &[SignatureCheck], end| Path {
            indices: indices.to_vec(),
            links: links.to_vec(),
            end,
        };
        let pool = self.pool;
        let certificate = &pool[last].certificate;
        if let Some(anchor) = self.trust.find(certificate) {
            visit(path(indices, links, PathEnd::Anchor(anchor)))?;
            // Not all clients end a path at a trusted certificate that is not a root.
            if certificate.is_self_issued() {
                return ControlFlow::Continue(());
            }
        }
        // A certificate that names itself as issuer ends the path, unless the name belongs to an older key of the
        // same CA that signed it.
        if certificate.is_self_issued() && self.is_signed_by_itself(last) {
            if self.only_sound {
                return ControlFlow::Continue(());
            }
            return visit(path(indices, links, PathEnd::Root));
        }
        // One broken link is reported; what follows a second one proves nothing.
        let may_break = !links.contains(&SignatureCheck::Invalid);
        let Issuers { anchors, pool: issuers } = self.issuers(indices, last, may_break);
        if anchors.is_empty() && (issuers.is_empty() || indices.len() >= MAX_DEPTH) {
            if self.only_sound {
                return ControlFlow::Continue(());
            }
            return visit(path(indices, links, PathEnd::Missing));
        }
        for (anchor, check) in anchors {
            links.push(check);
            let flow = visit(path(indices, links, PathEnd::Anchor(anchor)));
            links.pop();
            flow?;
        }
        if indices.len() >= MAX_DEPTH {
            return ControlFlow::Continue(());
        }
        for (index, check) in issuers {
            indices.push(index);
            links.push(check);
            let flow = self.walk(indices, links, visit);
            links.pop();
            indices.pop();
            flow?;
        }
        ControlFlow::Continue(())
    }

    /// Whether a certificate that names itself as issuer is signed by its own key. Where the signature cannot be verified
    /// (SHA-1, RSA 1024, Ed448), the key identifiers decide.
    fn is_signed_by_itself(&mut self, index: usize) -> bool {
        let certificate = &self.pool[index].certificate;
        match self.check(index, Issuer::Pool(self.key_of[index]), certificate) {
            SignatureCheck::Valid => true,
            SignatureCheck::Invalid => false,
            SignatureCheck::Unsupported => certificate.key_id_fits(certificate),
        }
    }

    /// Who may have issued the last certificate: anchors and certificates of the pool, those whose key identifier fits
    /// first. Issuers that did not sign are there only when nobody did.
    fn issuers(&mut self, indices: &[usize], last: usize, may_break: bool) -> Issuers<'a> {
        let pool = self.pool;
        let certificate = &pool[last].certificate;
        let trust = self.trust;
        let mut anchors: Vec<_> = trust.named(&certificate.issuer).collect();
        let mut issuers = self.by_subject.get(&certificate.issuer.hash()).cloned().unwrap_or_default();
        issuers.retain(|&index| {
            certificate.names_issuer(&pool[index].certificate) && !self.repeats(indices, index)
        });
        if self.only_sound {
            anchors.retain(|anchor| self.may_issue(&anchor.certificate));
            issuers.retain(|&index| self.may_issue(&pool[index].certificate));
        }
        // The identifier is a hint, not a proof: the others come second, and only if none of these signed.
        let fits = |issuer: &Certificate| certificate.key_id_fits(issuer);
        let mut found = Issuers::default();
        for wanted in [true, false] {
            for &anchor in &anchors {
                if fits(&anchor.certificate) == wanted {
                    let check = self.check(
                        last,
                        Issuer::Anchor(std::ptr::from_ref(anchor).addr()),
                        &anchor.certificate,
                    );
                    found.anchors.push((anchor, check));
                }
            }
            for &index in &issuers {
                if fits(&pool[index].certificate) == wanted {
                    let key = Issuer::Pool(self.key_of[index]);
                    found.pool.push((index, self.check(last, key, &pool[index].certificate)));
                }
            }
            if found.is_any(SignatureCheck::Valid) {
                break;
            }
        }
        let is_signed = found.is_any(SignatureCheck::Valid) || found.is_any(SignatureCheck::Unsupported);
        if may_break && !is_signed && !self.only_sound {
            return found;
        }
        let keep = if self.only_sound {
            [SignatureCheck::Valid; 2]
        } else {
            [SignatureCheck::Valid, SignatureCheck::Unsupported]
        };
        found.anchors.retain(|(_, check)| keep.contains(check));
        found.pool.retain(|(_, check)| keep.contains(check));
        found
    }

    /// What every profile requires of an issuer, so that paths through others need not be followed.
    fn may_issue(&self, issuer: &Certificate) -> bool {
        issuer.is_valid_at(self.at)
            && issuer.is_ca()
            && issuer.key_usage.is_none_or(|usage| usage.key_cert_sign())
            && issuer.unknown_critical.iter().all(|oid| oid == NETSCAPE_TYPE)
    }

    /// Whether a certificate of this name and key is in the path already; a path through it would be a loop
    /// (RFC 4158 section 2.4.2).
    fn repeats(&self, indices: &[usize], index: usize) -> bool {
        let candidate = &self.pool[index].certificate;
        indices.iter().any(|&earlier| {
            let earlier = &self.pool[earlier].certificate;
            earlier.subject.matches(&candidate.subject) && earlier.spki == candidate.spki
        })
    }

    fn check(&mut self, index: usize, key: Issuer, issuer: &Certificate) -> SignatureCheck {
        if let Some(&known) = self.checked.get(&(index, key)) {
            return known;
        }
        if self.checks_left == 0 {
            return SignatureCheck::Invalid;
        }
        self.checks_left -= 1;
        let check = self.pool[index].certificate.signature_by(issuer);
        self.checked.insert((index, key), check);
        check
    }
}

fn by_subject(pool: &[Located]) -> HashMap<u64, Vec<usize>> {
    let mut map = HashMap::<_, Vec<_>>::with_capacity(pool.len());
    for (index, located) in pool.iter().enumerate() {
        map.entry(located.certificate.subject.hash()).or_default().push(index);
    }
    map
}

fn first_of_key(pool: &[Located]) -> Vec<usize> {
    let mut first = HashMap::with_capacity(pool.len());
    (pool.iter().enumerate())
        .map(|(index, located)| {
            let certificate = &located.certificate;
            *first.entry((certificate.subject.hash(), &certificate.spki)).or_insert(index)
        })
        .collect()
}
