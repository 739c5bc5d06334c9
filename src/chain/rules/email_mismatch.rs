//! A certificate for mail must name every address it is used for (RFC 8398; RFC 5280 section 4.2.1.6): the part before
//! the @ to the letter, the host without regard to case.

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};
use crate::x509::SubjectAltName;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let names: Vec<_> = (leaf.certificate.subject_alt_names.iter().flatten())
        .filter_map(|name| match name {
            SubjectAltName::Mail(mail) => Some(mail.as_str()),
            _ => None,
        })
        .collect();
    let missing = judged.input.emails.iter().filter(|wanted| !names.iter().any(|name| is_same(wanted, name)));
    missing
        .map(|wanted| {
            let has = match names.as_slice() {
                [] => "no mail address at all".to_owned(),
                names => names.join(", "),
            };
            let message = format!("the certificate is not for the mail address `{wanted}`; it is for {has}");
            let fix =
                format!("use one of these, or have a certificate issued for it: certkit mkcert {wanted}");
            leaf.found(Finding::error(Code::EmailMismatch, message).fix(fix))
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
