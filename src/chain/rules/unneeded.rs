//! Certificates of the file that the path does not need: ended ones confuse old clients, others belong elsewhere.

use super::super::check::Judged;
use super::placed;
use crate::finding::{Code, Finding};
use crate::sys::clock::date;

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Finding> {
    let certificates = judged.input.certificates;
    let path: Vec<_> = judged.all();
    let mut findings = Vec::new();
    for (index, located) in certificates.iter().enumerate() {
        let certificate = &located.certificate;
        let is_copy = certificates[..index].iter().any(|earlier| earlier.certificate == *certificate);
        if judged.path.indices.contains(&index)
            || is_copy
            || path.iter().any(|(used, _)| *used == certificate)
        {
            continue;
        }
        let label = certificate.label();
        let is_kin = path
            .iter()
            .any(|(used, _)| used.names_issuer(certificate) || used.subject.der == certificate.subject.der);
        let finding = if certificate.not_after < judged.input.at {
            let ended = date(certificate.not_after);
            let message = format!(
                "`{label}` ended on {ended}; the chain holds without it, but old clients stumble over it"
            );
            Finding::warning(Code::ExpiredExtra, message)
        } else if is_kin && certificate.is_ca() {
            Finding::note(Code::Unneeded, format!("`{label}` is not needed: the chain goes another way"))
        } else {
            let what = if certificate.is_ca() { "" } else { "another server certificate, " };
            let message = format!(
                "`{label}` is in the file and has nothing to do with this chain ({what}issued by `{}`)",
                certificate.issuer.label()
            );
            Finding::warning(Code::Unrelated, message)
        };
        let finding = finding.fix(format!("certkit merge {} -o chain.pem", judged.input.file));
        findings.push(placed(finding, located.location.as_ref()));
    }
    findings
}
