//! HTTP/1.1 to an upstream, over connections that are kept for further requests.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use bytes::Bytes;
use futures_util::stream::try_unfold;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::body::{Sent, SentBody};
use super::error::UpstreamError;
use super::response::LONGEST_HEAD;
use super::server::{Busy, UpstreamServer};
use super::{Failed, Forwarded, UpstreamBody, connect, fields, is_idempotent, tunnel};
use crate::serve::connection::Connection;
use crate::serve::request::body::Buffered;

/// Fields of a response's head, at most.
const MOST_FIELDS: usize = 256;

/// What a client's connection is to become, if the upstream agrees.
pub(super) struct WebSocket {
    connection: Arc<Connection>,
    client: OnUpgrade,
    /// Whether it is a stream of HTTP/2.
    is_http2: bool,
}

impl Forwarded<'_> {
    pub(super) fn websocket(&self) -> Option<WebSocket> {
        Some(WebSocket {
            connection: Arc::clone(self.connection),
            client: self.request.websocket.clone()?,
            is_http2: self.request.version == Version::HTTP_2,
        })
    }
}

/// The request as it is sent.
pub(super) fn request(forwarded: Forwarded<'_>, body: Buffered) -> Result<Request<SentBody>, Failed> {
    let target = forwarded.target();
    let Ok(uri) = target.parse::<Uri>() else {
        return Err(Failed { error: UpstreamError::Target, unsent: None });
    };
    let is_empty = body.length == Some(0);
    let mut request = Request::new(SentBody::new(body));
    let websocket = forwarded.request.websocket.as_ref();
    *request.method_mut() = match websocket {
        // RFC 8441: over HTTP/2 it is CONNECT.
        Some(_) => Method::GET,
        None => forwarded.request.method.clone(),
    };
    *request.uri_mut() = uri;
    *request.headers_mut() = forwarded.fields();
    // hyper frames the body by its length.
    if !is_empty {
        request.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if websocket.is_some() {
        fields::ask_for_websocket(request.headers_mut());
    }
    Ok(request)
}

/// Forwards a request over a kept connection, or over a new one.
pub(super) async fn call(
    server: Arc<UpstreamServer>,
    busy: Busy,
    mut request: Request<SentBody>,
    websocket: Option<WebSocket>,
    timeout: Duration,
) -> Result<Response<UpstreamBody>, Failed> {
    // HTTP/1.0 does not demand the field that HTTP/1.1 does.
    if !request.headers().contains_key(header::HOST)
        && let Ok(host) = HeaderValue::try_from(server.address.endpoint.to_string())
    {
        request.headers_mut().insert(header::HOST, host);
    }
    // A server may close a kept connection in the instant of the next request, and nobody knows whether it has worked
    // on that. uWSGI's http-socket closes every connection, and says nothing of it in the response.
    if may_repeat(&request)
        && let Some(sender) = server.idle.take()
    {
        let spare = again(&request);
        match send(&server, sender, request, timeout).await {
            Ok(response) => return finish(&server, busy, response, websocket, timeout),
            // The server had closed the connection.
            Err(Unanswered { request: Some(unsent), .. }) => request = *unsent,
            Err(Unanswered { error, request: None }) => match (error, spare) {
                // It closed the connection, as servers do with idle ones, while the request was on its way.
                (UpstreamError::Closed(_), Some(spare)) => request = spare,
                (error, _) => return Err(Failed { error, unsent: None }),
            },
        }
    }
    let sender = match handshake(&server, timeout).await {
        Ok(sender) => sender,
        Err(error) => return Err(Failed { error, unsent: Some(request.into_body().into_buffered()) }),
    };
    match send(&server, sender, request, timeout).await {
        Ok(response) => finish(&server, busy, response, websocket, timeout),
        Err(Unanswered { error, request }) => {
            let unsent = request.map(|request| request.into_body().into_buffered());
            Err(Failed { error, unsent })
        }
    }
}

/// Whether it does no harm to send a request twice, and can be done.
fn may_repeat(request: &Request<SentBody>) -> bool {
    is_idempotent(request.method()) && request.body().is_in_memory()
}

/// The same request.
fn again(request: &Request<SentBody>) -> Option<Request<SentBody>> {
    let mut again = Request::new(request.body().again()?);
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}

async fn handshake(
    server: &UpstreamServer,
    timeout: Duration,
) -> Result<SendRequest<SentBody>, UpstreamError> {
    let stream = connect::open(server, timeout).await?;
    let mut builder = http1::Builder::new();
    builder.max_headers(MOST_FIELDS);
    // Also what is read at a time: interim responses without end must not keep this thread busy until a timeout is seen.
    builder.max_buf_size(LONGEST_HEAD);
    let (sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| UpstreamError::Broken(cause(&error)))?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!("a connection to an upstream ended: {}", cause(&error));
        }
    });
    Ok(sender)
}

/// A request without a response.
struct Unanswered {
    error: UpstreamError,
    /// The request, if nothing of it was sent.
    request: Option<Box<Request<SentBody>>>,
}

/// A response, and the connection that it comes over.
type Answered = (Response<Incoming>, SendRequest<SentBody>);

async fn send(
    server: &UpstreamServer,
    mut sender: SendRequest<SentBody>,
    request: Request<SentBody>,
    timeout: Duration,
) -> Result<Answered, Unanswered> {
    let sent = request.body().sent();
    let response = sender.try_send_request(request);
    match within(timeout, &sent, response).await {
        Some(Ok(response)) => Ok((response, sender)),
        Some(Err(mut failed)) => {
            let request = failed.take_message().map(Box::new);
            let error = match failed.error() {
                error if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => {
                    UpstreamError::Closed("")
                }
                error if is_reset(error) => UpstreamError::Closed(""),
                error => UpstreamError::Broken(cause(error)),
            };
            Err(Unanswered { error, request })
        }
        None => {
            tracing::debug!("upstream {}: nothing for {} s", server.address, timeout.as_secs());
            Err(Unanswered { error: UpstreamError::TooSlow(timeout), request: None })
        }
    }
}

/// What comes of `response` while no more than `timeout` passes without it, or a further byte of the request on its
/// way.
async fn within<T>(timeout: Duration, sent: &Sent, response: impl Future<Output = T>) -> Option<T> {
    let mut response = std::pin::pin!(response);
    let mut before = sent.bytes();
    loop {
        if let Ok(response) = tokio::time::timeout(timeout, response.as_mut()).await {
            return Some(response);
        }
        let now = sent.bytes();
        if now == before {
            return None;
        }
        before = now;
    }
}

/// The response for the client; its connection is kept when the last byte was read.
fn finish(
    server: &Arc<UpstreamServer>,
    busy: Busy,
    (mut response, sender): Answered,
    websocket: Option<WebSocket>,
    timeout: Duration,
) -> Result<Response<UpstreamBody>, Failed> {
    let is_switching = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let upgraded = is_switching.then(|| hyper::upgrade::on(&mut response));
    // To a client by HTTP/2, success means that the WebSocket is open.
    if !is_switching && response.status().is_success() && websocket.as_ref().is_some_and(|ws| ws.is_http2) {
        let error =
            UpstreamError::Broken("it does not switch to the WebSocket that was asked for".to_owned());
        return Err(Failed { error, unsent: None });
    }
    let (mut head, incoming) = response.into_parts();
    if !fields::rebuild_framing(&mut head.headers) {
        let error = UpstreamError::Broken("it has a transfer coding that nobody asked for".to_owned());
        return Err(Failed { error, unsent: None });
    }
    fields::remove_hop_by_hop(&mut head.headers);
    fields::remove_orders(&mut head.headers);
    head.version = Version::HTTP_11;
    head.extensions.clear();
    if let Some(upgraded) = upgraded {
        let Some(websocket) = websocket else {
            let error = UpstreamError::Broken("it switches protocols, and nobody asked for that".to_owned());
            return Err(Failed { error, unsent: None });
        };
        if websocket.is_http2 {
            head.status = StatusCode::OK;
            head.headers.remove(header::SEC_WEBSOCKET_ACCEPT);
        } else {
            head.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            head.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        tunnel::open(websocket.connection, websocket.client, upgraded, busy);
        return Ok(Response::from_parts(head, empty()));
    }
    if incoming.is_end_stream() {
        keep(Arc::clone(server), sender);
        return Ok(Response::from_parts(head, empty()));
    }
    let state = Reading { incoming, kept: Some((Arc::clone(server), sender)), _busy: busy };
    let frames = try_unfold(state, move |mut state| async move {
        let frame = state.frame(timeout).await?;
        Ok::<_, io::Error>(frame.map(|frame| (frame, state)))
    });
    Ok(Response::from_parts(head, StreamBody::new(frames).boxed_unsync()))
}

fn empty() -> UpstreamBody {
    http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A response's body that is not complete yet.
struct Reading {
    incoming: Incoming,
    kept: Option<(Arc<UpstreamServer>, SendRequest<SentBody>)>,
    _busy: Busy,
}

impl Reading {
    /// The next data; trailers are left out.
    async fn frame(&mut self, timeout: Duration) -> io::Result<Option<Frame<Bytes>>> {
        loop {
            let Ok(frame) = tokio::time::timeout(timeout, self.incoming.frame()).await else {
                return Err(UpstreamError::TooSlow(timeout).into());
            };
            match frame {
                Some(Ok(frame)) if frame.is_data() => return Ok(Some(frame)),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(io::Error::other(cause(&error))),
                None => {
                    if let Some((server, sender)) = self.kept.take() {
                        keep(server, sender);
                    }
                    return Ok(None);
                }
            }
        }
    }
}

/// Keeps a connection as soon as it takes another request.
fn keep(server: Arc<UpstreamServer>, mut sender: SendRequest<SentBody>) {
    tokio::spawn(async move {
        if sender.ready().await.is_ok() {
            server.idle.put(sender);
        }
    });
}

/// Whether the connection broke off: what a server does that closes one and has not read all that came.
fn is_reset(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| {
        matches!(
            source.kind(),
            ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
        )
    })
}

/// What lies at the bottom says what is wrong; what lies above says where in hyper.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
