//! Addresses of this machine.

use std::net::{IpAddr, UdpSocket};

/// Whether an address is one of this machine's: no socket can have another one.
pub fn is_own_address(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_addresses_are_not_ours() {
        assert!(is_own_address([127, 0, 0, 1].into()));
        // RFC 5737: nobody has them.
        assert!(!is_own_address([192, 0, 2, 7].into()));
    }
}
