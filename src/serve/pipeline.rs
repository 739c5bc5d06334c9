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
use super::response::pages::{ErrorPage, page, redirect, to_canonical_host};
use super::response::record::Record;
use super::response::static_files::ScriptMatch;
use super::site::http_challenges::HttpChallenges;
use super::site::router::{RouteTarget, Site};
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
    let mut record = Record::begin(&request, snapshot.log.format());
    if let Some(record) = &mut record {
        record.site.clone_from(&snapshot.sites.of(&request).edge.name);
    }
    let mut open = OpenRequest::new(Arc::clone(connection), request.version, snapshot.log.clone(), record);
    let connection = Arc::clone(connection);
    let has_body = !body.is_end_stream();
    async move {
        let mut edits = FieldEdits::default();
        let mut request = request;
        let site = snapshot.sites.of(&request);
        let result = answer((&snapshot, site), &connection, &mut request, body, &mut open, &mut edits).await;
        let mut response = result.unwrap_or_else(|error| {
            let mut page = error.response();
            // hyper closes the connection when a body is left unread, and a client whose request is
            // refused gets no second one: tell it. HTTP/2 ends only the one stream.
            let ends = page.status().is_client_error() && !error.is_inviting();
            if (has_body || ends) && request.version != Version::HTTP_2 {
                page.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            page
        });
        open.is_from_user_of(&request);
        if site.edge.rules.has_responses() || !site.edge.collected.is_empty() {
            Box::pin(after(site, &mut request, &mut response, &mut edits)).await;
        }
        if edits.is_unlogged {
            open.is_not_logged();
        }
        Ok(finish(site, &connection, &request, response, &edits, open))
    }
}

/// The steps. Each may answer early.
async fn answer<B>(
    (snapshot, site): (&Snapshot, &Site),
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
    if request.method == Method::CONNECT && !is_for_upstream(site, request) {
        return Err(ErrorPage::new(StatusCode::NOT_IMPLEMENTED, "CONNECT is not supported"));
    }
    // RFC 8555 section 8.3: over plain HTTP, whatever else is answered there.
    if connection.tls.is_none()
        && HttpChallenges::are_at(&request.target.path)
        && let Some(text) = Box::pin(snapshot.challenges.answer(&request.target.path)).await
    {
        return Ok(page(StatusCode::OK, "application/octet-stream", text));
    }
    snapshot.check_host(request, connection)?;
    if let ConnectionRole::Redirect { port } = connection.role {
        return redirect(request, port, site.edge.canonical_host.as_deref().map(str::as_bytes));
    }
    if let Some(host) = site.edge.elsewhere(request) {
        return to_canonical_host(request, host);
    }
    let edge = &site.edge;
    if let Some(access) = &edge.access
        && let Some(response) = Box::pin(site.enter(access, request, connection)).await?
    {
        return Ok(response);
    }
    if edge.rules.has_requests() {
        let split = |request: &Request| site.split(request);
        let asked = request.target.path.clone();
        if let Some(response) = Box::pin(edge.rules.before(request, &split, edits)).await? {
            return Ok(response);
        }
        if let Some(access) = &edge.access
            && request.target.path != asked
            && let Some(response) = Box::pin(site.enter_again(access, request, connection)).await?
        {
            return Ok(response);
        }
    }
    if !edge.tried.is_empty()
        && let Some(response) = Box::pin(site.tried_file(request)).await
    {
        return Ok(response);
    }
    let request = &*request;
    // A rule may have led it elsewhere.
    if request.method == Method::CONNECT && !is_for_upstream(site, request) {
        return Err(ErrorPage::new(StatusCode::NOT_IMPLEMENTED, "CONNECT is not supported"));
    }
    let route = site.route(request);
    match route.target {
        // There is no application to ask for what a folder does not have.
        RouteTarget::Page(_) if site.is_tried(&request.target.path) => {
            Err(ErrorPage::new(StatusCode::NOT_FOUND, "file not found"))
        }
        RouteTarget::Page(html) => Ok(page(StatusCode::OK, "text/html; charset=utf-8", html.clone())),
        RouteTarget::NotFound => Err(ErrorPage::new(StatusCode::NOT_FOUND, "nothing is served here")),
        RouteTarget::Folder(folder) => Ok(folder.answer(request, route.below).await),
        RouteTarget::Upstream(upstream) => {
            let script = match route.scripts {
                None => None,
                Some(scripts) => {
                    let path = if scripts.are_below {
                        Bytes::copy_from_slice(route.below)
                    } else {
                        request.target.path.clone()
                    };
                    match Box::pin(scripts.folder.find(request, &path)).await {
                        ScriptMatch::Script(script) => Some(script),
                        ScriptMatch::Response(response) => return Ok(response),
                    }
                }
            };
            let is_unbuffered = site.edge.is_unbuffered(&request.target.path);
            let body = buffer(body, route.limits, &snapshot.spool, is_unbuffered).await?;
            let fault = body.fault.clone();
            match open.times(upstream.call(request, connection, script.as_ref(), body)).await {
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
            let is_unbuffered = site.edge.is_unbuffered(&request.target.path);
            let body = buffer(body, route.limits, &snapshot.spool, is_unbuffered).await?;
            let fault = body.fault.clone();
            match open.times(pool.call(request.worker_request(route.script_name, body))).await {
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
fn is_for_upstream(site: &Site, request: &Request) -> bool {
    let target = site.route(request).target;
    request.websocket.is_some() && matches!(target, RouteTarget::Upstream(upstream) if upstream.speaks_http())
}

/// What rules say of a response.
async fn after(
    site: &Site,
    request: &mut Request,
    response: &mut Response<OutgoingBody>,
    edits: &mut FieldEdits,
) {
    let edge = &site.edge;
    for field in &edge.collected {
        if let Some(value) = response.headers().get(&field.name) {
            let value = value.as_bytes().to_vec();
            request.set_variable(&field.variable, value);
            if field.is_pulled {
                response.headers_mut().remove(&field.name);
            }
        }
    }
    let split = |request: &Request| site.split(request);
    edge.rules.after(request, &split, response.status(), edits).await;
}

/// Adds the headers of every response, and removes bodies where HTTP has none.
fn finish(
    site: &Site,
    connection: &Connection,
    request: &Request,
    response: Response<OutgoingBody>,
    edits: &FieldEdits,
    mut open: OpenRequest,
) -> Response<TrackedBody> {
    let response = site.edge.error_pages.dress(&request.fields, response);
    let (mut head, mut body) = response.into_parts();
    FieldEdits::apply(&[&site.edge.fields, edits], &mut head.headers, request.version);
    // RFC 6797 section 7.2: never over plain HTTP.
    if connection.tls.is_some()
        && let Some(hsts) = &site.edge.hsts
    {
        head.headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert_with(|| hsts.clone());
    }
    if site.edge.secure_headers {
        headers::secure(&mut head.headers);
    }
    let compression = &site.edge.compression;
    if compression.is_on() {
        let encoded;
        (body, encoded) = compression.apply(request, &mut head, body);
        open.is_encoded(encoded);
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
