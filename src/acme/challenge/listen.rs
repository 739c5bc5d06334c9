//! The sockets that challenges are answered on. They are bound before anything is ordered, so that a taken port costs
//! no order.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{ChallengeKind, Error};

/// The ports are open to the world; more connections than these wait in the backlog.
const MAX_CONNECTIONS: usize = 64;
/// No validation takes longer.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
const BACKLOG: i32 = 128;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ListenAddress {
    /// This port on every address, IPv4 and IPv6.
    Everywhere(u16),
    Only(SocketAddr),
}

/// Bound sockets that nobody answers on yet.
#[derive(Debug)]
pub struct Sockets {
    kind: ChallengeKind,
    sockets: Vec<TcpListener>,
}

impl Sockets {
    /// Binds. On a machine without IPv6 (or IPv4) the other is enough.
    ///
    /// # Errors
    /// [`Error::Bind`] with the address that could not be bound.
    pub(super) fn bind(kind: ChallengeKind, address: ListenAddress) -> Result<Self, Error> {
        let error = |address: SocketAddr, source| Error::Bind { address: address.to_string(), kind, source };
        let port = match address {
            ListenAddress::Only(address) => {
                let socket = bind(address).map_err(|source| error(address, source))?;
                return Ok(Self { kind, sockets: vec![socket] });
            }
            ListenAddress::Everywhere(port) => port,
        };
        let mut sockets = Vec::new();
        let mut missing_family = None;
        for ip in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)] {
            let address = SocketAddr::new(ip, port);
            match bind(address) {
                Ok(socket) => sockets.push(socket),
                Err(source) if is_missing_family(&source) => missing_family = Some(error(address, source)),
                Err(source) => return Err(error(address, source)),
            }
        }
        match missing_family {
            Some(error) if sockets.is_empty() => Err(error),
            _ => Ok(Self { kind, sockets }),
        }
    }

    /// Hands every connection to `answer`, which gets a few seconds for it. It ends when the tasks are dropped. Needs
    /// a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// [`Error::Bind`] when the runtime refuses the sockets.
    pub(super) fn serve<F>(
        self,
        answer: impl Fn(TcpStream) -> F + Clone + Send + 'static,
    ) -> Result<JoinSet<()>, Error>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        for socket in self.sockets {
            let address = socket.local_addr().map_or_else(|_| String::new(), |address| address.to_string());
            let socket = tokio::net::TcpListener::from_std(socket).map_err(|source| Error::Bind {
                address,
                kind: self.kind,
                source,
            })?;
            tasks.spawn(accept(socket, answer.clone(), Arc::clone(&places)));
        }
        Ok(tasks)
    }
}

async fn accept<F>(socket: tokio::net::TcpListener, answer: impl Fn(TcpStream) -> F, places: Arc<Semaphore>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = socket.accept().await else {
            // Out of descriptors, or a connection that was gone again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let answered = answer(stream);
        connections.spawn(async move {
            // A peer that takes too long is dropped.
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, answered).await;
            drop(place);
        });
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse() {
            return Ok(Self::Everywhere(port));
        }
        match text.parse() {
            Ok(address) => Ok(Self::Only(address)),
            Err(_) => Err("expected :PORT or ADDRESS:PORT, such as 127.0.0.1:5002 or [::1]:5002".into()),
        }
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ListenAddress> for String {
    fn from(address: ListenAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere(port) => write!(f, ":{port}"),
            Self::Only(address) => write!(f, "{address}"),
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // IPv4 has its own socket: what `[::]` does with it differs between systems.
        socket.set_only_v6(true)?;
    }
    // Else a port is taken for a minute after the last connection.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn is_missing_family(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let number = error.raw_os_error();
    [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL].into_iter().any(|errno| number == Some(errno.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(":80".parse(), Ok(ListenAddress::Everywhere(80)));
        assert_eq!("8080".parse(), Ok(ListenAddress::Everywhere(8080)));
        for text in ["127.0.0.1:5002", "[::1]:5002"] {
            let address: ListenAddress = text.parse().unwrap();
            assert!(matches!(address, ListenAddress::Only(_)));
            assert_eq!(address.to_string(), text);
        }
        for text in ["", "host:80", "127.0.0.1", ":99999", "::1:80"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_taken_port_is_said_with_its_address() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        match Sockets::bind(ChallengeKind::Http01, ListenAddress::Only(address)) {
            Err(Error::Bind { address: said, source, .. }) => {
                assert_eq!(said, address.to_string());
                assert_eq!(source.kind(), io::ErrorKind::AddrInUse);
            }
            other => panic!("{other:?}"),
        }
    }
}
