//! Apple's systems refuse server certificates of more than 825 days, also from private CAs (Apple support article
//! 103769); public CAs may not exceed 398 days (CA/Browser baseline requirements 6.3.2, and less from 2026 on).

use time::Duration;

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::finding::Code;
use crate::x509::Purpose;

const TOO_LONG: Diagnostic = Diagnostic::warning(Code::ValidityTooLong);

pub(super) const RULE: Rule = Rule { diagnostics: &[TOO_LONG], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let validity = leaf.certificate.not_after - leaf.certificate.not_before;
    let days = validity.whole_days();
    if judged.input.purpose != Purpose::Server || validity <= Duration::days(398) {
        return Vec::new();
    }
    let limit = if validity > Duration::days(825) {
        "iPhones and Macs refuse more than 825 days, also from private CAs"
    } else {
        "over the 398-day limit for public CAs; clients accept it from a private CA"
    };
    let message = format!("the certificate is valid for {days} days: {limit}");
    let fix = "Have it issued for 397 days, as `certkit mkcert` does.";
    judged.report(&TOO_LONG, &leaf, message, fix).into_iter().collect()
}
