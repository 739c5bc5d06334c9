//! What every rule needs: the path that is judged, its certificates, and a finding tied to one of them.

use std::cell::Cell;

use super::check_input::CheckInput;
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
}

impl PathFinding {
    pub(super) fn is_error(&self) -> bool {
        self.finding.severity == Severity::Error
    }
}

impl From<Finding> for PathFinding {
    fn from(finding: Finding) -> Self {
        Self { finding, certificate: None }
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
    /// Whether it is trusted for itself: its own signature, serial number and the like count for nothing. A leaf that is
    /// trusted for itself is a leaf all the same.
    pub(super) is_anchor: bool,
}

impl PathCertificate<'_> {
    /// The finding with this certificate's place.
    pub(super) fn found(&self, finding: Finding) -> PathFinding {
        let finding = match self.location {
            Some(location) => finding.at(location.clone()),
            None => finding,
        };
        PathFinding { finding, certificate: Some(self.index) }
    }

    /// The name to call it by.
    pub(super) fn label(&self) -> String {
        self.certificate.label()
    }
}

/// What the rules look at.
#[derive(Debug)]
pub(super) struct JudgedPath<'a> {
    pub(super) input: &'a CheckInput<'a>,
    /// Index of the leaf in the input.
    pub(super) leaf: usize,
    /// The path that is judged.
    pub(super) path: &'a Path<'a>,
    /// Comparisons of names with name constraints that may still be made.
    pub(super) comparisons: &'a Cell<usize>,
}

impl<'a> JudgedPath<'a> {
    /// The leaf.
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
        let mut places: Vec<_> = all
            .enumerate()
            .map(|(index, (certificate, location))| PathCertificate {
                index,
                certificate,
                location,
                is_anchor: false,
            })
            .collect();
        if let (PathEnd::Anchor(_), Some(last)) = (self.path.end, places.last_mut()) {
            last.is_anchor = last.index > 0;
        }
        places
    }

    /// Every certificate of the path that is not trusted for itself.
    pub(super) fn below_anchor(&self) -> impl Iterator<Item = PathCertificate<'a>> + use<'a> {
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
    pub(super) fn why_not(&self, found: &[PathFinding]) -> Option<PathFinding> {
        let why = &found.iter().find(|found| found.is_error())?.finding;
        let first_line = why.message.lines().next().unwrap_or_default();
        let over: Vec<_> = self.all().iter().skip(1).map(|place| format!("`{}`", place.label())).collect();
        let message = format!("another way, over {}, does not hold either: {first_line}", over.join(", "));
        Some(Finding::note(why.code, message).into())
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
