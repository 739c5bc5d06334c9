//! Names of hosts as users type them, and names as certificates carry them.

use std::fmt;
use std::net::IpAddr;

use super::subject_alt_name::SubjectAltName;

/// A host that a client asks for: a DNS name in lower-case A-label form without a trailing dot, or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostName {
    Dns(String),
    Ip(IpAddr),
}

/// A name that a certificate is to be made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateName {
    /// A DNS name, possibly `*.` in front, in A-label form.
    Dns(String),
    Ip(IpAddr),
    Mail(String),
    Uri(String),
}

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid certificate name: {reason}")]
pub struct InvalidName {
    pub text: String,
    pub reason: &'static str,
}

impl HostName {
    /// Reads a host as people paste it: `host`, `host:port`, `[address]:port`, or a whole URL.
    ///
    /// # Errors
    /// [`InvalidName`] when there is no host in it.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let invalid = |reason| InvalidName { text: text.to_owned(), reason };
        let mut host = text.trim();
        if let Some((_, rest)) = host.split_once("://") {
            host = rest;
        }
        host = host.split(['/', '?', '#']).next().unwrap_or_default();
        host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        if let Some(rest) = host.strip_prefix('[') {
            let (address, _port) =
                rest.split_once(']').ok_or_else(|| invalid("the closing bracket is missing"))?;
            return address
                .parse()
                .map(Self::Ip)
                .map_err(|_| invalid("there is no IPv6 address in the brackets"));
        }
        if let Ok(address) = host.parse() {
            return Ok(Self::Ip(address));
        }
        if let Some((name, port)) = host.split_once(':') {
            if !port.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(invalid("the part after the colon is not a port"));
            }
            host = name;
            if let Ok(address) = host.parse() {
                return Ok(Self::Ip(address));
            }
        }
        let name = dns_name(host.strip_suffix('.').unwrap_or(host)).map_err(invalid)?;
        Ok(Self::Dns(name))
    }

    /// Whether a certificate's name stands for this host (RFC 9525 section 6.3): a wildcard stands for exactly
    /// one label, the leftmost; addresses match addresses only.
    pub fn matches(&self, name: &SubjectAltName) -> bool {
        match (self, name) {
            (Self::Ip(address), SubjectAltName::Ip(name)) => address == name,
            (Self::Dns(host), SubjectAltName::Dns(name)) => {
                // A dot at the end is not part of the preferred name syntax (RFC 5280 section 4.2.1.6).
                match name.strip_prefix("*.") {
                    Some(parent) => host
                        .split_once('.')
                        .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
                    None => host.eq_ignore_ascii_case(name),
                }
            }
            _ => false,
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

impl CertificateName {
    /// Reads a name as `mkcert` takes it.
    ///
    /// # Errors
    /// [`InvalidName`] with the reason.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let invalid = |reason| InvalidName { text: text.to_owned(), reason };
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Self::Ip(address));
        }
        if text.contains("://") {
            return Self::uri(text);
        }
        if let Some((mailbox, domain)) = text.rsplit_once('@') {
            let domain = dns_name(domain).map_err(invalid)?;
            let ok = !mailbox.is_empty()
                && mailbox.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\\\"@".contains(&byte));
            return if ok {
                Ok(Self::Mail(format!("{mailbox}@{domain}")))
            } else {
                Err(invalid("the part before the @ is not a mailbox"))
            };
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        match name.strip_prefix("*.") {
            Some(parent) if parent.contains('*') => Err(invalid("only the first label can be a wildcard")),
            Some(parent) => Ok(Self::Dns(format!("*.{}", dns_name(parent).map_err(invalid)?))),
            None if name.contains('*') => {
                Err(invalid("a wildcard must be the whole first label: *.test.example"))
            }
            None => dns_name(name).map(Self::Dns).map_err(invalid),
        }
    }

    /// Reads a URI of any scheme: `https://test.example/`, `urn:uuid:...`.
    ///
    /// # Errors
    /// [`InvalidName`] with the reason.
    pub fn uri(text: &str) -> Result<Self, InvalidName> {
        let invalid = |reason| InvalidName { text: text.to_owned(), reason };
        // RFC 5280 section 4.2.1.6: "The name MUST include both a scheme ... and a scheme-specific-part."
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !is_scheme || rest.trim_start_matches("//").is_empty() {
            return Err(invalid("a URI looks like https://test.example/"));
        }
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid("a URI has neither spaces nor characters beyond ASCII"));
        }
        Ok(Self::Uri(text.to_owned()))
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Mail(name) | Self::Uri(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// A DNS name in lower-case A-label form (RFC 5891), with the lengths of RFC 1035 section 2.3.4. Underscores pass:
/// names with them exist in private networks.
fn dns_name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    // What is ASCII already is taken as it stands: certificates hold A-labels that IDNA would not make.
    let name = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(text).map_err(|_| "it is not a valid internationalized name")?
    };
    if name.len() > 253 {
        return Err("a DNS name has at most 253 characters");
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err("there is nothing between two of its dots");
        }
        if label.len() > 63 {
            return Err("each part between dots has at most 63 characters");
        }
        if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            return Err("a DNS name has letters, digits, hyphens and dots only");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("no part begins or ends with a hyphen");
        }
    }
    // Clients would take `999.1.1.1` for an address, but it is not one.
    if name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("it looks like an IP address, but is not valid");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(text: &str) -> String {
        HostName::parse(text).unwrap().to_string()
    }

    #[test]
    fn hosts_are_read_as_pasted() {
        assert_eq!(host("WWW.Example.TEST."), "www.example.test");
        assert_eq!(host("www.example.test:443"), "www.example.test");
        assert_eq!(host("https://user@www.example.test:8443/x?y#z"), "www.example.test");
        assert_eq!(host("bücher.example"), "xn--bcher-kva.example");
        assert_eq!(host("192.0.2.7:80"), "192.0.2.7");
        assert_eq!(host("[2001:DB8::7]:443"), "2001:db8::7");
        assert_eq!(host("2001:db8:0:0::7"), "2001:db8::7");
        for bad in ["", "https://", "a..b", "a b", "[::1", "host:port", "300.1.1.1", "-a.test"] {
            assert!(HostName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn wildcards_stand_for_one_label() {
        let wildcard = SubjectAltName::Dns("*.example.test".into());
        let matches = |text: &str| HostName::parse(text).unwrap().matches(&wildcard);
        assert!(matches("a.example.test"));
        assert!(matches("A.EXAMPLE.test"));
        assert!(!matches("example.test"));
        assert!(!matches("a.b.example.test"));
        // An address written as a DNS name matches no address (RFC 9525 section 6.4).
        let address = HostName::parse("192.0.2.7").unwrap();
        assert!(!address.matches(&SubjectAltName::Dns("192.0.2.7".into())));
    }

    #[test]
    fn names_to_certify() {
        use CertificateName::*;
        let name = |text| CertificateName::parse(text).unwrap();
        assert_eq!(name("Test.Example"), Dns("test.example".into()));
        assert_eq!(name("*.test.example"), Dns("*.test.example".into()));
        assert_eq!(name("::1"), Ip("::1".parse().unwrap()));
        assert_eq!(name("me@Test.example"), Mail("me@test.example".into()));
        assert_eq!(name("spiffe://a/b"), Uri("spiffe://a/b".into()));
        for bad in ["http://", "://a", "1x://a", "a b://c", "a://b c", "a://\u{7f}", "a://ü"] {
            assert!(CertificateName::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", "*", "*.*.test", "a*.test", "a b.test", "1.2.3", "x@", "@x.test", "a_.te/st"] {
            assert!(CertificateName::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = HostName::parse(&text);
            let _ = CertificateName::parse(&text);
        }
    }
}
