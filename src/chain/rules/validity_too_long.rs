//! Apple's systems refuse server certificates of more than 825 days, also from private CAs (Apple support article
//! 103769); public CAs may not exceed 398 days (CA/Browser baseline requirements 6.3.2, and less from 2026 on).

use time::Duration;

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};
use crate::x509::Purpose;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let validity = leaf.certificate.not_after - leaf.certificate.not_before;
    let days = validity.whole_days();
    if judged.input.purpose != Purpose::Server || validity <= Duration::days(398) {
        return Vec::new();
    }
    let message = if validity > Duration::days(825) {
        format!(
            "the certificate is valid for {days} days; iPhones and Macs refuse more than 825, also from private CAs"
        )
    } else {
        format!(
            "the certificate is valid for {days} days, more than the 398 that a public CA may give; from a private CA clients \
             take it"
        )
    };
    let finding = Finding::warning(Code::ValidityTooLong, message)
        .fix("have it issued for 397 days: certkit mkcert does so");
    vec![leaf.found(finding)]
}
