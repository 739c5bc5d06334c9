//! Sockets, TLS and connections.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::client_limit::ClientLimit;
use super::error::Error;
use super::listen_address::ListenAddress;
use super::service::Service;
use super::settings::Log;
use crate::sys::fs::plain;
use crate::sys::open_files::is_shortage;

/// More connections than these wait in the backlog.
const MOST_CONNECTIONS: usize = 1024;
const BACKLOG: i32 = 1024;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// Also how long a connection may be idle.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// Others wait.
const MOST_VALIDATIONS: usize = 64;
const FILES_OF_VALIDATION: u64 = 3;

/// State, ledger, list, listeners, and the runtime.
const LASTING_FILES: u64 = 32;
/// For validations and their look-ups, the ledger, lists, and the runtime.
const OWN_FILES: u64 = 256;

/// How many connections each of the listeners may have with this limit of open files; at least one, and a quarter of the
/// files where there are few.
pub(super) fn connections(open_files: Option<u64>, listeners: usize) -> usize {
    let Some(open_files) = open_files else { return MOST_CONNECTIONS };
    let free = open_files.saturating_sub(OWN_FILES).max(open_files / 4);
    let free = usize::try_from(free).unwrap_or(usize::MAX);
    (free / listeners.max(1)).clamp(1, MOST_CONNECTIONS)
}

/// How many validations there may be at the same time beside these connections, each with a connection of its own and
/// look-ups for it.
pub(super) fn validations(open_files: Option<u64>) -> usize {
    let Some(open_files) = open_files else { return MOST_VALIDATIONS };
    let connections = open_files.saturating_sub(OWN_FILES).max(open_files / 4);
    let free = open_files.saturating_sub(connections + LASTING_FILES) / FILES_OF_VALIDATION;
    usize::try_from(free).unwrap_or(usize::MAX).clamp(1, MOST_VALIDATIONS)
}

/// Binds.
///
/// # Errors
/// [`Error::Bind`].
pub(super) fn bind(address: ListenAddress) -> Result<TcpListener, Error> {
    let mut failed = None;
    for candidate in address.candidates() {
        match bind_to(candidate) {
            Ok(socket) => return Ok(socket),
            Err(source) => failed = Some(source),
        }
    }
    let source = failed.unwrap_or_else(|| io::Error::other("there is no address"));
    Err(Error::Bind { address, source })
}

fn bind_to(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Else a port is taken for a minute after the last connection.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts connections, at most so many at a time, until `stop` changes; then those that are there may finish what they began.
///
/// # Errors
/// When the runtime refuses the socket.
pub(super) async fn accept(
    socket: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    service: Arc<Service>,
    most: usize,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let socket = tokio::net::TcpListener::from_std(socket)?;
    let permits = Arc::new(Semaphore::new(most));
    let limit = ClientLimit::new(most);
    let mut connections = JoinSet::new();
    let mut shortage = Shortage::default();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = async {
            // The semaphore is never closed.
            let permit = Arc::clone(&permits).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, client) = socket.accept().await?;
            Ok::<_, io::Error>((permit, stream, client))
        };
        let accepted = tokio::select! {
            _ = stop.changed() => break,
            accepted = accepted => accepted,
        };
        let (permit, stream, client) = match accepted {
            Ok(accepted) => accepted,
            // Out of descriptors, or a connection that was gone again.
            Err(error) => {
                shortage.report(&error, &service.log);
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let taken = most - permits.available_permits();
        // It is closed.
        let Some(of_client) = limit.take(client.ip(), taken) else { continue };
        let _ = stream.set_nodelay(true);
        let (service, tls, stop) = (Arc::clone(&service), tls.clone(), stop.clone());
        connections.spawn(async move {
            match tls {
                None => serve(stream, service, None, stop).await,
                Some(tls) => {
                    let handshake = TlsAcceptor::from(tls).accept(stream);
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_LIMIT, handshake).await {
                        serve(stream, service, Some(client.ip()), stop).await;
                    }
                }
            }
            drop((permit, of_client));
        });
    }
    drop(socket);
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// How often the log says that connections cannot be accepted.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// What the system lacks for connections, which the log says once and not at each try.
#[derive(Default)]
struct Shortage {
    said: Option<Instant>,
}

impl Shortage {
    fn report(&mut self, error: &io::Error, log: &Log) {
        let is_recent = self.said.is_some_and(|said| said.elapsed() < SAY_EVERY);
        if is_shortage(error) && !is_recent {
            self.said = Some(Instant::now());
            log.say(&format!("certkit: cannot accept connections, retrying: {}", plain(error)));
        }
    }
}

/// Serves a connection; with the client's address it is one of https.
async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    service: Arc<Service>,
    client: Option<IpAddr>,
    mut stop: watch::Receiver<bool>,
) {
    let respond = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move {
            Ok::<_, Infallible>(match client {
                Some(client) => service.respond(request, client).await,
                None => service.respond_plain(request).await,
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), respond);
    let mut connection = std::pin::pin!(connection);
    // A client may close the connection at any time.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_what_the_server_opens_itself() {
        assert_eq!(connections(Some(1024), 1), 768);
        assert_eq!(connections(Some(1024), 2), 384);
        assert_eq!(
            (connections(Some(300), 1), connections(Some(100), 3), connections(Some(3), 3)),
            (75, 8, 1)
        );
        assert_eq!(connections(Some(u64::MAX), 1), MOST_CONNECTIONS);
        assert_eq!(connections(None, 0), MOST_CONNECTIONS);
        assert_eq!([None, Some(u64::MAX), Some(1024), Some(512)].map(validations), [MOST_VALIDATIONS; 4]);
        assert_eq!([Some(64), Some(40), Some(0)].map(validations), [5, 1, 1]);
        for open_files in [64, 128, 256, 512] {
            let connections = connections(Some(open_files), 1) as u64;
            let validations = validations(Some(open_files)) as u64;
            assert!(connections + validations * FILES_OF_VALIDATION + LASTING_FILES <= open_files);
        }
    }
}
