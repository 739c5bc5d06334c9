//! What certkit issues, and why so.

use std::fmt;
use std::net::IpAddr;

use time::{Duration, OffsetDateTime};

use crate::x509::{CertificateName, InvalidName, Purpose};

/// Clocks of two machines differ; a certificate that is valid "from now" would be refused next door.
const CLOCK_SKEW: Duration = Duration::minutes(5);
/// Upper bound of a common name (RFC 5280 appendix A.1, ub-common-name).
pub(super) const MAX_COMMON_NAME: usize = 64;

/// A CA to be made.
#[derive(Clone, Debug)]
pub struct CaProfile {
    /// How it is called in trust stores and error messages.
    pub common_name: String,
    /// Days of validity.
    pub validity_days: u32,
    /// How many CAs may stand between it and a server certificate: 1 for a root with an intermediate, else 0.
    pub path_length: u8,
    /// The only names it may speak for; empty: all.
    pub permitted: Vec<Constraint>,
}

/// A certificate of a server or client to be made.
#[derive(Clone, Debug)]
pub struct LeafProfile {
    /// The names; the first one becomes the common name, all of them subject alternative names.
    pub names: Vec<CertificateName>,
    /// What it is for.
    pub purpose: Purpose,
    /// Days of validity, cut to the issuer's.
    pub validity_days: u32,
}

/// A part of the name space (RFC 5280 section 4.2.1.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// A domain and all names under it.
    Domain(String),
    /// A range of addresses.
    Addresses(AddressRange),
}

/// Addresses that share their first `prefix` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    /// Any address of the range.
    pub address: IpAddr,
    /// Bits that count: 0 to 32 or 0 to 128.
    pub prefix: u8,
}

impl Constraint {
    /// Reads `example.test`, `10.0.0.0/8` or a single address.
    ///
    /// # Errors
    /// [`InvalidName`] with the reason.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let invalid = |reason| InvalidName { text: text.to_owned(), reason };
        if let Some((address, prefix)) = text.split_once('/') {
            let address: IpAddr =
                address.parse().map_err(|_| invalid("there is no address before the slash"))?;
            let prefix = prefix.parse().map_err(|_| invalid("there is no number of bits after the slash"))?;
            if prefix > width(address) {
                return Err(invalid("the address has fewer bits than that"));
            }
            return Ok(Self::Addresses(AddressRange { address, prefix }));
        }
        match CertificateName::parse(text.strip_prefix('.').unwrap_or(text))? {
            CertificateName::Dns(name) if !name.starts_with("*.") => Ok(Self::Domain(name)),
            CertificateName::Ip(address) => {
                Ok(Self::Addresses(AddressRange { address, prefix: width(address) }))
            }
            _ => Err(invalid("a domain or an address range is wanted")),
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) => f.write_str(name),
            Self::Addresses(range) => write!(f, "{}/{}", range.address, range.prefix),
        }
    }
}

/// First and last second of a validity of `days` that begins about now. Both ends count (RFC 5280 section 4.1.2.5).
pub fn end_of_validity(now: OffsetDateTime, days: u32) -> (OffsetDateTime, OffsetDateTime) {
    // Whole seconds: X.509 times have no fractions.
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let not_before = now - CLOCK_SKEW;
    (not_before, not_before + Duration::days(days.into()) - Duration::SECOND)
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_read() {
        assert_eq!(Constraint::parse(".Example.test").unwrap(), Constraint::Domain("example.test".into()));
        assert_eq!(Constraint::parse("10.0.0.0/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(Constraint::parse("::1").unwrap().to_string(), "::1/128");
        for bad in ["*.test", "10.0.0.0/33", "x/8", "", "10.0.0.0/-1"] {
            assert!(Constraint::parse(bad).is_err(), "{bad}");
        }
    }
}
