//! The other addresses of a name: clients choose any of them, so each must answer with the same certificate.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use super::Server;
use super::wire::TimeBudget;

/// How long one address is waited for.
const LONGEST: Duration = Duration::from_secs(4);

/// What another address of the name does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressState {
    /// It shows the same certificate.
    Same,
    /// It shows another certificate.
    OtherCertificate,
    /// There is no handshake; why.
    Failed(String),
}

impl Server {
    /// Asks every other address of the name whether it shows this certificate.
    pub fn other_addresses(&self, certificate: Option<&Vec<u8>>) -> Vec<(SocketAddr, AddressState)> {
        let others = self.addresses.iter().filter(|address| **address != self.address);
        let state = |address: &SocketAddr| {
            let server = Self {
                target: self.target.clone(),
                first: Mutex::new(None),
                address: *address,
                addresses: Vec::new(),
                // One without an answer leaves time for the others.
                time: TimeBudget::start(self.time.share(LONGEST)),
            };
            match server.fetch(None) {
                Ok(other) if other.certificates.first() == certificate => AddressState::Same,
                Ok(_) => AddressState::OtherCertificate,
                Err(error) => AddressState::Failed(error.to_string()),
            }
        };
        others.map(|address| (*address, state(address))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::Target;
    use super::*;
    use crate::sys::testing::ClosedPort;

    #[test]
    fn an_address_that_does_not_answer_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let target = Target {
            host: "127.0.0.1".into(),
            port: open.port(),
            server_name: None,
            starttls: None,
            page: None,
            http_port: None,
            timeout: Duration::from_secs(5),
        };
        let closed = ClosedPort::bind();
        let mut server = Server::find(target).unwrap();
        server.addresses.push(closed.address);
        let found = server.other_addresses(None);
        assert!(
            matches!(&found[..], [(address, AddressState::Failed(_))] if *address == closed.address),
            "{found:?}"
        );
    }
}
