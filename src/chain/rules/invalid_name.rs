//! Alternative names must be well-formed (RFC 5280 section 4.2.1.6): DNS names in the preferred syntax of RFC 1034
//! section 3.5, without underscores, addresses as addresses, mail addresses with one @. A wildcard is the whole first
//! label (RFC 9525 section 6.3). Most clients ignore names other than the one they connect to; under the profile `tls`
//! only what some do not ignore counts.

use std::net::IpAddr;

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::{HostName, SubjectAltName};

const MALFORMED: Diagnostic = Diagnostic::error(Code::InvalidName).except(Profile::Tls);
const UNDERSCORE: Diagnostic = Diagnostic::of_clients(Defect::Underscore);
const URI: Diagnostic = Diagnostic::of_clients(Defect::UriMalformedBeside);
const KIND: Diagnostic = Diagnostic::of_clients(Defect::KindUnknownBeside);
const ADDRESS: Diagnostic = Diagnostic::of_clients(Defect::AddressMalformedBeside);
const NOT_ASCII: Diagnostic = Diagnostic::of_clients(Defect::Utf8Beside);
const EMPTY: Diagnostic = Diagnostic::of_clients(Defect::EmptyBeside);

pub(super) const RULE: Rule =
    Rule { diagnostics: &[MALFORMED, UNDERSCORE, URI, KIND, ADDRESS, NOT_ASCII, EMPTY], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let Some(names) = leaf.certificate.subject_alt_names.as_ref() else { return Vec::new() };
    let report = |diagnostic: &Diagnostic, what: &str| {
        let message = format!("the alternative names of `{}` are malformed: {what}", leaf.label());
        let fix = "Have it issued again with well-formed names, as `certkit mkcert` does.";
        judged.report(diagnostic, &leaf, message, fix)
    };
    if names.is_empty() {
        return report(&MALFORMED, "the extension is empty").into_iter().collect();
    }
    let wrong = |name: &SubjectAltName| {
        let what = what_is_wrong(name)?;
        report(&diagnostic(name, judged.input.host), &format!("`{name}` {what}"))
    };
    names.iter().filter_map(wrong).collect()
}

/// Who refuses the name.
fn diagnostic(name: &SubjectAltName, host: Option<&HostName>) -> Diagnostic {
    match name {
        SubjectAltName::Dns(text) if text.is_empty() => EMPTY,
        // Elsewhere than in the name that is asked for it does not matter.
        SubjectAltName::Dns(text) if text.contains('_') && host.is_some_and(|host| host.matches(name)) => {
            UNDERSCORE
        }
        // Go reads every URI; what has no scheme is one too, as long as it does not begin with a colon.
        SubjectAltName::Uri(uri) if uri.starts_with(':') => URI,
        SubjectAltName::Malformed { tag: 2, .. } => NOT_ASCII,
        SubjectAltName::Malformed { tag: 7, .. } => ADDRESS,
        SubjectAltName::Malformed { tag: 9.., .. } => KIND,
        _ => MALFORMED,
    }
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
