//! What a rule about a server declares, and what it looks at.

use std::net::SocketAddr;
use std::time::SystemTime;

use crate::finding::{Code, Finding, Severity};
use crate::probe::{AddressState, Depth, Peer, ServerProgram, Starttls, Survey};

/// What is known of a server.
#[derive(Clone, Copy, Debug)]
pub struct ServerFacts<'a> {
    pub peer: &'a Peer,
    pub survey: &'a Survey,
    pub starttls: Option<Starttls>,
    pub depth: Depth,
    /// What the other addresses of its name do, where they were asked.
    pub addresses: &'a [(SocketAddr, AddressState)],
    /// The program that it is, where that was named or recognised.
    pub program: Option<ServerProgram>,
    /// The time now, to compare its clock with.
    pub now: Option<SystemTime>,
}

/// A code that a rule can give, and its severity. `docs/findings.md` states the same; a test compares the two.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerDiagnostic {
    pub(super) code: Code,
    pub(super) severity: Severity,
}

impl ServerDiagnostic {
    pub(super) const fn error(code: Code) -> Self {
        Self { code, severity: Severity::Error }
    }

    pub(super) const fn warning(code: Code) -> Self {
        Self { code, severity: Severity::Warning }
    }

    pub(super) const fn note(code: Code) -> Self {
        Self { code, severity: Severity::Note }
    }

    pub(super) fn finding(&self, message: impl Into<String>) -> Finding {
        Finding { severity: self.severity, ..Finding::error(self.code, message) }
    }
}

#[derive(Debug)]
pub(super) struct ServerRule {
    /// Everything that it can find.
    pub(super) diagnostics: &'static [ServerDiagnostic],
    pub(super) judge: fn(&ServerFacts<'_>) -> Vec<Finding>,
}

impl ServerRule {
    /// Applies the rule.
    ///
    /// # Panics
    /// In debug builds, if it finds what it does not declare.
    pub(super) fn apply(&self, facts: &ServerFacts<'_>) -> Vec<Finding> {
        let found = (self.judge)(facts);
        debug_assert!(found.iter().all(|found| self.declares(found)), "{found:?}");
        found
    }

    fn declares(&self, found: &Finding) -> bool {
        let is_same = |diagnostic: &ServerDiagnostic| {
            diagnostic.code == found.code && diagnostic.severity == found.severity
        };
        self.diagnostics.iter().any(is_same)
    }
}
