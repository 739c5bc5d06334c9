//! Certificates of the file or server that the path does not need: expired ones break old clients, others belong
//! elsewhere.

use std::collections::HashSet;

use super::super::check_input::CheckInput;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use super::fixes;
use crate::finding::Code;
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
    for (index, located) in input.certificates.iter().enumerate() {
        let certificate = &located.certificate;
        let is_copy = !seen.insert(&certificate.der);
        if judged.path.indices.contains(&index) || is_copy || path.contains(&certificate) {
            continue;
        }
        let label = certificate.label();
        let is_related = path
            .iter()
            .any(|used| used.names_issuer(certificate) || used.subject.der == certificate.subject.der);
        let is_expired = certificate.not_after < input.at;
        if !is_expired && is_cross_of_root(certificate, judged) {
            // Clients of the other root need it, and here such clients are known.
            if !is_trusted_issuer(certificate, input) {
                let message = format!(
                    "`{label}`, issued by `{0}`, is only for clients that trust `{0}` and not `{label}` itself",
                    certificate.issuer.label()
                );
                let fix = "Keep it while there are such clients.".to_owned();
                found.extend(judged.report_input(&UNNEEDED, located.location.as_ref(), message, fix));
            }
            continue;
        }
        let (diagnostic, message) = if is_expired {
            let whole = if input.is_live { "the server sends" } else { "the file has" };
            let message = format!(
                "{whole} {}; the chain holds without it, but openssl before 1.1.1, old GnuTLS and old \
                 phones refuse it",
                expired_part(certificate, &path)
            );
            (EXPIRED, message)
        } else if is_related && certificate.is_ca() {
            (UNNEEDED, format!("`{label}` is not needed: the chain uses another path"))
        } else {
            let what = if certificate.is_ca() { "" } else { "another server certificate, " };
            let message = format!(
                "`{label}` is {}, but is unrelated to this chain ({what}issued by `{}`)",
                fixes::in_input(input),
                certificate.issuer.label()
            );
            (UNRELATED, message)
        };
        let fix = fixes::merge_command(input, "");
        found.extend(judged.report_input(&diagnostic, located.location.as_ref(), message, fix));
    }
    found
}

/// Whether another CA certified the root that the path ends in, for clients that do not know that root yet. `merge` keeps
/// such a certificate.
fn is_cross_of_root(certificate: &Certificate, judged: &JudgedPath<'_>) -> bool {
    let root = judged.all().pop().map(|last| last.certificate);
    !certificate.is_self_issued()
        && root
            .is_some_and(|root| root.subject.der == certificate.subject.der && root.spki == certificate.spki)
}

/// Whether the issuer of a certificate is trusted here as well.
fn is_trusted_issuer(certificate: &Certificate, input: &CheckInput<'_>) -> bool {
    let mut anchors = input.trust.named(&certificate.issuer.der);
    anchors.any(|anchor| certificate.signature_by(&anchor.certificate) == SignatureCheck::Valid)
}

fn expired_part(certificate: &Certificate, path: &[&Certificate]) -> String {
    let label = certificate.label();
    let day = date(certificate.not_after);
    let twin =
        path.iter().find(|used| used.subject.der == certificate.subject.der && used.spki == certificate.spki);
    match twin {
        Some(twin) if twin.issuer.der == certificate.issuer.der => {
            format!("an old copy of `{label}` that expired on {day}")
        }
        Some(_) => format!(
            "an expired cross-sign: `{label}`, issued by `{}`, expired on {day}",
            certificate.issuer.label()
        ),
        None => format!("`{label}`, which expired on {day}"),
    }
}
