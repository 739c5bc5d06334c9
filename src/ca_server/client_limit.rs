//! How many connections one client may have when they become scarce.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::acme_server::network;

/// Once half of all connections are taken, a client with so many gets no other one. Before, a proxy or a network with one
/// address may have more.
const MOST_OF_CLIENT: usize = 64;

/// The connections of each client.
#[derive(Clone, Debug)]
pub(super) struct ClientLimit {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    /// As many connections are half of all.
    half: usize,
}

/// One connection; it counts until this goes.
#[derive(Debug)]
pub(super) struct ClientPermit {
    client: IpAddr,
    limit: ClientLimit,
}

impl ClientLimit {
    /// For a server with so many connections.
    pub(super) fn new(connections: usize) -> Self {
        Self { counts: Arc::default(), half: connections / 2 }
    }

    /// `None`: the client has enough. `taken`: how many connections there are.
    pub(super) fn take(&self, client: IpAddr, taken: usize) -> Option<ClientPermit> {
        let client = network(client);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&client).copied().unwrap_or_default();
        if count >= MOST_OF_CLIENT && taken >= self.half {
            return None;
        }
        counts.insert(client, count + 1);
        Some(ClientPermit { client, limit: self.clone() })
    }
}

impl Drop for ClientPermit {
    fn drop(&mut self) {
        let mut counts = self.limit.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.client) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.client)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_half_is_taken_nobody_gets_more_than_a_share() {
        let limit = ClientLimit::new(1024);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let one = address("10.0.0.1");
        let mut taken: Vec<_> = (0..MOST_OF_CLIENT).map(|count| limit.take(one, count).unwrap()).collect();
        taken.push(limit.take(one, 511).unwrap());
        assert!(limit.take(one, 512).is_none());
        assert!(limit.take(address("::ffff:10.0.0.1"), 512).is_none());
        assert!(limit.take(address("10.0.0.2"), 1023).is_some());
        taken.truncate(MOST_OF_CLIENT - 1);
        taken.push(limit.take(one, 512).unwrap());
        drop(taken);
        assert!(limit.counts.lock().unwrap().is_empty());
        assert_eq!(network(address("2001:db8::1")), network(address("2001:db8::2:1")));
    }
}
