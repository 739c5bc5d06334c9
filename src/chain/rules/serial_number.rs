//! Serial numbers are positive and have at most 20 bytes (RFC 5280 section 4.1.2.2). An anchor's own does not count: old
//! roots have the number 0.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::finding::Code;

const WRONG: Diagnostic = Diagnostic::by_the_book(Code::SerialNumber);

pub(super) const RULE: Rule = Rule { diagnostics: &[WRONG], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    judged
        .below_anchor()
        .filter_map(|member| {
            let serial = member.certificate.serial.as_slice();
            let what = match serial {
                _ if serial.iter().all(|&byte| byte == 0) => "zero",
                [first, ..] if *first >= 0x80 => "negative",
                _ if serial.len() > 20 => "longer than 20 bytes",
                _ => return None,
            };
            let message = format!(
                "the serial number of `{}` is {what}; Go, GnuTLS and other strict clients refuse it",
                member.label()
            );
            let fix = "Have it issued again with a positive serial number, as `certkit mkcert` does.";
            judged.report(&WRONG, &member, message, fix)
        })
        .collect()
}
