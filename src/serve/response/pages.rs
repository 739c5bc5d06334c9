//! Responses of the server's own: redirects, error pages, the start page.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, Response, StatusCode, header};

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
    /// What tells the client how to ask again.
    invitation: Option<(HeaderName, HeaderValue)>,
}

/// Marks a response as an error page of the server's own: that of an application is never changed.
#[derive(Clone, Debug)]
pub(super) struct OwnError(pub(super) String);

/// 308 to the same place at another host of the site, at the port that was typed.
///
/// # Errors
/// The target cannot be repeated in a header field.
pub(in crate::serve) fn to_canonical_host(
    request: &Request,
    host: &str,
) -> Result<Response<OutgoingBody>, ErrorPage> {
    let port = request.host.value().get(request.host.name().len()..).unwrap_or_default();
    let scheme = if request.https { "https" } else { "http" };
    let target = String::from_utf8_lossy(&request.target.raw);
    moved(format!("{scheme}://{host}{}{target}", String::from_utf8_lossy(port)), "This site is at")
}

/// 308 to `location`.
fn moved(location: String, says: &str) -> Result<Response<OutgoingBody>, ErrorPage> {
    let text = format!("{says} {location}\n");
    let mut response = page(StatusCode::PERMANENT_REDIRECT, "text/plain; charset=utf-8", text);
    let location = HeaderValue::try_from(location)
        .map_err(|_| ErrorPage::bad_request("the request target contains an invalid character"))?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// 308 to the same place on https; `port` 443 and `None` (the port that was typed) are left as they
/// are, and so is the host, unless another is the `canonical` one.
pub(in crate::serve) fn redirect(
    request: &Request,
    port: Option<u16>,
    canonical: Option<&[u8]>,
) -> Result<Response<OutgoingBody>, ErrorPage> {
    let (host, name) = (request.host.value(), canonical.unwrap_or_else(|| request.host.name()));
    if host.is_empty() {
        return Err(ErrorPage::bad_request(
            "this server is reached by https, and the request has no Host field to redirect to",
        ));
    }
    let target = String::from_utf8_lossy(&request.target.raw);
    let host = match port {
        None => {
            let port = host.get(request.host.name().len()..).unwrap_or_default();
            String::from_utf8_lossy(&[name, port].concat()).into_owned()
        }
        Some(443) => String::from_utf8_lossy(name).into_owned(),
        Some(port) => format!("{}:{port}", String::from_utf8_lossy(name)),
    };
    let mut response = moved(format!("https://{host}{target}"), "Use https:")?;
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
    let mut response = page(status, "text/plain; charset=utf-8", text);
    response.extensions_mut().insert(OwnError(reason.to_owned()));
    response
}

impl ErrorPage {
    pub(in crate::serve) fn new(status: StatusCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { status, reason: reason.into(), invitation: None }
    }

    /// The same with a field that tells the client how to ask again.
    pub(in crate::serve) fn inviting(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.invitation = Some((name, value));
        self
    }

    /// Whether the client may well ask again over this connection.
    pub(in crate::serve) fn is_inviting(&self) -> bool {
        self.invitation.is_some()
    }

    pub(in crate::serve) fn bad_request(reason: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    pub(in crate::serve) fn response(&self) -> Response<OutgoingBody> {
        let mut response = error_page(self.status, &self.reason);
        if let Some((name, value)) = &self.invitation {
            response.headers_mut().insert(name, value.clone());
        }
        response
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
