//! Identifiers as clients send them, in their one form.

use std::net::IpAddr;

use serde::Deserialize;

use super::identifier::Identifier;
use super::problem::{Problem, ProblemType, excerpt};
use crate::x509::CertificateName;

/// An identifier as it was sent.
#[derive(Debug, Deserialize)]
pub(super) struct SentIdentifier {
    #[serde(rename = "type")]
    class: String,
    value: String,
}

impl SentIdentifier {
    /// # Errors
    /// `unsupportedIdentifier`, `rejectedIdentifier`.
    pub(super) fn read(&self) -> Result<Identifier, Problem> {
        let value = self.value.as_str();
        let refused = |reason: &str| {
            let detail = format!("`{}` {reason}", excerpt(value));
            Problem::new(ProblemType::RejectedIdentifier, detail)
        };
        match (self.class.as_str(), CertificateName::parse(value)) {
            // One spelling for each name: else two orders for one name would look like two.
            ("dns", Ok(CertificateName::Dns(name))) if ends_in_number(&name) => {
                Err(refused("ends in a number and may be read as an address"))
            }
            ("dns", Ok(CertificateName::Dns(name))) if name == value.to_ascii_lowercase() => {
                Ok(Identifier::Dns(name))
            }
            ("dns", Ok(CertificateName::Ip(_))) => Err(refused("is an address, whose type is `ip`")),
            ("dns", _) => Err(refused("is not a DNS name")),
            ("ip", _) => match value.parse::<IpAddr>() {
                // RFC 8738 section 3: the text form of RFC 5952.
                Ok(address) if address.to_string() == value => Ok(Identifier::Ip(address)),
                _ => Err(refused("is not an address in its usual form")),
            },
            (class, _) => {
                let detail = format!("identifiers of type `{}` are not supported", excerpt(class));
                Err(Problem::new(ProblemType::UnsupportedIdentifier, detail))
            }
        }
    }
}

/// Whether a resolver or a browser may take it for an address, such as `0x7f000001` and `127.1` (inet_aton(3); URL
/// Standard, "ends in a number").
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_hexadecimal = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    last.bytes().all(|byte| byte.is_ascii_digit()) || last.strip_prefix("0x").is_some_and(is_hexadecimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(class: &str, value: &str) -> Result<Identifier, ProblemType> {
        let sent = SentIdentifier { class: class.to_owned(), value: value.to_owned() };
        sent.read().map_err(|problem| problem.class)
    }

    #[test]
    fn names_and_addresses_in_their_one_form() {
        assert_eq!(read("dns", "A.test"), Ok(Identifier::Dns("a.test".into())));
        assert_eq!(read("dns", "1.0x.a1"), Ok(Identifier::Dns("1.0x.a1".into())));
        let wildcard = read("dns", "*.a.test").unwrap();
        assert!(wildcard.is_wildcard());
        assert_eq!(wildcard.base(), Identifier::Dns("a.test".into()));
        assert_eq!(read("ip", "::1"), Ok(Identifier::Ip("::1".parse().unwrap())));
        for (class, value) in [
            ("dns", "127.0.0.1"),
            ("dns", "0x7f000001"),
            ("dns", "0X7F.1"),
            ("dns", "a.0x"),
            ("dns", "2130706433"),
            ("dns", "127.1"),
            ("dns", "*.1"),
            ("dns", "a.test."),
            ("dns", "a@b.test"),
            ("dns", "https://a.test"),
            ("dns", "../../etc/passwd"),
            ("dns", "*.*.test"),
            ("dns", ""),
            ("ip", "a.test"),
            ("ip", "0:0::1"),
        ] {
            assert_eq!(read(class, value), Err(ProblemType::RejectedIdentifier), "{value}");
        }
        assert_eq!(read("email", "a@b.test"), Err(ProblemType::UnsupportedIdentifier));
    }
}
