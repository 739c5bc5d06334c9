//! No certificate of the path may be on a revocation list of its issuer (RFC 5280 section 6.3.3), and a list that speaks
//! of one must be a list that can be believed: signed by the issuer, of today, whole, with a number (section 5.2.3).
//! Lists are looked at only where some are given; their addresses stand in the report.

use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::finding;
use crate::chain::Profile;
use crate::finding::{Code, Finding, Severity};
use crate::sys::clock::date;
use crate::x509::{Crl, CrlNumber, CrlScope, SignatureCheck};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    if judged.input.crls.is_empty() {
        return Vec::new();
    }
    let all = judged.all();
    let mut found = Vec::new();
    for pair in all.windows(2) {
        let [place, issuer] = pair else { continue };
        let lists = judged.input.crls.iter().filter(|crl| speaks_of(crl, place));
        let mut troubles = Vec::new();
        let mut is_cleared = false;
        for crl in lists {
            let list_troubles = troubles_of(judged, crl, issuer);
            let is_genuine = !list_troubles.iter().any(|trouble| trouble.is_fatal);
            if let Some(revocation) = crl.revocation(place.certificate).filter(|_| is_genuine) {
                let reason = revocation.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                let message = format!(
                    "`{}` was revoked by its CA on {}{reason}; clients that ask for that refuse it",
                    place.label(),
                    date(revocation.date)
                );
                let fix =
                    "have a new certificate issued, with a new key if the old one may be known to others";
                found.push(place.found(Finding::error(Code::Revoked, message).fix(fix)));
            }
            is_cleared |= list_troubles.iter().all(|trouble| trouble.severity < Severity::Error);
            troubles.extend(list_troubles);
        }
        // One good list is enough, whatever the others are like.
        let told = troubles.into_iter().filter(|trouble| !is_cleared || trouble.severity < Severity::Error);
        found.extend(told.map(|trouble| {
            let message = format!("the revocation list for `{}` {}", place.label(), trouble.what);
            let fix = "get the CA's current list, from the address in the certificate or from the CA";
            place.found(finding(trouble.severity, Code::CrlInvalid, message).fix(fix))
        }));
    }
    found
}

/// Lists that speak of no certificate of the path.
pub(super) fn remark(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let crls = judged.input.crls.iter();
    crls.filter(|crl| !all.iter().any(|place| speaks_of(crl, place)))
        .map(|crl| {
            let message = format!(
                "the revocation list of `{}` speaks of no certificate of this chain",
                crl.issuer.label()
            );
            Finding::note(Code::Unneeded, message).into()
        })
        .collect()
}

/// Whether the certificate is of the issuer and the kind that the list is about.
fn speaks_of(crl: &Crl, place: &PathCertificate<'_>) -> bool {
    let is_in_scope = match crl.scope {
        CrlScope::All | CrlScope::Partial => true,
        CrlScope::Attribute => false,
        CrlScope::Ca => place.certificate.is_ca(),
        CrlScope::User => !place.certificate.is_ca(),
    };
    is_in_scope && crl.issuer.der == place.certificate.issuer.der
}

/// Why a list cannot be believed.
struct Trouble {
    what: String,
    severity: Severity,
    /// Not even a revocation in it counts.
    is_fatal: bool,
}

fn troubles_of(judged: &JudgedPath<'_>, crl: &Crl, issuer: &PathCertificate<'_>) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let mut add = |severity, is_fatal, what: String| troubles.push(Trouble { what, severity, is_fatal });
    let fatal = Severity::Error;
    let name = issuer.label();
    if crl.signature_by(issuer.certificate) != SignatureCheck::Valid {
        add(fatal, true, format!("is not signed by the key of `{name}`"));
    }
    // Section 6.3.3 (f): "if a key usage extension is present [..] verify that the cRLSign bit is set"
    if issuer.certificate.key_usage.is_some_and(|usage| !usage.crl_sign()) {
        add(
            fatal,
            true,
            format!("is signed by `{name}`, which may not sign lists (its keyUsage lacks cRLSign)"),
        );
    }
    if !crl.unknown_critical.is_empty() {
        let unknown = crl.unknown_critical.join(", ");
        add(fatal, true, format!("has a critical extension that is not known ({unknown})"));
    }
    if crl.scope == CrlScope::Partial {
        add(
            fatal,
            false,
            "is only a part of the whole (a delta list, an indirect one, or for some reasons)".into(),
        );
    }
    if crl.this_update > judged.input.at {
        add(fatal, false, format!("is not valid before {}", date(crl.this_update)));
    }
    let by_the_book = judged.severity(&[Profile::Rfc5280, Profile::Webpki]);
    match crl.next_update {
        Some(next) if next < judged.input.at => {
            add(fatal, false, format!("is out of date: the next one was due on {}", date(next)));
        }
        Some(_) => {}
        None => {
            add(by_the_book, false, "does not say when the next one is due; RFC 5280 demands that".into())
        }
    }
    match crl.number {
        CrlNumber::Good => {}
        CrlNumber::Critical => add(by_the_book, false, "has a critical number; RFC 5280 forbids that".into()),
        CrlNumber::Missing => add(by_the_book, false, "has no number; RFC 5280 demands one".into()),
    }
    troubles
}
