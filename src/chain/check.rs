//! Judging a chain: ways to something trusted are tried until one passes every rule; where none does, the best one is
//! reported, with a word on why the others do not hold either.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use time::OffsetDateTime;

use super::located::Located;
use super::path::{Path, PathEnd, Search, sort_best_first};
use super::profile::Profile;
use super::rules;
use super::trust::TrustStore;
use crate::finding::{Code, Finding, Location, Severity};
use crate::report::{CertificateSummary, Role};
use crate::x509::{Certificate, Crl, HostName, PrivateKey, Purpose};

/// What to judge, and by what.
#[derive(Clone, Copy, Debug)]
pub struct CheckInput<'a> {
    /// The certificates in the order of the file; never empty, else there is nothing to judge.
    pub certificates: &'a [Located],
    /// Whom to trust.
    pub trust: &'a TrustStore,
    /// The time to judge at; certificates know whole seconds, so a fraction is cut off.
    pub at: OffsetDateTime,
    /// The name that clients use.
    pub host: Option<&'a HostName>,
    /// Mail addresses that the certificate must be for, each of them.
    pub emails: &'a [String],
    /// The key that should fit.
    pub key: Option<&'a PrivateKey>,
    /// Revocation lists.
    pub crls: &'a [Crl],
    /// Fail when the chain ends within this many days.
    pub min_days: Option<u32>,
    /// Fail when there are more intermediates than this; self-issued ones do not count.
    pub max_depth: Option<usize>,
    /// What the certificate is for.
    pub purpose: Purpose,
    /// Which rules to judge by.
    pub profile: Profile,
    /// How the user would name the file, or the server, in a command that mends something.
    pub file: &'a str,
    /// Whether a running server sent the certificates; else they are from a file for one.
    pub is_live: bool,
}

impl<'a> CheckInput<'a> {
    /// A server's chain, judged for no name in particular by what clients do.
    pub fn new(
        certificates: &'a [Located],
        trust: &'a TrustStore,
        at: OffsetDateTime,
        file: &'a str,
    ) -> Self {
        Self {
            certificates,
            trust,
            at,
            host: None,
            emails: &[],
            key: None,
            crls: &[],
            min_days: None,
            max_depth: None,
            purpose: Purpose::Server,
            profile: Profile::Tls,
            file,
            is_live: false,
        }
    }
}

/// The verdict: it holds when no finding is an error.
#[derive(Debug)]
pub struct Judgement {
    /// The path that was judged, leaf first, as far as it could be built; the anchor last.
    pub path: Vec<CertificateSummary>,
    /// The issuer that the path lacks, where it ends nowhere.
    pub missing_issuer: Option<String>,
    /// Where the trust comes from, in words.
    pub trusted_by: Option<String>,
    /// Everything found.
    pub findings: Vec<Finding>,
}

/// Ways that are judged before the best of them is reported; a chain of a public CA has one to three.
const MAX_CANDIDATES: usize = 16;
/// Other ways of which the report says why they do not hold.
const MAX_OTHERS: usize = 3;
/// Comparisons of names with name constraints, on all ways together: about 20 ms.
const MAX_COMPARISONS: usize = 300_000;

/// Judges a chain and remarks on it.
pub fn check(input: &CheckInput<'_>) -> Judgement {
    let Some(best) = best(input) else {
        return Judgement { path: Vec::new(), missing_issuer: None, trusted_by: None, findings: Vec::new() };
    };
    let comparisons = Cell::new(0);
    let judged = Judged { input, leaf: best.leaf, path: &best.path, comparisons: &comparisons };
    let mut found = best.found;
    found.extend(rules::REMARKS.iter().flat_map(|rule| rule(&judged)));
    let path = judged.summaries(&found);
    let mut judgement = Judgement {
        path,
        missing_issuer: None,
        trusted_by: None,
        findings: found.into_iter().map(|found| found.finding).collect(),
    };
    match best.path.end {
        PathEnd::Anchor(anchor) => judgement.trusted_by = Some(anchor.origin.to_string()),
        PathEnd::Missing => {
            judgement.missing_issuer = judged.all().last().map(|last| last.certificate.issuer.label());
        }
        PathEnd::Root => {}
    }
    judgement
}

/// Judges a chain and says only why it does not hold: nothing, when it does.
pub fn reasons(input: &CheckInput<'_>) -> Vec<Finding> {
    let found = best(input).map(|best| best.found).unwrap_or_default();
    let findings = found.into_iter().map(|found| found.finding);
    findings.filter(|finding| finding.severity == Severity::Error).collect()
}

/// The way to report, and what the rules that can say "no" found on it.
struct Best<'a> {
    leaf: usize,
    path: Path<'a>,
    found: Vec<Found>,
}

fn best<'a>(input: &CheckInput<'a>) -> Option<Best<'a>> {
    let at = input.at.replace_nanosecond(0).unwrap_or(input.at);
    let input = &CheckInput { at, ..*input };
    let leaf = choose_leaf(input.certificates)?;
    let comparisons = Cell::new(MAX_COMPARISONS);
    let judge = |path: &Path<'_>, rules: &[rules::Rule]| -> Vec<Found> {
        let judged = Judged { input, leaf, path, comparisons: &comparisons };
        rules.iter().flat_map(|rule| rule(&judged)).collect()
    };
    let lone = Path { indices: vec![leaf], links: Vec::new(), end: PathEnd::Missing };
    let of_leaf = judge(&lone, rules::LEAF);
    let judge_path = |path: &Path<'_>| {
        let mut found = judge(path, rules::PATH);
        if !is_any_error(&found) && !is_any_error(&of_leaf) {
            found.extend(judge(path, rules::LAST_WORD));
        }
        found
    };
    let mut search = Search::new(input.certificates, leaf, input.trust, at);

    let mut tried: Vec<(Path<'_>, Vec<Found>)> = Vec::new();
    search.sound(&mut |path| {
        let found = judge_path(&path);
        let holds = !is_any_error(&found);
        tried.push((path, found));
        if holds || tried.len() >= MAX_CANDIDATES {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let mut is_exhausted = search.is_exhausted();
    if tried.is_empty() {
        let mut paths = Vec::new();
        search.any(&mut |path| {
            paths.push(path);
            if paths.len() < MAX_CANDIDATES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        is_exhausted |= search.is_exhausted();
        sort_best_first(&mut paths, input.certificates, at);
        paths.truncate(1 + MAX_OTHERS);
        if paths.is_empty() {
            paths.push(lone);
        }
        tried.extend(paths.into_iter().map(|path| {
            let found = judge_path(&path);
            (path, found)
        }));
    }
    // The first of the fewest errors: the search looks at likely ways first.
    let errors = |found: &[Found]| found.iter().filter(|found| found.is_error()).count();
    let chosen = (0..tried.len()).min_by_key(|&index| errors(&tried[index].1))?;
    let (path, found) = tried.swap_remove(chosen);
    let mut found = shortened(found);
    if is_any_error(&found) {
        found.extend(tried.iter().take(MAX_OTHERS).filter_map(|(other, why)| {
            let judged = Judged { input, leaf, path: other, comparisons: &comparisons };
            judged.why_not(why)
        }));
        if is_exhausted {
            found.push(too_many_ways());
        }
    }
    found.extend(of_leaf);
    Some(Best { leaf, path, found })
}

fn is_any_error(found: &[Found]) -> bool {
    found.iter().any(Found::is_error)
}

/// Findings of one kind that are told one by one; a long path may have them by the dozen.
const MAX_OF_A_KIND: usize = 3;

/// Keeps the first few of each kind and severity and counts the rest.
fn shortened(found: Vec<Found>) -> Vec<Found> {
    let mut counts = HashMap::<_, usize>::new();
    let mut kept = found;
    kept.retain(|found| {
        let count = counts.entry((found.finding.code, found.is_error())).or_default();
        *count += 1;
        *count <= MAX_OF_A_KIND
    });
    let mut rest: Vec<_> = counts.into_iter().filter(|(_, count)| *count > MAX_OF_A_KIND).collect();
    rest.sort_unstable();
    kept.extend(rest.into_iter().map(|((code, _), count)| {
        let message = format!("and {} more of the kind {code}", count - MAX_OF_A_KIND);
        Finding::note(code, message).into()
    }));
    kept
}

fn too_many_ways() -> Found {
    let message =
        "there are so many certificates of the same names here that not every way through them was tried";
    let fix = "keep only your certificate and the intermediates that your CA sent along with it";
    Finding::error(Code::TooComplex, message).fix(fix).into()
}

/// What a rule found, and which certificate of the path it is about.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) finding: Finding,
    /// Counted from the leaf.
    pub(super) certificate: Option<usize>,
}

impl Found {
    pub(super) fn is_error(&self) -> bool {
        self.finding.severity == Severity::Error
    }
}

impl From<Finding> for Found {
    fn from(finding: Finding) -> Self {
        Self { finding, certificate: None }
    }
}

/// A certificate of the path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// Counted from the leaf.
    pub(super) index: usize,
    pub(super) certificate: &'a Certificate,
    /// Where it was read.
    pub(super) location: Option<&'a Location>,
    /// Whether it is trusted for itself: its own signature, serial number and the like count for nothing. A leaf that is
    /// trusted for itself is a leaf all the same.
    pub(super) is_anchor: bool,
}

impl Place<'_> {
    /// The finding with this certificate's place.
    pub(super) fn found(&self, finding: Finding) -> Found {
        let finding = match self.location {
            Some(location) => finding.at(location.clone()),
            None => finding,
        };
        Found { finding, certificate: Some(self.index) }
    }

    /// The name to call it by.
    pub(super) fn label(&self) -> String {
        self.certificate.label()
    }
}

/// What the rules look at.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    pub(super) input: &'a CheckInput<'a>,
    /// Index of the leaf in the input.
    pub(super) leaf: usize,
    /// The path that is judged.
    pub(super) path: &'a Path<'a>,
    /// Comparisons of names with name constraints that may still be made.
    pub(super) comparisons: &'a Cell<usize>,
}

impl<'a> Judged<'a> {
    /// The leaf.
    pub(super) fn leaf(&self) -> Place<'a> {
        let located = &self.input.certificates[self.leaf];
        Place {
            index: 0,
            certificate: &located.certificate,
            location: located.location.as_ref(),
            is_anchor: false,
        }
    }

    /// The certificates of the path that the file holds, leaf first.
    pub(super) fn own(&self) -> impl DoubleEndedIterator<Item = &'a Located> + ExactSizeIterator + use<'a> {
        let certificates = self.input.certificates;
        self.path.indices.iter().map(move |&index| &certificates[index])
    }

    /// The anchor, unless it is the last certificate of the file's part anyway.
    fn anchor_beyond(&self) -> Option<&'a Certificate> {
        let PathEnd::Anchor(anchor) = self.path.end else { return None };
        let is_last = self.own().next_back().is_some_and(|last| last.certificate == anchor.certificate);
        (!is_last).then_some(&anchor.certificate)
    }

    /// Every certificate of the path, the anchor included.
    pub(super) fn all(&self) -> Vec<Place<'a>> {
        let own = self.own().map(|located| (&located.certificate, located.location.as_ref()));
        let all = own.chain(self.anchor_beyond().map(|anchor| (anchor, None)));
        let mut places: Vec<_> = all
            .enumerate()
            .map(|(index, (certificate, location))| Place { index, certificate, location, is_anchor: false })
            .collect();
        if let (PathEnd::Anchor(_), Some(last)) = (self.path.end, places.last_mut()) {
            last.is_anchor = last.index > 0;
        }
        places
    }

    /// Every certificate of the path that is not trusted for itself.
    pub(super) fn below_anchor(&self) -> impl Iterator<Item = Place<'a>> + use<'a> {
        self.all().into_iter().filter(|place| !place.is_anchor)
    }

    /// Error under the profiles that demand it, warning under the others.
    pub(super) fn severity(&self, demanded_by: &[Profile]) -> Severity {
        if demanded_by.contains(&self.input.profile) { Severity::Error } else { Severity::Warning }
    }

    /// Whether the profile is one of a standard, and not what clients do.
    pub(super) fn is_by_the_book(&self) -> bool {
        self.input.profile != Profile::Tls
    }

    /// Why this way, which is not the reported one, does not hold.
    fn why_not(&self, found: &[Found]) -> Option<Found> {
        let why = &found.iter().find(|found| found.is_error())?.finding;
        let first_line = why.message.lines().next().unwrap_or_default();
        let over: Vec<_> = self.all().iter().skip(1).map(|place| format!("`{}`", place.label())).collect();
        let message = format!("another way, over {}, does not hold either: {first_line}", over.join(", "));
        Some(Finding::note(why.code, message).into())
    }

    fn summaries(&self, found: &[Found]) -> Vec<CertificateSummary> {
        let role = |index, certificate: &Certificate| match index {
            0 => Role::Leaf,
            _ if certificate.is_self_issued() => Role::Root,
            _ => Role::Intermediate,
        };
        let mut summaries: Vec<_> = self
            .own()
            .enumerate()
            .map(|(index, located)| located.summary(role(index, &located.certificate)))
            .chain(self.anchor_beyond().map(|anchor| Located::from(anchor.clone()).summary(role(1, anchor))))
            .collect();
        for found in found {
            if let Some(summary) = found.certificate.and_then(|index| summaries.get_mut(index)) {
                summary.verdict = summary.verdict.max(Some(found.finding.severity));
            }
        }
        summaries
    }
}

/// The leaf is the first certificate that is neither a CA's nor the issuer of another one here; else the first: a
/// server would send it as its own.
fn choose_leaf(certificates: &[Located]) -> Option<usize> {
    let first = &certificates.first()?.certificate;
    if !first.is_ca() {
        return Some(0);
    }
    let issued = certificates.iter().filter(|located| !located.certificate.is_self_issued());
    let issuers: HashSet<_> = issued.map(|located| located.certificate.issuer.der.as_slice()).collect();
    let leaf = certificates.iter().position(|located| {
        let certificate = &located.certificate;
        !certificate.is_ca() && !issuers.contains(certificate.subject.der.as_slice())
    });
    leaf.or(Some(0))
}
