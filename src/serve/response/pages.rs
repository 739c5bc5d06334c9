//! Responses of the server's own: redirects, error pages, the start page.

use std::borrow::Cow;

use http::{HeaderValue, Response, StatusCode, header};

use super::body::OutgoingBody;
use crate::serve::request::body::BodyError;
use crate::serve::request::{Request, RequestError};
use crate::serve::upstream::UpstreamError;
use crate::serve::worker::CallError;

/// A request that is answered by an error.
#[derive(Debug)]
pub(in crate::serve) struct ErrorPage {
    pub(in crate::serve) status: StatusCode,
    reason: Cow<'static, str>,
}

/// 308 to the same place on https; `port` 443 and `None` (the port that was typed) are left as they
/// are.
pub(in crate::serve) fn redirect(
    request: &Request,
    port: Option<u16>,
) -> Result<Response<OutgoingBody>, ErrorPage> {
    let (host, name) = (request.host.value(), request.host.name());
    if host.is_empty() {
        return Err(ErrorPage::bad_request(
            "this server is reached by https, and the request has no Host field to redirect to",
        ));
    }
    let target = String::from_utf8_lossy(&request.target.raw);
    let host = match port {
        None => String::from_utf8_lossy(host).into_owned(),
        Some(443) => String::from_utf8_lossy(name).into_owned(),
        Some(port) => format!("{}:{port}", String::from_utf8_lossy(name)),
    };
    let location = format!("https://{host}{target}");
    let text = format!("Use https: {location}\n");
    let mut response = page(StatusCode::PERMANENT_REDIRECT, "text/plain; charset=utf-8", text);
    let location = HeaderValue::try_from(location)
        .map_err(|_| ErrorPage::bad_request("the request target contains an invalid character"))?;
    response.headers_mut().insert(header::LOCATION, location);
    // There is nothing more to be had here.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(response)
}

/// A whole answer made here.
pub(in crate::serve) fn page(status: StatusCode, kind: &'static str, text: String) -> Response<OutgoingBody> {
    let mut response = Response::new(OutgoingBody::text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A short answer that says what is wrong.
pub(in crate::serve) fn error_page(status: StatusCode, reason: &str) -> Response<OutgoingBody> {
    let phrase = status.canonical_reason().unwrap_or_default();
    let text = format!("{} {phrase}: {reason}\n", status.as_u16());
    page(status, "text/plain; charset=utf-8", text)
}

impl ErrorPage {
    pub(in crate::serve) fn new(status: StatusCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { status, reason: reason.into() }
    }

    pub(in crate::serve) fn bad_request(reason: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    pub(in crate::serve) fn response(&self) -> Response<OutgoingBody> {
        error_page(self.status, &self.reason)
    }
}

impl From<RequestError> for ErrorPage {
    fn from(error: RequestError) -> Self {
        Self::new(error.status(), error.to_string())
    }
}

impl From<BodyError> for ErrorPage {
    fn from(error: BodyError) -> Self {
        Self::new(error.status(), error.to_string())
    }
}

impl From<UpstreamError> for ErrorPage {
    fn from(error: UpstreamError) -> Self {
        Self::new(error.status(), error.reason())
    }
}

impl From<CallError> for ErrorPage {
    fn from(error: CallError) -> Self {
        Self::new(error.status(), error.to_string())
    }
}
