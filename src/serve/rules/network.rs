//! Networks of addresses.

use std::net::IpAddr;
use std::str::FromStr;

/// Addresses with the same first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpNetwork {
    address: IpAddr,
    bits: u8,
}

impl IpNetwork {
    /// Whether an address is in it.
    pub fn contains(self, other: IpAddr) -> bool {
        // No bits at all are a shift by the whole width, which leaves nothing, or gives `None`, for both.
        let same = |left: u128, right: u128, width: u32| {
            let shift = width.saturating_sub(self.bits.into());
            left.checked_shr(shift) == right.checked_shr(shift)
        };
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(address), IpAddr::V4(other)) => {
                same(address.to_bits().into(), other.to_bits().into(), 32)
            }
            (IpAddr::V6(address), IpAddr::V6(other)) => same(address.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }

    /// Whether its addresses are of IPv4.
    pub fn is_ipv4(self) -> bool {
        self.address.is_ipv4()
    }
}

impl FromStr for IpNetwork {
    type Err = &'static str;

    /// `ADDRESS` or `ADDRESS/BITS`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected an address, or a network such as 10.0.0.0/8";
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong)?)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| wrong)?;
        // RFC 4291 section 2.5.5.2: `::ffff:192.0.2.0/120` has the addresses of 192.0.2.0/24.
        let address = written.to_canonical();
        let (most, unused) = match (written, address) {
            (IpAddr::V6(_), IpAddr::V4(_)) => (128, 96),
            (IpAddr::V6(_), _) => (128, 0),
            (IpAddr::V4(_), _) => (32, 0),
        };
        let bits = bits.unwrap_or(most);
        match bits.checked_sub(unused) {
            Some(rest) if bits <= most => Ok(Self { address, bits: rest }),
            _ => Err(wrong),
        }
    }
}
