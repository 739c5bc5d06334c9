//! http-01 (RFC 8555 section 8.3) by a small server of our own: it answers `/.well-known/acme-challenge/TOKEN` and
//! nothing else.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::listen::Sockets;
use super::{ChallengeAnswer, ChallengeKind, Error, Solver};

const PREFIX: &str = "/.well-known/acme-challenge/";
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// A server of answers; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Http01 {
    answers: KeyAuthorizations,
    _tasks: JoinSet<()>,
}

impl Http01 {
    /// Begins to answer. Needs a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// [`Error::Bind`] when the runtime refuses the sockets.
    pub(super) fn start(sockets: Sockets) -> Result<Self, Error> {
        let answers = KeyAuthorizations::default();
        let shared = answers.clone();
        let tasks = sockets.serve(move |stream| serve(stream, shared.clone()))?;
        Ok(Self { answers, _tasks: tasks })
    }
}

#[async_trait]
impl Solver for Http01 {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Http01
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        self.answers.add(answers);
        Ok(())
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        self.answers.remove(answers);
        Ok(())
    }

    fn was_asked(&self, answer: &ChallengeAnswer) -> Option<bool> {
        Some(self.answers.was_asked(answer))
    }
}

/// KeyAuthorizations by token, and which of them were asked for; clones share them. A server with listeners of its own can
/// answer from it.
#[derive(Clone, Debug, Default)]
pub struct KeyAuthorizations(Arc<Mutex<HashMap<String, Kept>>>);

/// Where the answer for a token is looked for.
pub(super) fn path(token: &str) -> String {
    format!("{PREFIX}{token}")
}

#[derive(Debug)]
struct Kept {
    body: Bytes,
    asked: bool,
}

impl KeyAuthorizations {
    /// KeyAuthorizations these from now on.
    pub fn add(&self, answers: &[ChallengeAnswer]) {
        let mut kept = self.lock();
        for answer in answers {
            let body = Bytes::copy_from_slice(answer.key_authorization.as_bytes());
            kept.entry(answer.token.clone()).or_insert(Kept { body, asked: false });
        }
    }

    /// Does not answer these any more.
    pub fn remove(&self, answers: &[ChallengeAnswer]) {
        let mut kept = self.lock();
        for answer in answers {
            kept.remove(&answer.token);
        }
    }

    /// Whether anybody has asked for this one.
    pub fn was_asked(&self, answer: &ChallengeAnswer) -> bool {
        self.lock().get(&answer.token).is_some_and(|kept| kept.asked)
    }

    /// The body for a path, if it is the path of an answer.
    pub fn body(&self, path: &str) -> Option<Bytes> {
        let token = path.strip_prefix(PREFIX)?;
        let mut kept = self.lock();
        let kept = kept.get_mut(token)?;
        kept.asked = true;
        Some(kept.body.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        // No code that holds the lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn respond<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let plain = |status, text: &'static str| {
            let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
            *response.status_mut() = status;
            response
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        }
        let Some(body) = self.body(request.uri().path()) else {
            return plain(StatusCode::NOT_FOUND, "only ACME challenges are answered here\n");
        };
        let mut response = Response::new(Full::new(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        response
    }
}

async fn serve(stream: TcpStream, answers: KeyAuthorizations) {
    let service = service_fn(move |request| {
        let response = answers.respond(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // A peer may close the connection at any time.
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::x509::HostName;

    #[tokio::test]
    async fn only_known_tokens_are_answered() {
        let answer = ChallengeAnswer {
            host: HostName::Dns("a.test".into()),
            token: "tok".into(),
            key_authorization: "tok.thumb".into(),
            scope: crate::acme::challenge::RecordScope::Name,
        };
        let all = [answer.clone()];
        let answers = KeyAuthorizations::default();
        answers.add(&all);
        let get = |method: &str, uri: &str| {
            answers.respond(&Request::builder().method(method).uri(uri).body(()).unwrap())
        };
        for uri in ["/", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/../tok", "/tok"] {
            assert_eq!(get("GET", uri).status(), 404, "{uri}");
        }
        assert_eq!(get("POST", "/.well-known/acme-challenge/tok").status(), 405);
        assert!(!answers.was_asked(&answer));
        let response = get("GET", "/.well-known/acme-challenge/tok");
        assert_eq!(response.status(), 200);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "tok.thumb");
        assert!(answers.was_asked(&answer));
        answers.remove(&all);
        assert_eq!(get("GET", "/.well-known/acme-challenge/tok").status(), 404);
    }
}
