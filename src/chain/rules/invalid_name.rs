//! Alternative names must be well-formed (RFC 5280 section 4.2.1.6): DNS names in the preferred syntax of RFC 1034
//! section 3.5, without underscores, addresses as addresses, mail addresses with one @. A wildcard is the whole first
//! label (RFC 9525 section 6.3). Clients ignore names other than the one they connect to, so the profile `tls` does
//! too.

use std::net::IpAddr;

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::SubjectAltName;

const MALFORMED: Diagnostic = Diagnostic::error(Code::InvalidName).except(Profile::Tls);

pub(super) const RULE: Rule = Rule { diagnostics: &[MALFORMED], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let Some(names) = leaf.certificate.subject_alt_names.as_ref().filter(|_| judged.is_by_the_book()) else {
        return Vec::new();
    };
    let report = |what: &str| {
        let message = format!("the alternative names of `{}` are malformed: {what}", leaf.label());
        let fix = "Have it issued again with well-formed names, as `certkit mkcert` does.";
        judged.report(&MALFORMED, &leaf, message, fix)
    };
    if names.is_empty() {
        return report("the extension is empty").into_iter().collect();
    }
    let wrong = |name: &SubjectAltName| Some(format!("`{name}` {}", what_is_wrong(name)?));
    names.iter().filter_map(wrong).filter_map(|what| report(&what)).collect()
}

fn what_is_wrong(name: &SubjectAltName) -> Option<&'static str> {
    match name {
        SubjectAltName::Dns(name) => dns(name),
        SubjectAltName::Mail(mail) => match mail.rsplit_once('@') {
            Some((mailbox, host)) if dns(host).is_none() && is_mailbox(mailbox) => None,
            _ => Some("is not a mail address"),
        },
        SubjectAltName::Uri(uri) => match uri.split_once(':') {
            Some((scheme, rest)) if !scheme.is_empty() && !rest.is_empty() && uri.is_ascii() => None,
            _ => Some("is not a URI"),
        },
        SubjectAltName::Malformed { .. } => Some("cannot be decoded"),
        SubjectAltName::Directory(_) | SubjectAltName::Ip(_) | SubjectAltName::Other { .. } => None,
    }
}

fn dns(name: &str) -> Option<&'static str> {
    if name.parse::<IpAddr>().is_ok() {
        return Some("is an address written as a DNS name");
    }
    let bare = name.strip_prefix("*.").unwrap_or(name);
    if bare.contains('*') {
        return Some("has a wildcard that is not the whole first label");
    }
    if bare.contains('_') {
        return Some("has an underscore");
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (bare.len() > 253 || !bare.split('.').all(is_label)).then_some("is not a DNS name")
}

/// Local-part of RFC 5321 section 4.1.2: letters and marks with single dots, or a quoted string.
fn is_mailbox(text: &str) -> bool {
    let is_quoted = text.len() > 1 && text.starts_with('"') && text.ends_with('"');
    let is_atom = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>[]:;@\\,.\"".contains(&byte))
    };
    is_quoted || text.split('.').all(is_atom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_the_standard_writes_them() {
        let wrong = |name: &SubjectAltName| what_is_wrong(name).is_some();
        for good in ["a.test", "*.a.test", "xn--bcher-kva.test", "localhost", "1.example"] {
            assert!(!wrong(&SubjectAltName::Dns(good.into())), "{good}");
        }
        for bad in
            ["", "a_b.test", "192.0.2.1", "::1", ".a.test", "a.test.", "a..test", "f*.a.test", "*", "-a.test"]
        {
            assert!(wrong(&SubjectAltName::Dns(bad.into())), "{bad}");
        }
        for good in ["me@a.test", "*@a.test", "a.b+c@a.test", "\"a b\"@a.test"] {
            assert!(!wrong(&SubjectAltName::Mail(good.into())), "{good}");
        }
        for bad in ["a.test", "a@b@a.test", "@a.test", "a..b@a.test", "me@"] {
            assert!(wrong(&SubjectAltName::Mail(bad.into())), "{bad}");
        }
    }
}
