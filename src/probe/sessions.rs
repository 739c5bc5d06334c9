//! What shows in two whole handshakes, one after the other: ALPN, sessions that are resumed, early data.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConnection, HandshakeKind};

use super::{Error, Server};
use crate::tls::policy;

/// How long to wait for tickets, which TLS 1.3 sends after the handshake.
const TICKETS: Duration = Duration::from_millis(300);

/// What two handshakes show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// The protocol chosen of HTTP/2 and HTTP/1.1.
    pub alpn: Option<String>,
    /// Whether the second handshake resumed the session of the first.
    pub is_resumed: bool,
    /// Whether data in the first flight is accepted, which others can send again (RFC 8446 section 8).
    pub accepts_early_data: bool,
}

impl Server {
    /// Makes two handshakes; nothing where rustls cannot speak with the server.
    ///
    /// # Errors
    /// When no connection can be made.
    pub(super) fn sessions(&self) -> Result<Option<Sessions>, Error> {
        let (mut config, _) = self.client_config(policy::provider())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.enable_early_data = true;
        let config = Arc::new(config);
        let Ok(first) = self.handshake(config.clone())? else { return Ok(None) };
        let Ok(second) = self.handshake(config)? else { return Ok(None) };
        Ok(Some(Sessions {
            alpn: first.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            is_resumed: second.handshake_kind() == Some(HandshakeKind::Resumed),
            accepts_early_data: second.is_early_data_accepted(),
        }))
    }

    fn handshake(&self, config: Arc<rustls::ClientConfig>) -> Result<io::Result<ClientConnection>, Error> {
        let mut wire = self.open(false, self.time.share(Duration::from_secs(4)))?;
        let mut connection = ClientConnection::new(config, self.rustls_name()).map_err(Error::Setup)?;
        if let Err(error) = connection.complete_io(&mut wire) {
            return Ok(Err(error));
        }
        if connection.handshake_kind() != Some(HandshakeKind::Resumed) {
            wire.renew(self.time.share(TICKETS));
            // None may come.
            let _ = connection.read_tls(&mut wire).map(|_| connection.process_new_packets());
        }
        Ok(Ok(connection))
    }
}
