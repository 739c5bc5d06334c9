//! The HTTP client: reqwest with time-outs, our roots, and what an ACME client keeps of answers.
//!
//! - Every nonce that comes with an answer is pooled: RFC 8555 section 6.5 hands one out with every answer, so that most
//!   round trips for new ones are saved.
//! - `Retry-After` is read on every answer, good or bad.
//! - An answer that ACME does not know (a 503 with a page of HTML) becomes a typed [`TransportError`] instead of a JSON
//!   syntax error.
//!
//! Nothing is retried here: the same signed request must never be sent twice (its nonce is spent), so `retry`
//! repeats whole calls, each with a fresh nonce and signature.

use std::error::Error as StdError;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{
    CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LINK, LOCATION, RETRY_AFTER, USER_AGENT,
};
use http::{Method, Request, Response, StatusCode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use crate::acme::error::Error;
use crate::acme::reply::address::{links, resolve};
use crate::acme::reply::call_error::CallError;
use crate::acme::reply::protocol_error::ProtocolError;
use crate::acme::reply::transport_error::{MAX_ANSWER_BYTES, TransportError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// RFC 8555 section 6.1 asks clients to name themselves.
const AGENT: &str = concat!("certkit/", env!("CARGO_PKG_VERSION"));
const REPLAY_NONCE: HeaderName = HeaderName::from_static("replay-nonce");

/// The client; clones share connections and nonces.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    kept: Arc<Mutex<Kept>>,
}

/// What answers bring along.
#[derive(Default)]
struct Kept {
    nonces: Vec<HeaderValue>,
    /// `Retry-After` of the last answer.
    retry_after: Option<Duration>,
    /// Whether the last answer was 429.
    is_rate_limit: bool,
    /// `Date` of the last answer.
    date: Option<SystemTime>,
    /// `Location` of the last answer that made something new, even if its body never came.
    location: Option<String>,
    new_nonce: Option<String>,
}

impl Http {
    /// A client that trusts the certificates in `ca_roots` (PEM) and no others, or without one the system's.
    ///
    /// # Errors
    /// [`Error::CaRoots`] when there is nothing to trust in the file or on the system.
    pub fn new(ca_roots: Option<&Path>) -> Result<Self, Error> {
        let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Key(error.to_string()))?
        .with_root_certificates(roots(ca_roots)?)
        .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // RFC 8555 section 6.1: https only. A redirect would change the signed `url` (section 6.4).
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(|error| Error::Key(format!("cannot set up TLS: {error}")))?;
        Ok(Self { client, kept: Arc::default() })
    }

    /// Fetches what needs no signature: the directory, renewal information. A refusal is an error.
    pub async fn fetch(&self, url: &str) -> Result<Bytes, CallError> {
        let request = Request::get(url).body(Bytes::new())?;
        Ok(self.send(request).await?.into_body())
    }

    /// A nonce for a request of our own: one that came with an answer, else a new one.
    pub async fn nonce(&self) -> Result<String, CallError> {
        let (pooled, url) = {
            let mut kept = self.kept();
            (kept.nonces.pop(), kept.new_nonce.clone())
        };
        let nonce = match (pooled, url) {
            (Some(nonce), _) => Some(nonce),
            (None, Some(url)) => {
                let request = Request::head(url).body(Bytes::new())?;
                self.send(request).await?.headers_mut().remove(REPLAY_NONCE)
            }
            (None, None) => None,
        };
        let text = nonce.as_ref().and_then(|nonce| nonce.to_str().ok());
        text.map(str::to_owned).ok_or_else(|| CallError::BadAnswer("the server sends no nonce".to_owned()))
    }

    /// Keeps where the server gives nonces.
    pub fn set_new_nonce(&self, url: &str) {
        self.kept().new_nonce = Some(url.to_owned());
    }

    /// How long the last answer asks to wait before the next request.
    pub fn retry_after(&self) -> Option<Duration> {
        self.kept().retry_after
    }

    /// Whether the last answer was one about the server's limits (RFC 8555 section 6.6).
    pub fn is_rate_limited(&self) -> bool {
        self.kept().is_rate_limit
    }

    /// The server's time as its last answer had it.
    pub fn server_time(&self) -> Option<OffsetDateTime> {
        self.kept().date.map(OffsetDateTime::from)
    }

    /// The address of what the server made last, since [`Self::forget_location`].
    pub fn location(&self) -> Option<String> {
        self.kept().location.clone()
    }

    /// Forgets the address of what the server made last.
    pub fn forget_location(&self) {
        self.kept().location = None;
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// [`CallError::Refused`] for a refusal that does not pass, else [`CallError::Transport`].
    pub async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, CallError> {
        let url = request.uri().to_string();
        let is_head = request.method() == Method::HEAD;
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let request = reqwest::Request::try_from(request)
            .map_err(|error| TransportError::Unreachable { url: url.clone(), reason: error.to_string() })?;
        let mut answer = self.client.execute(request).await.map_err(|error| failure(&url, &error))?;

        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        if response.status() == StatusCode::CREATED
            && let Ok(location) = location(&url, response.headers())
        {
            self.kept().location = Some(location);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&url, &error))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(TransportError::TooLarge { url }.into());
            }
            body.extend_from_slice(&chunk);
        }
        *response.body_mut() = body.into();

        let status = response.status();
        let retry_after = retry_after(response.headers());
        {
            let mut kept = self.kept();
            kept.retry_after = retry_after;
            kept.is_rate_limit = status == StatusCode::TOO_MANY_REQUESTS;
            kept.date = date(response.headers());
            // The answer to a HEAD request hands its nonce to the one who asked; others go through the pool.
            if !is_head && let Some(nonce) = response.headers_mut().remove(REPLAY_NONCE) {
                kept.nonces.push(nonce);
            }
        }
        if is_head && status.is_success() && !response.headers().contains_key(REPLAY_NONCE) {
            let reason = "the answer holds no nonce".to_owned();
            return Err(TransportError::Lost { url, reason }.into());
        }
        if status.is_success() {
            return Ok(response);
        }
        let mut problem = ProtocolError::parse(response.body()).map(Box::new);
        if let Some(problem) = &mut problem {
            problem.status = Some(status.as_u16());
            // RFC 8555 section 7.3.3.
            problem.terms = links(response.headers().get_all(LINK), "terms-of-service").into_iter().next();
        }
        match problem {
            Some(problem) if !TransportError::passes(status) => Err(CallError::Refused(problem)),
            problem => {
                let is_html = is_html(&response);
                Err(TransportError::Status { url, status, problem, retry_after, is_html }.into())
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // No code that holds the lock can panic half-way through a change.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the JSON of a good answer.
///
/// # Errors
/// [`CallError::Html`] and [`CallError::NotJson`].
pub fn json<T: DeserializeOwned>(response: &Response<Bytes>) -> Result<T, CallError> {
    serde_json::from_slice(response.body())
        .map_err(|error| if is_html(response) { CallError::Html } else { error.into() })
}

/// The address of what the server has made or found, by its answer to a request for `url`.
///
/// # Errors
/// [`CallError::BadAnswer`] when there is none, or none with TLS.
pub fn location(url: &str, headers: &HeaderMap) -> Result<String, CallError> {
    match headers.get(LOCATION).map(HeaderValue::to_str) {
        Some(Ok(location)) => resolve(url, location),
        _ => Err(CallError::BadAnswer("an answer without an address in Location".to_owned())),
    }
}

/// Whether an answer is a page for people, as firewalls and proxies send them.
pub fn is_html(response: &Response<Bytes>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    kind.get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/html"))
        || response.body().trim_ascii_start().starts_with(b"<")
}

fn roots(ca_roots: Option<&Path>) -> Result<rustls::RootCertStore, Error> {
    let mut store = rustls::RootCertStore::empty();
    let Some(path) = ca_roots else {
        let native = rustls_native_certs::load_native_certs();
        store.add_parsable_certificates(native.certs);
        if store.is_empty() {
            return Err(Error::CaRoots {
                path: "the system store".into(),
                reason: "the system store holds no certificate".into(),
            });
        }
        return Ok(store);
    };
    let unusable = |reason: String| Error::CaRoots { path: path.to_owned(), reason };
    let text = crate::sys::fs::read_limited(path, MAX_ANSWER_BYTES as u64)
        .map_err(|error| unusable(crate::sys::fs::plain(&error)))?;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        store.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if store.is_empty() {
        return Err(unusable("the file holds no PEM certificate".into()));
    }
    Ok(store)
}

/// When the answer was sent, by the server's clock (RFC 9110 section 6.6.1).
fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

/// Seconds or a date (RFC 9110 section 10.2.3). A date counts from the answer's own `Date`, which does without the
/// clock of this machine.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than fits is longer than anybody waits.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let then = httpdate::parse_http_date(text).ok()?;
    Some(then.duration_since(date(headers)?).unwrap_or_default())
}

fn failure(url: &str, error: &reqwest::Error) -> TransportError {
    let url = url.to_owned();
    let mut reason = error.to_string();
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        reason = cause.to_string();
        if let Some(rustls::Error::InvalidCertificate(reason)) = cause.downcast_ref() {
            return TransportError::Untrusted { url, reason: reason.clone() };
        }
        // An io::Error's `source` skips the error that it wraps.
        next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    let reason = reason.split(" (os error").next().unwrap_or(&reason).to_owned();
    if error.is_timeout() {
        TransportError::TimedOut { url }
    } else if error.is_connect() || error.is_builder() {
        TransportError::Unreachable { url, reason }
    } else {
        TransportError::Lost { url, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn retry_after_in_seconds_and_as_a_date() {
        assert_eq!(retry_after(&headers(&[(RETRY_AFTER, " 7 ")])), Some(Duration::from_secs(7)));
        assert_eq!(
            retry_after(&headers(&[(RETRY_AFTER, "99999999999999999999")])),
            Some(Duration::from_secs(u64::MAX))
        );
        let later = headers(&[
            (RETRY_AFTER, "Fri, 20 Nov 2026 10:01:30 GMT"),
            (DATE, "Fri, 20 Nov 2026 10:00:00 GMT"),
        ]);
        assert_eq!(retry_after(&later), Some(Duration::from_secs(90)));
        let past = headers(&[
            (RETRY_AFTER, "Fri, 20 Nov 2026 09:00:00 GMT"),
            (DATE, "Fri, 20 Nov 2026 10:00:00 GMT"),
        ]);
        assert_eq!(retry_after(&past), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers(&[(RETRY_AFTER, "soon")])), None);
        assert_eq!(retry_after(&headers(&[])), None);
    }

    #[test]
    fn roots_must_hold_a_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("roots.pem");
        assert!(matches!(roots(Some(&path)), Err(Error::CaRoots { .. })));
        std::fs::write(&path, "nothing").unwrap();
        assert!(matches!(roots(Some(&path)), Err(Error::CaRoots { .. })));
    }
}
