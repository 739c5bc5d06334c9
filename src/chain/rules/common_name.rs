//! On the public web a common name must repeat one of the alternative names, character for character (TLS BR 7.1.4.3).
//! Clients do not read it, so elsewhere it may say what it likes.
//!
//! It is compared with the names of its own form: a host name with host names, a wildcard with wildcards, an address
//! with addresses. A host name over addresses or wildcards alone is against the letter too, but could be taken for none
//! of these; that is a warning.

use super::super::judged_path::{JudgedPath, PathFinding};
use super::finding;
use crate::chain::Profile;
use crate::finding::{Code, Severity};
use crate::x509::{Purpose, SubjectAltName};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    if judged.input.profile != Profile::Webpki || judged.input.purpose != Purpose::Server {
        return Vec::new();
    }
    let Some(names) = leaf.certificate.subject_alt_names.as_ref().filter(|names| !names.is_empty()) else {
        return Vec::new(); // `no_san` says so
    };
    let names: Vec<_> = names.iter().map(|name| (name.to_string(), Form::of(name))).collect();
    let mut found = Vec::new();
    for name in leaf.certificate.subject.common_names() {
        if names.iter().any(|(other, _)| other == name) {
            continue;
        }
        let form = Form::of_text(name);
        let is_like_others = names.iter().any(|(_, other)| *other == form);
        let severity = if is_like_others { Severity::Error } else { Severity::Warning };
        let hint = match names.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
            Some((same, _)) => format!("`{same}` is, but it must be the same to the letter"),
            None => "an address must be in its shortest form, an international name in its xn-- form".into(),
        };
        let message =
            format!("the common name `{name}` is none of the certificate's alternative names ({hint})");
        let fix = "have it issued again with one of its names as CN, or without any: certkit mkcert does so";
        found.push(leaf.found(finding(severity, Code::CommonName, message).fix(fix)));
    }
    found
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Address,
    Host,
    Other,
    Wildcard,
}

impl Form {
    fn of(name: &SubjectAltName) -> Self {
        match name {
            SubjectAltName::Dns(name) if name.starts_with("*.") => Self::Wildcard,
            SubjectAltName::Dns(_) => Self::Host,
            SubjectAltName::Ip(_) => Self::Address,
            _ => Self::Other,
        }
    }

    /// What the text is meant as. An address has colons, or a number at its end, decimal or hexadecimal (as the URL
    /// standard tells hosts from addresses).
    fn of_text(text: &str) -> Self {
        if text.starts_with("*.") {
            return Self::Wildcard;
        }
        let last = text.rsplit('.').next().unwrap_or_default();
        let digits = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
        let is_number = digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            || !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
        if text.contains(':') || is_number { Self::Address } else { Self::Host }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for address in ["192.0.2.1", "192.0.002.001", "0xC0A80101", "2001:DB8::1", "1"] {
            assert_eq!(Form::of_text(address), Form::Address, "{address}");
        }
        for host in ["a.test", "1.test", "My Server", "bücher.test", ""] {
            assert_eq!(Form::of_text(host), Form::Host, "{host}");
        }
        assert_eq!(Form::of_text("*.a.test"), Form::Wildcard);
    }
}
