//! A server's refusal, as its problem document words it.

use instant_acme::Problem;

/// A server's no, as its problem document has it (RFC 8555 section 6.7). All texts are the server's.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct ProtocolError {
    /// The kind of problem without the `urn:ietf:params:acme:error:` before it, as `rejectedIdentifier`.
    pub kind: String,
    /// The server's words.
    pub detail: String,
    /// What it says of single names.
    pub parts: Vec<String>,
}

impl From<&Problem> for ProtocolError {
    fn from(problem: &Problem) -> Self {
        Self {
            kind: on_one_line(problem_kind(problem)),
            detail: problem.detail.as_deref().map_or_else(|| "no reason given".to_owned(), on_one_line),
            parts: problem.subproblems.iter().map(|part| on_one_line(&part.to_string())).collect(),
        }
    }
}

/// A server's words without their line breaks: none of them may look like a line of certkit's own.
pub(super) fn on_one_line(words: &str) -> String {
    words.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The kind of a problem without its namespace, as `badNonce`.
pub(super) fn problem_kind(problem: &Problem) -> &str {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    kind.strip_prefix("urn:ietf:params:acme:error:").unwrap_or(kind)
}
