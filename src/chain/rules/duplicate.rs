//! The same certificate twice costs every handshake bytes, and some clients refuse it.

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let mut seen = std::collections::HashSet::new();
    judged
        .input
        .certificates
        .iter()
        .filter(|located| !seen.insert(&located.certificate.der))
        .map(|located| {
            let message = format!("`{}` is in the file twice", located.certificate.label());
            let finding = Finding::warning(Code::Duplicate, message)
                .fix(format!("certkit merge {} -o chain.pem", judged.input.file));
            placed(finding, located.location.as_ref())
        })
        .collect()
}
