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

/// Not all clients leave the extensions of a root alone.
const CRL_POINTS_OF_ROOT: Diagnostic = of_some(Defect::RootCriticalCrlPoints);
const POLICIES_OF_ROOT: Diagnostic = of_some(Defect::RootCriticalPolicies);
const MAPPINGS_OF_ROOT: Diagnostic = of_some(Defect::RootPolicyMappings);
const CONSTRAINTS_OF_ROOT: Diagnostic = of_some(Defect::RootPolicyConstraints);
const INHIBIT_ANY_OF_ROOT: Diagnostic = of_some(Defect::RootInhibitAnyPolicy);
const UNKNOWN_OF_ROOT: Diagnostic = Diagnostic::of_clients(Defect::RootUnknownCritical);
/// Some clients know these: by their object identifiers.
const NETSCAPE_TYPE: (&str, Diagnostic, Diagnostic) = (
    "2.16.840.1.113730.1.1",
    Diagnostic::of_clients(Defect::CriticalNetscapeType),
    Diagnostic::of_clients(Defect::RootCriticalNetscapeType),
);
const ISSUER_NAMES: (&str, Diagnostic, Diagnostic) = (
    "2.5.29.18",
    Diagnostic::of_clients(Defect::CriticalIssuerNames),
    Diagnostic::of_clients(Defect::RootCriticalIssuerNames),
);
const OCSP_NO_CHECK: (&str, Diagnostic, Diagnostic) =
    ("1.3.6.1.5.5.7.48.1.5", Diagnostic::of_clients(Defect::CriticalOcspNoCheck), UNKNOWN_OF_ROOT);
const TLS_FEATURE: (&str, Diagnostic, Diagnostic) =
    ("1.3.6.1.5.5.7.1.24", Diagnostic::of_clients(Defect::CriticalTlsFeature), UNKNOWN_OF_ROOT);

pub(super) const RULE: Rule = Rule {
    diagnostics: &[
        UNKNOWN,
        UNKNOWN_OF_ROOT,
        NETSCAPE_TYPE.1,
        NETSCAPE_TYPE.2,
        ISSUER_NAMES.1,
        ISSUER_NAMES.2,
        OCSP_NO_CHECK.1,
        TLS_FEATURE.1,
        CRL_POINTS,
        POLICIES,
        MAPPINGS,
        CONSTRAINTS,
        INHIBIT_ANY,
        CRL_POINTS_OF_ROOT,
        POLICIES_OF_ROOT,
        MAPPINGS_OF_ROOT,
        CONSTRAINTS_OF_ROOT,
        INHIBIT_ANY_OF_ROOT,
    ],
    judge,
};

/// The extension, its name, and what it is in a certificate of the path and in its root.
const NOT_UNDERSTOOD_BY_ALL: [(ExtensionId, &str, Diagnostic, Diagnostic); 5] = [
    (ExtensionId::CrlDistributionPoints, "cRLDistributionPoints", CRL_POINTS, CRL_POINTS_OF_ROOT),
    (ExtensionId::CertificatePolicies, "certificatePolicies", POLICIES, POLICIES_OF_ROOT),
    (ExtensionId::PolicyMappings, "policyMappings", MAPPINGS, MAPPINGS_OF_ROOT),
    (ExtensionId::PolicyConstraints, "policyConstraints", CONSTRAINTS, CONSTRAINTS_OF_ROOT),
    (ExtensionId::InhibitAnyPolicy, "inhibitAnyPolicy", INHIBIT_ANY, INHIBIT_ANY_OF_ROOT),
];

/// What an extension is that certkit does not know.
fn unknown(oid: &str, is_anchor: bool) -> Diagnostic {
    let known = [NETSCAPE_TYPE, ISSUER_NAMES, OCSP_NO_CHECK, TLS_FEATURE];
    let (of_path, of_root) = known
        .into_iter()
        .find(|(known, ..)| *known == oid)
        .map_or((UNKNOWN, UNKNOWN_OF_ROOT), |(_, of_path, of_root)| (of_path, of_root));
    if is_anchor { of_root } else { of_path }
}

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all() {
        let certificate = member.certificate;
        let label = member.label();
        for oid in &certificate.unknown_critical {
            let message = format!("`{label}` has a critical extension that clients do not know ({oid})");
            let fix = "Have it issued without the extension, or with the extension not critical.";
            found.extend(judged.report(&unknown(oid, member.is_anchor), &member, message, fix));
        }
        for (id, name, of_path, of_root) in &NOT_UNDERSTOOD_BY_ALL {
            let diagnostic = if member.is_anchor { of_root } else { of_path };
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
