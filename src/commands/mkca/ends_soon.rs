//! The end of a CA: `mkcert` and `renew` announce it, and `renew` puts it off.

use time::OffsetDateTime;

use super::renewal::{RenewedCa, renew_ca};
use crate::advice::ca_life::{ca_is_due, ends_soon};
use crate::ca::{ROOT_FILES, SigningCa};
use crate::finding::{Code, Finding};
use crate::operands::ca_lookup::CaChoice;
use crate::operands::input::read_certificates;
use crate::x509::RenewalPolicy;

/// Findings about a CA from a year before its end on, and about the root above it.
pub(in crate::commands) fn ends_soon_of(ca: &SigningCa, now: OffsetDateTime) -> Vec<Finding> {
    let own = ca.certified.leaf();
    if own.is_self_signed() {
        return ends_soon(own, &ca.path, None, now).into_iter().collect();
    }
    let root_path = ca.path.with_file_name(ROOT_FILES.0);
    let root = read_certificates(&root_path.display().to_string()).ok();
    let root = root.and_then(|mut read| (!read.certificates.is_empty()).then(|| read.certificates.remove(0)));
    let root = root.map(|located| located.certificate).filter(|root| own.names_issuer(root));
    match root {
        Some(root) if root.not_after <= own.not_after => {
            ends_soon(&root, &root_path, Some(&ca.path), now).into_iter().collect()
        }
        root => {
            let above = root.and_then(|root| ends_soon(&root, &root_path, None, now));
            ends_soon(own, &ca.path, None, now).into_iter().chain(above).collect()
        }
    }
}

/// What `renew` without a file does with the CA that it found, before it renews what that issued: an
/// intermediate that is due is renewed where the root's key is at hand; a root is only named.
pub(in crate::commands) fn renew_due_ca(
    ca: &SigningCa,
    policy: Option<RenewalPolicy>,
    choice: &CaChoice,
    now: OffsetDateTime,
) -> (Option<RenewedCa>, Vec<Finding>) {
    let own = ca.certified.leaf();
    let is_due = policy.unwrap_or_default().is_due(own.not_before, own.not_after, now);
    let mut findings = Vec::new();
    let mut renewed = None;
    if !own.is_self_signed() && is_due {
        match renew_ca(&ca.path.display().to_string(), Some(policy.unwrap_or_default()), choice, now) {
            Ok(done) => renewed = done,
            Err(failure) => {
                // Where a renewal gains nothing, the issuer is named, from a year before its end on.
                let is_at_end = failure.findings.iter().any(|finding| finding.code == Code::ExpiresSoon);
                let is_near = policy.is_some() || !ends_soon_of(ca, now).is_empty();
                findings.extend((is_near && !is_at_end).then(|| ca_is_due(own, &ca.path, &failure)));
            }
        }
    }
    if renewed.is_none() && findings.is_empty() {
        findings = ends_soon_of(ca, now);
    }
    (renewed, findings)
}
