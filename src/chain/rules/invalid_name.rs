//! Alternative names must be well-formed (RFC 5280 section 4.2.1.6): DNS names in the preferred syntax of RFC 1034
//! section 3.5, without underscores, addresses as addresses, mail addresses with one @. A wildcard is the whole first
//! label (RFC 9525 section 6.3). No client minds names that it is not asked for, so the profile `tls` passes over them.

use std::net::IpAddr;

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding};
use crate::x509::SubjectAltName;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let Some(names) = leaf.certificate.subject_alt_names.as_ref().filter(|_| judged.is_by_the_book()) else {
        return Vec::new();
    };
    let found = |what: &str| {
        let message = format!("the alternative names of `{}` are not well-formed: {what}", leaf.label());
        let fix = "have it issued again with names as the standard writes them: certkit mkcert does so";
        leaf.found(Finding::error(Code::InvalidName, message).fix(fix))
    };
    if names.is_empty() {
        return vec![found("the extension is there, and empty")];
    }
    let wrong = |name: &SubjectAltName| Some(format!("`{name}`, {}", what_is_wrong(name)?));
    names.iter().filter_map(wrong).map(|what| found(&what)).collect()
}

fn what_is_wrong(name: &SubjectAltName) -> Option<&'static str> {
    match name {
        SubjectAltName::Dns(name) => dns(name),
        SubjectAltName::Mail(mail) => match mail.rsplit_once('@') {
            Some((mailbox, host)) if dns(host).is_none() && is_mailbox(mailbox) => None,
            _ => Some("which is no mail address"),
        },
        SubjectAltName::Uri(uri) => match uri.split_once(':') {
            Some((scheme, rest)) if !scheme.is_empty() && !rest.is_empty() && uri.is_ascii() => None,
            _ => Some("which is no URI"),
        },
        SubjectAltName::Malformed { .. } => Some("which is not of the form it says"),
        SubjectAltName::Directory(_) | SubjectAltName::Ip(_) | SubjectAltName::Other { .. } => None,
    }
}

fn dns(name: &str) -> Option<&'static str> {
    if name.parse::<IpAddr>().is_ok() {
        return Some("an address written as a DNS name");
    }
    let bare = name.strip_prefix("*.").unwrap_or(name);
    if bare.contains('*') {
        return Some("a wildcard that is not the whole first label");
    }
    if bare.contains('_') {
        return Some("a DNS name with an underscore");
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (bare.len() > 253 || !bare.split('.').all(is_label)).then_some("which is no DNS name")
}

/// Local-part of RFC 5321 section 4.1.2: letters and marks with single dots, or a quoted text.
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
