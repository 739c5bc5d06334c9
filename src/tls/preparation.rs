//! Handshakes that have to wait, because what they need is fetched first: the answer to a challenge that another process
//! has, a certificate that nobody has asked for before.

use std::fmt;

use async_trait::async_trait;
use rustls::server::{Accepted, Acceptor};

use super::challenge::is_validation;

/// A ClientHello fits in one record, which is not larger (RFC 8446 section 5.1).
const MOST_BYTES: usize = (1 << 14) + 5;

/// What a client asks for in its hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelloFacts {
    /// In lower case; clients that connect by address ask for none.
    pub server_name: Option<String>,
    /// Whether it wants nothing but validate a challenge (RFC 8737).
    pub validates: bool,
}

/// Fetches what handshakes need.
#[async_trait]
pub trait Preparation: fmt::Debug + Send + Sync {
    /// Whether servers that validate challenges are all that it is for, so that other hellos need not be read.
    fn only_for_validations(&self) -> bool {
        false
    }

    /// Whether this client has to wait. It is called for every connection, so that it must neither block nor take long.
    fn is_needed(&self, hello: &HelloFacts) -> bool;

    /// Fetches it; whether a certificate for the name is in use now, or will be in a moment. The time is limited by that
    /// of handshakes.
    async fn prepare(&self, hello: &HelloFacts) -> bool;
}

/// Reads a ClientHello as it comes.
#[derive(Default)]
pub struct HelloReader {
    acceptor: Acceptor,
    taken: usize,
}

impl HelloReader {
    /// Reads on in all that has been received so far.
    ///
    /// # Errors
    /// When it is not a ClientHello, or too long; the handshake that follows says why.
    pub fn read(&mut self, received: &[u8]) -> Result<Option<HelloFacts>, NotAHello> {
        let mut fresh = received.get(self.taken..).unwrap_or_default();
        while !fresh.is_empty() {
            let read = self.acceptor.read_tls(&mut fresh).map_err(|_| NotAHello)?;
            self.taken += read;
            match self.acceptor.accept() {
                Ok(Some(accepted)) => return Ok(Some(facts(&accepted))),
                Ok(None) if read > 0 && self.taken < MOST_BYTES => {}
                Ok(None) | Err(_) => return Err(NotAHello),
            }
        }
        Ok(None)
    }
}

/// What has been received does not begin with a ClientHello.
#[derive(Debug)]
pub struct NotAHello;

fn facts(accepted: &Accepted) -> HelloFacts {
    let hello = accepted.client_hello();
    HelloFacts {
        server_name: hello.server_name().map(str::to_ascii_lowercase),
        validates: is_validation(&hello),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{ClientConfig, ClientConnection, RootCertStore};

    use super::*;
    use crate::tls::{ACME_TLS, policy};

    fn hello(name: &'static str, protocols: &[&[u8]]) -> Vec<u8> {
        let builder = ClientConfig::builder_with_provider(policy::provider());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let mut client = ClientConnection::new(Arc::new(config), name.try_into().unwrap()).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_hello_is_read_in_pieces() {
        let bytes = hello("a.test", &[b"h2"]);
        let mut reader = HelloReader::default();
        for length in (1..bytes.len()).step_by(100) {
            assert_eq!(reader.read(&bytes[..length]).unwrap(), None);
        }
        let facts = HelloFacts { server_name: Some("a.test".into()), validates: false };
        assert_eq!(reader.read(&bytes).unwrap(), Some(facts));
    }

    #[test]
    fn validations_and_clients_without_a_name_are_known() {
        let read = |bytes: &[u8]| HelloReader::default().read(bytes).unwrap().unwrap();
        assert!(read(&hello("a.test", &[ACME_TLS])).validates);
        assert!(!read(&hello("a.test", &[ACME_TLS, b"h2"])).validates);
        assert_eq!(read(&hello("127.0.0.1", &[])).server_name, None);
    }

    #[test]
    fn what_is_not_a_hello_ends_it() {
        for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x16, 3, 1, 0, 4, 2, 0, 0, 0], &[0x17, 3, 3, 0, 1, 0]]
        {
            assert!(HelloReader::default().read(bytes).is_err(), "{bytes:?}");
        }
    }
}
