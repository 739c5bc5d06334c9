//! Trust by the CA of this folder alone is certkit's knowledge; other programs must be told.

use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::trust::Origin;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let PathEnd::Anchor(anchor) = judged.path.end else { return Vec::new() };
    let Origin::LocalCa(file) = &anchor.origin else { return Vec::new() };
    let message = format!(
        "only your own CA ({file}) vouches for this chain; browsers and other programs do not know it yet"
    );
    let finding = Finding::warning(Code::TrustedLocally, message)
        .fix(super::where_to_install(file).trim_start_matches("and "));
    vec![finding.into()]
}
