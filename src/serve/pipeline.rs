//! From a request to its answer, in one function that reads as a list of steps ([`answer`]).
//!
//! Listeners of every protocol end here: what they decode differs, what happens then does not.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body::Body;

use super::access_log::{AccessLog, Record};
use super::body::{Answer, AnswerBody, BodyError, OpenRequest, buffer};
use super::challenges::HttpChallenges;
use super::config::{Limits, ScriptName};
use super::connection::{Connection, Role};
use super::environ::Accepted;
use super::gateway::Gateway;
use super::router::{Router, Target};
use super::worker::{CallError, WorkerPool};
use crate::protocol::cgi_vars;

/// What all requests share.
pub(super) struct Service {
    pub(super) limits: Limits,
    pub(super) challenges: HttpChallenges,
    pub(super) router: Router,
    pub(super) pool: Option<WorkerPool>,
    pub(super) script_name: ScriptName,
    pub(super) hsts: Option<HeaderValue>,
    pub(super) log: AccessLog,
}

/// The host a request is for; empty where an HTTP/1.0 client or a front server names none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Host<'a> {
    /// As in the Host field.
    pub(super) value: &'a [u8],
    /// Without the port.
    pub(super) name: &'a [u8],
}

/// A request that is answered by an error.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    reason: Cow<'static, str>,
}

/// Answers a request. It counts as begun from the call on, not from the first poll.
pub(super) fn respond<B>(
    service: &Arc<Service>,
    connection: &Arc<Connection>,
    request: Request<B>,
) -> impl Future<Output = Result<Response<Answer>, Infallible>> + Send + use<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let (mut head, body) = request.into_parts();
    let gateway = head.extensions.remove::<Gateway>();
    let record = service.log.is_on().then(|| {
        let remote_address = gateway.as_ref().map(|gateway| gateway.remote_address.as_slice());
        Record::new(Arc::clone(connection), remote_address, &head)
    });
    let open = OpenRequest::new(Arc::clone(connection), head.version, service.log.clone(), record);
    let (service, connection) = (Arc::clone(service), Arc::clone(connection));
    let has_body = !body.is_end_stream();
    async move {
        let result = answer(&service, &connection, &head, gateway.as_ref(), body).await;
        let response = result.unwrap_or_else(|refusal| {
            let mut page = refusal.page();
            // A client that sends what is refused is not asked for more, and hyper closes when a body is left unread: the
            // client shall know. HTTP/2 ends the one stream only.
            if (has_body || page.status().is_client_error()) && head.version != Version::HTTP_2 {
                page.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            page
        });
        Ok(finish(&service, &connection, &head.method, response, open))
    }
}

/// The steps. Each may answer early.
async fn answer<B>(
    service: &Service,
    connection: &Connection,
    head: &http::request::Parts,
    gateway: Option<&Gateway>,
    body: B,
) -> Result<Response<AnswerBody>, Refusal>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let host = match gateway {
        Some(_) => optional_host(head)?,
        None => host(head)?,
    };
    expectation(head)?;
    if head.method == Method::CONNECT {
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "this server makes no tunnels"));
    }
    // RFC 8555 section 8.3: over plain HTTP, whatever else is answered there.
    if connection.tls.is_none()
        && gateway.is_none()
        && let Some(text) = service.challenges.answer(head.uri.path())
    {
        return Ok(page(StatusCode::OK, "application/octet-stream", text));
    }
    if let Role::Redirect { port } = connection.role {
        return redirect(head, host, port);
    }
    let path = cgi_vars::decode_path(head.uri.path())
        .ok_or_else(|| Refusal::bad_request("the path has a control character"))?;
    match service.router.route(&path) {
        Target::Page(html) => Ok(page(StatusCode::OK, "text/html; charset=utf-8", html.to_owned())),
        Target::Folder { folder, path } => Ok(folder.answer(head, path).await),
        Target::Application => {
            let pool = service.pool.as_ref().ok_or_else(|| {
                Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "there is no application to answer this")
            })?;
            let body = buffer(body, &service.limits).await?;
            let fault = body.fault.clone();
            let accepted = Accepted { connection, head, host, path: &path, gateway };
            match pool.call(accepted.for_worker(&service.script_name, body)).await {
                Ok(response) => Ok(response.map(AnswerBody::Worker)),
                // It failed because the client did not send what it had promised.
                Err(error) => Err(match fault.get() {
                    Some((status, reason)) => Refusal::new(*status, reason.clone()),
                    None => error.into(),
                }),
            }
        }
    }
}

/// Adds what every answer gets, and takes away bodies where HTTP has none.
fn finish(
    service: &Service,
    connection: &Connection,
    method: &Method,
    response: Response<AnswerBody>,
    open: OpenRequest,
) -> Response<Answer> {
    let (mut head, mut body) = response.into_parts();
    // RFC 6797 section 7.2: never over plain HTTP.
    if connection.tls.is_some()
        && let Some(hsts) = &service.hsts
    {
        head.headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert_with(|| hsts.clone());
    }
    // RFC 9110 sections 6.4.1 and 8.6.
    let no_body = head.status == StatusCode::NO_CONTENT || head.status == StatusCode::NOT_MODIFIED;
    if no_body || *method == Method::HEAD {
        body = AnswerBody::Empty;
    }
    if head.status == StatusCode::NO_CONTENT {
        head.headers.remove(header::CONTENT_LENGTH);
    }
    let status = head.status;
    Response::from_parts(head, open.answered(status, body))
}

/// The one host a request is for (RFC 9112 section 3.2, RFC 9113 section 8.3.1).
fn host(head: &http::request::Parts) -> Result<Host<'_>, Refusal> {
    let field = optional_host(head)?;
    match head.uri.authority() {
        Some(authority) => {
            let target = parse_host(authority.as_str().as_bytes())?;
            // RFC 9113 section 8.3.1: they must agree. In HTTP/1.1 the target's counts.
            if head.version == Version::HTTP_2
                && !field.value.is_empty()
                && !field.value.eq_ignore_ascii_case(target.value)
            {
                return Err(Refusal::bad_request("`:authority` and Host differ"));
            }
            Ok(target)
        }
        None if field.value.is_empty() && head.version != Version::HTTP_10 => {
            Err(Refusal::bad_request("the request names no host"))
        }
        None => Ok(field),
    }
}

/// The Host field, which must not be there twice.
fn optional_host(head: &http::request::Parts) -> Result<Host<'_>, Refusal> {
    let mut fields = head.headers.get_all(header::HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (None, _) => return Ok(Host::default()),
        (Some(field), None) => field,
        (Some(_), Some(_)) => return Err(Refusal::bad_request("the request names two hosts")),
    };
    parse_host(field.as_bytes())
}

fn parse_host(value: &[u8]) -> Result<Host<'_>, Refusal> {
    let (name, _) = cgi_vars::host_and_port(value)
        .ok_or_else(|| Refusal::bad_request("the request's host is malformed"))?;
    Ok(Host { value, name })
}

/// RFC 9110 section 10.1.1: `100-continue` is all that is ever expected. hyper sends the 100 when the body is read.
fn expectation(head: &http::request::Parts) -> Result<(), Refusal> {
    let mut fields = head.headers.get_all(header::EXPECT).iter();
    if fields.all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::EXPECTATION_FAILED, "only `Expect: 100-continue` can be met"))
}

/// 308 to the same place on https; `port` 443 and `None` (the port that was typed) are left as they are.
fn redirect(
    head: &http::request::Parts,
    host: Host<'_>,
    port: Option<u16>,
) -> Result<Response<AnswerBody>, Refusal> {
    if host.value.is_empty() {
        return Err(Refusal::bad_request("this server speaks https, and the request names no host to go to"));
    }
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let host = match port {
        None => String::from_utf8_lossy(host.value).into_owned(),
        Some(443) => String::from_utf8_lossy(host.name).into_owned(),
        Some(port) => format!("{}:{port}", String::from_utf8_lossy(host.name)),
    };
    let location = format!("https://{host}{target}");
    let text = format!("This server speaks https: {location}\n");
    let mut response = page(StatusCode::PERMANENT_REDIRECT, "text/plain; charset=utf-8", text);
    let location = HeaderValue::try_from(location)
        .map_err(|_| Refusal::bad_request("the target has a character that does not belong there"))?;
    response.headers_mut().insert(header::LOCATION, location);
    // There is nothing more to be had here.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(response)
}

/// A whole answer made here.
pub(super) fn page(status: StatusCode, kind: &'static str, text: String) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A short answer that says what is wrong.
pub(super) fn error_page(status: StatusCode, reason: &str) -> Response<AnswerBody> {
    let phrase = status.canonical_reason().unwrap_or_default();
    let text = format!("{} {phrase}: {reason}\n", status.as_u16());
    page(status, "text/plain; charset=utf-8", text)
}

impl Refusal {
    fn new(status: StatusCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { status, reason: reason.into() }
    }

    fn bad_request(reason: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    fn page(&self) -> Response<AnswerBody> {
        error_page(self.status, &self.reason)
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        Self::new(error.status(), error.to_string())
    }
}

impl From<CallError> for Refusal {
    fn from(error: CallError) -> Self {
        Self::new(error.status(), error.to_string())
    }
}
