//! No certificate of the path may be on a revocation list of its issuer (RFC 5280 section 6.3.3), and a list about one of
//! them must be trustworthy: signed by the issuer, current, complete, with a number (section 5.2.3). Only lists that
//! the user gives are looked at, and what the CA's own files say where they are at hand; the report names their addresses.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use crate::finding::{Code, Severity};
use crate::sys::clock::date;
use crate::x509::{Crl, CrlNumber, CrlScope, SignatureCheck};

const FIX: &str = "Have a new certificate issued, with a new key if others may know the old one.";

const REVOKED: Diagnostic = Diagnostic::error(Code::Revoked);
const UNUSABLE_LIST: Diagnostic = Diagnostic::error(Code::CrlInvalid);
/// A list that clients accept, but the standards do not.
const IRREGULAR_LIST: Diagnostic = Diagnostic::by_the_book(Code::CrlInvalid);
const UNNEEDED_LIST: Diagnostic = Diagnostic::note(Code::Unneeded);

pub(super) const RULE: Rule = Rule { diagnostics: &[REVOKED, UNUSABLE_LIST, IRREGULAR_LIST], judge };

/// Lists about no certificate of the path.
pub(super) const REMARK: Rule = Rule { diagnostics: &[UNNEEDED_LIST], judge: remark };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    if judged.input.crls.is_empty() && judged.input.revoked.is_empty() {
        return Vec::new();
    }
    let is_error =
        |fault: &ListFault| fault.diagnostic.severity(judged.input.profile) == Some(Severity::Error);
    let all = judged.all();
    let mut found = Vec::new();
    for pair in all.windows(2) {
        let [member, issuer] = pair else { continue };
        let lists = judged.input.crls.iter().filter(|crl| covers(crl, member));
        let mut faults = Vec::new();
        let (mut is_cleared, mut is_listed) = (false, false);
        for crl in lists {
            let list_faults = faults_of(judged, crl, issuer);
            let is_genuine = !list_faults.iter().any(|fault| fault.is_forgery);
            if let Some(revocation) = crl.revocation(member.certificate).filter(|_| is_genuine) {
                let reason = revocation.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                let message = format!(
                    "the CA revoked `{}` on {}{reason}; clients that check revocation refuse it",
                    member.label(),
                    date(revocation.date)
                );
                found.extend(judged.report(&REVOKED, member, message, FIX));
                is_listed = true;
            }
            is_cleared |= !list_faults.iter().any(is_error);
            faults.extend(list_faults);
        }
        if !is_listed {
            found.extend(known_revocation(judged, member));
        }
        // One good list is enough, whatever is wrong with the others.
        for fault in faults.into_iter().filter(|fault| !is_cleared || !is_error(fault)) {
            let message = format!("the revocation list for `{}` {}", member.label(), fault.what);
            let fix = "Download the CA's current list; its address is in the certificate.";
            found.extend(judged.report(&fault.diagnostic, member, message, fix));
        }
    }
    found
}

/// What the CA's own files say of a certificate.
fn known_revocation(judged: &JudgedPath<'_>, member: &PathCertificate<'_>) -> Option<PathFinding> {
    if judged.input.revoked.is_empty() {
        return None;
    }
    let sha256 = member.certificate.sha256();
    let known = judged.input.revoked.iter().find(|known| known.sha256 == sha256)?;
    let reason = known.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let (label, file) = (member.label(), &known.file);
    let message = format!("the CA revoked `{label}` on {}{reason} (recorded in `{file}`)", date(known.at));
    judged.report(&REVOKED, member, message, FIX)
}

fn remark(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let crls = judged.input.crls.iter();
    crls.filter(|crl| !all.iter().any(|member| covers(crl, member)))
        .filter_map(|crl| {
            let message = format!(
                "the revocation list of `{}` covers no certificate of this chain",
                crl.issuer.label()
            );
            let fix = "Omit the list, or name the one of the CA that issued the certificate.";
            judged.report_input(&UNNEEDED_LIST, None, message, fix)
        })
        .collect()
}

/// Whether the certificate is of the issuer and the kind that the list is about.
fn covers(crl: &Crl, member: &PathCertificate<'_>) -> bool {
    let is_in_scope = match crl.scope {
        CrlScope::All | CrlScope::Partial => true,
        CrlScope::Attribute => false,
        CrlScope::Ca => member.certificate.is_ca(),
        CrlScope::User => !member.certificate.is_ca(),
    };
    is_in_scope && crl.issuer.matches(&member.certificate.issuer)
}

/// Why a list does not count.
struct ListFault {
    what: String,
    diagnostic: Diagnostic,
    /// Not even a revocation in it counts.
    is_forgery: bool,
}

fn faults_of(judged: &JudgedPath<'_>, crl: &Crl, issuer: &PathCertificate<'_>) -> Vec<ListFault> {
    let name = issuer.label();
    let mut faults = forgeries(crl, issuer, &name);
    let mut add = |diagnostic, what: String| faults.push(ListFault { what, diagnostic, is_forgery: false });
    if crl.scope == CrlScope::Partial {
        add(
            UNUSABLE_LIST,
            "is incomplete (a delta list, an indirect list, or one for some reasons only)".into(),
        );
    }
    if crl.this_update > judged.input.at {
        add(UNUSABLE_LIST, format!("is not valid before {}", date(crl.this_update)));
    }
    match crl.next_update {
        Some(next) if next < judged.input.at => {
            add(UNUSABLE_LIST, format!("is out of date: the next one was due on {}", date(next)));
        }
        Some(_) => {}
        None => {
            let what = "does not say when the next one is due, which RFC 5280 requires";
            add(IRREGULAR_LIST, what.into());
        }
    }
    match crl.number {
        CrlNumber::Good => {}
        CrlNumber::Critical => {
            add(IRREGULAR_LIST, "has a critical number, which RFC 5280 forbids".into());
        }
        CrlNumber::Missing => add(IRREGULAR_LIST, "has no number, which RFC 5280 requires".into()),
    }
    faults
}

/// Faults that a forged list would have.
fn forgeries(crl: &Crl, issuer: &PathCertificate<'_>, name: &str) -> Vec<ListFault> {
    let mut faults = Vec::new();
    let mut add = |what| {
        faults.push(ListFault { what, diagnostic: UNUSABLE_LIST, is_forgery: true });
    };
    if crl.signature_by(issuer.certificate) != SignatureCheck::Valid {
        add(format!("is not signed by the key of `{name}`"));
    }
    // Section 6.3.3 (f): "if a key usage extension is present [..] verify that the cRLSign bit is set"
    if issuer.certificate.key_usage.is_some_and(|usage| !usage.crl_sign()) {
        add(format!("is signed by `{name}`, which may not sign lists (its keyUsage lacks cRLSign)"));
    }
    if !crl.unknown_critical.is_empty() {
        add(format!("has an unknown critical extension ({})", crl.unknown_critical.join(", ")));
    }
    faults
}
