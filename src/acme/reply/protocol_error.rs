//! A server's refusal, as its problem document words it.

use std::fmt::Write;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::acme::reply::lenient::NamedIdentifier;

/// More of a server's text than this helps nobody. A server may send a megabyte.
const MOST_CHARS: usize = 1000;
/// For parts and addresses, of which there are several.
const MOST_CHARS_OF_PART: usize = 300;
/// For the kind, which programs compare.
const MOST_CHARS_OF_KIND: usize = 100;
/// How many names a refusal is shown for.
pub const MOST_PARTS: usize = 20;
const NAMESPACE: &str = "urn:ietf:params:acme:error:";

/// A refusal (RFC 8555 section 6.7). All texts are the server's, cut where they are too long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, thiserror::Error)]
#[serde(from = "ProblemDocument")]
#[error("{}", self.text())]
pub struct ProtocolError {
    /// The kind of problem without the `urn:ietf:params:acme:error:` before it, such as `rejectedIdentifier`.
    pub kind: String,
    pub detail: String,
    /// What the server says about single names.
    pub parts: Vec<String>,
    /// The status of the answer; none where the refusal is part of an order or a challenge.
    pub status: Option<u16>,
    /// The address of a page about this one case.
    pub instance: Option<String>,
    /// The terms of service that are to be agreed to first.
    pub terms: Option<String>,
}

/// The problem document itself (RFC 9457 section 3.1). The fields beside instant-acme's type are read here and stay empty
/// there.
#[derive(Deserialize)]
struct ProblemDocument {
    #[serde(flatten)]
    problem: instant_acme::Problem,
    /// instant-acme has none.
    instance: Option<String>,
    /// instant-acme takes only numbers; the status of the answer itself is what counts.
    #[serde(rename = "status")]
    _status: Option<IgnoredAny>,
    #[serde(default)]
    subproblems: Vec<Part>,
}

/// What it says about one name (RFC 8555 section 6.7.1).
#[derive(Deserialize)]
struct Part {
    #[serde(flatten)]
    subproblem: instant_acme::Subproblem,
    /// A refusal may be about identifiers of any type.
    identifier: Option<NamedIdentifier>,
}

impl ProtocolError {
    /// The refusal in the body of an answer; `None` when the body is not a problem document.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let document = serde_json::from_slice::<ProblemDocument>(body).ok()?;
        let is_problem = document.problem.r#type.is_some() || document.problem.detail.is_some();
        is_problem.then(|| document.into())
    }

    fn text(&self) -> String {
        let mut text = self.detail.clone();
        let mut add = |args: std::fmt::Arguments<'_>| {
            // Nothing can go wrong when writing to a String.
            let _ = text.write_fmt(args);
        };
        if !self.kind.is_empty() {
            add(format_args!(" ({})", self.kind));
        }
        for part in &self.parts {
            add(format_args!("\n{part}"));
        }
        if let Some(url) = &self.terms {
            add(format_args!("\nnew terms of service: {url}"));
        }
        if let Some(url) = &self.instance {
            add(format_args!("\nthe server's page about this: {url}"));
        }
        text
    }
}

impl From<ProblemDocument> for ProtocolError {
    fn from(document: ProblemDocument) -> Self {
        let ProblemDocument { problem, instance, subproblems, .. } = document;
        let kind = problem.r#type.unwrap_or_default();
        let count = subproblems.len();
        let mut parts: Vec<_> = subproblems.into_iter().take(MOST_PARTS).map(Part::line).collect();
        if count > MOST_PARTS {
            parts.push(format!("and {} more", count - MOST_PARTS));
        }
        Self {
            kind: cut(kind.strip_prefix(NAMESPACE).unwrap_or(&kind), MOST_CHARS_OF_KIND),
            detail: problem
                .detail
                .map_or_else(|| "it gives no reason".to_owned(), |detail| on_one_line(&detail)),
            parts,
            status: None,
            instance: instance.map(|url| cut(&url, MOST_CHARS_OF_PART)),
            terms: None,
        }
    }
}

impl Part {
    /// Such as `for "a.test": no (caa)`.
    fn line(self) -> String {
        let mut line = String::new();
        if let Some(identifier) = self.identifier {
            let _ = write!(line, "for \"{}\": ", cut(&identifier.value, MOST_CHARS_OF_PART));
        }
        line.push_str(&cut(&self.subproblem.detail.unwrap_or_default(), MOST_CHARS_OF_PART));
        if let Some(kind) = self.subproblem.r#type {
            let kind = kind.strip_prefix(NAMESPACE).unwrap_or(&kind);
            let _ = write!(line, " ({})", cut(kind, MOST_CHARS_OF_KIND));
        }
        line
    }
}

/// A server's text without its line breaks, so that no part of it looks like a line of certkit's own, and not too
/// long.
pub fn on_one_line(text: &str) -> String {
    cut(text, MOST_CHARS)
}

/// The same for one of many texts.
pub fn part_on_one_line(text: &str) -> String {
    cut(text, MOST_CHARS_OF_PART)
}

/// At most so many characters of a text on one line.
fn cut(text: &str, most: usize) -> String {
    // What is far behind the end need not be looked at.
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(most * 2).collect();
    let line = head.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(most).collect();
    if chars.next().is_some() || short.len() < line.len() {
        short.push_str(" [...]");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_helps_is_shown() {
        let problem = r#"{"type": "urn:ietf:params:acme:error:userActionRequired", "detail": "agree\nfirst",
            "instance": "https://ca.test/agree?id=7", "subproblems": [
            {"type": "urn:ietf:params:acme:error:caa", "detail": "no", "identifier": {"type": "dns", "value": "a.test"}}]}"#;
        let mut refusal = ProtocolError::parse(problem.as_bytes()).unwrap();
        refusal.terms = Some("https://ca.test/terms-2".to_owned());
        assert_eq!(
            refusal.to_string(),
            "agree first (userActionRequired)\nfor \"a.test\": no (caa)\n\
             new terms of service: https://ca.test/terms-2\n\
             the server's page about this: https://ca.test/agree?id=7"
        );
        assert_eq!(ProtocolError::parse(b"{}"), None);
        assert_eq!(ProtocolError::parse(b"<html>"), None);
        assert_eq!(ProtocolError::parse(br#"{"type":"x"}"#).unwrap().to_string(), "it gives no reason (x)");
    }

    #[test]
    fn a_refusal_is_read_however_the_server_writes_it() {
        let text =
            |problem: &str| ProtocolError::parse(problem.as_bytes()).map(|refusal| refusal.to_string());
        let odd = r#"{"type": null, "detail": "no\/", "status": "403", "title": 7, "more": {"a": [1.5, -1]},
            "subproblems": [{"identifier": {"type": "new", "value": "a.test"}, "more": 1}, {}]}"#;
        assert_eq!(text(odd).unwrap(), "no/\nfor \"a.test\": \n");
        assert_eq!(text(r#"{"detail": "no", "status": -1}"#).unwrap(), "no");
        assert_eq!(text(r#"{"detail": "no", "status": null, "instance": null}"#).unwrap(), "no");
        assert_eq!(text(r#"{"detail": 7}"#), None);
    }

    #[test]
    fn a_megabyte_of_words_is_cut() {
        let long = "word ".repeat(200_000);
        let parts: Vec<_> = (0..100).map(|_| serde_json::json!({"detail": long})).collect();
        let problem =
            serde_json::json!({"type": long, "detail": long, "instance": long, "subproblems": parts});
        let text = ProtocolError::parse(problem.to_string().as_bytes()).unwrap().to_string();
        assert!(text.len() < 10_000, "{}", text.len());
        assert!(text.contains("[...]") && text.contains("and 80 more"), "{text}");
        assert_eq!(part_on_one_line(&"x".repeat(9000)), format!("{} [...]", "x".repeat(300)));
        assert_eq!(on_one_line("short\r\n\u{7}text"), "short text");
        assert_eq!(cut("äöü", 2), "äö [...]");
    }
}
