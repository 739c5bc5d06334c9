//! Certificates of the file or server that the path does not need: ended ones confuse old clients, others belong elsewhere.

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};
use crate::sys::clock::date;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let certificates = judged.input.certificates;
    let path: Vec<_> = judged.all().into_iter().map(|place| place.certificate).collect();
    let whole = if judged.input.is_live { "the server" } else { "the file" };
    let place = super::place(judged.input);
    let mut seen = std::collections::HashSet::new();
    let mut findings = Vec::new();
    for (index, located) in certificates.iter().enumerate() {
        let certificate = &located.certificate;
        let is_copy = !seen.insert(&certificate.der);
        if judged.path.indices.contains(&index) || is_copy || path.contains(&certificate) {
            continue;
        }
        let label = certificate.label();
        let is_kin = path
            .iter()
            .any(|used| used.names_issuer(certificate) || used.subject.der == certificate.subject.der);
        let finding = if certificate.not_after < judged.input.at {
            let ended = date(certificate.not_after);
            let twin = path
                .iter()
                .find(|used| used.subject.der == certificate.subject.der && used.spki == certificate.spki);
            let what = match twin {
                Some(twin) if twin.issuer.der == certificate.issuer.der => {
                    format!("{whole} has an old copy of `{label}` that ended on {ended}")
                }
                Some(_) => format!(
                    "{whole} has an expired cross-sign: `{label}`, issued by `{}`, ended on {ended}",
                    certificate.issuer.label()
                ),
                None => format!("{whole} has `{label}`, which expired on {ended}"),
            };
            let message = format!(
                "{what}. The chain holds without it; openssl before 1.1.1, old GnuTLS and old phones stumble over it"
            );
            Finding::warning(Code::ExpiredExtra, message)
        } else if is_kin && certificate.is_ca() {
            Finding::note(Code::Unneeded, format!("`{label}` is not needed: the chain goes another way"))
        } else {
            let what = if certificate.is_ca() { "" } else { "another server certificate, " };
            let message = format!(
                "`{label}` is {place} and has nothing to do with this chain ({what}issued by `{}`)",
                certificate.issuer.label()
            );
            Finding::warning(Code::Unrelated, message)
        };
        let mut finding = finding.fix(super::merge_command(judged.input, ""));
        finding.location.clone_from(&located.location);
        findings.push(finding.into());
    }
    findings
}
