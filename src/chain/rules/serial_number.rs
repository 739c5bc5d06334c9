//! Serial numbers are positive and have at most 20 bytes (RFC 5280 section 4.1.2.2). An anchor's own does not count: old
//! roots have the number 0.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;

const EMPTY: Diagnostic = Diagnostic::of_clients(Defect::SerialEmpty);
const ZERO: Diagnostic = Diagnostic::of_clients(Defect::SerialZero);
const NEGATIVE: Diagnostic = Diagnostic::of_clients(Defect::SerialNegative);
const LONGER: Diagnostic = Diagnostic::of_clients(Defect::SerialOf40Bytes);
const LONG: Diagnostic = Diagnostic::of_clients(Defect::SerialLong);

pub(super) const RULE: Rule = Rule { diagnostics: &[EMPTY, ZERO, NEGATIVE, LONG, LONGER], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    judged
        .all()
        .into_iter()
        // Without a number most clients cannot read a root either.
        .filter(|member| !member.is_anchor || member.certificate.serial.is_empty())
        .filter_map(|member| {
            let serial = member.certificate.serial.as_slice();
            let (what, diagnostic) = match serial {
                [] => ("empty", EMPTY),
                _ if serial.iter().all(|&byte| byte == 0) => ("zero", ZERO),
                [first, ..] if *first >= 0x80 => ("negative", NEGATIVE),
                _ if serial.len() > 21 => ("longer than 20 bytes", LONGER),
                _ if serial.len() > 20 => ("longer than 20 bytes", LONG),
                _ => return None,
            };
            let message = format!("the serial number of `{}` is {what}", member.label());
            let fix = "Have it issued again with a positive serial number, as `certkit mkcert` does.";
            judged.report(&diagnostic, &member, message, fix)
        })
        .collect()
}
