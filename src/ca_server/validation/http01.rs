//! http-01 (RFC 8555 section 8.3): a file below `/.well-known/acme-challenge/`. Redirects are not followed: they would
//! lead out of what `--allow` has.

use bytes::Bytes;
use http::header::{CONNECTION, HOST, LOCATION, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::super::settings::{ChallengeSettings, authority};
use super::connect;
use crate::acme_server::{Policy, Problem, ProblemType, Validation};

/// A key authorization has less than 100 bytes.
const LONGEST_BODY: usize = 4096;

/// # Errors
/// `connection`, `dns`, `incorrectResponse`.
pub(super) async fn validate(
    validation: &Validation,
    policy: &Policy,
    settings: &ChallengeSettings,
) -> Result<(), Problem> {
    let name = validation.identifier.to_string();
    let path = format!("/.well-known/acme-challenge/{}", validation.token);
    let wrong = |detail: String| {
        Problem::new(ProblemType::IncorrectResponse, format!("http://{name}{path}: {detail}"))
    };
    let failed =
        |error: hyper::Error| Problem::new(ProblemType::Connection, format!("http://{name}{path}: {error}"));
    let stream = connect(&validation.identifier, settings.http_port, policy, settings).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let driver = tokio::spawn(connection);
    let host = match settings.http_port {
        80 => authority(&name, 443),
        port => authority(&name, port),
    };
    let request = Request::get(&path)
        .header(HOST, host)
        .header(USER_AGENT, concat!("certkit/", env!("CARGO_PKG_VERSION"), " (ACME validation)"))
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| wrong(error.to_string()))?;
    let read = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        let (head, body) = response.into_parts();
        if head.status != StatusCode::OK {
            let to = head.headers.get(LOCATION).and_then(|to| to.to_str().ok());
            let to = to.map(|to| format!(" to {to}; redirects are not followed")).unwrap_or_default();
            return Err(wrong(format!("the status is {}{to}", head.status.as_u16())));
        }
        let body =
            Limited::new(body, LONGEST_BODY).collect().await.map_err(|error| wrong(error.to_string()))?;
        Ok(body.to_bytes())
    };
    let body = read.await;
    driver.abort();
    // RFC 8555 section 8.3: white space at the end is ignored.
    if body?.trim_ascii_end() == validation.key_authorization.as_bytes() {
        return Ok(());
    }
    Err(wrong(format!("expected {}", validation.key_authorization)))
}
