//! Drives one connection: TLS, then HTTP/1.1, HTTP/2 or a gateway protocol until it ends.

use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::threads::FrontThread;
use super::{gateway, handshake, preparation, proxy};
use crate::protocol::http1_guard;
use crate::serve::connection::activity::{Activity, Overdue};
use crate::serve::connection::client_stream::{AcceptedSocket, ClientStream};
use crate::serve::connection::counted_frames::CountedFrames;
use crate::serve::connection::guarded::Guarded;
use crate::serve::connection::{Connection, ConnectionRole};
use crate::serve::counters::Counters;
use crate::serve::pipeline;
use crate::serve::shutdown::{Phase, Shutdown};
use crate::serve::site::snapshot::Service;
use crate::tls::{ACME_TLS, Session};

/// A handshake that takes longer is aborted.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams of one HTTP/2 connection at a time.
const STREAMS: u32 = 128;
/// Streams that a client may reset before they are accepted (rapid reset, CVE-2023-44487).
const PENDING_RESETS: usize = 20;
/// Bytes of a response that one HTTP/2 stream may buffer for a slow client.
const STREAM_BUFFER: usize = 256 * 1024;
/// Bytes read of a body that the application ignores: more than a client sends before it sees the
/// response.
const DRAIN_BYTES: usize = 16 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// Bytes that hyper may read ahead: the largest head, and room for what follows it.
const READ_BUFFER: usize = 128 * 1024;

/// What is spoken on a connection.
#[derive(Clone)]
pub(in crate::serve) enum ListenerProtocol {
    Http(ConnectionRole),
    Https(Arc<ServerConfig>),
    /// uwsgi inside TLS.
    Suwsgi(Arc<ServerConfig>),
    Gateway(GatewayProtocol),
}

/// What a front server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum GatewayProtocol {
    Ajp,
    Fcgi,
    Scgi,
    Uwsgi,
}

impl ListenerProtocol {
    /// Whether its connections may wait for further requests.
    fn keeps_connections(&self) -> bool {
        !matches!(self, Self::Suwsgi(_) | Self::Gateway(GatewayProtocol::Scgi | GatewayProtocol::Uwsgi))
    }

    /// Whether all clients of a front server come from its address.
    pub(super) fn is_gateway(&self) -> bool {
        matches!(self, Self::Suwsgi(_) | Self::Gateway(_))
    }
}

/// A connection as the listener accepts it.
pub(in crate::serve) struct Accepted {
    pub(in crate::serve) socket: AcceptedSocket,
    pub(in crate::serve) peer_address: String,
    pub(in crate::serve) peer_port: u16,
    pub(in crate::serve) server_port: String,
    pub(in crate::serve) server_address: Option<IpAddr>,
}

impl Accepted {
    /// Takes it off this thread's runtime if it goes to another.
    ///
    /// # Errors
    /// When the system cannot; the connection is closed then.
    pub(super) fn for_thread(mut self, thread: &FrontThread) -> io::Result<Self> {
        if thread.is_further() {
            self.socket = self.socket.take_off()?;
        }
        Ok(self)
    }
}

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A connection that runs. Each protocol has a box of its own, so that what only the handshake needs
/// is not kept for as long as the connection lasts.
type Running = Pin<Box<dyn Future<Output = Result> + Send>>;

/// Serves a connection on the current thread until it ends, or the server stops.
pub(in crate::serve) async fn serve(
    accepted: Accepted,
    speak: ListenerProtocol,
    service: Arc<Service>,
    thread: Arc<FrontThread>,
    shutdown: Shutdown,
) {
    let socket = match accepted.socket.register() {
        Ok(socket) => socket,
        Err(error) => return tracing::warn!(%error, "cannot serve a connection"),
    };
    let snapshot = service.current();
    let activity = Arc::new(Activity::new(&snapshot.limits));
    let is_trusted = proxy::is_trusted(&snapshot.trust, &accepted.peer_address);
    let has_header = is_trusted && snapshot.trust.proxy_protocol;
    drop(snapshot);
    let connection = Connection {
        peer_address: accepted.peer_address.into(),
        peer_port: accepted.peer_port,
        server_port: accepted.server_port.into(),
        server_address: accepted.server_address,
        tls: None,
        role: ConnectionRole::Serve,
        is_trusted,
        activity: Arc::clone(&activity),
        counters: Arc::clone(thread.counters()),
    };
    thread.counters().accepted();
    let stream = ClientStream::new(socket, Arc::clone(&activity));
    // Where there is only one request, it comes at once.
    let _registered = speak.keeps_connections().then(|| thread.register(&activity));
    let running = if has_header {
        let thread = Arc::clone(&thread);
        Box::pin(async move {
            let (mut stream, mut connection) = (stream, connection);
            proxy::receive(&mut stream, &mut connection, &service).await?;
            start(speak, stream, connection, service, thread, shutdown).await
        })
    } else {
        start(speak, stream, connection, service, Arc::clone(&thread), shutdown)
    };
    if let Err(error) = running.await {
        tracing::debug!(%error, "the connection ended early");
    }
}

/// Begins with what is spoken.
fn start(
    speak: ListenerProtocol,
    stream: ClientStream,
    mut connection: Connection,
    service: Arc<Service>,
    thread: Arc<FrontThread>,
    shutdown: Shutdown,
) -> Running {
    let (spoken, config) = match speak {
        ListenerProtocol::Http(role) => {
            connection.role = role;
            return http1(stream, connection, service, shutdown);
        }
        ListenerProtocol::Gateway(protocol) => {
            return gateway(protocol, stream, connection, service, shutdown);
        }
        ListenerProtocol::Https(config) => (InsideTls::Http, config),
        ListenerProtocol::Suwsgi(config) => (InsideTls::Uwsgi, config),
    };
    let (activity, peer) = (Arc::clone(&connection.activity), connection.peer_address.clone());
    let counters = Arc::clone(&connection.counters);
    let handshake = handshake(stream, connection, spoken, config, service, thread, shutdown.clone());
    Box::pin(tls(Box::pin(handshake), activity, peer, counters, shutdown))
}

/// What is spoken once the handshake is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InsideTls {
    Http,
    Uwsgi,
}

fn gateway(
    protocol: GatewayProtocol,
    stream: ClientStream,
    connection: Connection,
    service: Arc<Service>,
    shutdown: Shutdown,
) -> Running {
    use gateway::{Ajp, FastCgi, Scgi, Uwsgi, serve};
    match protocol {
        GatewayProtocol::Ajp => Box::pin(serve::<Ajp, _>(stream, connection, service, shutdown)),
        GatewayProtocol::Fcgi => Box::pin(serve::<FastCgi, _>(stream, connection, service, shutdown)),
        GatewayProtocol::Scgi => Box::pin(serve::<Scgi, _>(stream, connection, service, shutdown)),
        GatewayProtocol::Uwsgi => Box::pin(serve::<Uwsgi, _>(stream, connection, service, shutdown)),
    }
}

async fn tls(
    handshake: Pin<Box<impl Future<Output = Result<Option<Running>>>>>,
    activity: Arc<Activity>,
    peer: Bytes,
    counters: Arc<Counters>,
    mut shutdown: Shutdown,
) -> Result {
    let running = tokio::select! {
        biased;
        result = timeout(HANDSHAKE_TIMEOUT, handshake) => {
            let result = result.unwrap_or_else(|late| Err(late.into()));
            result.inspect_err(|error| handshake::count_failure(&**error, &peer, &counters))?
        }
        () = shutdown.reached(Phase::Draining) => None,
        () = activity.closes() => None,
    };
    match running {
        Some(running) => running.await,
        None => Ok(()),
    }
}

/// Finds out what is spoken, and begins with it; `None` if that was all.
async fn handshake(
    mut stream: ClientStream,
    mut connection: Connection,
    spoken: InsideTls,
    config: Arc<ServerConfig>,
    service: Arc<Service>,
    thread: Arc<FrontThread>,
    shutdown: Shutdown,
) -> Result<Option<Running>> {
    let Some(first) = stream.first_byte().await? else { return Ok(None) };
    // This is plain HTTP, probably a URL typed without the `s`: methods are capital letters, and no
    // TLS record begins with one.
    if first.is_ascii_uppercase() && spoken == InsideTls::Http {
        connection.role = ConnectionRole::Redirect { port: None };
        return Ok(Some(http1(stream, connection, service, shutdown)));
    }
    if let Some(certificates) = service.current().prepared_certificates() {
        preparation::prepare(&mut stream, &certificates).await?;
    }
    let begun = thread.hellos.answer(&config, stream.first_bytes()).await;
    if spoken == InsideTls::Uwsgi {
        stream.breaks_off_in_tls();
    }
    let acceptor = TlsAcceptor::from(config);
    let accept = match begun {
        None => acceptor.accept(stream),
        Some(Ok(begun)) => {
            stream.take_first_bytes();
            acceptor.accept_with(stream, |session| *session = begun)
        }
        Some(Err((alert, error))) => {
            stream.write_all(&alert).await?;
            stream.shutdown().await?;
            return Err(error.into());
        }
    };
    let mut stream = thread.handshakes.pass(accept).await?;
    connection.counters.handshake();
    // A validating ACME server needs no more than the handshake (RFC 8737 section 3).
    if stream.get_ref().1.alpn_protocol() == Some(ACME_TLS) {
        stream.shutdown().await?;
        return Ok(None);
    }
    // Its variables say what the client speaks.
    if spoken == InsideTls::Uwsgi {
        return Ok(Some(Box::pin(gateway::serve::<gateway::Uwsgi, _>(
            stream, connection, service, shutdown,
        ))));
    }
    let asks_client = service.current().clients.is_some();
    let session = Session::new(stream.get_ref().1, asks_client);
    tracing::debug!(
        peer = %connection.peer_address.escape_ascii(),
        sni = session.server_name,
        session.protocol,
        session.http2
    );
    let is_http2 = session.http2;
    connection.tls = Some(Arc::new(session));
    Ok(Some(if is_http2 {
        http2(stream, connection, service, shutdown)
    } else {
        http1(stream, connection, service, shutdown)
    }))
}

fn http1<S>(stream: S, connection: Connection, service: Arc<Service>, shutdown: Shutdown) -> Running
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = Arc::new(connection);
    let limits = http1_guard::Limits::default();
    let stream = Guarded::new(stream, limits, Arc::clone(&connection.activity));
    let answer = service_fn({
        let (service, connection) = (Arc::clone(&service), Arc::clone(&connection));
        move |request: Request<Incoming>| pipeline::respond_http(&service, &connection, request)
    });
    let mut hyper = Box::pin(
        http1::Builder::new()
            .max_headers(limits.fields)
            .max_buf_size(READ_BUFFER)
            .serve_connection(TokioIo::new(stream), answer)
            .with_upgrades(),
    );
    Box::pin(async move {
        let graceful = http1::UpgradeableConnection::graceful_shutdown;
        let result = drive(hyper.as_mut(), graceful, &connection.activity, shutdown.clone()).await;
        match &result {
            // hyper rejected what the guard had accepted, and has answered it itself.
            Err(error) if error.is_parse() => service.current().log.refusal(&connection, 400),
            _ => {
                if let Some(status) = connection.activity.rejected_with() {
                    service.current().log.refusal(&connection, status);
                }
            }
        }
        if connection.activity.is_broken() {
            tokio::time::sleep(gateway::BREAK_OFF_PAUSE).await;
        }
        drop(hyper);
        if connection.activity.is_upgraded() {
            // Someone else drives it now; here it only keeps its place.
            tokio::select! {
                () = connection.activity.gone() => {}
                () = reached(shutdown, Phase::Now) => {}
            }
        }
        Ok(result?)
    })
}

fn http2<S>(stream: S, connection: Connection, service: Arc<Service>, shutdown: Shutdown) -> Running
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = Arc::new(connection);
    let limits = http1_guard::Limits::default();
    let answer = service_fn({
        let connection = Arc::clone(&connection);
        move |request: Request<Incoming>| {
            pipeline::respond_http(&service, &connection, request.map(|body| StreamBody { body: Some(body) }))
        }
    });
    let mut hyper = Box::pin(
        http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
            .max_pending_accept_reset_streams(PENDING_RESETS)
            .max_send_buf_size(STREAM_BUFFER)
            .enable_connect_protocol()
            .serve_connection(TokioIo::new(CountedFrames::new(stream)), answer),
    );
    Box::pin(async move {
        let graceful = http2::Connection::graceful_shutdown;
        Ok(drive(hyper.as_mut(), graceful, &connection.activity, shutdown).await?)
    })
}

/// The body of an HTTP/2 request. What the application does not read of it is received and
/// discarded.
///
/// hyper resets a stream as soon as its response is sent and its body dropped. RFC 9113 section 8.1
/// asks for that, and that clients keep the response nevertheless, but some discard it when both
/// arrive at once (curl 7.88). So the client gets the time to see the response and to stop by
/// itself.
struct StreamBody {
    /// Always there, until it is dropped.
    body: Option<Incoming>,
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Incoming::size_hint)
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        let Some(mut body) = self.body.take() else { return };
        if body.is_end_stream() {
            return;
        }
        // There is none when the whole server goes down.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let drain = async move {
            let mut left = DRAIN_BYTES;
            while let Some(Ok(frame)) = body.frame().await {
                left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
                if left == 0 {
                    return;
                }
            }
        };
        runtime.spawn(timeout(DRAIN_TIME, drain));
    }
}

/// Runs a connection of hyper. Ends it gracefully when it idles too long or the server drains, and
/// cuts it when its client stalls or the server stops at once.
async fn drive<C>(
    mut hyper: Pin<&mut C>,
    graceful: impl Fn(Pin<&mut C>),
    activity: &Activity,
    shutdown: Shutdown,
) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut draining = pin!(reached(shutdown.clone(), Phase::Draining));
    let mut stopping = pin!(reached(shutdown, Phase::Now));
    let mut timer = pin!(tokio::time::sleep_until(far_away().into()));
    let mut is_draining = false;
    let mut is_first = true;
    let mut head_was_late = false;
    std::future::poll_fn(|cx| {
        // A task has one waker for all its life.
        if std::mem::take(&mut is_first) {
            activity.wakes(cx);
        }
        loop {
            if let Poll::Ready(result) = hyper.as_mut().poll(cx) {
                return Poll::Ready(result);
            }
            if !is_draining && (activity.is_closing() || draining.as_mut().poll(cx).is_ready()) {
                is_draining = true;
                graceful(hyper.as_mut());
                continue;
            }
            if is_draining && stopping.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            // Deadlines that move away are noticed when the timer fires, which saves a reset per
            // request.
            if let Some(deadline) = activity.deadline()
                && deadline < timer.deadline().into_std()
            {
                timer.as_mut().reset(deadline.into());
            }
            ready!(timer.as_mut().poll(cx));
            timer.as_mut().reset(far_away().into());
            match activity.overdue(Instant::now()) {
                Some(Overdue::Write) => {
                    activity.break_off();
                    return Poll::Ready(Ok(()));
                }
                Some(Overdue::Idle) if !is_draining => {
                    is_draining = true;
                    graceful(hyper.as_mut());
                }
                // The guard sees for itself that the head is late, once hyper asks it for more.
                Some(Overdue::Head) if !head_was_late => head_was_late = true,
                Some(Overdue::Head | Overdue::Idle) => return Poll::Ready(Ok(())),
                None => {}
            }
        }
    })
    .await
}

async fn reached(mut shutdown: Shutdown, phase: Phase) {
    shutdown.reached(phase).await;
}

fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(24 * 60 * 60)
}
