//! A server's refusal, as its problem document words it.

use instant_acme::Problem;

/// A refusal (RFC 8555 section 6.7). All texts are the server's.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{detail}{}", lines(.parts))]
pub struct ProtocolError {
    /// The kind of problem without the `urn:ietf:params:acme:error:` before it, such as `rejectedIdentifier`.
    pub kind: String,
    pub detail: String,
    /// What the server says about single names.
    pub parts: Vec<String>,
}

impl From<&Problem> for ProtocolError {
    fn from(problem: &Problem) -> Self {
        Self {
            kind: on_one_line(problem_kind(problem)),
            detail: problem.detail.as_deref().map_or_else(|| "it gives no reason".to_owned(), on_one_line),
            parts: problem.subproblems.iter().map(|part| on_one_line(&part.to_string())).collect(),
        }
    }
}

/// A server's text without its line breaks: no part of it may look like a line of certkit's own.
pub(super) fn on_one_line(text: &str) -> String {
    text.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The kind of a problem without its namespace, as `badNonce`.
pub(super) fn problem_kind(problem: &Problem) -> &str {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    kind.strip_prefix("urn:ietf:params:acme:error:").unwrap_or(kind)
}

fn lines(parts: &[String]) -> String {
    parts.iter().map(|part| format!("\n{part}")).collect()
}
