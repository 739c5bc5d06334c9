//! What to issue.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::subject::{MAX_COMMON_NAME, Subject};
use super::validity::End;
use crate::x509::{CertificateName, InvalidName, Purpose};

/// A CA to be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CaProfile {
    /// Trust stores and error messages show it.
    pub subject: Subject,
    /// Days of validity, cut to the issuer's.
    pub validity_days: u32,
    /// How many CAs may be between it and a server certificate: 1 for a root with an intermediate,
    /// else 0.
    pub path_length: u8,
    /// The only names that it may issue for; empty: all.
    pub permitted: Vec<Constraint>,
    /// Names that it may not issue for.
    pub excluded: Vec<Constraint>,
}

/// A certificate of a server or client to be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LeafProfile {
    /// The subject; `None`: the first name is the common name, and there is nothing else.
    pub subject: Option<Subject>,
    /// The names, all of them subject alternative names.
    pub names: Vec<CertificateName>,
    pub purpose: Purpose,
    /// When it ends, unless its issuer ends before.
    pub end: End,
}

impl CaProfile {
    /// A CA without name constraints.
    pub fn new(subject: Subject, validity_days: u32, path_length: u8) -> Self {
        Self { subject, validity_days, path_length, permitted: Vec::new(), excluded: Vec::new() }
    }

    /// Limits the names that it may issue for.
    ///
    /// "If no name of the type is in the list, the certificate is acceptable" (RFC 5280 section
    /// 4.2.1.10): a kind of name that is not mentioned stays allowed. So a CA that is limited to
    /// domains excludes all addresses as well.
    #[must_use]
    pub fn limited(mut self, permitted: Vec<Constraint>, excluded: Vec<Constraint>) -> Self {
        let is_address = |constraint: &Constraint| matches!(constraint, Constraint::Addresses(_));
        self.excluded = excluded;
        if !permitted.is_empty() && !permitted.iter().any(is_address) {
            self.excluded.retain(|constraint| !is_address(constraint));
            let all = [IpAddr::from(Ipv4Addr::UNSPECIFIED), Ipv6Addr::UNSPECIFIED.into()];
            let all = all.map(|address| Constraint::Addresses(AddressRange { address, prefix: 0 }));
            self.excluded.extend(all);
        }
        self.permitted = permitted;
        self
    }
}

impl LeafProfile {
    pub fn new(names: Vec<CertificateName>, purpose: Purpose, validity_days: u32) -> Self {
        Self { subject: None, names, purpose, end: End::Days(validity_days) }
    }

    /// The subject: the common name is the first name, for old readers; clients read the
    /// alternative names (RFC 9525). A name that is too long for a common name is omitted there.
    pub fn subject(&self) -> Subject {
        match (&self.subject, self.names.first().map(ToString::to_string)) {
            (Some(subject), _) => subject.clone(),
            (None, Some(first)) if first.len() <= MAX_COMMON_NAME => Subject::common_name(&first),
            (None, _) => Subject::default(),
        }
    }
}

/// Part of the name space (RFC 5280 section 4.2.1.10).
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
                address.parse().map_err(|_| invalid("an IP address must come before the slash"))?;
            let prefix = prefix.parse().map_err(|_| invalid("a prefix length must follow the slash"))?;
            if prefix > width(address) {
                return Err(invalid("the prefix is longer than the address"));
            }
            return Ok(Self::Addresses(AddressRange { address, prefix }));
        }
        match CertificateName::parse(text.strip_prefix('.').unwrap_or(text))? {
            CertificateName::Dns(name) if !name.starts_with("*.") => Ok(Self::Domain(name)),
            CertificateName::Ip(address) => {
                Ok(Self::Addresses(AddressRange { address, prefix: width(address) }))
            }
            _ => Err(invalid("expected a domain or an address range")),
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
