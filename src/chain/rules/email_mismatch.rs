//! A certificate for mail must name every address it is used for (RFC 8398; RFC 5280 section 4.2.1.6): the part before
//! the @ to the letter, the host without regard to case.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use super::fixes;
use crate::finding::Code;
use crate::x509::SubjectAltName;

const OTHER: Diagnostic = Diagnostic::error(Code::EmailMismatch);

pub(super) const RULE: Rule = Rule { diagnostics: &[OTHER], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let names: Vec<_> = (leaf.certificate.subject_alt_names.iter().flatten())
        .filter_map(|name| match name {
            SubjectAltName::Mail(mail) => Some(mail.as_str()),
            _ => None,
        })
        .collect();
    let missing = judged.input.emails.iter().filter(|wanted| !names.iter().any(|name| is_same(wanted, name)));
    missing
        .filter_map(|wanted| {
            let has = match names.as_slice() {
                [] => "it names no mail address".to_owned(),
                names => format!("it is for {}", names.join(", ")),
            };
            let message = format!("the certificate is not for the mail address `{wanted}`; {has}");
            let issue = fixes::issue_command(judged, wanted);
            let fix = format!("Have a certificate issued for this address: {issue}");
            judged.report(&OTHER, &leaf, message, fix)
        })
        .collect()
}

fn is_same(one: &str, other: &str) -> bool {
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((mailbox, host)), Some((other_mailbox, other_host))) => {
            mailbox == other_mailbox && host.eq_ignore_ascii_case(other_host)
        }
        _ => one == other,
    }
}
