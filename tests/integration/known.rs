//! What is still against a rule: the lines of `tests/known.txt`, a list that may only shrink.
//!
//! A violation that is not in the list fails its test, and so does a line that no longer applies; `make map` drops such
//! lines. After files have moved, `CERTKIT_UPDATE=moved` instead of the 1 that `make map` sets writes the lines anew:
//! look at the difference then, it must not grow. Once the list is empty, it is deleted, and nothing is let through.

use std::collections::{BTreeMap, BTreeSet};
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
    std::env::var_os("CERTKIT_UPDATE").is_some()
}

/// Holds the violations of a rule against the list; the lines of a rule begin with `RULE: `.
#[track_caller]
pub(crate) fn only_known(rule: &str, why: &str, violations: &[Violation]) {
    let counts =
        violations.iter().map(|violation| (violation.key.clone(), vec![violation.detail.clone()])).collect();
    compare(rule, why, &counts, |_| true, |key, _| key.to_owned());
}

/// The same where a key may have as many violations as the list says. `mine` are the keys of the running test.
#[track_caller]
pub(crate) fn only_known_counts(
    rule: &str,
    why: &str,
    mine: impl Fn(&str) -> bool,
    counts: &BTreeMap<String, Vec<String>>,
) {
    compare(rule, why, counts, mine, |key, count| format!("{key} ({count})"));
}

#[track_caller]
fn compare(
    rule: &str,
    why: &str,
    found: &BTreeMap<String, Vec<String>>,
    mine: impl Fn(&str) -> bool,
    write: impl Fn(&str, usize) -> String,
) {
    static FILE: Mutex<()> = Mutex::new(());
    let _alone = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let prefix = format!("{rule}: ");
    let (own, others): (Vec<_>, Vec<_>) =
        lines().into_iter().partition(|line| line.strip_prefix(&prefix).is_some_and(&mine));
    let known: BTreeMap<_, _> = own.iter().map(|line| read(&line[prefix.len()..])).collect();

    let mut kept: BTreeSet<String> = others.into_iter().collect();
    let (mut new, mut stale) = (String::new(), Vec::new());
    for (key, details) in found.iter().filter(|(_, details)| !details.is_empty()) {
        let most = known.get(key.as_str()).copied().unwrap_or_default();
        if details.len() > most {
            let _ = writeln!(new, "{prefix}{key}\n    {}", details.join("\n").replace('\n', "\n    "));
        }
        let count = if std::env::var_os("CERTKIT_UPDATE").is_some_and(|value| value == "moved") {
            details.len()
        } else {
            details.len().min(most)
        };
        if count > 0 {
            kept.insert(format!("{prefix}{}", write(key, count)));
        }
    }
    for key in known.keys() {
        if found.get(*key).is_none_or(Vec::is_empty) {
            stale.push(*key);
        }
    }
    if updates() {
        let text: String = kept.into_iter().map(|line| line + "\n").collect();
        fs::write(list(), text).unwrap();
        return;
    }
    assert!(new.is_empty(), "{why}\n{new}");
    assert!(
        stale.is_empty(),
        "no longer against `{rule}`; drop the lines from tests/known.txt (`make map` does): {stale:#?}"
    );
}

/// A key and how often it may occur: `src/x.rs (12)`, or a key alone.
fn read(line: &str) -> (&str, usize) {
    let counted = line.strip_suffix(')').and_then(|line| line.rsplit_once(" ("));
    counted.and_then(|(key, count)| Some((key, count.parse().ok()?))).unwrap_or((line, 1))
}

fn list() -> PathBuf {
    repository().join("tests/known.txt")
}

fn lines() -> Vec<String> {
    fs::read_to_string(list()).unwrap_or_default().lines().map(str::to_owned).collect()
}
