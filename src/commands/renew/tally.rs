//! What was checked, and what became of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use super::FAILED;
use super::candidates::{Candidate, Checked, Checks, Due};
use super::plan::{KeyPlan, Plan, plain_path};
use super::write::Prepared;
use crate::chain::Located;
use crate::finding::{Finding, Severity};
use crate::report::{CheckedCertificate, CheckedState, Created, Failure, RenewalCount, Role};
use crate::x509::{Certificate, RenewalPolicy};

/// The report while it grows.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) created: Created,
    pub(super) count: RenewalCount,
    pub(super) findings: Vec<Finding>,
    /// Files that can be renewed with others alone, as paths without links, and what to say where they are not.
    containers: Vec<(PathBuf, Failure)>,
}

impl Tally {
    /// Which of them are due, each once.
    pub(super) fn check<'a>(&mut self, checks: &Checks<'a>, candidates: &[Candidate]) -> Vec<Due<'a>> {
        let mut due: Vec<Due<'a>> = Vec::new();
        let mut by_certificate = HashMap::new();
        for candidate in candidates {
            self.count.checked += 1;
            match checks.check(candidate) {
                Ok(Checked::Due(one)) => match by_certificate.entry(one.old.sha256()) {
                    Entry::Occupied(first) => {
                        let first: &usize = first.get();
                        if let Some(first) = due.get_mut(*first) {
                            first.also.push(one.path);
                        }
                    }
                    Entry::Vacant(vacant) => {
                        vacant.insert(due.len());
                        due.push(*one);
                    }
                },
                Ok(Checked::NotDue { certificate, due_at }) => {
                    self.count.certificates.push(CheckedCertificate {
                        file: candidate.file.clone(),
                        state: CheckedState::NotDue,
                        not_after: certificate.not_after,
                        due_at,
                        files: Vec::new(),
                        left: Vec::new(),
                    })
                }
                Ok(Checked::Container(failure)) => {
                    self.containers.push((plain_path(Path::new(&candidate.file)), failure));
                }
                Ok(Checked::Gone) => self.count.checked -= 1,
                Err(failure) => self.fail(failure),
            }
        }
        due
    }

    /// What a plan writes, or names as left as it was, is not named a second time.
    pub(super) fn take_covered(&mut self, plan: &Plan<'_>) {
        let left = plan.left.iter().map(|(path, _)| plain_path(path));
        let covered: Vec<_> = plan.written().chain(left).collect();
        self.containers.retain(|(path, _)| !covered.contains(path));
    }

    /// Files that were named, and that no plan has.
    pub(super) fn fail_containers(&mut self) {
        for (_, failure) in std::mem::take(&mut self.containers) {
            self.fail(failure);
        }
    }

    /// `--dry-run`: what would be done.
    pub(super) fn take_plan(&mut self, plan: Plan<'_>) {
        let mut files: Vec<_> = plan.files.iter().map(|file| file.path.display().to_string()).collect();
        if let KeyPlan::New(path) = &plan.key {
            files.push(path.display().to_string());
        }
        if plan.notes.iter().any(|note| note.severity == Severity::Error) {
            self.created.status = FAILED;
        }
        self.findings.extend(plan.notes);
        self.count.certificates.push(CheckedCertificate {
            file: plan.due.file,
            state: CheckedState::Due,
            not_after: plan.due.old.not_after,
            due_at: plan.due.due_at,
            files,
            left: plan.left.iter().map(|(path, _)| path.display().to_string()).collect(),
        });
    }

    pub(super) fn take_renewed(&mut self, one: Prepared, policy: RenewalPolicy) {
        let Certificate { not_before, not_after, .. } = one.certificate;
        self.findings.extend(one.notes);
        self.count.certificates.push(CheckedCertificate {
            file: one.file.clone(),
            state: CheckedState::Renewed,
            not_after,
            due_at: policy.due_at(not_before, not_after),
            files: one.paths,
            left: one.left,
        });
        let summary = Located::from(one.certificate).summary(Role::Leaf);
        self.created.certificate.get_or_insert_with(|| summary.clone());
        self.count.renewed.push((one.file, summary));
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.created.status = FAILED;
        self.findings.extend(failure.findings);
    }
}
