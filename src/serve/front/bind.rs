//! Binding, and sockets that others have bound.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};
use rustix::net::sockopt;
use socket2::{Domain, SockAddr, Socket as RawSocket, Type};

use crate::serve::address::{Endpoint, ListenAddress, Scheme};
use crate::serve::config::SocketOptions;
use crate::serve::error::Error;
use crate::sys::account::Owner;
use crate::sys::socket;

/// A socket that is bound. Clients are refused until it listens, which is when there
/// is something to serve. (One that was inherited listens already; its clients wait.)
#[derive(Debug)]
pub(in crate::serve) struct BoundSocket {
    pub(super) socket: RawSocket,
    /// Of a unix socket that was bound here.
    pub(super) file: Option<SocketFile>,
    /// For people: with the port the system chose.
    pub(super) address: ListenAddress,
    pub(super) is_inherited: bool,
}

/// What sockets are like, and the files of unix sockets.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) struct SocketFiles {
    /// Permission bits.
    pub(in crate::serve) mode: u32,
    pub(in crate::serve) owner: Option<Owner>,
    /// Of all sockets.
    pub(in crate::serve) options: SocketOptions,
}

/// A socket's file, which goes away with the server, unless another has taken its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    /// Whether its path leads to this file; `None` if it leads nowhere, as after a change of the root folder.
    pub(super) fn is_at_its_path(&self) -> Option<bool> {
        let now = fs::symlink_metadata(&self.path).ok()?;
        Some((now.dev(), now.ino()) == (self.device, self.inode))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_at_its_path() == Some(true) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl BoundSocket {
    pub(in crate::serve) fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Whether only this machine reaches it.
    pub(in crate::serve) fn is_local(&self) -> bool {
        let address = self.socket.local_addr().ok();
        address.is_some_and(|address| match address.as_socket() {
            Some(address) => address.ip().to_canonical().is_loopback(),
            None => address.is_unix(),
        })
    }
}

/// Binds every address that `address` stands for: `localhost` is often two. Where a socket was passed for it, that is
/// taken.
///
/// # Errors
/// What the system says; a name without address is [`io::ErrorKind::AddrNotAvailable`].
pub(in crate::serve) fn bind(
    address: &ListenAddress,
    files: SocketFiles,
    passed: &mut PassedSockets,
) -> io::Result<Vec<BoundSocket>> {
    let inherited = passed.take(&address.endpoint)?;
    if !inherited.is_empty() {
        return inherited.into_iter().map(|number| inherit(number, address)).collect();
    }
    let (host, port) = match &address.endpoint {
        Endpoint::Unix(path) => {
            let (socket, file) = bind_unix(path, files)?;
            let (file, address) = (Some(file), address.clone());
            return Ok(vec![BoundSocket { socket, file, address, is_inherited: false }]);
        }
        Endpoint::Fd(number) => return Ok(vec![inherit(*number, address)?]),
        Endpoint::Tcp { host, port } => (host, *port),
    };
    let mut bound = Vec::new();
    let mut chosen = port;
    for wanted in resolve(host, port)? {
        // The same port for all of them, when the system was asked to choose one.
        let socket = match bind_tcp(SocketAddr::new(wanted.ip(), chosen), files.options) {
            Ok(socket) => socket,
            // No IPv6 on this machine, or no IPv4: one of the addresses of a name is enough.
            Err(error) if !bound.is_empty() && is_missing_family(&error) => continue,
            Err(error) => return Err(error),
        };
        chosen = socket.local_addr()?.as_socket().map_or(chosen, |address| address.port());
        let host = if host.is_empty() { String::new() } else { wanted.ip().to_string() };
        let address =
            ListenAddress { scheme: address.scheme, endpoint: Endpoint::Tcp { host, port: chosen } };
        bound.push(BoundSocket { socket, file: None, address, is_inherited: false });
    }
    Ok(bound)
}

fn inherit(number: RawFd, address: &ListenAddress) -> io::Result<BoundSocket> {
    let socket = RawSocket::from(socket::inherited(number)?);
    socket.set_nonblocking(true)?;
    Ok(BoundSocket { socket, file: None, address: address.clone(), is_inherited: true })
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

fn bind_tcp(address: SocketAddr, options: SocketOptions) -> io::Result<RawSocket> {
    let socket = RawSocket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A server that was just stopped leaves connections behind for a minute, which must not bar the
    // port.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if options.reuse_port {
        sockopt::set_socket_reuseport(&socket, true)?;
    }
    if options.freebind {
        if address.is_ipv6() {
            sockopt::set_ipv6_freebind(&socket, true)?;
        } else {
            sockopt::set_ip_freebind(&socket, true)?;
        }
    }
    // Connections have what their listener has.
    socket.set_keepalive(options.keepalive)?;
    set_buffers(&socket, options)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn set_buffers(socket: &RawSocket, options: SocketOptions) -> io::Result<()> {
    if let Some(bytes) = options.send_buffer {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    Ok(())
}

fn is_missing_family(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

fn bind_unix(path: &Path, files: SocketFiles) -> io::Result<(RawSocket, SocketFile)> {
    remove_stale(path)?;
    let socket = RawSocket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    set_buffers(&socket, files.options)?;
    socket.bind(&SockAddr::unix(path)?)?;
    // In a folder that belongs to another user the path may lead elsewhere by now; a descriptor does not.
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(path, flags, Mode::empty())?;
    let metadata = fs::File::from(descriptor.try_clone()?).metadata()?;
    if !metadata.file_type().is_socket() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let file = SocketFile { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() };
    // No client can connect before listen, so both apply from the first connection on.
    if let Some(Owner { user, group }) = files.owner {
        let (user, group) = (user.map(Uid::from_raw), group.map(Gid::from_raw));
        rustix::fs::chownat(&descriptor, "", user, group, AtFlags::EMPTY_PATH)?;
    }
    // fchmod(2) takes no such descriptor.
    let opened = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
    fs::set_permissions(opened, fs::Permissions::from_mode(files.mode))?;
    Ok((socket, file))
}

/// Removes the socket file of a server that has ended: only a socket, and only if connecting to it
/// is refused.
fn remove_stale(path: &Path) -> io::Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let probe = RawSocket::new(Domain::UNIX, Type::STREAM, None)?;
    // It would wait for a server that accepts nothing.
    probe.set_nonblocking(true)?;
    match probe.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        // Someone listens, though too many wait for it, or listens for messages (EPROTOTYPE).
        Ok(()) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        Err(_) => Err(io::ErrorKind::AddrInUse.into()),
    }
}

/// Sockets that a service manager passes, for the addresses that they are bound to.
#[derive(Debug, Default)]
pub(in crate::serve) struct PassedSockets(Vec<(RawFd, SockAddr)>);

impl PassedSockets {
    /// Those of this process.
    pub(in crate::serve) fn find() -> Self {
        let numbers = socket::passed(|name| std::env::var_os(name));
        Self(
            numbers
                .into_iter()
                .filter_map(|number| {
                    let address = RawSocket::from(socket::inherited(number).ok()?).local_addr().ok()?;
                    Some((number, address))
                })
                .collect(),
        )
    }

    /// Takes those that are bound to an address.
    fn take(&mut self, endpoint: &Endpoint) -> io::Result<Vec<RawFd>> {
        let wanted = match endpoint {
            Endpoint::Fd(number) => {
                self.0.retain(|(other, _)| other != number);
                return Ok(vec![*number]);
            }
            Endpoint::Unix(_) => Vec::new(),
            Endpoint::Tcp { .. } if self.0.is_empty() => Vec::new(),
            Endpoint::Tcp { host, port } => resolve(host, *port)?,
        };
        let is_wanted = |bound: &SockAddr| match endpoint {
            Endpoint::Unix(path) => bound.as_pathname() == Some(path),
            _ => bound.as_socket().is_some_and(|bound| wanted.contains(&bound)),
        };
        let (taken, left) = std::mem::take(&mut self.0).into_iter().partition(|(_, bound)| is_wanted(bound));
        self.0 = left;
        let taken: Vec<(RawFd, SockAddr)> = taken;
        Ok(taken.into_iter().map(|(number, _)| number).collect())
    }

    /// Takes all that are left, each under its number.
    pub(in crate::serve) fn take_rest(&mut self, scheme: Scheme) -> Result<Vec<BoundSocket>, Error> {
        let numbers = std::mem::take(&mut self.0).into_iter().map(|(number, _)| number);
        let taken = numbers.map(|number| {
            let address = ListenAddress { scheme, endpoint: Endpoint::Fd(number) };
            inherit(number, &address).map_err(|source| Error::Bind { address, source })
        });
        taken.collect()
    }

    /// Says which ones nothing listens on.
    pub(in crate::serve) fn warn_of_unused(&self) {
        for (number, address) in &self.0 {
            let address = match (address.as_socket(), address.as_pathname()) {
                (Some(address), _) => address.to_string(),
                (None, path) => path.map_or_else(String::new, |path| path.display().to_string()),
            };
            tracing::warn!(
                "no --listen names the socket {address} that the service manager passes (descriptor {number})"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::{UnixDatagram, UnixListener};

    use super::*;

    const FILES: SocketFiles = SocketFiles {
        mode: 0o600,
        owner: None,
        options: SocketOptions {
            reuse_port: false,
            freebind: false,
            keepalive: false,
            send_buffer: None,
            receive_buffer: None,
        },
    };

    fn listen(path: &Path) -> ListenAddress {
        ListenAddress { scheme: Scheme::Http, endpoint: Endpoint::Unix(path.to_owned()) }
    }

    #[test]
    fn only_what_nobody_listens_on_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let bind = || bind(&listen(&path), FILES, &mut PassedSockets::default());
        let kind = |result: io::Result<Vec<BoundSocket>>| result.unwrap_err().kind();

        fs::write(&path, "a file").unwrap();
        assert_eq!(kind(bind()), io::ErrorKind::AlreadyExists);
        fs::remove_file(&path).unwrap();

        let alive = UnixListener::bind(&path).unwrap();
        assert_eq!(kind(bind()), io::ErrorKind::AddrInUse);
        // Even if it accepts nobody.
        let mut waiting = Vec::new();
        loop {
            let socket = RawSocket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            if socket.connect(&SockAddr::unix(&path).unwrap()).is_err() {
                break;
            }
            waiting.push(socket);
        }
        assert_eq!(kind(bind()), io::ErrorKind::AddrInUse);
        drop((alive, waiting));

        let bound = bind().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(bound);
        assert!(!path.exists(), "it is removed at the end");
        let _messages = UnixDatagram::bind(&path).unwrap();
        assert_eq!(kind(bind()), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn sockets_have_their_options() {
        let address: ListenAddress = "http:127.0.0.1:0".parse().unwrap();
        let options = SocketOptions {
            reuse_port: true,
            freebind: true,
            keepalive: true,
            send_buffer: Some(20_000),
            receive_buffer: Some(30_000),
        };
        let plain = bind(&address, FILES, &mut PassedSockets::default()).unwrap().remove(0).socket;
        let files = SocketFiles { options, ..FILES };
        let bound = bind(&address, files, &mut PassedSockets::default()).unwrap().remove(0).socket;
        let is = |socket: &RawSocket| {
            let reuse = sockopt::socket_reuseport(socket).unwrap();
            (reuse, sockopt::ip_freebind(socket).unwrap(), socket.keepalive().unwrap())
        };
        assert_eq!((is(&plain), is(&bound)), ((false, false, false), (true, true, true)));
        // The kernel doubles both (socket(7)).
        assert_eq!((bound.send_buffer_size().unwrap(), bound.recv_buffer_size().unwrap()), (40_000, 60_000));
    }

    #[test]
    fn the_file_of_another_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let bound = bind(&listen(&path), FILES, &mut PassedSockets::default()).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(bound);
        assert!(path.exists());
    }

    #[test]
    fn passed_sockets_are_used_for_their_addresses() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let (unix, tcp) =
            (UnixListener::bind(&path).unwrap(), std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let port = tcp.local_addr().unwrap().port();
        let passed = |number: RawFd| {
            (number, RawSocket::from(socket::inherited(number).unwrap()).local_addr().unwrap())
        };
        let mut passed = PassedSockets(vec![passed(unix.as_raw_fd()), passed(tcp.as_raw_fd())]);
        let other = "http:127.0.0.1:0".parse().unwrap();
        assert!(!bind(&other, FILES, &mut passed).unwrap()[0].is_inherited);
        for address in [listen(&path), format!("http:127.0.0.1:{port}").parse().unwrap()] {
            let bound = bind(&address, FILES, &mut passed).unwrap();
            assert_eq!((bound.len(), bound[0].is_inherited, &bound[0].address), (1, true, &address));
        }
        assert!(passed.0.is_empty());
        assert!(path.exists(), "it belongs to the service manager");

        let number = unix.as_raw_fd();
        let mut passed = PassedSockets(vec![(number, SockAddr::unix(&path).unwrap())]);
        let rest = passed.take_rest(Scheme::Uwsgi).unwrap();
        let shown: Vec<_> = rest.iter().map(|socket| socket.address.to_string()).collect();
        assert_eq!((shown, passed.0.len()), (vec![format!("uwsgi+fd:{number}")], 0));
        assert!(rest.iter().all(|socket| socket.is_inherited));
    }
}
