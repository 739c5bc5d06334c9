//! A client must refuse a critical extension that it does not understand (RFC 5280 section 4.2). Some understand fewer
//! than others.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::x509::ExtensionId;

const UNKNOWN: Diagnostic = Diagnostic::of_clients(Defect::UnknownCritical);
/// "MUST NOT be marked critical" (TLS BR 7.1.2.11.2).
const CRL_POINTS: Diagnostic =
    Diagnostic::of_clients_alone(Defect::CriticalCrlPoints).not_on_the_public_web();
const POLICIES: Diagnostic = of_some(Defect::CriticalPolicies);
const MAPPINGS: Diagnostic = of_some(Defect::CriticalPolicyMappings);
const CONSTRAINTS: Diagnostic = of_some(Defect::PolicyConstraints);
const INHIBIT_ANY: Diagnostic = of_some(Defect::InhibitAnyPolicy);

/// The standards allow it, or even require it.
const fn of_some(defect: Defect) -> Diagnostic {
    Diagnostic::of_clients_alone(defect).except(Profile::Webpki).except(Profile::Rfc5280)
}

pub(super) const RULE: Rule =
    Rule { diagnostics: &[UNKNOWN, CRL_POINTS, POLICIES, MAPPINGS, CONSTRAINTS, INHIBIT_ANY], judge };

const NOT_UNDERSTOOD_BY_ALL: [(ExtensionId, &str, Diagnostic); 5] = [
    (ExtensionId::CrlDistributionPoints, "cRLDistributionPoints", CRL_POINTS),
    (ExtensionId::CertificatePolicies, "certificatePolicies", POLICIES),
    (ExtensionId::PolicyMappings, "policyMappings", MAPPINGS),
    (ExtensionId::PolicyConstraints, "policyConstraints", CONSTRAINTS),
    (ExtensionId::InhibitAnyPolicy, "inhibitAnyPolicy", INHIBIT_ANY),
];

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all() {
        let certificate = member.certificate;
        let label = member.label();
        if !certificate.unknown_critical.is_empty() {
            let message = format!(
                "`{label}` has a critical extension that clients do not know ({})",
                certificate.unknown_critical.join(", ")
            );
            let fix = "Have it issued without the extension, or with the extension not critical.";
            found.extend(judged.report(&UNKNOWN, &member, message, fix));
        }
        // Clients do not read the extensions of a trusted root.
        for (id, name, diagnostic) in NOT_UNDERSTOOD_BY_ALL.iter().filter(|_| !member.is_anchor) {
            if certificate.criticality(*id) == Some(true) {
                let message =
                    format!("`{label}` has a critical extension that some clients do not know ({name})");
                let fix = "Have it issued without the extension, unless a network of yours requires it.";
                found.extend(judged.report(diagnostic, &member, message, fix));
            }
        }
    }
    found
}
