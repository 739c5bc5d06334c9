//! On the public web a common name must repeat one of the alternative names, character for character (TLS BR 7.1.4.3).
//! Clients do not read it, so elsewhere it may say anything.
//!
//! It is compared with the names of its own form: a host name with host names, a wildcard with wildcards, an address
//! with addresses. A host name beside addresses or wildcards alone is against the letter too, but nobody could take it
//! for one of these; that is a warning.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::{Purpose, SubjectAltName};

const LIKE_OTHERS: Diagnostic =
    Diagnostic::error(Code::CommonName).except(Profile::Tls).except(Profile::Rfc5280);
const UNLIKE_OTHERS: Diagnostic =
    Diagnostic::warning(Code::CommonName).except(Profile::Tls).except(Profile::Rfc5280);

pub(super) const RULE: Rule = Rule { diagnostics: &[LIKE_OTHERS, UNLIKE_OTHERS], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
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
        let diagnostic = if is_like_others { LIKE_OTHERS } else { UNLIKE_OTHERS };
        let hint = match names.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
            Some((same, _)) => format!("`{same}` is, but upper and lower case must be the same"),
            None => "addresses must be in their shortest form, international names in their xn-- form".into(),
        };
        let message =
            format!("the common name `{name}` is not one of the certificate's alternative names ({hint})");
        let fix =
            "Have it issued again with one of its names as CN or without a CN, as `certkit mkcert` does.";
        found.extend(judged.report(&diagnostic, &leaf, message, fix));
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

    /// What the text is meant as. An address has colons, or ends in a decimal or hexadecimal number (as in the URL
    /// standard).
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
