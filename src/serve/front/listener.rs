//! Binding and accepting.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket as RawSocket, Type};
use tokio::net::{TcpListener, UnixListener};

use super::admission::{AddressShare, Admission, TooMany};
use super::driver::{self, Accepted, ListenerProtocol};
use super::threads::FrontThreads;
use crate::serve::address::{Endpoint, ListenAddress, Scheme};
use crate::serve::connection::client_stream::{AcceptedSocket, Socket};
use crate::serve::shutdown::{Phase, Shutdown};
use crate::serve::site::snapshot::Service;

/// The reason why accepting fails usually lasts; it is logged at most this often.
const COMPLAIN_EVERY: Duration = Duration::from_secs(1);

/// A socket that is bound. Clients are refused until [`BoundSocket::listen`], which is when there
/// is something to serve.
#[derive(Debug)]
pub(in crate::serve) struct BoundSocket {
    socket: RawSocket,
    /// Of a unix socket.
    file: Option<SocketFile>,
    /// For people: with the port the system chose.
    address: ListenAddress,
}

/// A socket that listens; its connections wait until [`Listener::accept_all`] takes them.
#[derive(Debug)]
pub(in crate::serve) struct Listener {
    socket: Listening,
    address: ListenAddress,
}

#[derive(Debug)]
enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "held for its drop")] Option<SocketFile>),
}

/// A socket's file, which goes away with the server.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Binds every address that `address` stands for: `localhost` is often two.
///
/// # Errors
/// What the system says; a name without address is [`io::ErrorKind::AddrNotAvailable`].
pub(in crate::serve) fn bind(address: &ListenAddress, socket_mode: u32) -> io::Result<Vec<BoundSocket>> {
    let (host, port) = match &address.endpoint {
        Endpoint::Unix(path) => {
            let (socket, file) = bind_unix(path, socket_mode)?;
            return Ok(vec![BoundSocket { socket, file: Some(file), address: address.clone() }]);
        }
        Endpoint::Tcp { host, port } => (host, *port),
    };
    let mut bound = Vec::new();
    let mut chosen = port;
    for wanted in resolve(host, port)? {
        // The same port for all of them, when the system was asked to choose one.
        let socket = match bind_tcp(SocketAddr::new(wanted.ip(), chosen)) {
            Ok(socket) => socket,
            // No IPv6 on this machine, or no IPv4: one of the addresses of a name is enough.
            Err(error) if !bound.is_empty() && is_missing_family(&error) => continue,
            Err(error) => return Err(error),
        };
        chosen = socket.local_addr()?.as_socket().map_or(chosen, |address| address.port());
        let host = if host.is_empty() { String::new() } else { wanted.ip().to_string() };
        let address =
            ListenAddress { scheme: address.scheme, endpoint: Endpoint::Tcp { host, port: chosen } };
        bound.push(BoundSocket { socket, file: None, address });
    }
    Ok(bound)
}

impl BoundSocket {
    pub(in crate::serve) fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Lets clients connect; at most `backlog` of them wait to be accepted.
    ///
    /// # Errors
    /// What the system says; another program may have been quicker.
    pub(in crate::serve) fn listen(self, backlog: u32) -> io::Result<Listener> {
        self.socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        let socket = match self.address.endpoint {
            Endpoint::Tcp { .. } => Listening::Tcp(TcpListener::from_std(self.socket.into())?),
            Endpoint::Unix(_) => Listening::Unix(UnixListener::from_std(self.socket.into())?, self.file),
        };
        Ok(Listener { socket, address: self.address })
    }
}

impl Listener {
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
                accepted = self.accept(&protocol, &admission) => accepted,
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

    async fn accept(
        &self,
        protocol: &ListenerProtocol,
        admission: &Admission,
    ) -> io::Result<(Accepted, Option<AddressShare>)> {
        let mut share = None;
        let accepted = match &self.socket {
            Listening::Tcp(listener) => {
                let (socket, peer) = listener.accept().await?;
                // All clients of a front server come from its address.
                if !matches!(protocol, ListenerProtocol::Uwsgi) {
                    share = admission.of_address(peer.ip()).map_err(|TooMany| {
                        tracing::debug!(%peer, "too many connections of one address");
                        io::ErrorKind::ConnectionAborted
                    })?;
                }
                // Responses are written whole; Nagle's algorithm would only delay them.
                socket.set_nodelay(true)?;
                Accepted {
                    server_port: socket.local_addr()?.port().to_string(),
                    socket: AcceptedSocket::Here(Socket::Tcp(socket)),
                    // An IPv4 client of an IPv6 socket is shown as what it is.
                    peer_address: peer.ip().to_canonical().to_string(),
                    peer_port: peer.port(),
                }
            }
            Listening::Unix(listener, _) => {
                let (socket, _) = listener.accept().await?;
                let port = if self.address.scheme == Scheme::Https { "443" } else { "80" };
                Accepted {
                    server_port: port.to_owned(),
                    socket: AcceptedSocket::Here(Socket::Unix(socket)),
                    peer_address: String::new(),
                    peer_port: 0,
                }
            }
        };
        Ok((accepted, share))
    }
}

fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.is_empty() {
        return Ok(vec![
            SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port),
            SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port),
        ]);
    }
    let mut addresses: Vec<_> = (host, port).to_socket_addrs()?.collect();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(io::ErrorKind::AddrNotAvailable.into());
    }
    Ok(addresses)
}

fn bind_tcp(address: SocketAddr) -> io::Result<RawSocket> {
    let socket = RawSocket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A server that was just stopped leaves connections behind for a minute, which must not bar the
    // port.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn is_missing_family(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

fn bind_unix(path: &Path, mode: u32) -> io::Result<(RawSocket, SocketFile)> {
    remove_stale(path)?;
    let socket = RawSocket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&socket2::SockAddr::unix(path)?)?;
    let file = SocketFile(path.to_owned());
    // No client can connect before listen, so the mode applies from the first connection on.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    Ok((socket, file))
}

/// Removes the socket file of a server that has ended: only a socket, and only if connecting to it
/// is refused.
fn remove_stale(path: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) => Err(error),
    }
}
