//! A certificate that is there twice adds bytes to every handshake, and some clients refuse it.

use std::collections::HashMap;

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::located::Located;
use super::super::rule::Rule;
use super::fixes;
use crate::finding::{Code, listed};

const TWICE: Diagnostic = Diagnostic::warning(Code::Duplicate);

pub(super) const RULE: Rule = Rule { diagnostics: &[TWICE], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let input = judged.input;
    let mut seen = HashMap::<_, Vec<_>>::new();
    let mut copied = Vec::new();
    for located in input.certificates {
        let copies = seen.entry(&located.certificate.der).or_default();
        copies.push(located);
        if copies.len() == 2 {
            copied.push(located);
        }
    }
    let fix = fixes::merge_command(input, "");
    let place = fixes::in_input(input);
    if copied.len() > MOST_ALONE {
        let labels: Vec<_> = copied.iter().map(|located| located.certificate.label()).collect();
        let listed = listed(&labels);
        let message = format!("{} certificates are {place} more than once: {listed}", copied.len());
        let first = copied.first().and_then(|located| located.location.as_ref());
        return judged.report_input(&TWICE, first, message, fix).into_iter().collect();
    }
    let single = |located: &&Located| {
        let label = located.certificate.label();
        let times = match seen.get(&located.certificate.der).map_or(0, Vec::len) {
            2 => "twice".to_owned(),
            number => format!("{number} times"),
        };
        let message = format!("`{label}` is {place} {times}");
        judged.report_input(&TWICE, located.location.as_ref(), message, fix.clone())
    };
    copied.iter().filter_map(single).collect()
}

/// Certificates that have a finding each.
const MOST_ALONE: usize = 3;
