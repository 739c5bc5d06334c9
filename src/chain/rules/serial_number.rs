//! Serial numbers are positive and have at most 20 bytes (RFC 5280 section 4.1.2.2). An anchor's own does not count: old
//! roots have the number 0.

use super::super::judged_path::{JudgedPath, PathFinding};
use super::finding;
use crate::chain::Profile;
use crate::finding::Code;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let severity = judged.severity(&[Profile::Rfc5280, Profile::Webpki]);
    judged
        .below_anchor()
        .filter_map(|place| {
            let serial = place.certificate.serial.as_slice();
            let what = match serial {
                _ if serial.iter().all(|&byte| byte == 0) => "zero",
                [first, ..] if *first >= 0x80 => "negative",
                _ if serial.len() > 20 => "longer than 20 bytes",
                _ => return None,
            };
            let message = format!(
                "the serial number of `{}` is {what}; Go, GnuTLS and other strict clients refuse that",
                place.label()
            );
            let fix = "have it issued again; certkit mkcert takes 16 random bytes";
            Some(place.found(finding(severity, Code::SerialNumber, message).fix(fix)))
        })
        .collect()
}
