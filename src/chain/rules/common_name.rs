//! On the public web a common name must repeat one of the alternative names, character for character (TLS BR 7.1.4.3).
//! Clients do not read it, so elsewhere it may say what it likes; and a certificate for addresses alone may carry a host
//! name, which no client could take for one of these.

use super::super::check::{Found, Judged};
use crate::chain::Profile;
use crate::finding::{Code, Finding};
use crate::x509::{Purpose, SubjectAltName};

pub(super) fn rule(judged: &Judged<'_>) -> Vec<Found> {
    let leaf = judged.leaf();
    if judged.input.profile != Profile::Webpki || judged.input.purpose != Purpose::Server {
        return Vec::new();
    }
    let Some(names) = leaf.certificate.subject_alt_names.as_ref().filter(|names| !names.is_empty()) else {
        return Vec::new(); // `no_san` says so
    };
    let only_addresses = names.iter().all(|name| matches!(name, SubjectAltName::Ip(_)));
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let strangers = leaf
        .certificate
        .subject
        .common_names()
        .filter(|name| !names.iter().any(|n| n == name) && (!only_addresses || is_like_an_address(name)));
    strangers
        .map(|name| {
            let same = names.iter().find(|n| n.eq_ignore_ascii_case(name));
            let hint = match same {
                Some(same) => format!("`{same}` is, but it must be the same to the letter"),
                None => {
                    "an address must be in its shortest form, an international name in its xn-- form".into()
                }
            };
            let message =
                format!("the common name `{name}` is none of the certificate's alternative names ({hint})");
            let fix =
                "have it issued again with one of its names as CN, or without any: certkit mkcert does so";
            leaf.found(Finding::error(Code::CommonName, message).fix(fix))
        })
        .collect()
}

/// Whether it is meant as an address: with colons, or with a number at its end, decimal or hexadecimal (as the URL
/// standard tells hosts from addresses).
fn is_like_an_address(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let digits = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    name.contains(':')
        || digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())
}
