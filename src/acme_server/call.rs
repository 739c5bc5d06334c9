//! A request, as far as the protocol needs it.

use std::net::{IpAddr, Ipv6Addr};

/// Host and port in the one form that they are compared in (RFC 3986 section 6.2): in lower case, without the port of
/// https and without the last dot of a name.
pub(super) fn normal_authority(authority: &str) -> String {
    let lower = authority.to_ascii_lowercase();
    let lower = lower.strip_suffix(":443").unwrap_or(&lower);
    match lower.rsplit_once(':') {
        Some((host, port)) if host.ends_with('.') => format!("{}:{port}", host.trim_end_matches('.')),
        _ => lower.strip_suffix('.').unwrap_or(lower).to_owned(),
    }
}

/// What one customer has: an address of IPv4, a network of 64 bits of IPv6.
pub fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).into(),
        address => address,
    }
}

/// Host and path of a URL of https.
pub(super) fn split_url(url: &str) -> Option<(String, &str)> {
    let rest = url.strip_prefix("https://")?;
    let (authority, path) = rest.split_at_checked(rest.find('/')?)?;
    Some((normal_authority(authority), path))
}

#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `GET`, `HEAD` or `POST`; others are refused.
    pub method: &'a str,
    /// Host and port that the client asked for, as in the Host field.
    pub authority: &'a str,
    /// The path, as it was sent.
    pub path: &'a str,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
    /// The address it came from, for rate limits.
    pub client: IpAddr,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_has_one_form() {
        for (sent, normal) in [
            ("CA.test:443", "ca.test"),
            ("ca.test.", "ca.test"),
            ("ca.test.:443", "ca.test"),
            ("ca.test.:8444", "ca.test:8444"),
            ("[::1]:443", "[::1]"),
            ("[::1]", "[::1]"),
            ("ca.test:4430", "ca.test:4430"),
            ("", ""),
        ] {
            assert_eq!(normal_authority(sent), normal, "{sent}");
        }
        assert_eq!(split_url("https://CA.test:443/a/b"), Some(("ca.test".to_owned(), "/a/b")));
        for bad in ["http://ca.test/", "https://ca.test", ""] {
            assert_eq!(split_url(bad), None, "{bad}");
        }
    }
}
