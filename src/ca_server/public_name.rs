//! A name of the server as clients reach it: `ca.corp.test`, `ca.corp.test:443`.

use std::str::FromStr;

use crate::x509::CertificateName;

/// A host, and the port in front of this one where a router or a container maps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicName {
    /// In lower case; addresses without brackets.
    pub(super) host: String,
    /// `None`: that of the https listeners.
    pub(super) port: Option<u16>,
}

impl FromStr for PublicName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a host name or an address, and a port if it is another one".to_owned();
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if host.ends_with(']') || !host.contains(':') => {
                let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(expected)?;
                (host, Some(port))
            }
            // An address of IPv6 has several.
            _ => (text, None),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = host.strip_suffix('.').unwrap_or(host);
        match CertificateName::parse(host) {
            Ok(CertificateName::Dns(name)) if !name.starts_with("*.") => Ok(Self { host: name, port }),
            Ok(CertificateName::Ip(address)) => Ok(Self { host: address.to_string(), port }),
            Ok(_) => Err(expected()),
            Err(error) => Err(error.reason.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_and_without_a_port() {
        for (text, host, port) in [
            ("CA.corp.test", "ca.corp.test", None),
            ("ca.corp.test.:443", "ca.corp.test", Some(443)),
            ("10.0.0.1:8444", "10.0.0.1", Some(8444)),
            ("::1", "::1", None),
            ("[::1]", "::1", None),
            ("[::1]:8444", "::1", Some(8444)),
        ] {
            assert_eq!(text.parse(), Ok(PublicName { host: host.to_owned(), port }), "{text}");
        }
        for bad in
            ["", ":443", "*.corp.test", "ca.test:0", "ca.test:x", "ca.test:", "ca.test:70000", "me@a.test"]
        {
            assert!(bad.parse::<PublicName>().is_err(), "{bad}");
        }
    }
}
