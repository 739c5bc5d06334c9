//! A rule: what it declares, and the function that looks at a path.

use super::diagnostic::Diagnostic;
use super::judged_path::{JudgedPath, PathFinding};
use super::profile::Profile;

/// A rule of `rules/`.
#[derive(Debug)]
pub(super) struct Rule {
    /// Everything that it can find.
    pub(super) diagnostics: &'static [Diagnostic],
    pub(super) judge: fn(&JudgedPath<'_>) -> Vec<PathFinding>,
}

impl Rule {
    /// Applies the rule.
    ///
    /// # Panics
    /// In debug builds, if it finds what it does not declare.
    pub(super) fn apply(&self, path: &JudgedPath<'_>) -> Vec<PathFinding> {
        let found = (self.judge)(path);
        debug_assert!(found.iter().all(|found| self.declares(found, path.input.profile)), "{found:?}");
        found
    }

    fn declares(&self, found: &PathFinding, profile: Profile) -> bool {
        self.diagnostics.iter().any(|diagnostic| {
            diagnostic.code == found.finding.code
                && diagnostic.severity(profile) == Some(found.finding.severity)
        })
    }
}
