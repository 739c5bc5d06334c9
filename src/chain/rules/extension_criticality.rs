//! Which extensions must be critical and which must not (RFC 5280 sections 4.2.1.1 to 4.2.2.1; TLS BR 7.1.2). A client
//! that does not know a critical extension refuses the certificate, so the mark is part of the meaning.

use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::finding;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::ExtensionId;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let severity = judged.severity(&[Profile::Rfc5280, Profile::Webpki]);
    let mut found = Vec::new();
    for place in judged.all() {
        for (name, must) in wrong(judged, &place) {
            let (is, must) = if must { ("not critical", "critical") } else { ("critical", "not critical") };
            let message = format!(
                "the extension {name} of `{}` is {is} and must be {must}; strict clients such as Python 3.13 and openssl \
                 -x509_strict refuse that",
                place.label()
            );
            let fix = format!("have the certificate issued again with {name} {must}; certkit does so");
            found.push(place.found(finding(severity, Code::ExtensionCriticality, message).fix(fix)));
        }
    }
    found
}

/// The extensions of a certificate whose mark is wrong, and what it must be.
fn wrong(judged: &JudgedPath<'_>, place: &PathCertificate<'_>) -> Vec<(&'static str, bool)> {
    let certificate = place.certificate;
    let profile = judged.input.profile;
    let no_subject = certificate.subject.is_empty();
    let rules = [
        (ExtensionId::AuthorityKeyId, "authorityKeyIdentifier", Some(false)),
        (ExtensionId::SubjectKeyId, "subjectKeyIdentifier", Some(false)),
        (ExtensionId::AuthorityInfoAccess, "authorityInfoAccess", Some(false)),
        (ExtensionId::PolicyConstraints, "policyConstraints", Some(true)),
        (ExtensionId::InhibitAnyPolicy, "inhibitAnyPolicy", Some(true)),
        // The BR take name constraints that are not critical, for old clients (7.1.2.5.2).
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
            (profile == Profile::Webpki && place.index == 0).then_some(false),
        ),
    ];
    let wrong = |(id, name, must): (ExtensionId, &'static str, Option<bool>)| {
        let (is, must) = (certificate.criticality(id)?, must?);
        (is != must).then_some((name, must))
    };
    rules.into_iter().filter_map(wrong).collect()
}
