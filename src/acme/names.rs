//! The names to get a certificate for, and their hashes.

use crate::x509::{CertificateName, InvalidName};

/// Reads a name as people type it, in the lower-case A-label form that RFC 8555 section 7.1.4 wants.
///
/// # Errors
/// When it is no name that http-01 can validate.
pub fn dns_name(typed: &str) -> Result<String, InvalidName> {
    let invalid = |reason| InvalidName { text: typed.to_owned(), reason };
    let name = match CertificateName::parse(typed)? {
        CertificateName::Dns(name) => name,
        CertificateName::Ip(_) => {
            return Err(invalid("it is an address, and only DNS names can be asked for yet"));
        }
        CertificateName::Mail(_) | CertificateName::Uri(_) => return Err(invalid("it is no DNS name")),
    };
    if name.starts_with("*.") {
        // RFC 8555 section 7.1.3; the Baseline Requirements allow http-01 for the very name only.
        return Err(invalid("a wildcard can only be validated by a DNS record, not over http"));
    }
    if !name.contains('.') {
        return Err(invalid("there is no public domain in it"));
    }
    Ok(name)
}

/// A hash of the set of names: their order does not matter to the server.
pub(super) fn hash(names: &[String]) -> String {
    let mut names: Vec<_> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    sha256_hex(&names.join("\n"))
}

/// SHA-256 of a text in lower-case hexadecimal.
pub(super) fn sha256_hex(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_http_01_can_validate() {
        assert_eq!(dns_name("WWW.Example.org.").unwrap(), "www.example.org");
        assert_eq!(dns_name("bücher.example").unwrap(), "xn--bcher-kva.example");
        for name in [
            "",
            ".",
            "localhost",
            "*.a.test",
            "127.0.0.1",
            "::1",
            "a@b.test",
            "https://a.test/",
            "a/../b.test",
        ] {
            assert!(dns_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_hash_is_of_the_set() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(hash(&names(&["b.test", "a.test"])), hash(&names(&["a.test", "b.test", "a.test"])));
        assert_ne!(hash(&names(&["a.test"])), hash(&names(&["b.test"])));
        // The value for no bytes, as FIPS 180-4's test vectors have it.
        assert_eq!(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
