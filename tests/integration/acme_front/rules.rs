//! Which request is harmed, and how.

use std::time::Duration;

use serde_json::Value;

use super::exchange::Class;

/// Harm to one request.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// An answer that is no ACME answer, such as a page of HTML. The server does not see the request.
    Answer {
        /// The status.
        status: u16,
        /// `Content-Type`.
        content_type: &'static str,
        /// The body.
        body: String,
        /// `Retry-After`, as it is sent.
        retry_after: Option<&'static str>,
    },
    /// The request is passed on after a pause.
    Delay(Duration),
    /// The server acts, and the JSON of its good answer is changed on the way.
    Edit(fn(&mut Value)),
    /// The server acts, and its answer comes as if it were whole, with the second half of the body missing.
    Halve,
    /// The server acts, and its answer waits until the client or the test is gone.
    HoldAnswer,
    /// The request waits, unseen by the server, until the client or the test is gone.
    HoldRequest,
    /// The server acts, and `Location` in its answer is written in another way.
    Location(LocationForm),
    /// The server acts, and the connection breaks before the answer.
    Lose,
    /// A problem document (RFC 8555 section 6.7). The server does not see the request.
    Problem {
        /// The status.
        status: u16,
        /// The type, without its namespace.
        kind: &'static str,
        /// The words for people.
        detail: String,
        /// `Retry-After`, as it is sent.
        retry_after: Option<&'static str>,
    },
    /// The server acts, and the connection breaks in the middle of the answer's body.
    Truncate,
}

/// Another way to write `https://host/path` in `Location`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LocationForm {
    /// `//host/path`
    NoScheme,
    /// `/path`
    Path,
    /// `http://host/path`
    Plain,
}

impl LocationForm {
    /// An absolute https address in this form.
    pub(super) fn write(self, url: &str) -> String {
        let rest = url.strip_prefix("https:").unwrap_or(url);
        match self {
            Self::NoScheme => rest.to_owned(),
            Self::Path => rest
                .trim_start_matches('/')
                .split_once('/')
                .map_or_else(|| "/".to_owned(), |(_, path)| format!("/{path}")),
            Self::Plain => format!("http:{rest}"),
        }
    }
}

impl Fault {
    /// A 503 with a page of HTML, as a load balancer sends it.
    pub(crate) fn unavailable() -> Self {
        Self::html(503)
    }

    /// A page of HTML with this status.
    pub(crate) fn html(status: u16) -> Self {
        let body = "<!doctype html><title>Sorry</title><p>Back soon.</p>".to_owned();
        Self::Answer { status, content_type: "text/html", body, retry_after: None }
    }

    /// A 429 that wants this pause.
    pub(crate) fn rate_limited(retry_after: &'static str) -> Self {
        Self::Problem {
            status: 429,
            kind: "rateLimited",
            detail: "too many requests today".to_owned(),
            retry_after: Some(retry_after),
        }
    }

    /// A problem of a kind and words for people.
    pub(crate) fn problem(status: u16, kind: &'static str, detail: impl Into<String>) -> Self {
        Self::Problem { status, kind, detail: detail.into(), retry_after: None }
    }
}

/// A fault and when it happens.
pub(super) struct Rule {
    pub(super) class: Class,
    /// Only requests for this path.
    pub(super) path: Option<String>,
    /// So many requests of the class are left alone first.
    pub(super) skip: usize,
    /// So many are harmed then.
    pub(super) times: usize,
    pub(super) fault: Fault,
}

impl Rule {
    /// The fault for a request of `class` for `path`, by the first rule that fits.
    pub(super) fn pick(rules: &mut [Self], class: Class, path: &str) -> Option<Fault> {
        let fits =
            |rule: &&mut Self| rule.class == class && rule.path.as_ref().is_none_or(|only| only == path);
        for rule in rules.iter_mut().filter(fits) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.times > 0 {
                rule.times -= 1;
                return Some(rule.fault.clone());
            }
        }
        None
    }
}
