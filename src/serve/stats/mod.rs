//! The stats server: what an operator sees of a running server, on an address of its own.
//!
//! A client that only connects gets one JSON document, as from uWSGI's `stats`; one that speaks HTTP gets the same, and
//! at `/metrics` the text that Prometheus reads. It is read only, and says nothing of what requests contain.

mod document;
mod memory;
mod metrics;

use std::convert::Infallible;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, Interest};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::address::ListenAddress;
use super::config::StatsOptions;
use super::connection::client_stream::Socket;
use super::counters::{Counters, Events};
use super::front::listener::Listener;
use super::front::threads::FrontThread;
use super::renewal::Renewal;
use super::site::snapshot::Service;

/// A client of HTTP sends its request at once; one that has not by then is given the document.
const SAYS_SOMETHING: Duration = Duration::from_millis(250);
/// A client that takes longer is cut off.
const LONGEST: Duration = Duration::from_secs(10);
/// Clients at a time.
const MOST: usize = 16;
/// Bytes of the head of a request.
const LARGEST_HEAD: usize = 16 * 1024;

/// All that is looked at.
pub(super) struct Observed {
    pub(super) service: Arc<Service>,
    pub(super) threads: Vec<Arc<FrontThread>>,
    pub(super) renewal: Option<Renewal>,
    /// Where clients are served.
    pub(super) addresses: Vec<ListenAddress>,
    /// Connections that the system keeps waiting for each of them.
    pub(super) backlog: u32,
    /// When the server was started, in seconds since 1970.
    pub(super) started: i64,
    pub(super) options: StatsOptions,
}

impl Observed {
    fn events(&self) -> &Events {
        &self.service.events
    }

    fn counters(&self) -> impl Iterator<Item = &Counters> + Clone {
        self.threads.iter().map(|thread| &**thread.counters())
    }

    fn open_connections(&self) -> usize {
        self.threads.iter().map(|thread| thread.connections()).sum()
    }
}

/// Answers all that connect, for ever.
pub(super) async fn serve(listeners: Vec<Listener>, observed: Arc<Observed>) {
    let places = Arc::new(Semaphore::new(MOST));
    let mut accepting = JoinSet::new();
    for listener in listeners {
        let (observed, places) = (Arc::clone(&observed), Arc::clone(&places));
        accepting.spawn(async move { accept_all(&listener, &observed, &places).await });
    }
    while accepting.join_next().await.is_some() {}
}

async fn accept_all(listener: &Listener, observed: &Arc<Observed>, places: &Arc<Semaphore>) {
    let mut clients = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let place = Arc::clone(places).acquire_owned().await;
        let Ok(socket) = listener.accept_plain().await else {
            // There are no descriptors, or the client has disconnected already.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let observed = Arc::clone(observed);
        clients.spawn(async move {
            // A client that is slow, or has disconnected, has only itself to blame.
            let _ = timeout(LONGEST, talk(socket, observed)).await;
            drop(place);
        });
        while clients.try_join_next().is_some() {}
    }
}

async fn talk(socket: Socket, observed: Arc<Observed>) -> std::io::Result<()> {
    let speaks_http = match &socket {
        _ if observed.options.http => true,
        Socket::Tcp(socket) => has_spoken(socket.async_io(Interest::READABLE, || peek(socket))).await,
        Socket::Unix(socket) => has_spoken(socket.async_io(Interest::READABLE, || peek(socket))).await,
    };
    match socket {
        Socket::Tcp(socket) => say(socket, observed, speaks_http).await,
        Socket::Unix(socket) => say(socket, observed, speaks_http).await,
    }
}

/// Whether the client sends something before it could have waited long; an end is nothing.
async fn has_spoken(first: impl Future<Output = std::io::Result<usize>>) -> bool {
    matches!(timeout(SAYS_SOMETHING, first).await, Ok(Ok(1)))
}

/// Looks at the first byte; 0 at the end.
fn peek(socket: &impl AsFd) -> std::io::Result<usize> {
    Ok(recv(socket, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT)?.1)
}

async fn say<S>(mut socket: S, observed: Arc<Observed>, speaks_http: bool) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if !speaks_http {
        socket.write_all(&document(&observed).await).await?;
        return socket.shutdown().await;
    }
    let answer = service_fn(|request: Request<hyper::body::Incoming>| {
        let observed = Arc::clone(&observed);
        async move { Ok::<_, Infallible>(respond(request.method(), request.uri().path(), &observed).await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .keep_alive(false)
        .max_buf_size(LARGEST_HEAD)
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST);
    // What a client sends that is not HTTP is its own trouble.
    let _ = builder.serve_connection(TokioIo::new(socket), answer).await;
    Ok(())
}

async fn respond(method: &Method, path: &str, observed: &Arc<Observed>) -> Response<Full<Bytes>> {
    let (status, media_type, body) = match path {
        _ if method != Method::GET && method != Method::HEAD => (
            StatusCode::METHOD_NOT_ALLOWED,
            "text/plain; charset=utf-8",
            Bytes::from("only GET is answered\n"),
        ),
        "/" => (StatusCode::OK, "application/json", document(observed).await.into()),
        // As the text format of Prometheus is called.
        "/metrics" => {
            (StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", metrics(observed).await.into())
        }
        _ => (
            StatusCode::NOT_FOUND,
            "text/plain; charset=utf-8",
            Bytes::from("there are / (JSON, as uwsgitop reads it) and /metrics (for Prometheus)\n"),
        ),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

async fn document(observed: &Arc<Observed>) -> Vec<u8> {
    made(observed, document::json).await
}

async fn metrics(observed: &Arc<Observed>) -> Vec<u8> {
    made(observed, |observed| metrics::text(observed).into_bytes()).await
}

/// Made by a thread that may take its time: many small files of /proc are read.
async fn made(observed: &Arc<Observed>, make: impl FnOnce(&Observed) -> Vec<u8> + Send + 'static) -> Vec<u8> {
    let observed = Arc::clone(observed);
    tokio::task::spawn_blocking(move || make(&observed)).await.unwrap_or_default()
}
