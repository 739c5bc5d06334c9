//! What is still against a rule: the lines of `tests/known.txt`, a list that may only shrink.
//!
//! A violation that is not in the list fails its test, and so does a line that no violation stands behind any more;
//! `make map` drops such lines. Once the list is empty, it is deleted, and nothing is let through.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::harness::repository;

/// What is against a rule: a stable line for the list, and where it is now.
pub(crate) struct Violation {
    pub(crate) key: String,
    pub(crate) detail: String,
}

/// Whether the running tests rewrite what is derived (`make map`) instead of comparing it.
pub(crate) fn updates() -> bool {
    std::env::var_os("CERTKIT_UPDATE").is_some_and(|value| value == "1")
}

/// Holds the violations of a rule against the list; the lines of a rule begin with `RULE: `.
#[track_caller]
pub(crate) fn only_known(rule: &str, why: &str, violations: &[Violation]) {
    static FILE: Mutex<()> = Mutex::new(());
    let _alone = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let prefix = format!("{rule}: ");
    let known: BTreeSet<_> =
        lines().into_iter().filter_map(|line| line.strip_prefix(&prefix).map(str::to_owned)).collect();
    let mut said = String::new();
    for violation in violations.iter().filter(|violation| !known.contains(&violation.key)) {
        let _ = writeln!(said, "{prefix}{}\n    {}", violation.key, violation.detail.replace('\n', "\n    "));
    }
    let stale: Vec<_> =
        known.iter().filter(|key| violations.iter().all(|violation| violation.key != **key)).collect();
    if updates() && !stale.is_empty() {
        let dropped: BTreeSet<_> = stale.iter().map(|key| format!("{prefix}{key}")).collect();
        let kept: String =
            lines().into_iter().filter(|line| !dropped.contains(line)).map(|line| line + "\n").collect();
        fs::write(list(), kept).unwrap();
    } else if !stale.is_empty() {
        let _ = writeln!(
            said,
            "no longer true, drop the lines from tests/known.txt (`make map` does): {stale:#?}"
        );
    }
    assert!(said.is_empty(), "{why}\n{said}");
}

fn list() -> PathBuf {
    repository().join("tests/known.txt")
}

fn lines() -> Vec<String> {
    fs::read_to_string(list()).unwrap_or_default().lines().map(str::to_owned).collect()
}
