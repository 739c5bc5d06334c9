//! Which extensions must be critical and which must not (RFC 5280 sections 4.2.1.1 to 4.2.2.1; TLS BR 7.1.2). A client
//! that does not know a critical extension refuses the certificate, so the mark is part of the meaning.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::ExtensionId;

const WRONG: Diagnostic = Diagnostic::by_the_book(Code::ExtensionCriticality);

pub(super) const RULE: Rule = Rule { diagnostics: &[WRONG], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all() {
        for (name, must) in wrong(judged, &member) {
            let (is, must) = if must { ("not critical", "critical") } else { ("critical", "not critical") };
            let message = format!(
                "the extension {name} of `{}` is {is}, but must be {must}; strict clients such as \
                 Python 3.13 and openssl -x509_strict refuse it",
                member.label()
            );
            let fix = format!("Have the certificate issued again with {name} {must}, as certkit does.");
            found.extend(judged.report(&WRONG, &member, message, fix));
        }
    }
    found
}

/// The extensions of a certificate whose mark is wrong, and whether they must be critical.
fn wrong(judged: &JudgedPath<'_>, member: &PathCertificate<'_>) -> Vec<(&'static str, bool)> {
    let certificate = member.certificate;
    let profile = judged.input.profile;
    let no_subject = certificate.subject.is_empty();
    let rules = [
        (ExtensionId::AuthorityKeyId, "authorityKeyIdentifier", Some(false)),
        (ExtensionId::SubjectKeyId, "subjectKeyIdentifier", Some(false)),
        (ExtensionId::AuthorityInfoAccess, "authorityInfoAccess", Some(false)),
        (ExtensionId::PolicyConstraints, "policyConstraints", Some(true)),
        (ExtensionId::InhibitAnyPolicy, "inhibitAnyPolicy", Some(true)),
        // The BR allow name constraints that are not critical, for old clients (7.1.2.5.2).
        (ExtensionId::NameConstraints, "nameConstraints", (profile == Profile::Rfc5280).then_some(true)),
        // Without a subject the alternative names are all there is (RFC 5280 section 4.2.1.6); with one the BR forbid
        // the mark (7.1.2.7.12) where the RFC only advises against it.
        (
            ExtensionId::SubjectAltName,
            "subjectAltName",
            match profile {
                _ if no_subject => Some(true),
                Profile::Webpki => Some(false),
                _ => None,
            },
        ),
        // TLS BR 7.1.2.7.6.
        (
            ExtensionId::ExtendedKeyUsage,
            "extKeyUsage",
            (profile == Profile::Webpki && member.index == 0).then_some(false),
        ),
    ];
    let wrong = |(id, name, must): (ExtensionId, &'static str, Option<bool>)| {
        let (is, must) = (certificate.criticality(id)?, must?);
        (is != must).then_some((name, must))
    };
    rules.into_iter().filter_map(wrong).collect()
}
