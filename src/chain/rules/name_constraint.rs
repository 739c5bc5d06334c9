//! A CA may be limited to some names: the names of every certificate below it must keep to that (RFC 5280 sections
//! 4.2.1.10 and 6.1.3 (b) and (c)). Self-issued intermediates are exempt, for the change of a CA's key. The work is
//! bounded: thousands of names under thousands of constraints are an attack, not a certificate.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::{Certificate, NameConstraints, SubjectAltName, Subtree, SubtreeFault, Verdict};

/// A DNS name that the constraints forbid.
const VIOLATED: Diagnostic = Diagnostic::of_clients(Defect::ConstraintsViolated);
const VIOLATED_OF_ROOT: Diagnostic = Diagnostic::of_clients(Defect::ConstraintsOfRootViolated);
/// A name of another form, which not all clients compare; or constraints that cannot be decoded.
const OTHER: Diagnostic = Diagnostic::error(Code::NameConstraint);
const DOT_AT_END: Diagnostic = Diagnostic::of_clients(Defect::ConstraintWithDotAtEnd);
/// Constraints that clients understand, but the standards forbid.
const OF_LEAF: Diagnostic = Diagnostic::of_clients(Defect::ConstraintsOfLeaf);
const EMPTY: Diagnostic = Diagnostic::of_clients(Defect::ConstraintsEmpty);
const WITH_DOT: Diagnostic = Diagnostic::of_clients(Defect::ConstraintsWithDot);
/// Constraints that the standards have, and some clients do not process.
const ON_SUBJECTS: Diagnostic = of_some(Defect::ConstraintsOnSubjects);
const ON_OTHERS: Diagnostic = of_some(Defect::ConstraintsOnOtherNames);
const EXCLUDE_SUBJECTS: Diagnostic = of_some(Defect::ConstraintsExcludeSubjects);
const EVERY_NAME: Diagnostic = of_some(Defect::ConstraintsOfEveryName);
const EVERY_NAME_OF_ROOT: Diagnostic = of_some(Defect::RootConstraintsOfEveryName);
const OWN_NAME: Diagnostic = of_some(Defect::ConstraintsAndOwnName);
const TOO_MANY: Diagnostic = Diagnostic::error(Code::TooComplex);

const fn of_some(defect: Defect) -> Diagnostic {
    Diagnostic::of_clients_alone(defect).except(Profile::Webpki).except(Profile::Rfc5280)
}

pub(super) const RULE: Rule = Rule {
    diagnostics: &[
        VIOLATED,
        VIOLATED_OF_ROOT,
        OTHER,
        DOT_AT_END,
        OF_LEAF,
        EMPTY,
        WITH_DOT,
        ON_SUBJECTS,
        ON_OTHERS,
        EXCLUDE_SUBJECTS,
        EVERY_NAME,
        EVERY_NAME_OF_ROOT,
        OWN_NAME,
        TOO_MANY,
    ],
    judge,
};

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    let mut found = Vec::new();
    for (index, ca) in all.iter().enumerate() {
        let Some(constraints) = &ca.certificate.name_constraints else { continue };
        found.extend(wrong_form(judged, ca, constraints));
        for below in
            all[..index].iter().filter(|below| below.index == 0 || !below.certificate.is_self_issued())
        {
            found.extend(violation(judged, ca, constraints, below));
        }
    }
    found
}

/// What is wrong with the extension itself.
fn wrong_form(
    judged: &JudgedPath<'_>,
    ca: &PathCertificate<'_>,
    constraints: &NameConstraints,
) -> Vec<PathFinding> {
    let label = ca.label();
    let mut found = Vec::new();
    let mut add = |diagnostic: &Diagnostic, message: String| {
        let fix =
            "Make the CA certificate again with well-formed constraints, as `certkit mkca --permit` does.";
        found.extend(judged.report(diagnostic, ca, message, fix));
    };
    // "MUST be used only in a CA certificate"
    if !ca.certificate.is_ca() {
        add(&OF_LEAF, format!("`{label}` has name constraints, but is not a CA"));
    }
    // "either the permittedSubtrees field or the excludedSubtrees MUST be present"
    if constraints.is_empty() {
        add(&EMPTY, format!("the name constraints of `{label}` are empty"));
    }
    for (fault, what) in constraints.malformed() {
        let is_dot = fault == SubtreeFault::DotAtEnd && !ca.is_anchor;
        let diagnostic = if is_dot { &DOT_AT_END } else { &OTHER };
        add(diagnostic, format!("the name constraints of `{label}` are malformed: {what}"));
    }
    // A leading dot is for URIs and mail; openssl accepts it for DNS names as well.
    let dotted =
        constraints.permitted.iter().chain(&constraints.excluded).find_map(|subtree| match subtree {
            Subtree::Dns(name) if name.starts_with('.') => Some(name),
            _ => None,
        });
    if let Some(name) = dotted {
        add(&WITH_DOT, format!("a name constraint of `{label}`, `{name}`, begins with a dot"));
    }
    let is_on_subjects = |subtree: &Subtree| matches!(subtree, Subtree::Directory(_));
    if constraints.excluded.iter().any(is_on_subjects) {
        add(&EXCLUDE_SUBJECTS, format!("the name constraints of `{label}` exclude distinguished names"));
    } else if constraints.permitted.iter().any(is_on_subjects) {
        add(&ON_SUBJECTS, format!("the name constraints of `{label}` are on distinguished names too"));
    }
    if constraints.permitted.iter().chain(&constraints.excluded).any(|one| matches!(one, Subtree::Other(_))) {
        add(&ON_OTHERS, format!("the name constraints of `{label}` are on names that few clients compare"));
    }
    if constraints.permitted.iter().any(|one| matches!(one, Subtree::Dns(name) if name.is_empty())) {
        let diagnostic = if ca.is_anchor { &EVERY_NAME_OF_ROOT } else { &EVERY_NAME };
        add(diagnostic, format!("a name constraint of `{label}` permits every DNS name"));
    }
    // They are for what is below the CA; some clients apply them to the CA as well.
    let mut comparisons = judged.comparisons.get();
    let mut own = ca.certificate.subject_alt_names.iter().flatten();
    let is_outside = own.any(|name| {
        matches!(name, SubjectAltName::Dns(_))
            && constraints.judge(name, &mut comparisons) == Verdict::Outside
    });
    judged.comparisons.set(comparisons);
    if is_outside && ca.index > 0 && !ca.is_anchor {
        add(&OWN_NAME, format!("the name constraints of `{label}` do not permit its own alternative names"));
    }
    found
}

/// Why the names of `below` do not keep to the constraints of `ca`.
fn violation(
    judged: &JudgedPath<'_>,
    ca: &PathCertificate<'_>,
    constraints: &NameConstraints,
    below: &PathCertificate<'_>,
) -> Option<PathFinding> {
    let mut comparisons = judged.comparisons.get();
    let bad = first_bad_name(constraints, below.certificate, &mut comparisons);
    judged.comparisons.set(comparisons);
    let BadName { name, verdict, is_dns } = bad?;
    let violated = match (is_dns, ca.is_anchor) {
        (false, _) => OTHER,
        (true, false) => VIOLATED,
        (true, true) => VIOLATED_OF_ROOT,
    };
    let (ca, label) = (ca.label(), below.label());
    let (diagnostic, message, fix) = match verdict {
        Verdict::TooMany => (
            TOO_MANY,
            format!(
                "`{label}` has so many names, and the CA `{ca}` so many name constraints, that clients \
                 refuse to compare them all"
            ),
            "Have a certificate issued with fewer names, by a CA with fewer constraints.",
        ),
        Verdict::Unprocessed => (
            OTHER,
            format!(
                "`{label}` has the name `{name}`, which cannot be compared with the name constraints of \
                 the CA `{ca}`"
            ),
            "Have the certificate issued without that name.",
        ),
        _ => (
            violated,
            format!("the CA `{ca}` is not allowed to issue for `{name}` of `{label}` (name constraints)"),
            "Have the certificate issued for a name that the CA may issue for, or by another CA.",
        ),
    };
    judged.report(&diagnostic, below, message, fix)
}

/// A name that does not keep to constraints.
struct BadName {
    name: String,
    verdict: Verdict,
    is_dns: bool,
}

impl BadName {
    fn new(name: &dyn std::fmt::Display, verdict: Verdict, is_dns: bool) -> Option<Self> {
        (verdict != Verdict::Within).then(|| Self { name: name.to_string(), verdict, is_dns })
    }
}

fn first_bad_name(
    constraints: &NameConstraints,
    certificate: &Certificate,
    comparisons: &mut usize,
) -> Option<BadName> {
    // "applied to the subject field (when the certificate includes a non-empty subject field)"
    if !certificate.subject.is_empty() {
        let verdict = constraints.judge_directory(&certificate.subject, comparisons);
        if let Some(bad) = BadName::new(&certificate.subject, verdict, false) {
            return Some(bad);
        }
    }
    let Some(names) = &certificate.subject_alt_names else {
        // Old certificates have their mail address in the subject.
        return certificate
            .subject
            .mail_addresses()
            .find_map(|mail| BadName::new(&mail, constraints.judge_mail(mail, comparisons), false));
    };
    names.iter().find_map(|name| {
        let is_dns = matches!(name, SubjectAltName::Dns(_));
        BadName::new(name, constraints.judge(name, comparisons), is_dns)
    })
}
