//! http-01 (RFC 8555 section 8.3) by a small server of our own: it answers `/.well-known/acme-challenge/TOKEN` and
//! nothing else.
//!
//! The sockets are bound before anything is ordered, so that a taken port costs no order.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::acme::error::Error;

const PREFIX: &str = "/.well-known/acme-challenge/";
/// Port 80 is open to the world; more than these wait in the backlog.
const MAX_CONNECTIONS: usize = 64;
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
const BACKLOG: i32 = 128;

/// Where to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpAddress {
    /// This port on every address, IPv4 and IPv6.
    Everywhere(u16),
    /// This address only.
    Only(SocketAddr),
}

impl FromStr for HttpAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse() {
            return Ok(Self::Everywhere(port));
        }
        match text.parse() {
            Ok(address) => Ok(Self::Only(address)),
            Err(_) => Err("expected ADDRESS:PORT as 127.0.0.1:5002 or [::1]:5002, or :PORT".into()),
        }
    }
}

impl fmt::Display for HttpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere(port) => write!(f, ":{port}"),
            Self::Only(address) => write!(f, "{address}"),
        }
    }
}

/// Bound sockets that nobody answers on yet.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
}

impl Listener {
    /// Binds. On a machine without IPv6 (or IPv4) the other is enough.
    ///
    /// # Errors
    /// [`Error::Bind`] with the address that could not be bound.
    pub fn bind(address: HttpAddress) -> Result<Self, Error> {
        let port = match address {
            HttpAddress::Only(address) => {
                let socket = bind(address).map_err(|source| bind_error(address, source))?;
                return Ok(Self { sockets: vec![socket] });
            }
            HttpAddress::Everywhere(port) => port,
        };
        let mut sockets = Vec::new();
        let mut missing_family = None;
        for ip in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)] {
            let address = SocketAddr::new(ip, port);
            match bind(address) {
                Ok(socket) => sockets.push(socket),
                Err(source) if is_missing_family(&source) => {
                    missing_family = Some(bind_error(address, source))
                }
                Err(source) => return Err(bind_error(address, source)),
            }
        }
        match missing_family {
            Some(error) if sockets.is_empty() => Err(error),
            _ => Ok(Self { sockets }),
        }
    }

    /// Begins to answer. Needs a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// [`Error::Bind`] when the runtime refuses the sockets.
    pub fn serve(self) -> Result<Http01, Error> {
        let answers = Answers::default();
        let mut tasks = JoinSet::new();
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        for socket in self.sockets {
            let address = socket.local_addr().map_or_else(|_| String::new(), |address| address.to_string());
            let socket = tokio::net::TcpListener::from_std(socket)
                .map_err(|source| Error::Bind { address, source })?;
            tasks.spawn(accept(socket, answers.clone(), Arc::clone(&places)));
        }
        Ok(Http01 { answers, _tasks: tasks })
    }
}

/// A server of answers; it ends when this is dropped.
#[derive(Debug)]
pub struct Http01 {
    answers: Answers,
    _tasks: JoinSet<()>,
}

impl Http01 {
    /// Answers `token` with `key_authorization` from now on.
    pub fn answer(&self, token: &str, key_authorization: &str) {
        let body = Bytes::copy_from_slice(key_authorization.as_bytes());
        self.answers.lock().insert(token.to_owned(), Answer { body, asked: false });
    }

    /// Whether anybody has asked for `token`.
    pub fn was_asked(&self, token: &str) -> bool {
        self.answers.lock().get(token).is_some_and(|answer| answer.asked)
    }
}

/// Answers by token.
#[derive(Clone, Debug, Default)]
struct Answers(Arc<Mutex<HashMap<String, Answer>>>);

#[derive(Debug)]
struct Answer {
    body: Bytes,
    asked: bool,
}

impl Answers {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Answer>> {
        // No code that holds the lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn respond<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let plain = |status, text: &'static str| {
            let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
            *response.status_mut() = status;
            response
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        }
        let mut answers = self.lock();
        let answer = request.uri().path().strip_prefix(PREFIX).and_then(|token| answers.get_mut(token));
        let Some(answer) = answer else {
            return plain(StatusCode::NOT_FOUND, "only ACME challenges are answered here\n");
        };
        answer.asked = true;
        let mut response = Response::new(Full::new(answer.body.clone()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        response
    }
}

async fn accept(socket: tokio::net::TcpListener, answers: Answers, places: Arc<Semaphore>) {
    let mut connections = JoinSet::new();
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = socket.accept().await else {
            // Out of descriptors, or a connection that was gone again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let answers = answers.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let response = answers.respond(&request);
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(CONNECTION_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            // A peer that breaks off is no concern of ours.
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
            drop(place);
        });
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

fn bind_error(address: SocketAddr, source: io::Error) -> Error {
    Error::Bind { address: address.to_string(), source }
}

fn is_missing_family(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let number = error.raw_os_error();
    [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL].into_iter().any(|errno| number == Some(errno.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(":80".parse(), Ok(HttpAddress::Everywhere(80)));
        assert_eq!("8080".parse(), Ok(HttpAddress::Everywhere(8080)));
        for text in ["127.0.0.1:5002", "[::1]:5002"] {
            let address: HttpAddress = text.parse().unwrap();
            assert!(matches!(address, HttpAddress::Only(_)));
            assert_eq!(address.to_string(), text);
        }
        for text in ["", "host:80", "127.0.0.1", ":99999", "::1:80"] {
            assert!(text.parse::<HttpAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_taken_port_is_said_with_its_address() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        match Listener::bind(HttpAddress::Only(address)) {
            Err(Error::Bind { address: said, source }) => {
                assert_eq!(said, address.to_string());
                assert_eq!(source.kind(), io::ErrorKind::AddrInUse);
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn only_known_tokens_are_answered() {
        let answers = Answers::default();
        answers.lock().insert("tok".into(), Answer { body: "tok.thumb".into(), asked: false });
        let get = |method: &str, uri: &str| {
            answers.respond(&Request::builder().method(method).uri(uri).body(()).unwrap())
        };
        for uri in ["/", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/../tok", "/tok"] {
            assert_eq!(get("GET", uri).status(), 404, "{uri}");
        }
        assert_eq!(get("POST", "/.well-known/acme-challenge/tok").status(), 405);
        assert!(!answers.lock()["tok"].asked);
        let response = get("GET", "/.well-known/acme-challenge/tok");
        assert_eq!(response.status(), 200);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "tok.thumb");
        assert!(answers.lock()["tok"].asked);
    }
}
