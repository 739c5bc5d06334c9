//! Opening a connection to an upstream.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::error::UpstreamError;
use super::server::UpstreamServer;
use crate::serve::address::Endpoint;

/// How long a connection may take to open, if a response may take longer.
const LONGEST: Duration = Duration::from_secs(10);

/// A connection of any kind.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Opens a connection. Names are looked up each time, so that a server that has moved is found again.
pub(super) async fn open(
    server: &UpstreamServer,
    timeout: Duration,
) -> Result<Box<dyn Duplex>, UpstreamError> {
    match tokio::time::timeout(timeout.min(LONGEST), connect(server)).await {
        Ok(opened) => opened.map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::MFILE | Errno::NFILE) => UpstreamError::NoDescriptor,
            _ => UpstreamError::Connect(error),
        }),
        Err(_) => Err(UpstreamError::Connect(io::ErrorKind::TimedOut.into())),
    }
}

async fn connect(server: &UpstreamServer) -> io::Result<Box<dyn Duplex>> {
    match &server.address.endpoint {
        Endpoint::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
        Endpoint::Fd(_) => Err(io::ErrorKind::Unsupported.into()),
        Endpoint::Tcp { host, port } => {
            let host = if host.is_empty() { "localhost" } else { host };
            let stream = TcpStream::connect((host, *port)).await?;
            stream.set_nodelay(true)?;
            let Some(tls) = server.tls.as_ref().filter(|_| server.address.scheme.is_tls()) else {
                return Ok(Box::new(stream));
            };
            let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
            let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await?;
            Ok(Box::new(stream))
        }
    }
}
