//! Looking at a server from outside, as its clients see it.
//!
//! [`Server::find`] resolves and connects; [`Server::fetch`] makes one honest handshake by rustls and gives the chain as
//! it was sent, believed or not, with what was agreed upon ([`Peer`]). A server that rustls cannot speak with (TLS 1.1 and
//! older, RSA key exchange only) is asked by a hello made by hand ([`client_hello`]), whose answer ([`flight`]) has the
//! chain in clear. [`Server::survey`] asks with more such hellos what else the server would agree to. [`starttls`] leads
//! there from the protocols that begin in clear.
//!
//! Nothing here judges: that is for `chain` and `commands`.

mod client_hello;
mod fetch;
mod flight;
mod https;
mod recorder;
mod starttls;
mod suites;
mod survey;
mod wire;

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use https::HttpAnswer;
pub use recorder::Possession;
pub use starttls::{Error as StarttlsError, Starttls};
pub use suites::{Strength, Version};
pub use survey::{Depth, Survey};

use self::wire::Wire;

/// A server, and how to ask it.
#[derive(Clone, Debug)]
pub struct Target {
    /// A DNS name or an address, as the resolver takes it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The name to ask for in the handshake (SNI); none for an address.
    pub server_name: Option<String>,
    /// The protocol that TLS begins in the middle of.
    pub starttls: Option<Starttls>,
    /// For finding the name, for connecting, for the talk before TLS, for the handshake, for an answer: each by itself.
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
}

/// What a server showed in one handshake.
#[derive(Debug)]
pub struct Peer {
    /// DER as it was sent; the server's own first, if it keeps the rules.
    pub certificates: Vec<Vec<u8>>,
    /// The version that was agreed upon.
    pub version: Version,
    /// The cipher suite by OpenSSL's name.
    pub cipher: String,
    /// The group of the key exchange by OpenSSL's name, where there is one.
    pub group: Option<String>,
    /// Whether an OCSP answer came along.
    pub is_stapled: bool,
    /// Whether the server asked for a certificate of the client.
    pub wants_client_certificate: bool,
    /// Whether it has the key of its certificate.
    pub possession: Possession,
    /// Why rustls could not speak with it, in words. Everything else is then from a hello made by hand, or from the part
    /// of the handshake that was done.
    pub broken_off: Option<String>,
    /// What is to be thought of the cipher suite.
    pub strength: Strength,
    /// Whether this is from a hello made by hand.
    pub is_by_hand: bool,
    /// The answer to a request over https, if one was to be made; else why there is none.
    pub http: Option<Result<HttpAnswer, String>>,
}

/// What answers instead of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// FTP.
    Ftp,
    /// Plain HTTP.
    Http,
    /// One of those with STARTTLS.
    Known(Starttls),
    /// MySQL or MariaDB.
    Mysql,
    /// SSH.
    Ssh,
    /// Something else.
    Unknown,
}

/// An address that did not answer.
#[derive(Debug)]
pub struct Attempt {
    /// Which.
    pub address: SocketAddr,
    /// Why.
    pub error: io::Error,
}

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name has no address.
    #[error("{host} cannot be found: {reason}")]
    Unresolved {
        /// The name.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// No address answers.
    #[error("no connection")]
    Connect {
        /// What each said; none of an address that says nothing at all.
        attempts: Vec<Attempt>,
    },
    /// The connection broke before the server said anything.
    #[error("the connection broke: {0}")]
    Broken(#[source] io::Error),
    /// The server says nothing.
    #[error("no answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// The server speaks, but not TLS.
    #[error("this is not TLS")]
    NotTls {
        /// What it seems to be.
        spoken: Spoken,
        /// Its first bytes, as text.
        said: String,
    },
    /// The talk before TLS failed.
    #[error(transparent)]
    Starttls(#[from] StarttlsError),
    /// The server speaks TLS, and refuses all that is offered.
    #[error("{words}")]
    Handshake {
        /// Why.
        words: String,
        /// Whether the server does not know the name that it was asked for.
        is_unknown_name: bool,
    },
    /// The system or the provider has no random bytes, or will not work otherwise.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[source] rustls::Error),
}

impl Server {
    /// Resolves the name and finds an address that answers.
    ///
    /// # Errors
    /// [`Error::Unresolved`], [`Error::Connect`].
    pub fn find(target: Target) -> Result<Self, Error> {
        let addresses = wire::resolve(&target.host, target.port, target.timeout)?;
        let (stream, address) = wire::connect(&addresses, target.timeout)?;
        Ok(Self { target, first: Mutex::new(Some(stream)), address })
    }

    /// A connection on which TLS can begin; `is_stuffed` as [`starttls::begin`] has it.
    fn open(&self, is_stuffed: bool) -> Result<Wire, Error> {
        let timeout = self.target.timeout;
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
                StarttlsError::Io(error) if error.kind() == io::ErrorKind::TimedOut => Error::Silent(timeout),
                error => error.into(),
            })?;
            wire.renew(timeout);
        }
        Ok(wire)
    }
}
