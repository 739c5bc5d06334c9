//! What every rule needs: the path that is judged, its certificates, and a finding tied to one of them.

use std::cell::Cell;

use super::check_input::CheckInput;
use super::clients::{Client, Clients};
use super::diagnostic::Diagnostic;
use super::located::Located;
use super::path::{Path, PathEnd};
use super::profile::Profile;
use crate::finding::{Finding, Location, Severity};
use crate::report::{CertificateSummary, Role};
use crate::x509::Certificate;

/// What a rule found, and which certificate of the path it is about.
#[derive(Debug)]
pub(super) struct PathFinding {
    pub(super) finding: Finding,
    /// Counted from the leaf.
    pub(super) certificate: Option<usize>,
    /// The clients that refuse the chain because of it, as far as it says so.
    pub(super) refused_by: Clients,
}

impl PathFinding {
    pub(super) fn is_error(&self) -> bool {
        self.finding.severity == Severity::Error
    }

    /// Whether it says that a client refuses the chain.
    pub(super) fn is_refused(&self) -> bool {
        self.is_error() || self.refused_by != Clients::NONE
    }

    /// Whether it says that rustls refuses the chain.
    pub(super) fn is_refused_by_rustls(&self) -> bool {
        self.refused_by.has(Client::Rustls)
    }
}

pub(super) fn is_any_error(found: &[PathFinding]) -> bool {
    found.iter().any(PathFinding::is_error)
}

/// Whether everyday clients refuse a path for reasons of which none is an error, and together these leave no client that
/// accepts it. `others` were found on the same path.
///
/// The standards do not ask who accepts a chain: under the other profiles this is never so.
pub(super) fn leave_no_client(found: &[PathFinding], others: &[PathFinding], profile: Profile) -> bool {
    let all = found.iter().chain(others).map(|found| found.refused_by);
    profile == Profile::Tls
        && !is_any_error(found)
        && !is_any_error(others)
        && all.fold(Clients::NONE, Clients::union).has_every_everyday_one()
}

/// Makes errors of the warnings because of which an everyday client refuses the chain.
pub(super) fn raise_refusals(found: &mut [PathFinding]) {
    for found in found.iter_mut().filter(|found| found.refused_by.has_an_everyday_one()) {
        found.finding.severity = Severity::Error;
    }
}

impl From<Finding> for PathFinding {
    fn from(finding: Finding) -> Self {
        Self { finding, certificate: None, refused_by: Clients::NONE }
    }
}

/// A certificate of the path.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathCertificate<'a> {
    /// Counted from the leaf.
    pub(super) index: usize,
    pub(super) certificate: &'a Certificate,
    /// Where it was read.
    pub(super) location: Option<&'a Location>,
    /// Whether it is trusted for itself: its own signature, serial number and the like do not count. A leaf that is
    /// trusted for itself is still a leaf.
    pub(super) is_anchor: bool,
}

impl PathCertificate<'_> {
    pub(super) fn label(&self) -> String {
        self.certificate.label()
    }
}

/// A path that the rules judge.
#[derive(Debug)]
pub(super) struct JudgedPath<'a> {
    pub(super) input: &'a CheckInput<'a>,
    /// Index of the leaf in the input.
    pub(super) leaf: usize,
    pub(super) path: &'a Path<'a>,
    /// Comparisons of names with name constraints that may still be made.
    pub(super) comparisons: &'a Cell<usize>,
}

impl<'a> JudgedPath<'a> {
    pub(super) fn leaf(&self) -> PathCertificate<'a> {
        let located = &self.input.certificates[self.leaf];
        PathCertificate {
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
    pub(super) fn all(&self) -> Vec<PathCertificate<'a>> {
        let own = self.own().map(|located| (&located.certificate, located.location.as_ref()));
        let all = own.chain(self.anchor_beyond().map(|anchor| (anchor, None)));
        let mut members: Vec<_> = all
            .enumerate()
            .map(|(index, (certificate, location))| PathCertificate {
                index,
                certificate,
                location,
                is_anchor: false,
            })
            .collect();
        if let (PathEnd::Anchor(_), Some(last)) = (self.path.end, members.last_mut()) {
            last.is_anchor = last.index > 0;
        }
        members
    }

    /// Every certificate of the path that is not trusted for itself.
    pub(super) fn below_anchor(&self) -> impl Iterator<Item = PathCertificate<'a>> + use<'a> {
        self.all().into_iter().filter(|member| !member.is_anchor)
    }

    /// A finding about one certificate of the path; `None` where the profile does not check it.
    pub(super) fn report(
        &self,
        diagnostic: &Diagnostic,
        subject: &PathCertificate<'_>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Option<PathFinding> {
        let finding = diagnostic.finding(self.input.profile, message)?.fix(fix);
        Some(PathFinding {
            finding: at(finding, subject.location),
            certificate: Some(subject.index),
            refused_by: diagnostic.refused_by(),
        })
    }

    /// A finding about the input as a whole, or about a certificate of it that is not in the path.
    pub(super) fn report_input(
        &self,
        diagnostic: &Diagnostic,
        location: Option<&Location>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Option<PathFinding> {
        let finding = diagnostic.finding(self.input.profile, message)?.fix(fix);
        Some(PathFinding { refused_by: diagnostic.refused_by(), ..at(finding, location).into() })
    }

    /// Whether the profile follows a standard instead of what clients do.
    pub(super) fn is_by_the_book(&self) -> bool {
        self.input.profile != Profile::Tls
    }

    pub(super) fn summaries(&self, found: &[PathFinding]) -> Vec<CertificateSummary> {
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

fn at(finding: Finding, location: Option<&Location>) -> Finding {
    match location {
        Some(location) => finding.at(location.clone()),
        None => finding,
    }
}
