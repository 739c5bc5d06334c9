//! Binding and accepting.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Socket as RawSocket, Type};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;

use super::address::{ListenAddress, Place, Scheme};
use super::client_stream::Socket;
use super::connection::{self, Accepted, Speak};
use super::pipeline::Service;
use super::shutdown::{Phase, Shutdown};

/// A socket that is bound and listens; its connections wait until [`Listener::accept_all`] takes them.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Bound,
    /// For people: with the port the system chose.
    address: ListenAddress,
}

#[derive(Debug)]
enum Bound {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "held for its drop")] SocketFile),
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
pub(super) fn bind(address: &ListenAddress, backlog: u32, socket_mode: u32) -> io::Result<Vec<Listener>> {
    let listener = |socket, place| Listener { socket, address: ListenAddress { place, ..address.clone() } };
    match &address.place {
        Place::Unix(path) => {
            let socket = bind_unix(path, backlog, socket_mode)?;
            Ok(vec![listener(socket, Place::Unix(path.clone()))])
        }
        Place::Tcp { host, port } => {
            let mut listeners = Vec::new();
            for wanted in resolve(host, *port)? {
                // The same port for all of them, when the system was asked to choose one.
                let port = match listeners.first() {
                    Some(Listener {
                        address: ListenAddress { place: Place::Tcp { port, .. }, .. }, ..
                    }) => *port,
                    _ => wanted.port(),
                };
                let socket = match bind_tcp(SocketAddr::new(wanted.ip(), port), backlog) {
                    Ok(socket) => socket,
                    // No IPv6 on this machine, or no IPv4: one of the addresses of a name is enough.
                    Err(error) if !listeners.is_empty() && is_missing_family(&error) => continue,
                    Err(error) => return Err(error),
                };
                let port = socket.local_addr()?.port();
                let host = if host.is_empty() { String::new() } else { wanted.ip().to_string() };
                listeners.push(listener(Bound::Tcp(socket), Place::Tcp { host, port }));
            }
            Ok(listeners)
        }
    }
}

impl Listener {
    /// Where it listens.
    pub(super) fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Takes connections, each as a task of its own, until the server drains. At most as many at a time as `places`
    /// has permits; the system keeps the others waiting.
    pub(super) async fn accept_all(
        self,
        speak: Speak,
        service: Arc<Service>,
        places: Arc<Semaphore>,
        shutdown: Shutdown,
    ) {
        let mut draining = shutdown.clone();
        loop {
            let accepted = tokio::select! {
                biased;
                () = draining.reached(Phase::Draining) => return,
                accepted = self.accept(&places) => accepted,
            };
            let (connection, place) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // A client that went away again costs nothing; without descriptors, wait until some are free.
                    if !matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                    ) {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    continue;
                }
            };
            let (speak, service, shutdown) = (speak.clone(), Arc::clone(&service), shutdown.clone());
            tokio::spawn(async move {
                connection::serve(connection, speak, service, shutdown).await;
                drop(place);
            });
        }
    }

    async fn accept(
        &self,
        places: &Arc<Semaphore>,
    ) -> io::Result<(Accepted, Option<tokio::sync::OwnedSemaphorePermit>)> {
        // The semaphore is never closed.
        let place = Arc::clone(places).acquire_owned().await.ok();
        let accepted = match &self.socket {
            Bound::Tcp(listener) => {
                let (socket, peer) = listener.accept().await?;
                // Answers are written whole; waiting for more to send would only delay them.
                socket.set_nodelay(true)?;
                Accepted {
                    server_port: socket.local_addr()?.port().to_string(),
                    socket: Socket::Tcp(socket),
                    // An IPv4 client of an IPv6 socket is shown as what it is.
                    peer_address: peer.ip().to_canonical().to_string(),
                    peer_port: peer.port(),
                }
            }
            Bound::Unix(listener, _) => {
                let (socket, _) = listener.accept().await?;
                let port = if self.address.scheme == Scheme::Https { "443" } else { "80" };
                Accepted {
                    server_port: port.to_owned(),
                    socket: Socket::Unix(socket),
                    peer_address: String::new(),
                    peer_port: 0,
                }
            }
        };
        Ok((accepted, place))
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

fn bind_tcp(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = RawSocket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A server that was just stopped leaves connections behind for a minute, which must not bar the port.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

fn is_missing_family(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

fn bind_unix(path: &Path, backlog: u32, mode: u32) -> io::Result<Bound> {
    remove_stale(path)?;
    let socket = RawSocket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&socket2::SockAddr::unix(path)?)?;
    let file = SocketFile(path.to_owned());
    // Nobody can connect before listen, so the mode holds from the first connection on.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(Bound::Unix(UnixListener::from_std(socket.into())?, file))
}

/// Removes the socket of a server that is gone: only a socket, and only if nobody answers on it.
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
