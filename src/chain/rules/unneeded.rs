//! Certificates of the file or server that the path does not need: expired ones break old clients, others belong
//! elsewhere.

use std::collections::HashSet;

use super::super::check_input::CheckInput;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::located::Located;
use super::super::rule::Rule;
use super::fixes;
use crate::finding::{Code, listed};
use crate::sys::clock::date;
use crate::x509::{Certificate, SignatureCheck};

const EXPIRED: Diagnostic = Diagnostic::warning(Code::ExpiredExtra);
const UNNEEDED: Diagnostic = Diagnostic::note(Code::Unneeded);
const UNRELATED: Diagnostic = Diagnostic::warning(Code::Unrelated);

pub(super) const RULE: Rule = Rule { diagnostics: &[EXPIRED, UNNEEDED, UNRELATED], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let input = judged.input;
    let path: Vec<_> = judged.all().into_iter().map(|member| member.certificate).collect();
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let (mut expired, mut unneeded, mut unrelated, mut crosses) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut checks_left = MAX_SIGNATURE_CHECKS;
    for (index, located) in input.certificates.iter().enumerate() {
        let certificate = &located.certificate;
        let is_copy = !seen.insert(&certificate.der);
        if judged.path.indices.contains(&index) || is_copy || path.contains(&certificate) {
            continue;
        }
        let is_related = path
            .iter()
            .any(|used| used.names_issuer(certificate) || used.subject.matches(&certificate.subject));
        let is_expired = certificate.not_after < input.at;
        if !is_expired && is_cross_of_root(certificate, path.last().copied()) {
            // Clients of the other root need it, and here such clients are known.
            if !is_trusted_issuer(certificate, input, &mut checks_left) {
                crosses.push(located);
            }
            continue;
        }
        let group = if is_expired {
            &mut expired
        } else if is_related && certificate.is_ca() {
            &mut unneeded
        } else {
            &mut unrelated
        };
        group.push(located);
    }
    found.extend(report_crosses(judged, &crosses));
    found.extend(report(judged, &EXPIRED, &expired, &path, MOST_ALONE));
    found.extend(report(judged, &UNNEEDED, &unneeded, &path, MOST_ALONE));
    found.extend(report(judged, &UNRELATED, &unrelated, &path, 1));
    found
}

/// Signatures of cross-signs that are checked; a bundle of a public CA has two of them.
const MAX_SIGNATURE_CHECKS: usize = 20;

/// Expired and unneeded certificates that have a finding each, because it says what is special about each.
const MOST_ALONE: usize = 3;

/// A finding for each certificate of a group, or one for all of a large group.
fn report(
    judged: &JudgedPath<'_>,
    diagnostic: &Diagnostic,
    group: &[&Located],
    path: &[&Certificate],
    most_alone: usize,
) -> Vec<PathFinding> {
    let input = judged.input;
    let fix = fixes::merge_command(input, "");
    let location = |located: &Located| located.location.clone();
    if group.len() <= most_alone {
        let single = |located: &&Located| {
            let message = message(diagnostic.code, &located.certificate, input, path);
            judged.report_input(diagnostic, location(located).as_ref(), message, fix.clone())
        };
        return group.iter().filter_map(single).collect();
    }
    let labels: Vec<_> = group.iter().map(|located| located.certificate.label()).collect();
    let (number, place, listed) = (group.len(), fixes::in_input(input), listed(&labels));
    let message = match diagnostic.code {
        Code::ExpiredExtra => format!(
            "{number} expired certificates are {place}: {listed}; the chain holds without them, but {OLD_CLIENTS}"
        ),
        Code::Unneeded => {
            format!(
                "{number} CA certificates {place} are not needed, because the chain uses another path: {listed}"
            )
        }
        _ => format!("{number} certificates {place} are unrelated to this chain: {listed}"),
    };
    let first = group.first().and_then(|located| location(located));
    judged.report_input(diagnostic, first.as_ref(), message, fix).into_iter().collect()
}

/// Those that follow the first certificate of a name, whether it has expired or not.
const OLD_CLIENTS: &str = "old clients refuse it (OpenSSL before 1.1.1, GnuTLS of that time, phones)";

fn message(code: Code, certificate: &Certificate, input: &CheckInput<'_>, path: &[&Certificate]) -> String {
    let label = certificate.label();
    match code {
        Code::ExpiredExtra => {
            let whole = if input.is_live { "the server sends" } else { "the file has" };
            let part = expired_part(certificate, path);
            format!("{whole} {part}; the chain holds without it, but {OLD_CLIENTS}")
        }
        Code::Unneeded => format!("`{label}` is not needed: the chain uses another path"),
        _ => {
            let what = if certificate.is_ca() { "" } else { "another server certificate, " };
            format!(
                "`{label}` is {}, but is unrelated to this chain ({what}issued by `{}`)",
                fixes::in_input(input),
                certificate.issuer.label()
            )
        }
    }
}

/// Cross-signs of the root for clients of other roots.
fn report_crosses(judged: &JudgedPath<'_>, crosses: &[&Located]) -> Vec<PathFinding> {
    let issuer = |located: &Located| located.certificate.issuer.label();
    let report = |located: &Located, message: String, fix: &str| {
        judged.report_input(&UNNEEDED, located.location.as_ref(), message, fix)
    };
    if crosses.len() > MOST_ALONE
        && let Some(first) = crosses.first()
    {
        let issuers: Vec<_> = crosses.iter().map(|located| issuer(located)).collect();
        let message = format!(
            "{} certificates of `{}` {} are only for clients that trust another CA and not `{1}` itself: {}",
            crosses.len(),
            first.certificate.label(),
            fixes::in_input(judged.input),
            listed(&issuers),
        );
        return report(first, message, "Keep them while there are such clients.").into_iter().collect();
    }
    let single = |located: &&Located| {
        let message = format!(
            "`{0}`, issued by `{1}`, is only for clients that trust `{1}` and not `{0}` itself",
            located.certificate.label(),
            issuer(located)
        );
        report(located, message, "Keep it while there are such clients.")
    };
    crosses.iter().filter_map(single).collect()
}

/// Whether another CA certified the root that the path ends in, for clients that do not know that root yet. `merge` keeps
/// such a certificate.
fn is_cross_of_root(certificate: &Certificate, root: Option<&Certificate>) -> bool {
    !certificate.is_self_issued()
        && root
            .is_some_and(|root| root.subject.matches(&certificate.subject) && root.spki == certificate.spki)
}

/// Whether the issuer of a certificate is trusted here as well. When no more signatures may be checked, the name decides.
fn is_trusted_issuer(certificate: &Certificate, input: &CheckInput<'_>, checks_left: &mut usize) -> bool {
    let mut anchors = input.trust.named(&certificate.issuer);
    anchors.any(|anchor| {
        let Some(left) = checks_left.checked_sub(1) else { return true };
        *checks_left = left;
        certificate.signature_by(&anchor.certificate) == SignatureCheck::Valid
    })
}

fn expired_part(certificate: &Certificate, path: &[&Certificate]) -> String {
    let label = certificate.label();
    let day = date(certificate.not_after);
    let twin =
        path.iter().find(|used| used.subject.matches(&certificate.subject) && used.spki == certificate.spki);
    match twin {
        Some(twin) if twin.issuer.matches(&certificate.issuer) => {
            format!("an old copy of `{label}` that expired on {day}")
        }
        Some(_) => format!(
            "an expired cross-sign: `{label}`, issued by `{}`, expired on {day}",
            certificate.issuer.label()
        ),
        None => format!("`{label}`, which expired on {day}"),
    }
}
