//! Names of hosts as settings and certificates have them, and what is looked up by the name that a client asks for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The longest name in DNS (RFC 1035 section 2.3.4), without its last dot.
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// The name of a host, an address, or `*.` and the rest of a name, which stands for one label more (RFC 9525
/// section 6.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern {
    /// In lower case, without a dot at its end; of a wildcard what follows `*.`.
    name: String,
    is_wildcard: bool,
}

impl HostPattern {
    pub fn of_address(address: IpAddr) -> Self {
        let name = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        Self { name, is_wildcard: false }
    }

    /// Whether it stands for several names.
    pub fn is_wildcard(&self) -> bool {
        self.is_wildcard
    }

    /// Whether it is this host, whose name has no port.
    pub fn is(&self, host: &str) -> bool {
        !self.is_wildcard && *normal(host) == self.name
    }
}

impl FromStr for HostPattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, is_wildcard) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let name = normal(name);
        if let Some(address) = name.strip_prefix('[') {
            let is_address =
                address.strip_suffix(']').is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
            return if is_address && !is_wildcard {
                Ok(Self { name: name.into_owned(), is_wildcard })
            } else {
                Err("expected an IPv6 address in brackets, without a port")
            };
        }
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_label =
            |label: &str| !label.is_empty() && label.len() <= LONGEST_LABEL && label.bytes().all(is_letter);
        if name.len() > LONGEST_NAME || !name.split('.').all(is_label) {
            return Err(
                "expected the name of a host without a port, such as www.example.com or *.example.com \
                        (names in other scripts as xn--...)",
            );
        }
        Ok(Self { name: name.into_owned(), is_wildcard })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_wildcard { "*." } else { "" }, self.name)
    }
}

/// As names are compared: in lower case, without the dot of the root.
fn normal(name: &str) -> Cow<'_, str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Values by the names of hosts.
#[derive(Clone, Debug)]
pub struct HostMap<T> {
    exact: HashMap<String, T>,
    /// By what follows `*.`.
    wildcards: HashMap<String, T>,
}

impl<T> Default for HostMap<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), wildcards: HashMap::new() }
    }
}

impl<T> HostMap<T> {
    /// Adds a value; the last one of a pattern counts.
    pub fn insert(&mut self, pattern: &HostPattern, value: T) {
        let map = if pattern.is_wildcard { &mut self.wildcards } else { &mut self.exact };
        map.insert(pattern.name.clone(), value);
    }

    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wildcards.is_empty()
    }

    /// The value for a host, whose name has no port: exact names come before wildcards.
    pub fn get(&self, host: &str) -> Option<&T> {
        if self.is_empty() {
            return None;
        }
        let host = normal(host);
        let by_wildcard = || self.wildcards.get(host.split_once('.')?.1);
        self.exact.get(&*host).or_else(by_wildcard)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(patterns: &[&'static str]) -> HostMap<&'static str> {
        let mut map = HostMap::default();
        patterns.iter().for_each(|pattern| map.insert(&pattern.parse().unwrap(), *pattern));
        map
    }

    #[test]
    fn the_exact_name_then_one_label() {
        let map = map(&["a.example", "*.a.example", "x.a.example", "[::1]", "127.0.0.1"]);
        for (host, pattern) in [
            ("a.example", Some("a.example")),
            ("A.Example.", Some("a.example")),
            ("x.a.example", Some("x.a.example")),
            ("y.a.example", Some("*.a.example")),
            ("Y.A.EXAMPLE", Some("*.a.example")),
            ("z.y.a.example", None),
            (".a.example", Some("*.a.example")),
            ("example", None),
            ("", None),
            ("[::1]", Some("[::1]")),
            ("127.0.0.1", Some("127.0.0.1")),
        ] {
            assert_eq!(map.get(host).copied(), pattern, "{host}");
        }
    }

    proptest! {
        #[test]
        fn any_host_is_looked_up(host in ".*", label in "[a-z0-9-]{1,9}") {
            let map = map(&["a.example", "*.a.example"]);
            let expected = host.to_ascii_lowercase().strip_suffix('.').unwrap_or(&host) == "a.example";
            prop_assert_eq!(map.get(&host).is_some_and(|found| *found == "a.example"), expected);
            let below = format!("{}.A.example.", label.to_ascii_uppercase());
            prop_assert_eq!(map.get(&below).copied(), Some("*.a.example"));
        }

        #[test]
        fn a_pattern_is_read_as_it_is_written(text in r"(\*\.)?[A-Za-z0-9._\[\]:*-]{0,20}") {
            if let Ok(pattern) = text.parse::<HostPattern>() {
                prop_assert_eq!(pattern.to_string().parse(), Ok(pattern.clone()));
                let shown = pattern.to_string();
                prop_assert_eq!(shown, text.strip_suffix('.').unwrap_or(&text).to_ascii_lowercase());
            }
        }
    }

    #[test]
    fn patterns() {
        for (text, shown) in [
            ("WWW.Example.COM.", "www.example.com"),
            ("*.Example.com", "*.example.com"),
            ("localhost", "localhost"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("a_b.example", "a_b.example"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), shown);
        }
        for wrong in [
            "",
            ".",
            "*",
            "*.",
            "*.*.a",
            "a.*.b",
            "www.*",
            "w*.a",
            "a..b",
            "a:80",
            "[::1]:80",
            "*.[::1]",
            "::1",
            "bücher.example",
            "a b",
            "http://a",
            "a/b",
        ] {
            assert!(wrong.parse::<HostPattern>().is_err(), "{wrong}");
        }
        assert!("a".repeat(64).parse::<HostPattern>().is_err());
    }
}
