//! The names to get a certificate for, and their hashes.

/// A name that no ACME server would take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no DNS name: {reason}")]
pub struct InvalidName {
    /// As it was typed.
    pub name: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Checks a DNS name (RFC 1035 section 2.3.1, RFC 8555 section 7.1.4) and writes it in lower case, without the dot
/// at the end.
///
/// # Errors
/// [`InvalidName`] when it is none.
pub fn dns_name(typed: &str) -> Result<String, InvalidName> {
    let invalid = |reason| InvalidName { name: typed.to_owned(), reason };
    let name = typed.strip_suffix('.').unwrap_or(typed).to_ascii_lowercase();
    if !name.is_ascii() {
        return Err(invalid("write it in its ASCII form, as xn--bcher-kva.example"));
    }
    if name.parse::<std::net::IpAddr>().is_ok() {
        return Err(invalid("it is an IP address"));
    }
    if name.starts_with("*.") {
        return Err(invalid("a wildcard can only be validated by a DNS record, not over http"));
    }
    if name.len() > 253 {
        return Err(invalid("it is longer than 253 characters"));
    }
    if !name.contains('.') {
        return Err(invalid("no public domain in it"));
    }
    for label in name.split('.') {
        if label.is_empty() || label.len() > 63 {
            return Err(invalid("each part between dots has 1 to 63 characters"));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(invalid("no part between dots begins or ends with a hyphen"));
        }
        if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(invalid("only letters, digits and hyphens stand between dots"));
        }
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
    fn good_names_are_normalised() {
        assert_eq!(dns_name("WWW.Example.org."), Ok("www.example.org".into()));
        assert_eq!(dns_name("xn--bcher-kva.example"), Ok("xn--bcher-kva.example".into()));
        assert_eq!(dns_name("1.2.3.4.example"), Ok("1.2.3.4.example".into()));
    }

    #[test]
    fn bad_names_are_refused() {
        let long = format!("{}.test", "a".repeat(64));
        let longer = format!("{}test", "a.".repeat(130));
        for name in [
            "",
            ".",
            "localhost",
            "a..test",
            "-a.test",
            "a-.test",
            "a_b.test",
            "a/../b.test",
            "ü.test",
            &long,
            &longer,
        ] {
            assert!(dns_name(name).is_err(), "{name}");
        }
        assert!(dns_name("127.0.0.1").unwrap_err().reason.contains("IP"));
        assert!(dns_name("*.a.test").unwrap_err().reason.contains("wildcard"));
    }

    #[test]
    fn the_hash_is_of_the_set() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(hash(&names(&["b.test", "a.test"])), hash(&names(&["a.test", "b.test", "a.test"])));
        assert_ne!(hash(&names(&["a.test"])), hash(&names(&["b.test"])));
        // The known value of an empty text (FIPS 180-4).
        assert_eq!(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
