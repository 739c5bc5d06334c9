//! What a rule declares: its codes, and how severe each is under each profile.

use super::profile::Profile;
use crate::finding::{Code, Finding, Severity};

/// A code that a rule can give. `docs/findings.md` explains it under the heading of its code and
/// states the same severities; a test compares the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Diagnostic {
    pub(super) code: Code,
    /// `None`: not checked under the profile `tls`; likewise below.
    tls: Option<Severity>,
    webpki: Option<Severity>,
    rfc5280: Option<Severity>,
}

impl Diagnostic {
    pub(super) const fn error(code: Code) -> Self {
        Self::always(code, Severity::Error)
    }

    pub(super) const fn warning(code: Code) -> Self {
        Self::always(code, Severity::Warning)
    }

    pub(super) const fn note(code: Code) -> Self {
        Self::always(code, Severity::Note)
    }

    /// An error by the standards, a warning where only what clients do counts.
    pub(super) const fn by_the_book(code: Code) -> Self {
        Self { tls: Some(Severity::Warning), ..Self::error(code) }
    }

    /// An error for the public web, a warning elsewhere.
    pub(super) const fn for_the_public_web(code: Code) -> Self {
        Self { webpki: Some(Severity::Error), ..Self::warning(code) }
    }

    /// The same, but never under `profile`.
    pub(super) const fn except(self, profile: Profile) -> Self {
        match profile {
            Profile::Rfc5280 => Self { rfc5280: None, ..self },
            Profile::Tls => Self { tls: None, ..self },
            Profile::Webpki => Self { webpki: None, ..self },
        }
    }

    const fn always(code: Code, severity: Severity) -> Self {
        let severity = Some(severity);
        Self { code, tls: severity, webpki: severity, rfc5280: severity }
    }

    pub(super) const fn severity(&self, profile: Profile) -> Option<Severity> {
        match profile {
            Profile::Rfc5280 => self.rfc5280,
            Profile::Tls => self.tls,
            Profile::Webpki => self.webpki,
        }
    }

    /// The finding; `None` where the profile does not check this.
    pub(super) fn finding(&self, profile: Profile, message: impl Into<String>) -> Option<Finding> {
        let severity = self.severity(profile)?;
        Some(Finding { severity, ..Finding::error(self.code, message) })
    }
}
