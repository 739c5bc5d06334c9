//! The names to get a certificate for, and their hashes.

use crate::acme::plan::public_server::PublicServer;
use crate::x509::{CertificateName, InvalidName};

/// Reads a name as people type it: a DNS name in the lower-case A-label form that RFC 8555 section 7.1.4 wants, also
/// with `*.` in front, or an address in the form of RFC 8738 section 3.
///
/// # Errors
/// When an ACME server cannot validate the name.
pub fn certificate_name(typed: &str) -> Result<String, InvalidName> {
    let invalid = |reason| InvalidName { text: typed.to_owned(), reason };
    let name = match CertificateName::parse(typed)? {
        CertificateName::Dns(name) => name,
        CertificateName::Ip(address) => return Ok(address.to_string()),
        CertificateName::Mail(_) | CertificateName::Uri(_) => {
            return Err(invalid("it is neither a DNS name nor an IP address"));
        }
    };
    if name.strip_prefix("*.").is_some_and(|rest| !rest.contains('.')) {
        return Err(invalid("no client accepts a wildcard for a whole top-level domain"));
    }
    Ok(name)
}

/// Refuses a name without a dot, such as `localhost`, where `server` is a public one: those certify names of the public
/// DNS only. A CA of one's own may know it.
///
/// # Errors
/// When the server cannot validate the name.
pub fn check_public_name(name: &str, server: &str) -> Result<(), InvalidName> {
    let is_single_label = !name.contains(['.', ':']);
    if is_single_label && PublicServer::at(server).is_some() {
        return Err(InvalidName { text: name.to_owned(), reason: "a public name has a dot" });
    }
    Ok(())
}

/// A hash of the set of names: their order does not matter to the server.
pub fn hash(names: &[String]) -> String {
    let mut names: Vec<_> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    sha256_hex(&names.join("\n"))
}

/// SHA-256 of a text in lower-case hexadecimal.
pub fn sha256_hex(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_validated() {
        let name = |typed| certificate_name(typed).unwrap();
        assert_eq!(name("WWW.Example.org."), "www.example.org");
        assert_eq!(name("bücher.example"), "xn--bcher-kva.example");
        assert_eq!(name("*.Example.org"), "*.example.org");
        assert_eq!(name("192.0.2.7"), "192.0.2.7");
        assert_eq!(name("[2001:DB8:0::7]"), "2001:db8::7");
        for name in
            ["", ".", "*", "*.test", "a.*.test", "1.2.3", "a@b.test", "https://a.test/", "a/../b.test"]
        {
            assert!(certificate_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn names_without_a_dot_are_for_private_servers() {
        assert_eq!(certificate_name("LocalHost").unwrap(), "localhost");
        let public = crate::acme::LETS_ENCRYPT;
        assert!(check_public_name("localhost", public).is_err());
        for name in ["a.test", "*.a.test", "192.0.2.7", "2001:db8::7"] {
            check_public_name(name, public).unwrap();
        }
        check_public_name("localhost", "https://ca.test/dir").unwrap();
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
