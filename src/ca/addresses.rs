//! Addresses that a certificate names: where its CA's revocation list and its CA's certificate are.

use crate::x509::{Certificate, HostName};

/// What clients may fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Addresses of the same revocation list (cRLDistributionPoints, RFC 5280 section 4.2.1.13).
    pub crl: Vec<String>,
    /// Addresses of the issuer's certificate (caIssuers, RFC 5280 section 4.2.2.1).
    pub issuer: Vec<String>,
}

/// Why a text is not an address for a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address that clients fetch: {reason}")]
pub struct InvalidAddress {
    text: String,
    reason: &'static str,
}

impl Addresses {
    /// Those of another certificate, as they are.
    pub fn copied(certificate: &Certificate) -> Self {
        Self { crl: certificate.crl_urls.clone(), issuer: certificate.issuer_urls.clone() }
    }
}

/// Reads an address: http only. A client that had to verify a server's certificate to get the list by which it
/// verifies certificates could end in a circle: "relying parties [...] MUST be prepared for the possibility that this
/// will result in unbounded recursion" (RFC 5280 section 8).
///
/// # Errors
/// With the reason.
pub fn http_address(text: &str) -> Result<String, InvalidAddress> {
    let invalid = |reason| InvalidAddress { text: text.to_owned(), reason };
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(invalid("it must begin with http://"));
    };
    if scheme.eq_ignore_ascii_case("https") {
        return Err(invalid(
            "it must begin with http://, since clients do not verify one certificate for another",
        ));
    }
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(invalid("it must begin with http://"));
    }
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid("it has spaces or characters beyond ASCII"));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(invalid("it must not have a user name"));
    }
    HostName::parse(authority).map_err(|_| invalid("there is no host name in it"))?;
    Ok(format!("http://{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,60}", rest in "[ -~]{0,40}") {
            let _ = http_address(&text);
            if let Ok(address) = http_address(&format!("http://{rest}")) {
                proptest::prop_assert!(address.bytes().all(|byte| byte.is_ascii_graphic()), "{}", address);
            }
        }
    }

    #[test]
    fn http_addresses_only() {
        for good in
            ["http://ca.test/ca.crl", "http://10.0.0.1:8080/x", "http://[::1]/ca.crl", "http://ca.test"]
        {
            assert_eq!(http_address(good).as_deref(), Ok(good));
        }
        assert_eq!(http_address("HTTP://ca.test/a").as_deref(), Ok("http://ca.test/a"));
        let bad = [
            "",
            "ca.crl",
            "/ca.crl",
            "https://ca.test/ca.crl",
            "ldap://ca.test/x",
            "file:///ca.crl",
            "http://",
            "http:///ca.crl",
            "http://ca test/",
            "http://ca.test/ü",
            "http://me@ca.test/",
            "http://-/x",
        ];
        for bad in bad {
            assert!(http_address(bad).is_err(), "{bad}");
        }
    }
}
