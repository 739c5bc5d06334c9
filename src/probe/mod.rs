//! Looking at a server from outside, as its clients see it.
//!
//! [`Server::find`] resolves and connects; [`Server::fetch`] makes one honest handshake by rustls and gives the chain as
//! it was sent, trusted or not, with what was agreed upon ([`Peer`]). A server that rustls cannot speak with (TLS 1.1 and
//! older, RSA key exchange only) is asked by a hello made by hand ([`client_hello`]), whose answer ([`flight`]) has the
//! chain unencrypted. [`Server::survey`] asks with more such hellos what else the server would agree to. [`starttls`] leads
//! there from the protocols that begin unencrypted.
//!
//! [`rules`] judge what was seen of the server; its chain is for the room `chain`.

mod addresses;
mod cipher_order;
mod client_hello;
mod clients;
mod fetch;
mod flight;
mod https;
mod other_chain;
mod p521;
mod plain_http;
mod record;
mod recorder;
mod renegotiation;
mod robot;
pub mod rules;
mod server_names;
mod server_program;
mod sessions;
mod starttls;
mod suites;
mod survey;
mod surveyed;
pub mod verdict;
mod weaknesses;
mod wire;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use addresses::AddressState;
pub use cipher_order::CipherOrder;
pub use clients::Connection;
pub use https::HttpAnswer;
pub use other_chain::KeyKind;
pub use plain_http::{PlainAnswer, PlainHttp};
pub use recorder::Possession;
pub use renegotiation::Renegotiation;
pub use server_names::Unnamed;
pub use server_program::ServerProgram;
pub use starttls::{Starttls, StarttlsError};
pub use suites::{Strength, Version};
pub use surveyed::{Depth, Survey};
pub use weaknesses::Weakness;

use self::wire::{TimeBudget, Wire};
use crate::sys::fs::plain;

/// A server, and how to ask it.
#[derive(Clone, Debug)]
pub struct Target {
    /// A DNS name or an address, as the resolver takes it.
    pub host: String,
    pub port: u16,
    /// The name to ask for in the handshake (SNI); none for an address.
    pub server_name: Option<String>,
    /// The protocol in which a command starts TLS.
    pub starttls: Option<Starttls>,
    /// The path of a page, where it is an https server.
    pub page: Option<String>,
    /// The port on which it is asked for unencrypted HTTP.
    pub http_port: Option<u16>,
    /// For everything that is asked of the server, from the first look-up of its name to the last answer.
    pub timeout: Duration,
}

/// A server that was found: one address that answers.
#[derive(Debug)]
pub struct Server {
    target: Target,
    /// The connection that showed that the address answers, until the first question takes it.
    first: Mutex<Option<TcpStream>>,
    /// The address that answered.
    pub address: SocketAddr,
    /// Every address that its name has.
    addresses: Vec<SocketAddr>,
    time: TimeBudget,
}

/// What a server showed in one handshake.
#[derive(Debug)]
pub struct Peer {
    /// DER as it was sent; the server's own first, if it follows the rules.
    pub certificates: Vec<Vec<u8>>,
    /// The version that was agreed upon.
    pub version: Version,
    /// The cipher suite by OpenSSL's name.
    pub cipher: String,
    /// The group of the key exchange by OpenSSL's name, where there is one.
    pub group: Option<String>,
    /// Whether it takes none of the groups that current clients have in common.
    pub has_unusual_groups_only: bool,
    /// Whether an OCSP response came along.
    pub is_stapled: bool,
    /// Whether the server asked for a client certificate.
    pub wants_client_certificate: bool,
    /// Whether it has the key of its certificate.
    pub possession: Possession,
    /// Why the handshake by rustls failed. Everything else is then from a hello made by hand, or from the completed part
    /// of the handshake.
    pub broken_off: Option<String>,
    pub strength: Strength,
    /// Whether this is from a hello made by hand.
    pub is_by_hand: bool,
    /// The answer to a request over https, if one was to be made; else why there is none.
    pub http: Option<Result<HttpAnswer, String>>,
}

/// What answers instead of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherProtocol {
    Ftp,
    Http,
    Mysql,
    Ssh,
    Starttls(Starttls),
    Unknown,
}

impl fmt::Display for OtherProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ftp => f.write_str("FTP"),
            Self::Http => f.write_str("plain HTTP"),
            Self::Mysql => f.write_str("MySQL or MariaDB"),
            Self::Ssh => f.write_str("SSH, which has its own keys"),
            Self::Starttls(protocol) => write!(f, "{protocol}"),
            Self::Unknown => f.write_str("something else"),
        }
    }
}

/// An address that did not answer.
#[derive(Debug)]
pub struct Attempt {
    pub address: SocketAddr,
    pub error: io::Error,
}

/// Why there is no chain to see.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the name `{host}` cannot be resolved: {reason}")]
    Unresolved { host: String, reason: String },
    #[error("cannot connect to the server: {}", each(.attempts))]
    Connect {
        /// What each address answered; an address that does not answer at all is not listed.
        attempts: Vec<Attempt>,
    },
    /// Before the server sent anything.
    #[error("the server accepts the connection, then closes it: {}", plain(.0))]
    Broken(#[source] io::Error),
    #[error("the server accepts the connection, but does not answer within {} s", .0.as_secs())]
    Silent(Duration),
    #[error("the server does not speak TLS: this is {spoken}{}", first_line(.said))]
    NotTls {
        /// What it seems to be.
        spoken: OtherProtocol,
        /// Its first bytes, as text.
        said: String,
    },
    #[error(transparent)]
    Starttls(#[from] StarttlsError),
    /// The server speaks TLS, and refuses all that is offered.
    #[error("the server speaks TLS, but the handshake failed: {reason}")]
    Handshake {
        reason: String,
        /// Whether the server does not know the name that it was asked for.
        is_unknown_name: bool,
    },
    #[error("the server sent no certificate")]
    NoCertificate,
    /// The system or the provider has no random bytes, or does not work otherwise.
    #[error("TLS cannot be set up on this machine: {0}")]
    Setup(#[source] rustls::Error),
}

fn each(attempts: &[Attempt]) -> String {
    let words = |attempt: &Attempt| match attempt.error.kind() {
        io::ErrorKind::TimedOut => format!("{}: no answer", attempt.address.ip()),
        _ => format!("{}: {}", attempt.address.ip(), plain(&attempt.error)),
    };
    let each: Vec<_> = attempts.iter().map(words).collect();
    if each.is_empty() { "no answer".to_owned() } else { each.join("; ") }
}

fn first_line(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(" (it says: {said})") }
}

impl Server {
    /// Resolves the name and finds an address that answers.
    ///
    /// # Errors
    /// [`Error::Unresolved`], [`Error::Connect`].
    pub fn find(target: Target) -> Result<Self, Error> {
        let time = TimeBudget::start(target.timeout);
        let addresses = wire::resolve(&target.host, target.port, time.left())?;
        let (stream, address) = wire::connect(&addresses, time.left())?;
        Ok(Self { target, first: Mutex::new(Some(stream)), address, addresses, time })
    }

    /// A connection on which TLS can begin, and on which nothing waits longer than `timeout`; `is_stuffed` as
    /// [`starttls::begin`] has it.
    fn open(&self, is_stuffed: bool, timeout: Duration) -> Result<Wire, Error> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stream = match first {
            Some(stream) => stream,
            None => wire::connect(&[self.address], timeout)?.0,
        };
        let mut wire = Wire::new(stream, timeout);
        if let Some(protocol) = self.target.starttls {
            // A client without a name of its own calls itself by its address (RFC 5321 section 4.1.1.1).
            let name = match wire.local_address() {
                Some(SocketAddr::V6(address)) => format!("[IPv6:{}]", address.ip()),
                Some(SocketAddr::V4(address)) => format!("[{}]", address.ip()),
                None => "[127.0.0.1]".into(),
            };
            starttls::begin(protocol, &mut wire, &name, is_stuffed).map_err(|error| match error {
                StarttlsError::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
                    Error::Silent(self.time.whole)
                }
                error => error.into(),
            })?;
            wire.forget();
        }
        Ok(wire)
    }
}
