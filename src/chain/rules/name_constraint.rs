//! A CA may be limited to some names: the names of every certificate below it must keep to that (RFC 5280 sections
//! 4.2.1.10 and 6.1.3 (b) and (c)). Self-issued intermediates are let pass, for the change of a CA's key. The work is
//! bounded: thousands of names under thousands of constraints are an attack and not a certificate.

use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::finding;
use crate::chain::Profile;
use crate::finding::{Code, Finding, Severity};
use crate::x509::{Certificate, NameConstraints, Subtree, Verdict};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let mut found = Vec::new();
    for (index, place) in all.iter().enumerate() {
        let Some(constraints) = &place.certificate.name_constraints else { continue };
        found.extend(wrong_form(judged, place, constraints));
        for below in
            all[..index].iter().filter(|below| below.index == 0 || !below.certificate.is_self_issued())
        {
            if let Some(finding) = below_constraints(judged, place, constraints, below.certificate) {
                found.push(below.found(finding));
            }
        }
    }
    found
}

/// What is wrong with the extension itself.
fn wrong_form(
    judged: &JudgedPath<'_>,
    place: &PathCertificate<'_>,
    constraints: &NameConstraints,
) -> Vec<PathFinding> {
    let label = place.label();
    let mut found = Vec::new();
    let mut add = |severity: Severity, message: String| {
        let fix = "have the CA certificate made again with constraints as the standard writes them: certkit mkca --permit";
        found.push(place.found(finding(severity, Code::NameConstraint, message).fix(fix)));
    };
    let by_the_book = judged.severity(&[Profile::Rfc5280, Profile::Webpki]);
    // "MUST be used only in a CA certificate"
    if !place.certificate.is_ca() {
        add(
            by_the_book,
            format!("`{label}` has name constraints and is no CA; openssl -x509_strict refuses that"),
        );
    }
    // "either the permittedSubtrees field or the excludedSubtrees MUST be present"
    if constraints.is_empty() {
        add(by_the_book, format!("the name constraints of `{label}` say nothing"));
    }
    for what in constraints.malformed() {
        add(Severity::Error, format!("the name constraints of `{label}` are malformed: {what}"));
    }
    // A leading dot is for URIs and mail; openssl takes it for DNS names as well.
    let dotted =
        constraints.permitted.iter().chain(&constraints.excluded).find_map(|subtree| match subtree {
            Subtree::Dns(name) if name.starts_with('.') => Some(name),
            _ => None,
        });
    if let Some(name) = dotted
        && judged.is_by_the_book()
    {
        add(
            by_the_book,
            format!("the name constraints of `{label}` are malformed: `{name}` begins with a dot"),
        );
    }
    found
}

/// Why the names of `certificate` do not keep to the constraints of the CA in `place`.
fn below_constraints(
    judged: &JudgedPath<'_>,
    place: &PathCertificate<'_>,
    constraints: &NameConstraints,
    certificate: &Certificate,
) -> Option<Finding> {
    let mut comparisons = judged.comparisons.get();
    let bad = first_bad_name(constraints, certificate, &mut comparisons);
    judged.comparisons.set(comparisons);
    let (name, verdict) = bad?;
    let (ca, label) = (place.label(), certificate.label());
    Some(match verdict {
        Verdict::TooMany => Finding::error(
            Code::TooComplex,
            format!(
                "`{label}` has so many names, and the CA `{ca}` so many constraints on names, that clients refuse to compare \
                 them all"
            ),
        )
        .fix("have a certificate issued with a few names, by a CA with a few constraints"),
        Verdict::Unprocessed => Finding::error(
            Code::NameConstraint,
            format!("the CA `{ca}` is limited in names such as `{name}` of `{label}`, and this one cannot be compared"),
        )
        .fix("have the certificate issued without that name"),
        _ => Finding::error(
            Code::NameConstraint,
            format!("the CA `{ca}` is limited to other names: it may not speak for `{name}` of `{label}`"),
        )
        .fix("have the certificate issued for a name that the CA may speak for, or by a CA without that limit"),
    })
}

fn first_bad_name(
    constraints: &NameConstraints,
    certificate: &Certificate,
    comparisons: &mut usize,
) -> Option<(String, Verdict)> {
    // "applied to the subject field (when the certificate includes a non-empty subject field)"
    if !certificate.subject.is_empty() {
        let verdict = constraints.judge_directory(&certificate.subject, comparisons);
        if verdict != Verdict::Within {
            return Some((certificate.subject.to_string(), verdict));
        }
    }
    let Some(names) = &certificate.subject_alt_names else {
        // Old certificates have their mail address in the subject.
        return certificate.subject.mail_addresses().find_map(|mail| {
            let verdict = constraints.judge_mail(mail, comparisons);
            (verdict != Verdict::Within).then(|| (mail.to_owned(), verdict))
        });
    };
    names.iter().find_map(|name| {
        let verdict = constraints.judge(name, comparisons);
        (verdict != Verdict::Within).then(|| (name.to_string(), verdict))
    })
}
