//! From a request to its response, in one function that reads as a list of steps ([`answer`]).
//!
//! Listeners of every protocol end here: what they decode differs, what happens then does not.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header};
use http_body::Body;

use super::connection::{Connection, ConnectionRole};
use super::request::body::buffer;
use super::request::{Request, forwarded};
use super::response::body::{OpenRequest, OutgoingBody, TrackedBody};
use super::response::headers::{self, FieldEdits};
use super::response::pages::{ErrorPage, page, redirect};
use super::response::record::Record;
use super::site::router::RouteTarget;
use super::site::snapshot::{Service, Snapshot};

/// Answers a request that came by HTTP.
pub(super) fn respond_http<B>(
    service: &Service,
    connection: &Arc<Connection>,
    request: http::Request<B>,
) -> impl Future<Output = Result<Response<TrackedBody>, Infallible>> + Send + use<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let (head, body) = request.into_parts();
    let snapshot = service.current();
    let mut request = Request::from_http(connection, head);
    forwarded::apply(&mut request, &snapshot.trust, connection);
    respond(snapshot, connection, request, body)
}

/// Answers a request, which counts as begun from the call on, not from the first poll.
pub(super) fn respond<B>(
    snapshot: Arc<Snapshot>,
    connection: &Arc<Connection>,
    request: Request,
    body: B,
) -> impl Future<Output = Result<Response<TrackedBody>, Infallible>> + Send + use<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let record = Record::begin(&request, snapshot.log.format());
    let mut open = OpenRequest::new(Arc::clone(connection), request.version, snapshot.log.clone(), record);
    let connection = Arc::clone(connection);
    let has_body = !body.is_end_stream();
    async move {
        let mut edits = FieldEdits::default();
        let mut request = request;
        let result = answer(&snapshot, &connection, &mut request, body, &mut open, &mut edits).await;
        let mut response = result.unwrap_or_else(|error| {
            let mut page = error.response();
            // hyper closes the connection when a body is left unread, and a client whose request is
            // refused gets no second one: tell it. HTTP/2 ends only the one stream.
            if (has_body || page.status().is_client_error()) && request.version != Version::HTTP_2 {
                page.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            page
        });
        let edge = &snapshot.site.edge;
        if edge.rules.has_responses() || !edge.collected.is_empty() {
            Box::pin(after(&snapshot, &mut request, &mut response, &mut edits)).await;
        }
        if edits.is_unlogged {
            open.is_not_logged();
        }
        Ok(finish(&snapshot, &connection, &request, response, &edits, open))
    }
}

/// The steps. Each may answer early.
async fn answer<B>(
    snapshot: &Snapshot,
    connection: &Arc<Connection>,
    request: &mut Request,
    body: B,
    open: &mut OpenRequest,
    edits: &mut FieldEdits,
) -> Result<Response<OutgoingBody>, ErrorPage>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    if let Some(fault) = request.fault {
        return Err(fault.into());
    }
    expectation(&request.fields)?;
    if request.method == Method::CONNECT && !is_for_upstream(snapshot, request) {
        return Err(ErrorPage::new(StatusCode::NOT_IMPLEMENTED, "CONNECT is not supported"));
    }
    // RFC 8555 section 8.3: over plain HTTP, whatever else is answered there.
    if connection.tls.is_none()
        && let Some(text) = snapshot.challenges.answer(&request.target.path)
    {
        return Ok(page(StatusCode::OK, "application/octet-stream", text));
    }
    if let ConnectionRole::Redirect { port } = connection.role {
        return redirect(request, port);
    }
    let edge = &snapshot.site.edge;
    if edge.rules.has_requests() {
        let split = |request: &Request| snapshot.site.split(request);
        if let Some(response) = Box::pin(edge.rules.before(request, &split, edits)).await? {
            return Ok(response);
        }
    }
    if !edge.tried.is_empty()
        && let Some(response) = Box::pin(snapshot.site.tried_file(request)).await
    {
        return Ok(response);
    }
    let request = &*request;
    // A rule may have led it elsewhere.
    if request.method == Method::CONNECT && !is_for_upstream(snapshot, request) {
        return Err(ErrorPage::new(StatusCode::NOT_IMPLEMENTED, "CONNECT is not supported"));
    }
    let route = snapshot.site.route(request);
    match route.target {
        // There is no application to ask for what a folder does not have.
        RouteTarget::Page(_) if snapshot.site.is_tried(&request.target.path) => {
            Err(ErrorPage::new(StatusCode::NOT_FOUND, "file not found"))
        }
        RouteTarget::Page(html) => Ok(page(StatusCode::OK, "text/html; charset=utf-8", html.clone())),
        RouteTarget::NotFound => Err(ErrorPage::new(StatusCode::NOT_FOUND, "nothing is served here")),
        RouteTarget::Folder(folder) => Ok(folder.answer(request, route.below).await),
        RouteTarget::Upstream(upstream) => {
            let is_unbuffered = snapshot.is_unbuffered(&request.target.path);
            let body = buffer(body, route.limits, &snapshot.spool, is_unbuffered).await?;
            let fault = body.fault.clone();
            match upstream.call(request, connection, body).await {
                Ok(mut response) => {
                    let is_stream =
                        headers::is_stream(response.headers_mut(), request.tls.is_some()) || is_unbuffered;
                    let body =
                        |body| OutgoingBody::upstream(&snapshot.spool, body, request.version, is_stream);
                    Ok(response.map(body))
                }
                Err(error) => Err(match fault.get() {
                    Some((status, reason)) => ErrorPage::new(*status, reason.clone()),
                    None => error.into(),
                }),
            }
        }
        RouteTarget::Application(id) => {
            let pool = snapshot.application(*id).ok_or_else(|| {
                ErrorPage::new(StatusCode::SERVICE_UNAVAILABLE, "no application is running")
            })?;
            let is_unbuffered = snapshot.is_unbuffered(&request.target.path);
            let body = buffer(body, route.limits, &snapshot.spool, is_unbuffered).await?;
            let fault = body.fault.clone();
            match pool.call(request.worker_request(route.script_name, body)).await {
                Ok(mut response) => {
                    open.comes_from(response.body().worker());
                    let is_stream =
                        headers::is_stream(response.headers_mut(), request.tls.is_some()) || is_unbuffered;
                    let body = |body| OutgoingBody::worker(&snapshot.spool, body, request.version, is_stream);
                    Ok(response.map(body))
                }
                // The call failed because the client did not send its whole body.
                Err(error) => Err(match fault.get() {
                    Some((status, reason)) => ErrorPage::new(*status, reason.clone()),
                    None => error.into(),
                }),
            }
        }
    }
}

/// A WebSocket over HTTP/2 (RFC 8441), which only upstreams accept.
fn is_for_upstream(snapshot: &Snapshot, request: &Request) -> bool {
    let target = snapshot.site.route(request).target;
    request.websocket.is_some() && matches!(target, RouteTarget::Upstream(upstream) if upstream.speaks_http())
}

/// What rules say of a response.
async fn after(
    snapshot: &Snapshot,
    request: &mut Request,
    response: &mut Response<OutgoingBody>,
    edits: &mut FieldEdits,
) {
    let edge = &snapshot.site.edge;
    for field in &edge.collected {
        if let Some(value) = response.headers().get(&field.name) {
            let value = value.as_bytes().to_vec();
            request.set_variable(&field.variable, value);
            if field.is_pulled {
                response.headers_mut().remove(&field.name);
            }
        }
    }
    let split = |request: &Request| snapshot.site.split(request);
    edge.rules.after(request, &split, response.status(), edits).await;
}

/// Adds the headers of every response, and removes bodies where HTTP has none.
fn finish(
    snapshot: &Snapshot,
    connection: &Connection,
    request: &Request,
    response: Response<OutgoingBody>,
    edits: &FieldEdits,
    open: OpenRequest,
) -> Response<TrackedBody> {
    let (mut head, mut body) = response.into_parts();
    FieldEdits::apply(&[&snapshot.site.edge.fields, edits], &mut head.headers, request.version);
    // RFC 6797 section 7.2: never over plain HTTP.
    if connection.tls.is_some()
        && let Some(hsts) = &snapshot.site.edge.hsts
    {
        head.headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert_with(|| hsts.clone());
    }
    // RFC 9110 sections 6.4.1 and 8.6.
    let no_body = head.status == StatusCode::NO_CONTENT || head.status == StatusCode::NOT_MODIFIED;
    if no_body || request.method == Method::HEAD {
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
fn expectation(fields: &HeaderMap) -> Result<(), ErrorPage> {
    let mut fields = fields.get_all(header::EXPECT).iter();
    if fields.all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        return Ok(());
    }
    Err(ErrorPage::new(StatusCode::EXPECTATION_FAILED, "only `Expect: 100-continue` is supported"))
}
