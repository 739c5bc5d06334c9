//! `docs/findings.md` states what the rules declare.

use std::collections::BTreeMap;

use super::Code;
use crate::chain::Profile;
use crate::chain::diagnostic::Diagnostic;
use crate::chain::rules::{LAST_WORD, LEAF, PATH, REMARKS};
use crate::finding::Severity;

const FINDINGS: &str = include_str!("../../../docs/findings.md");
const PROFILES: [(Profile, &str); 3] =
    [(Profile::Tls, "tls"), (Profile::Webpki, "webpki"), (Profile::Rfc5280, "rfc5280")];

/// The part of the page below the heading of a code.
fn section(code: Code) -> Option<&'static str> {
    let heading = format!("\n## {code}\n");
    let start = FINDINGS.find(&heading)? + heading.len();
    FINDINGS[start..].split("\n## ").next()
}

/// `Severity: error.`, or by profile: `Severity: warning (tls), error (webpki, rfc5280).`
pub(super) fn severity_line(diagnostics: &[Diagnostic]) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (profile, name) in PROFILES {
        let mut severities: Vec<_> =
            diagnostics.iter().filter_map(|diagnostic| diagnostic.severity(profile)).collect();
        severities.sort_unstable();
        severities.dedup();
        let words: Vec<_> = severities.iter().rev().map(|severity| word(*severity)).collect();
        let words = if words.is_empty() { "not checked".to_owned() } else { words.join(" or ") };
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, names)) => names.push(name),
            None => groups.push((words, vec![name])),
        }
    }
    if let [(words, _)] = groups.as_slice() {
        return format!("Severity: {words}.");
    }
    let groups: Vec<_> =
        groups.iter().map(|(words, names)| format!("{words} ({})", names.join(", "))).collect();
    format!("Severity: {}.", groups.join(", "))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Note => "note",
        Severity::Warning => "warning",
    }
}

#[test]
fn every_code_of_a_rule_has_its_heading_and_severity() {
    let mut by_code: BTreeMap<Code, Vec<Diagnostic>> = BTreeMap::new();
    for rule in LEAF.iter().chain(PATH).chain(REMARKS) {
        for diagnostic in rule.diagnostics {
            by_code.entry(diagnostic.code).or_default().push(*diagnostic);
        }
    }
    assert!(by_code.len() > 30, "only {} codes", by_code.len());
    let mut missing = Vec::new();
    for (code, diagnostics) in by_code {
        let line = severity_line(&diagnostics);
        if !section(code).is_some_and(|text| text.lines().any(|known| known == line)) {
            missing.push(format!("{code}: {line}"));
        }
    }
    assert!(missing.is_empty(), "docs/findings.md lacks:\n{}", missing.join("\n"));
}

/// What rustls alone refuses is not part of a code's usual severity; the page says so at its top.
#[test]
fn every_code_of_the_last_word_has_its_heading() {
    for diagnostic in LAST_WORD.iter().flat_map(|rule| rule.diagnostics) {
        assert!(section(diagnostic.code).is_some(), "{}", diagnostic.code);
    }
}

#[test]
fn the_line_names_profiles_that_differ() {
    let code = Code::Policy;
    assert_eq!(severity_line(&[Diagnostic::error(code)]), "Severity: error.");
    let by_the_book = Diagnostic::by_the_book(code);
    assert_eq!(severity_line(&[by_the_book]), "Severity: warning (tls), error (webpki, rfc5280).");
    let not_tls = Diagnostic::error(code).except(Profile::Tls);
    assert_eq!(
        severity_line(&[not_tls, Diagnostic::warning(code)]),
        "Severity: warning (tls), error or warning (webpki, rfc5280)."
    );
}
