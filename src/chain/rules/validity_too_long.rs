//! How long a server certificate may be valid. Public CAs have limits that depend on the day of issuance (TLS BR 6.3.2 and
//! its earlier versions); Apple's systems refuse more than 825 days from private CAs too (Apple support article 103769).

use time::macros::date;
use time::{Date, Duration};

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::x509::Purpose;

const OVER_APPLES_LIMIT: Diagnostic =
    Diagnostic::of_clients_alone(Defect::Valid826Days).except(Profile::Webpki);
const OVER_PUBLIC_LIMIT: Diagnostic =
    Diagnostic::of_clients_alone(Defect::Valid399Days).not_on_the_public_web();

/// What is over the limit of public CAs: an error for the public web.
pub(super) const RULE: Rule = Rule { diagnostics: &[OVER_PUBLIC_LIMIT], judge };

/// Elsewhere a remark.
pub(super) const REMARK: Rule = Rule { diagnostics: &[OVER_APPLES_LIMIT, OVER_PUBLIC_LIMIT], judge: remark };

/// The first day of each limit, and the limit in days; months of the older versions are counted as 31 days.
const LIMITS: [(Date, i64); 7] = [
    (date!(2029 - 03 - 15), 47),
    (date!(2027 - 03 - 15), 100),
    (date!(2026 - 03 - 15), 200),
    (date!(2020 - 09 - 01), 398),
    (date!(2018 - 03 - 01), 825),
    (date!(2015 - 04 - 01), 39 * 31),
    (date!(2012 - 07 - 01), 60 * 31),
];

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    if judged.input.profile != Profile::Webpki || judged.input.purpose != Purpose::Server {
        return Vec::new();
    }
    let leaf = judged.leaf();
    let (validity, begins) = (validity(judged), leaf.certificate.not_before.date());
    let Some((_, limit)) = LIMITS.iter().find(|(first, _)| begins >= *first) else { return Vec::new() };
    if validity <= Duration::days(*limit) {
        return Vec::new();
    }
    let days = validity.whole_days();
    let message = format!(
        "the certificate is valid for {days} days; public CAs may issue for {limit} days at that time"
    );
    let fix = format!("Have it issued for {limit} days or less: `certkit mkcert NAME --days {limit}`.");
    judged.report(&OVER_PUBLIC_LIMIT, &leaf, message, fix).into_iter().collect()
}

fn remark(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let validity = validity(judged);
    let days = validity.whole_days();
    let is_webpki = judged.input.profile == Profile::Webpki;
    if is_webpki || judged.input.purpose != Purpose::Server || validity <= Duration::days(398) {
        return Vec::new();
    }
    let (diagnostic, limit) = if validity > Duration::days(825) {
        (OVER_APPLES_LIMIT, "more than 825 days, also from a private CA")
    } else {
        (OVER_PUBLIC_LIMIT, "over the 398-day limit that public CAs had until 2026")
    };
    let message = format!("the certificate is valid for {days} days: {limit}");
    let fix = "Have it issued for 397 days, as `certkit mkcert` does.";
    judged.report(&diagnostic, &leaf, message, fix).into_iter().collect()
}

/// "from notBefore through notAfter, inclusive" (RFC 5280 section 4.1.2.5).
fn validity(judged: &JudgedPath<'_>) -> Duration {
    let leaf = judged.leaf().certificate;
    leaf.not_after - leaf.not_before + Duration::SECOND
}
