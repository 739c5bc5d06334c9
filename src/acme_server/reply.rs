//! What is sent for a request.

use serde_json::Value;

use super::problem::Problem;

/// A response; the room around adds nothing to it but what HTTP needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::empty(status).with("content-type", "application/json").body(body.to_string().into_bytes())
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    #[must_use]
    pub(super) fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

impl From<&Problem> for Reply {
    fn from(problem: &Problem) -> Self {
        let body = problem.to_json().to_string().into_bytes();
        let mut reply =
            Self::empty(problem.status()).with("content-type", "application/problem+json").body(body);
        if let Some(seconds) = problem.retry_after {
            reply = reply.with("retry-after", seconds.to_string());
        }
        if let Some(methods) = problem.allow {
            reply = reply.with("allow", methods);
        }
        reply
    }
}
