//! One rule, one file: each looks at the path and says what it finds, with the words that mend it.

mod bad_signature;
mod critical_extension;
mod duplicate;
mod expired;
mod expires_soon;
mod host_mismatch;
mod key_mismatch;
mod key_usage;
mod last_word;
mod missing_intermediate;
mod no_san;
mod not_a_ca;
mod path_length;
mod root_included;
mod trusted_locally;
mod unneeded;
mod untrusted_root;
mod validity_too_long;
mod weak_key;
mod weak_signature;
mod wrong_order;
mod wrong_usage;

pub(super) use last_word::last_word;

use super::check::Judged;
use crate::finding::{Finding, Location};

type Rule = fn(&Judged<'_>) -> Vec<Finding>;

/// Every rule, in the order of its findings: what the file is, how far the path goes, each certificate, the name.
pub(super) const RULES: &[Rule] = &[
    key_mismatch::rule,
    wrong_order::rule,
    missing_intermediate::rule,
    untrusted_root::rule,
    bad_signature::rule,
    weak_signature::rule,
    weak_key::rule,
    not_a_ca::rule,
    path_length::rule,
    critical_extension::rule,
    expired::rule,
    expires_soon::rule,
    wrong_usage::rule,
    key_usage::rule,
    no_san::rule,
    host_mismatch::rule,
    validity_too_long::rule,
    trusted_locally::rule,
    duplicate::rule,
    root_included::rule,
    unneeded::rule,
];

/// The finding with its place, where it has one.
fn placed(finding: Finding, location: Option<&Location>) -> Finding {
    match location {
        Some(location) => finding.at(location.clone()),
        None => finding,
    }
}
