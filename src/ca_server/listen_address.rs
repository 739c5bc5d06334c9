//! Addresses to listen on: `https:127.0.0.1:8444`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// Where and how to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    /// With TLS: the ACME server. Without: the revocation list alone.
    pub is_https: bool,
    /// `None`: every address, IPv6 and IPv4.
    pub ip: Option<IpAddr>,
    pub port: u16,
}

impl ListenAddress {
    /// What is bound, the first that can be.
    pub(super) fn candidates(self) -> Vec<SocketAddr> {
        match self.ip {
            Some(ip) => vec![SocketAddr::new(ip, self.port)],
            // A socket on `[::]` takes IPv4 as well; some machines have no IPv6.
            None => [IpAddr::from(Ipv6Addr::UNSPECIFIED), Ipv4Addr::UNSPECIFIED.into()]
                .map(|ip| SocketAddr::new(ip, self.port))
                .to_vec(),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || "expected https:ADDRESS:PORT, such as https:127.0.0.1:8444 or https:*:8444".to_owned();
        let (scheme, address) = text.split_once(':').ok_or_else(expected)?;
        let is_https = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(expected()),
        };
        if let Some(port) = address.strip_prefix("*:") {
            let port = port.parse().map_err(|_| expected())?;
            return Ok(Self { is_https, ip: None, port });
        }
        let address: SocketAddr = address.parse().map_err(|_| expected())?;
        Ok(Self { is_https, ip: Some(address.ip()), port: address.port() })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        match self.ip {
            Some(ip) => write!(f, "{scheme}:{}", SocketAddr::new(ip, self.port)),
            None => write!(f, "{scheme}:*:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_their_scheme() {
        for text in ["https:127.0.0.1:8444", "http:[::1]:80", "https:*:443"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        for bad in ["", "127.0.0.1:80", "https:127.0.0.1", "ftp:127.0.0.1:21", "https:host:443", "https:*:x"]
        {
            assert!(bad.parse::<ListenAddress>().is_err(), "{bad}");
        }
    }
}
