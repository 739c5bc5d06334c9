//! From a request to its response, in one function that reads as a list of steps ([`answer`]).
//!
//! Listeners of every protocol end here: what they decode differs, what happens then does not.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body::Body;

use super::connection::{Connection, ConnectionRole};
use super::request::body::buffer;
use super::request::environ::EnvironSource;
use super::request::host;
use super::request::variables::GatewayRequest;
use super::response::access_log::Record;
use super::response::body::{OpenRequest, OutgoingBody, TrackedBody};
use super::response::pages::{ErrorPage, page, redirect};
use super::site::router::RouteTarget;
use super::site::snapshot::{Service, Snapshot};
use crate::protocol::cgi_vars;

/// Answers a request, which counts as begun from the call on, not from the first poll.
pub(super) fn respond<B>(
    service: &Service,
    connection: &Arc<Connection>,
    request: Request<B>,
) -> impl Future<Output = Result<Response<TrackedBody>, Infallible>> + Send + use<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let (mut head, body) = request.into_parts();
    let gateway = head.extensions.remove::<GatewayRequest>();
    let snapshot = service.current();
    let record = snapshot.log.is_on().then(|| {
        let remote_address = gateway.as_ref().map(|gateway| gateway.remote_address.as_slice());
        Record::new(Arc::clone(connection), remote_address, &head)
    });
    let open = OpenRequest::new(Arc::clone(connection), head.version, snapshot.log.clone(), record);
    let connection = Arc::clone(connection);
    let has_body = !body.is_end_stream();
    async move {
        let result = answer(&snapshot, &connection, &head, gateway.as_ref(), body).await;
        let response = result.unwrap_or_else(|error| {
            let mut page = error.response();
            // hyper closes the connection when a body is left unread, and a client whose request is
            // refused gets no second one: tell it. HTTP/2 ends only the one stream.
            if (has_body || page.status().is_client_error()) && head.version != Version::HTTP_2 {
                page.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            page
        });
        Ok(finish(&snapshot, &connection, &head.method, response, open))
    }
}

/// The steps. Each may answer early.
async fn answer<B>(
    snapshot: &Snapshot,
    connection: &Connection,
    head: &http::request::Parts,
    gateway: Option<&GatewayRequest>,
    body: B,
) -> Result<Response<OutgoingBody>, ErrorPage>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let host = match gateway {
        Some(_) => host::optional(head)?,
        None => host::required(head)?,
    };
    expectation(head)?;
    if head.method == Method::CONNECT {
        return Err(ErrorPage::new(StatusCode::NOT_IMPLEMENTED, "CONNECT is not supported"));
    }
    // RFC 8555 section 8.3: over plain HTTP, whatever else is answered there.
    if connection.tls.is_none()
        && gateway.is_none()
        && let Some(text) = snapshot.challenges.answer(head.uri.path())
    {
        return Ok(page(StatusCode::OK, "application/octet-stream", text));
    }
    if let ConnectionRole::Redirect { port } = connection.role {
        return redirect(head, host, port);
    }
    let path = cgi_vars::decode_path(head.uri.path())
        .ok_or_else(|| ErrorPage::bad_request("the path contains a control character"))?;
    match snapshot.router.route(&path) {
        RouteTarget::Page(html) => Ok(page(StatusCode::OK, "text/html; charset=utf-8", html.to_owned())),
        RouteTarget::Folder { folder, path } => Ok(folder.answer(head, path).await),
        RouteTarget::Application(id) => {
            let pool = snapshot.application(id).ok_or_else(|| {
                ErrorPage::new(StatusCode::SERVICE_UNAVAILABLE, "no application is running")
            })?;
            let body = buffer(body, &snapshot.limits).await?;
            let fault = body.fault.clone();
            let environ = EnvironSource { connection, head, host, path: &path, gateway };
            match pool.call(environ.worker_request(&snapshot.script_name, body)).await {
                Ok(response) => Ok(response.map(OutgoingBody::Worker)),
                // The call failed because the client did not send its whole body.
                Err(error) => Err(match fault.get() {
                    Some((status, reason)) => ErrorPage::new(*status, reason.clone()),
                    None => error.into(),
                }),
            }
        }
    }
}

/// Adds the headers of every response, and removes bodies where HTTP has none.
fn finish(
    snapshot: &Snapshot,
    connection: &Connection,
    method: &Method,
    response: Response<OutgoingBody>,
    open: OpenRequest,
) -> Response<TrackedBody> {
    let (mut head, mut body) = response.into_parts();
    // RFC 6797 section 7.2: never over plain HTTP.
    if connection.tls.is_some()
        && let Some(hsts) = &snapshot.hsts
    {
        head.headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert_with(|| hsts.clone());
    }
    // RFC 9110 sections 6.4.1 and 8.6.
    let no_body = head.status == StatusCode::NO_CONTENT || head.status == StatusCode::NOT_MODIFIED;
    if no_body || *method == Method::HEAD {
        body = OutgoingBody::Empty;
    }
    if head.status == StatusCode::NO_CONTENT {
        head.headers.remove(header::CONTENT_LENGTH);
    }
    let status = head.status;
    if status == StatusCode::SWITCHING_PROTOCOLS {
        connection.activity.upgrade();
    }
    Response::from_parts(head, open.answered(status, body))
}

/// RFC 9110 section 10.1.1: `100-continue` is all that is ever expected. hyper sends the 100 when
/// the body is read.
fn expectation(head: &http::request::Parts) -> Result<(), ErrorPage> {
    let mut fields = head.headers.get_all(header::EXPECT).iter();
    if fields.all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        return Ok(());
    }
    Err(ErrorPage::new(StatusCode::EXPECTATION_FAILED, "only `Expect: 100-continue` is supported"))
}
