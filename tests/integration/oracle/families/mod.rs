//! The families of changes.

mod algorithms;
mod constraints;
mod encodings;
mod extensions;
mod identifiers;
mod names;
mod policies;
mod shapes;
mod usages;
mod validity;

use super::mutation::Rule;

/// In the order in which changes are applied.
pub(super) const ALL: &[(&str, &[Rule])] = &[
    ("shapes", shapes::RULES),
    ("crossed", shapes::CROSSED),
    ("algorithms", algorithms::RULES),
    ("validity", validity::RULES),
    ("times", validity::ENCODINGS),
    ("subjects", names::SUBJECTS),
    ("alternative names", names::ALTERNATIVES),
    ("hosts", names::HOSTS),
    ("name constraints", constraints::RULES),
    ("key usages", usages::KEY_USAGES),
    ("extended key usages", usages::EXTENDED),
    ("basic constraints", constraints::BASIC_CONSTRAINTS),
    ("extensions", extensions::RULES),
    ("critical", extensions::CRITICAL),
    ("identifiers", identifiers::RULES),
    ("serials and versions", identifiers::SERIALS),
    ("policies", policies::RULES),
    ("encodings", encodings::RULES),
];
