//! What a rule declares: its codes, and how severe each is under each profile.

use super::clients::{Clients, Defect};
use super::profile::Profile;
use crate::finding::{Code, Finding, Severity};

/// A code that a rule can give. `docs/findings.md` explains it under the heading of its code and
/// states the same severities; a test compares the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Diagnostic {
    pub(super) code: Code,
    /// The row of the table of clients that says who refuses it.
    pub(super) defect: Option<Defect>,
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

    /// An error by the standards; under `tls` what the table of clients makes of it. The first line of the message
    /// ends with those who refuse it.
    pub(super) const fn of_clients(defect: Defect) -> Self {
        let row = defect.row();
        Self { defect: Some(defect), tls: Some(row.severity()), ..Self::error(row.code) }
    }

    /// The same, but a warning by the standards.
    pub(super) const fn of_clients_alone(defect: Defect) -> Self {
        let row = defect.row();
        Self { defect: Some(defect), tls: Some(row.severity()), ..Self::warning(row.code) }
    }

    /// The same, but an error for the public web.
    pub(super) const fn not_on_the_public_web(self) -> Self {
        Self { webpki: Some(Severity::Error), ..self }
    }

    /// The same, but never under `profile`.
    pub(super) const fn except(self, profile: Profile) -> Self {
        match profile {
            Profile::Rfc5280 => Self { rfc5280: None, ..self },
            Profile::Tls => Self { tls: None, ..self },
            Profile::Webpki => Self { webpki: None, ..self },
        }
    }

    /// The clients that refuse the chain because of it, as far as the table says so.
    pub(super) fn refused_by(&self) -> Clients {
        self.defect.map_or(Clients::NONE, |defect| defect.row().refused_by)
    }

    const fn always(code: Code, severity: Severity) -> Self {
        let severity = Some(severity);
        Self { code, defect: None, tls: severity, webpki: severity, rfc5280: severity }
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
        let mut message = message.into();
        if let Some(sentence) = self.defect.and_then(Defect::sentence) {
            // What follows the first line is a list.
            let end = message.find('\n').unwrap_or(message.len());
            message.insert_str(end, &format!("; {sentence}"));
        }
        Some(Finding { severity, ..Finding::error(self.code, message) })
    }
}
