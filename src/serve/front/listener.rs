//! Accepting.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, UnixListener};

use super::admission::{AddressShare, Admission, TooMany};
use super::bind::{BoundSocket, SocketFile};
use super::driver::{self, Accepted, ListenerProtocol};
use super::threads::FrontThreads;
use crate::serve::address::{ListenAddress, Scheme};
use crate::serve::connection::client_stream::{AcceptedSocket, Socket};
use crate::serve::counters::count_up;
use crate::serve::request::forwarded::is_proxy;
use crate::serve::shutdown::{Phase, Shutdown};
use crate::serve::site::snapshot::Service;

/// The reason why accepting fails usually lasts; it is logged at most this often.
const COMPLAIN_EVERY: Duration = Duration::from_secs(1);

/// A socket that listens; its connections wait until [`Listener::accept_all`] takes them.
#[derive(Debug)]
pub(in crate::serve) struct Listener {
    socket: Listening,
    address: ListenAddress,
    /// The only peers whose connections are taken, if there are any.
    peers: Option<Arc<[IpAddr]>>,
}

#[derive(Debug)]
enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "held for its drop")] Option<SocketFile>),
}

impl Listener {
    /// Lets clients connect; at most `backlog` of them wait to be accepted.
    ///
    /// # Errors
    /// What the system says; another program may have been quicker.
    pub(in crate::serve) fn new(bound: BoundSocket, backlog: u32) -> io::Result<Self> {
        let BoundSocket { socket, file, address, is_inherited } = bound;
        if !is_inherited {
            socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        }
        // Another server may have taken this one for ended, before it listened.
        if file.as_ref().and_then(SocketFile::is_at_its_path) == Some(false) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let is_managed = is_inherited && address.scheme == Scheme::Fcgi;
        let socket = if socket.local_addr()?.is_unix() {
            Listening::Unix(UnixListener::from_std(socket.into())?, file)
        } else {
            Listening::Tcp(TcpListener::from_std(socket.into())?)
        };
        let peers = if is_managed { web_servers() } else { None };
        Ok(Self { socket, address, peers })
    }

    pub(in crate::serve) fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Takes connections, each as a task of its own on one of `threads`, until the server drains. As
    /// many at a time as `admission` has places; the system keeps the others waiting.
    pub(in crate::serve) async fn accept_all(
        self,
        protocol: ListenerProtocol,
        service: Arc<Service>,
        threads: Arc<FrontThreads>,
        admission: Arc<Admission>,
        shutdown: Shutdown,
    ) {
        let mut draining = shutdown.clone();
        let mut complained: Option<Instant> = None;
        loop {
            let accepted = tokio::select! {
                biased;
                () = draining.reached(Phase::Draining) => return,
                accepted = self.accept(&protocol, &service, &admission) => accepted,
            };
            let (connection, share) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // A client that disconnected, or was sent away, costs nothing; without free descriptors, wait
                    // until there are some.
                    if !matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                    ) {
                        count_up(&service.events.failed_accepts);
                        if complained.is_none_or(|last| last.elapsed() >= COMPLAIN_EVERY) {
                            complained = Some(Instant::now());
                            tracing::warn!(%error, "cannot accept a connection");
                        }
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    continue;
                }
            };
            let admitted = tokio::select! {
                biased;
                () = draining.reached(Phase::Draining) => return,
                admitted = admission.place(share, &threads) => admitted,
            };
            let seat = threads.seat();
            let thread = Arc::clone(seat.thread());
            let Ok(connection) = connection.for_thread(&thread) else { continue };
            let (protocol, service, shutdown) = (protocol.clone(), Arc::clone(&service), shutdown.clone());
            seat.spawn(async move {
                driver::serve(connection, protocol, service, thread, shutdown).await;
                drop(admitted);
            });
        }
    }

    /// The next connection, on the thread that asks.
    ///
    /// # Errors
    /// What the system says.
    pub(in crate::serve) async fn accept_plain(&self) -> io::Result<Socket> {
        Ok(match &self.socket {
            Listening::Tcp(listener) => Socket::Tcp(listener.accept().await?.0),
            Listening::Unix(listener, _) => Socket::Unix(listener.accept().await?.0),
        })
    }

    async fn accept(
        &self,
        protocol: &ListenerProtocol,
        service: &Service,
        admission: &Admission,
    ) -> io::Result<(Accepted, Option<AddressShare>)> {
        let mut share = None;
        let accepted = match &self.socket {
            Listening::Tcp(listener) => {
                let (socket, peer) = listener.accept().await?;
                if self.peers.as_ref().is_some_and(|peers| !peers.contains(&peer.ip().to_canonical())) {
                    tracing::warn!(%peer, "not one of FCGI_WEB_SERVER_ADDRS");
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                // The clients of a front server all come from its address.
                if !protocol.is_gateway() && !is_proxy(peer.ip(), &service.current().trust.proxies) {
                    share = admission.of_address(peer.ip()).map_err(|TooMany| {
                        count_up(&service.events.too_many_of_address);
                        tracing::debug!(%peer, "too many connections of one address");
                        io::ErrorKind::ConnectionAborted
                    })?;
                }
                // Responses are written whole; Nagle's algorithm would only delay them.
                socket.set_nodelay(true)?;
                let local = socket.local_addr()?;
                Accepted {
                    server_port: local.port().to_string(),
                    server_address: Some(local.ip().to_canonical()),
                    socket: AcceptedSocket::Here(Socket::Tcp(socket)),
                    // An IPv4 client of an IPv6 socket is shown as what it is.
                    peer_address: peer.ip().to_canonical().to_string(),
                    peer_port: peer.port(),
                }
            }
            Listening::Unix(listener, _) => {
                let (socket, _) = listener.accept().await?;
                let port = if self.address.scheme.is_tls() { "443" } else { "80" };
                Accepted {
                    server_port: port.to_owned(),
                    server_address: None,
                    socket: AcceptedSocket::Here(Socket::Unix(socket)),
                    peer_address: String::new(),
                    peer_port: 0,
                }
            }
        };
        Ok((accepted, share))
    }
}

/// Where the web server is that started this program by FastCGI (version 1.0, section 3.2).
fn web_servers() -> Option<Arc<[IpAddr]>> {
    let addresses = std::env::var("FCGI_WEB_SERVER_ADDRS").ok()?;
    Some(addresses.split(',').filter_map(|address| address.trim().parse().ok()).collect())
}
