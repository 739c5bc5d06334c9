//! Load balancers: which are trusted, and the PROXY header that their connections begin with.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::protocol::proxy_header::{Origin, decode};
use crate::serve::config::{Trust, TrustedNetwork};
use crate::serve::connection::Connection;
use crate::serve::connection::client_stream::ClientStream;
use crate::serve::request::forwarded::is_proxy;
use crate::serve::site::snapshot::Service;

/// A load balancer sends the header at once.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes that are read at a time: most headers whole, and little more.
const PIECE: usize = 256;

/// Whether the word of this peer is taken; an empty address is that of a unix socket.
pub(super) fn is_trusted(trust: &Trust, peer: &str) -> bool {
    match peer {
        _ if trust.proxies.is_empty() => false,
        "" => trust.proxies.contains(&TrustedNetwork::Unix),
        peer => peer.parse::<IpAddr>().is_ok_and(|peer| is_proxy(peer, &trust.proxies)),
    }
}

/// Takes the PROXY header off a connection and the client from it.
///
/// # Errors
/// There is none, in time.
pub(super) async fn receive(
    stream: &mut ClientStream,
    connection: &mut Connection,
    service: &Service,
) -> io::Result<()> {
    let origin = timeout(HEADER_TIMEOUT, header(stream)).await??;
    if let Origin::Client { source, destination } = origin {
        let address = source.ip().to_canonical();
        connection.peer_address = address.to_string().into();
        connection.peer_port = source.port();
        connection.server_address = Some(destination.ip().to_canonical());
        connection.server_port = destination.port().to_string().into();
        // What the client says is believed if it is a front server itself.
        connection.is_trusted = is_proxy(address, &service.current().trust.proxies);
    }
    Ok(())
}

async fn header(stream: &mut ClientStream) -> io::Result<Origin> {
    let mut received = Vec::with_capacity(PIECE);
    loop {
        let mut space = [0; PIECE];
        let read = stream.read(&mut space).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        received.extend_from_slice(space.get(..read).unwrap_or_default());
        let header = decode(&received).map_err(|error| {
            tracing::warn!("{error}");
            io::Error::new(io::ErrorKind::InvalidData, error)
        })?;
        if let Some(header) = header {
            stream.put_back(received.split_off(header.length));
            return Ok(header.origin);
        }
    }
}
