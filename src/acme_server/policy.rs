//! Which names are certified, and which addresses may be asked by a validation (`--allow`).
//!
//! A validation is a request that a stranger makes this server send. By default it goes to the loopback and to private
//! addresses only: those are what a CA of one's own is for, and no server of the world can be bothered from here.
//! Link-local addresses are not among them: metadata services of clouds have such.

use std::net::IpAddr;

use super::identifier::Identifier;
use super::problem::{Problem, ProblemType};
use crate::ca::Constraint;

/// Domains and ranges of addresses.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Empty: every name whose owner proves it.
    domains: Vec<String>,
    /// Where validations may connect to: address and length of the prefix.
    networks: Vec<(IpAddr, u8)>,
    /// Whether the addresses in them are certified as well. Where domains alone are allowed, they are not.
    certifies_addresses: bool,
}

/// RFC 1122 section 3.2.1.3, RFC 1918, RFC 4193.
const DEFAULT_NETWORKS: [&str; 6] =
    ["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

impl Policy {
    /// The names and ranges that are allowed. Without a range it is the default ones, without a domain every domain.
    pub fn new(allowed: &[Constraint]) -> Self {
        let mut policy = Self { domains: Vec::new(), networks: Vec::new(), certifies_addresses: true };
        policy.add(allowed);
        if policy.networks.is_empty() {
            policy.certifies_addresses = policy.domains.is_empty();
            let defaults: Vec<_> =
                DEFAULT_NETWORKS.iter().filter_map(|text| Constraint::parse(text).ok()).collect();
            policy.add(&defaults);
        }
        policy
    }

    fn add(&mut self, allowed: &[Constraint]) {
        for constraint in allowed {
            match constraint {
                Constraint::Domain(name) => self.domains.push(name.clone()),
                Constraint::Addresses(range) => self.networks.push((range.address, range.prefix)),
            }
        }
    }

    /// Whether a validation may connect to it.
    pub fn allows_address(&self, address: IpAddr) -> bool {
        // `::ffff:10.0.0.1` is 10.0.0.1.
        let address = address.to_canonical();
        self.networks.iter().any(|&(network, prefix)| contains(network, prefix, address))
    }

    /// # Errors
    /// `rejectedIdentifier`.
    pub(super) fn require(&self, identifier: &Identifier) -> Result<(), Problem> {
        let allowed = match identifier.base() {
            Identifier::Ip(address) => self.certifies_addresses && self.allows_address(address),
            Identifier::Dns(name) => {
                self.domains.is_empty() || self.domains.iter().any(|domain| is_within(&name, domain))
            }
        };
        if allowed {
            return Ok(());
        }
        let detail = format!("this server does not issue for `{identifier}`: it is outside of --allow");
        Err(Problem::new(ProblemType::RejectedIdentifier, detail).about(identifier))
    }
}

fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn contains(network: IpAddr, prefix: u8, address: IpAddr) -> bool {
    let shared = |network: u128, address: u128, width: u8| {
        let shift = u32::from(width.saturating_sub(prefix));
        // All of the bits are shifted out by a prefix of 0.
        network.checked_shr(shift).unwrap_or(0) == address.checked_shr(shift).unwrap_or(0)
    };
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            shared(u32::from(network).into(), u32::from(address).into(), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => shared(network.into(), address.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allowed: &[&str]) -> Policy {
        Policy::new(&allowed.iter().map(|text| Constraint::parse(text).unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn by_default_only_private_addresses_are_asked() {
        let policy = policy(&[]);
        for address in
            ["127.0.0.1", "::1", "10.9.9.9", "172.31.0.1", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1"]
        {
            assert!(policy.allows_address(address.parse().unwrap()), "{address}");
        }
        for address in [
            "8.8.8.8",
            "169.254.169.254",
            "172.32.0.1",
            "0.0.0.0",
            "::",
            "fe80::1",
            "2001:db8::1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
        ] {
            assert!(!policy.allows_address(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn names_within_the_domains_and_addresses_within_the_ranges() {
        let policy = policy(&["corp.test", "10.1.0.0/16", "0.0.0.0/0"]);
        let require = |name: &str| policy.require(&Identifier::Dns(name.into())).is_ok();
        assert!(require("corp.test") && require("a.b.corp.test") && require("*.corp.test"));
        assert!(!require("xcorp.test") && !require("corp.test.evil") && !require("test"));
        assert!(policy.require(&Identifier::Ip("192.0.2.1".parse().unwrap())).is_ok());
        assert!(policy.require(&Identifier::Ip("::1".parse().unwrap())).is_err());
    }

    #[test]
    fn where_domains_alone_are_allowed_addresses_are_asked_and_not_certified() {
        let address = Identifier::Ip("10.0.0.1".parse().unwrap());
        let domain = policy(&["corp.test"]);
        assert!(domain.allows_address("10.0.0.1".parse().unwrap()));
        assert!(domain.require(&address).is_err());
        assert!(policy(&[]).require(&address).is_ok());
        assert!(policy(&["corp.test", "10.0.0.0/8"]).require(&address).is_ok());
    }
}
