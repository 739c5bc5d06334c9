//! Judging a chain: one path is built, every rule looks at it, and webpki has the last word.

use time::OffsetDateTime;

use super::located::Located;
use super::path::{Path, PathEnd, build_paths};
use super::rules;
use super::trust::TrustStore;
use crate::finding::{Finding, Location, Severity};
use crate::report::{CertificateSummary, Role};
use crate::x509::{Certificate, HostName, PrivateKey, Purpose};

/// What to judge, and by what.
#[derive(Debug)]
pub struct CheckInput<'a> {
    /// The certificates in the order of the file; never empty, else there is nothing to judge.
    pub certificates: &'a [Located],
    /// Whom to trust.
    pub trust: &'a TrustStore,
    /// The time to judge at.
    pub at: OffsetDateTime,
    /// The name that clients use.
    pub host: Option<&'a HostName>,
    /// The key that should fit.
    pub key: Option<&'a PrivateKey>,
    /// Fail when the chain ends within this many days.
    pub min_days: Option<u32>,
    /// What the certificate is for.
    pub purpose: Purpose,
    /// How the user would name the file in a command that mends something.
    pub file: &'a str,
}

/// The verdict: it holds when no finding is an error.
#[derive(Debug)]
pub struct Judgement {
    /// The path that was judged, leaf first, as far as it could be built; the anchor last.
    pub path: Vec<CertificateSummary>,
    /// Where the trust comes from, in words.
    pub trusted_by: Option<String>,
    /// Everything found.
    pub findings: Vec<Finding>,
}

/// Judges a chain.
pub fn check(input: &CheckInput<'_>) -> Judgement {
    let Some(leaf) = choose_leaf(input.certificates) else {
        return Judgement { path: Vec::new(), trusted_by: None, findings: Vec::new() };
    };
    let path = build_paths(input.certificates, leaf, input.trust, input.at).into_iter().next();
    let path = path.unwrap_or_else(|| Path { indices: vec![leaf], links: Vec::new(), end: PathEnd::Missing });
    let judged = Judged { input, leaf, path: &path };
    let mut findings: Vec<_> = rules::RULES.iter().flat_map(|rule| rule(&judged)).collect();
    if findings.iter().all(|finding| finding.severity != Severity::Error) {
        findings.extend(rules::last_word(&judged));
    }
    let trusted_by = match path.end {
        PathEnd::Anchor(anchor) => Some(anchor.origin.to_string()),
        PathEnd::Missing | PathEnd::Root => None,
    };
    Judgement { path: judged.summaries(), trusted_by, findings }
}

/// What the rules look at.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    pub(super) input: &'a CheckInput<'a>,
    /// Index of the leaf in the input.
    pub(super) leaf: usize,
    /// The path that is judged.
    pub(super) path: &'a Path<'a>,
}

impl<'a> Judged<'a> {
    /// The leaf.
    pub(super) fn leaf(&self) -> &'a Located {
        &self.input.certificates[self.leaf]
    }

    /// The certificates of the path that the file holds, leaf first.
    pub(super) fn own(&self) -> impl DoubleEndedIterator<Item = &'a Located> + ExactSizeIterator + use<'a> {
        let certificates = self.input.certificates;
        self.path.indices.iter().map(move |&index| &certificates[index])
    }

    /// The anchor, unless it is the last certificate of the file's part anyway.
    pub(super) fn anchor_beyond(&self) -> Option<&'a Certificate> {
        let PathEnd::Anchor(anchor) = self.path.end else { return None };
        let is_last = self.own().next_back().is_some_and(|last| last.certificate == anchor.certificate);
        (!is_last).then_some(&anchor.certificate)
    }

    /// Every certificate of the path, the anchor included, each with its place if it has one.
    pub(super) fn all(&self) -> Vec<(&'a Certificate, Option<&'a Location>)> {
        let own = self.own().map(|located| (&located.certificate, located.location.as_ref()));
        own.chain(self.anchor_beyond().map(|anchor| (anchor, None))).collect()
    }

    fn summaries(&self) -> Vec<CertificateSummary> {
        let role = |index, certificate: &Certificate| match index {
            0 => Role::Leaf,
            _ if certificate.is_self_issued() => Role::Root,
            _ => Role::Intermediate,
        };
        let own =
            self.own().enumerate().map(|(index, located)| located.summary(role(index, &located.certificate)));
        let beyond =
            self.anchor_beyond().map(|anchor| Located::from(anchor.clone()).summary(role(1, anchor)));
        own.chain(beyond).collect()
    }
}

/// The first certificate that is not a CA's; else the first: a server would send it as its own.
fn choose_leaf(certificates: &[Located]) -> Option<usize> {
    let leaf = certificates.iter().position(|located| !located.certificate.is_ca());
    leaf.or_else(|| (!certificates.is_empty()).then_some(0))
}
