//! Which extensions must be critical and which must not (RFC 5280 sections 4.2.1.1 to 4.2.2.1; TLS BR 7.1.2). A client
//! that does not know a critical extension refuses the certificate, so the mark is part of the meaning.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::x509::ExtensionId;

const AUTHORITY_KEY: Diagnostic = Diagnostic::of_clients(Defect::CriticalAuthorityKey);
const SUBJECT_KEY: Diagnostic = Diagnostic::of_clients(Defect::CriticalSubjectKey);
const SUBJECT_KEY_OF_LEAF: Diagnostic = Diagnostic::of_clients(Defect::LeafCriticalSubjectKey);
const AUTHORITY_KEY_OF_ROOT: Diagnostic = Diagnostic::of_clients(Defect::RootCriticalAuthorityKey);
const SUBJECT_KEY_OF_ROOT: Diagnostic = Diagnostic::of_clients(Defect::RootCriticalSubjectKey);
/// Neither the RFC nor the BR forbid it.
const PURPOSE_OF_CA: Diagnostic = Diagnostic::of_clients_alone(Defect::CriticalPurposeOfCa)
    .except(Profile::Webpki)
    .except(Profile::Rfc5280);
const AUTHORITY_ACCESS: Diagnostic = Diagnostic::of_clients(Defect::CriticalAuthorityAccess);
const POLICY_CONSTRAINTS: Diagnostic = Diagnostic::of_clients(Defect::PolicyConstraintsNotCritical);
const INHIBIT_ANY: Diagnostic = Diagnostic::of_clients(Defect::InhibitAnyNotCritical);
/// The BR allow name constraints that are not critical, for old clients (7.1.2.5.2).
const NAME_CONSTRAINTS: Diagnostic =
    Diagnostic::of_clients(Defect::ConstraintsNotCritical).except(Profile::Tls).except(Profile::Webpki);
/// Without a subject the alternative names are all there is (RFC 5280 section 4.2.1.6).
const NAMES_NOT_CRITICAL: Diagnostic = Diagnostic::of_clients(Defect::NamesNotCriticalWithoutSubject);
/// With one the BR forbid the mark (7.1.2.7.12) where the RFC only advises against it.
const NAMES_CRITICAL: Diagnostic = Diagnostic::of_clients(Defect::CriticalNames).except(Profile::Rfc5280);
/// TLS BR 7.1.2.7.6.
const PURPOSE: Diagnostic = Diagnostic::of_clients(Defect::CriticalPurpose).except(Profile::Rfc5280);

pub(super) const RULE: Rule = Rule {
    diagnostics: &[
        AUTHORITY_KEY,
        SUBJECT_KEY,
        AUTHORITY_ACCESS,
        POLICY_CONSTRAINTS,
        INHIBIT_ANY,
        NAME_CONSTRAINTS,
        NAMES_NOT_CRITICAL,
        NAMES_CRITICAL,
        PURPOSE,
        SUBJECT_KEY_OF_LEAF,
        AUTHORITY_KEY_OF_ROOT,
        SUBJECT_KEY_OF_ROOT,
        PURPOSE_OF_CA,
    ],
    judge,
};

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all() {
        for (diagnostic, name, must) in wrong(&member) {
            let (is, must) = if must { ("not critical", "critical") } else { ("critical", "not critical") };
            let message = if diagnostic == PURPOSE_OF_CA {
                format!("the extension {name} of the CA `{}` is critical", member.label())
            } else {
                format!("the extension {name} of `{}` is {is}, but must be {must}", member.label())
            };
            let fix = format!("Have the certificate issued again with {name} {must}, as certkit does.");
            found.extend(judged.report(&diagnostic, &member, message, fix));
        }
    }
    found
}

/// The extensions of a certificate whose mark is wrong, and whether they must be critical.
fn wrong(member: &PathCertificate<'_>) -> Vec<(Diagnostic, &'static str, bool)> {
    let certificate = member.certificate;
    let no_subject = certificate.subject.is_empty();
    let is_leaf = member.index == 0;
    let (authority_key, subject_key) = match member.index {
        _ if member.is_anchor => (AUTHORITY_KEY_OF_ROOT, SUBJECT_KEY_OF_ROOT),
        0 if !certificate.is_ca() => (AUTHORITY_KEY, SUBJECT_KEY_OF_LEAF),
        _ => (AUTHORITY_KEY, SUBJECT_KEY),
    };
    let rules = [
        (ExtensionId::AuthorityKeyId, "authorityKeyIdentifier", false, authority_key),
        (ExtensionId::SubjectKeyId, "subjectKeyIdentifier", false, subject_key),
        (ExtensionId::AuthorityInfoAccess, "authorityInfoAccess", false, AUTHORITY_ACCESS),
        (ExtensionId::PolicyConstraints, "policyConstraints", true, POLICY_CONSTRAINTS),
        (ExtensionId::InhibitAnyPolicy, "inhibitAnyPolicy", true, INHIBIT_ANY),
        (ExtensionId::NameConstraints, "nameConstraints", true, NAME_CONSTRAINTS),
        (
            ExtensionId::SubjectAltName,
            "subjectAltName",
            no_subject,
            if no_subject { NAMES_NOT_CRITICAL } else { NAMES_CRITICAL },
        ),
        (ExtensionId::ExtendedKeyUsage, "extKeyUsage", false, if is_leaf { PURPOSE } else { PURPOSE_OF_CA }),
    ];
    let is_wrong = |(id, name, must, diagnostic): (ExtensionId, &'static str, bool, Diagnostic)| {
        (certificate.criticality(id)? != must).then_some((diagnostic, name, must))
    };
    rules.into_iter().filter_map(is_wrong).collect()
}
