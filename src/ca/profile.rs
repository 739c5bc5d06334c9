//! What to issue.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::addresses::Addresses;
use super::subject::{MAX_COMMON_NAME, Subject};
use super::validity::End;
use crate::x509::{Certificate, CertificateName, InvalidName, Purpose};

/// A CA to be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CaProfile {
    /// Trust stores and error messages show it.
    pub subject: Subject,
    /// Days of validity, cut to the issuer's.
    pub validity_days: u32,
    /// How many CAs may be between it and a server certificate; `None`: any number.
    pub path_length: Option<u8>,
    /// The only names that it may issue for; empty: all.
    pub permitted: Vec<Constraint>,
    /// Names that it may not issue for.
    pub excluded: Vec<Constraint>,
    /// What its certificate names; those that it issues name their own.
    pub addresses: Addresses,
    /// A CA whose limits of names are taken over, unless there are limits here.
    pub limited_as: Option<Certificate>,
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
    /// A second purpose in the same certificate.
    pub also_for: Option<Purpose>,
    /// When it ends, unless its issuer ends before.
    pub end: End,
    pub addresses: Addresses,
}

impl CaProfile {
    /// A CA without name constraints.
    pub fn new(subject: Subject, validity_days: u32, path_length: u8) -> Self {
        Self { path_length: Some(path_length), ..Self::root(subject, validity_days) }
    }

    /// A root that can get an intermediate later, and certify the root that follows it. Its own path
    /// length would limit nobody: who has its key can sign another root. (Baseline requirements
    /// 7.1.2.1.4: a path length is not recommended for roots.)
    pub fn root(subject: Subject, validity_days: u32) -> Self {
        Self {
            subject,
            validity_days,
            path_length: None,
            permitted: Vec::new(),
            excluded: Vec::new(),
            addresses: Addresses::default(),
            limited_as: None,
        }
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
        let (end, addresses) = (End::Days(validity_days), Addresses::default());
        Self { subject: None, names, purpose, also_for: None, end, addresses }
    }

    /// What it is for.
    pub fn purposes(&self) -> impl Iterator<Item = Purpose> {
        [Some(self.purpose), self.also_for].into_iter().flatten()
    }

    /// Takes a subject as typed; without a common name it gets the one that it would have had.
    #[must_use]
    pub fn with_subject(mut self, typed: Subject) -> Self {
        let usual = self.subject();
        self.subject = Some(match (typed.name(), usual.name()) {
            (None, Some(name)) => typed.with_common_name(name),
            _ => typed,
        });
        self
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

/// A name that a CA with these limits may issue for.
pub fn example_name(permitted: &[Constraint], excluded: &[Constraint]) -> String {
    let is_within = |name: &str, constraint: &Constraint| match constraint {
        Constraint::Domain(domain) => {
            name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        }
        Constraint::Addresses(_) => false,
    };
    let of_domain = |domain: &str| [domain.to_owned(), format!("www.{domain}"), format!("app.{domain}")];
    let mut names: Vec<String> = Vec::new();
    for constraint in permitted {
        match constraint {
            Constraint::Domain(domain) => names.extend(of_domain(domain)),
            Constraint::Addresses(range) => names.push(range.address.to_string()),
        }
    }
    let has_domain = permitted.iter().any(|constraint| matches!(constraint, Constraint::Domain(_)));
    if !has_domain {
        names.extend(["test.example", "www.mysite.test", "localhost"].map(str::to_owned));
    }
    // A name of one label is for this machine alone.
    let is_useful = |name: &&String| name.contains('.') || name.contains(':') || *name == "localhost";
    let is_allowed = |name: &&String| !excluded.iter().any(|constraint| is_within(name, constraint));
    let useful = names.iter().filter(is_useful).find(is_allowed);
    useful.or_else(|| names.first()).cloned().unwrap_or_default()
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
