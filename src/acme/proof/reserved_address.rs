//! Addresses that challenges are answered on: certificates of several servers are renewed side by side, and often all of
//! them need port 80.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::acme::challenge::ChallengeMethod;
use crate::acme::challenge::listen::ListenAddress;

/// Those that this process listens on, or is about to.
static RESERVED: Mutex<Vec<ListenAddress>> = Mutex::new(Vec::new());
static RELEASED: Condvar = Condvar::new();

/// An address that no other certificate of this process listens on while this lives.
#[derive(Debug)]
pub struct ReservedAddress(ListenAddress);

impl ReservedAddress {
    /// Waits until nobody here listens on the address; `None` for a challenge that needs no listener of its own.
    pub fn wait(challenge: &ChallengeMethod) -> Option<Self> {
        let (ChallengeMethod::Http(address) | ChallengeMethod::TlsAlpn(address)) = challenge else {
            return None;
        };
        let reserved = RESERVED.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = |reserved: &mut Vec<ListenAddress>| reserved.contains(address);
        let mut reserved = RELEASED.wait_while(reserved, is_taken).unwrap_or_else(PoisonError::into_inner);
        reserved.push(*address);
        Some(Self(*address))
    }
}

impl Drop for ReservedAddress {
    fn drop(&mut self) {
        let mut reserved = RESERVED.lock().unwrap_or_else(PoisonError::into_inner);
        reserved.retain(|address| *address != self.0);
        RELEASED.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_for_one_at_a_time() {
        let challenge = |port| ChallengeMethod::Http(ListenAddress::Everywhere(port));
        let (first, other) = (ReservedAddress::wait(&challenge(1)), ReservedAddress::wait(&challenge(2)));
        assert!(first.is_some() && other.is_some());
        let waiting = std::thread::spawn(move || ReservedAddress::wait(&challenge(1)).is_some());
        drop(first);
        assert!(waiting.join().unwrap());
        assert!(ReservedAddress::wait(&ChallengeMethod::Webroot("/srv".into())).is_none());
    }
}
