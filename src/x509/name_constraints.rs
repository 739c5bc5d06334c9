//! Name constraints (RFC 5280 section 4.2.1.10): for which names a CA may speak.
//!
//! Read by certkit itself and not by a library, because the details decide: a constraint of a form that is not
//! understood must not be ignored, and one that is malformed must be distinguished from one that is not.

use std::net::IpAddr;

use super::distinguished_name::DistinguishedName;
use super::subject_alt_name::SubjectAltName;
use super::subtree::{DIRECTORY, DNS, IP, MAIL, Subtree, SubtreeFault, URI, is_host, split_mail, subtrees};
use crate::der::{CONTEXT_0, CONTEXT_1, Malformed, Reader, SEQUENCE};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameConstraints {
    /// Names of these forms must be within one of these.
    pub permitted: Vec<Subtree>,
    /// Names must be in none of these.
    pub excluded: Vec<Subtree>,
    pub critical: bool,
}

/// How a name stands to the constraints of one CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Within,
    /// In an excluded subtree, or in none of the permitted ones.
    Outside,
    /// The name, or a constraint of its form, cannot be processed: must be refused.
    Unprocessed,
    /// More comparisons than are worth making.
    TooMany,
}

impl NameConstraints {
    /// Reads the extension's value.
    pub(super) fn from_der(der: &[u8], critical: bool) -> Result<Self, Malformed> {
        let mut reader = Reader::inside(der, SEQUENCE)?;
        let permitted = reader.optional(CONTEXT_0)?.map(subtrees).transpose()?;
        let excluded = reader.optional(CONTEXT_1)?.map(subtrees).transpose()?;
        reader.end()?;
        Ok(Self {
            permitted: permitted.unwrap_or_default(),
            excluded: excluded.unwrap_or_default(),
            critical,
        })
    }

    /// Whether it says nothing (RFC 5280 forbids that).
    pub fn is_empty(&self) -> bool {
        self.permitted.is_empty() && self.excluded.is_empty()
    }

    /// What is wrong with the constraints themselves.
    pub fn malformed(&self) -> impl Iterator<Item = (SubtreeFault, &str)> {
        self.permitted.iter().chain(&self.excluded).filter_map(|subtree| match subtree {
            Subtree::Malformed { fault, what, .. } => Some((*fault, what.as_str())),
            _ => None,
        })
    }

    /// Judges one alternative name. `comparisons` is what may still be spent, and is counted down.
    pub fn judge(&self, name: &SubjectAltName, comparisons: &mut usize) -> Verdict {
        match name {
            SubjectAltName::Dns(dns) => {
                let Some(dns) = dns_to_compare(dns) else { return self.judge_malformed(DNS) };
                self.compare(DNS, comparisons, |subtree, excluded| match subtree {
                    Subtree::Dns(base) => dns.is_within(base, excluded),
                    _ => false,
                })
            }
            SubjectAltName::Directory(name) => self.judge_directory(name, comparisons),
            SubjectAltName::Ip(address) => self.compare(IP, comparisons, |subtree, _| match subtree {
                Subtree::Ip { network, mask } => ip_is_within(*address, network, mask),
                _ => false,
            }),
            SubjectAltName::Mail(mail) => self.judge_mail(mail, comparisons),
            SubjectAltName::Uri(uri) => {
                let Some(host) = uri_host(uri) else { return self.judge_malformed(URI) };
                self.compare(URI, comparisons, |subtree, _| match subtree {
                    Subtree::Uri(base) => host_is_within(&host, base),
                    _ => false,
                })
            }
            SubjectAltName::Malformed { tag, .. } => self.judge_malformed(*tag),
            SubjectAltName::Other { tag, .. } => self.compare(*tag, comparisons, |_, _| false),
        }
    }

    /// Judges a distinguished name: the subject, or an alternative name of that form.
    pub fn judge_directory(&self, name: &DistinguishedName, comparisons: &mut usize) -> Verdict {
        let rdns = if self.constrains(DIRECTORY) { name.comparable() } else { Vec::new() };
        self.compare(DIRECTORY, comparisons, |subtree, _| match subtree {
            Subtree::Directory(base) => rdns.starts_with(base),
            _ => false,
        })
    }

    /// Judges a mail address: an alternative name, or one in the subject.
    pub fn judge_mail(&self, mail: &str, comparisons: &mut usize) -> Verdict {
        let Some((mailbox, host)) = split_mail(mail) else { return self.judge_malformed(MAIL) };
        let host = host.to_ascii_lowercase();
        self.compare(MAIL, comparisons, |subtree, _| match subtree {
            Subtree::Mail(base) => match base.split_once('@') {
                // The part in front is compared as it stands (RFC 5321 section 2.4), an asterisk too.
                Some((base_mailbox, base_host)) => mailbox == base_mailbox && host == base_host,
                None => host_is_within(&host, base),
            },
            _ => false,
        })
    }

    /// A name that is not well-formed is within nothing that constrains its form.
    fn judge_malformed(&self, tag: u8) -> Verdict {
        if self.constrains(tag) { Verdict::Unprocessed } else { Verdict::Within }
    }

    fn constrains(&self, tag: u8) -> bool {
        self.permitted.iter().chain(&self.excluded).any(|subtree| subtree.tag() == tag)
    }

    fn compare(
        &self,
        tag: u8,
        comparisons: &mut usize,
        is_within: impl Fn(&Subtree, bool) -> bool,
    ) -> Verdict {
        let cost = self.permitted.len() + self.excluded.len();
        match comparisons.checked_sub(cost) {
            Some(left) => *comparisons = left,
            None => return Verdict::TooMany,
        }
        let of_form = |subtree: &&Subtree| subtree.tag() == tag;
        for subtree in self.excluded.iter().filter(of_form) {
            match subtree {
                Subtree::Malformed { .. } | Subtree::Other(_) => return Verdict::Unprocessed,
                _ if is_within(subtree, true) => return Verdict::Outside,
                _ => {}
            }
        }
        let mut permitted = self.permitted.iter().filter(of_form).peekable();
        if permitted.peek().is_none() {
            return Verdict::Within;
        }
        for subtree in permitted {
            match subtree {
                Subtree::Malformed { .. } | Subtree::Other(_) => return Verdict::Unprocessed,
                _ if is_within(subtree, false) => return Verdict::Within,
                _ => {}
            }
        }
        Verdict::Outside
    }
}

/// A name to compare, without the dot at the end: `*.` in front told apart.
struct DnsToCompare {
    name: String,
    is_wildcard: bool,
}

fn dns_to_compare(text: &str) -> Option<DnsToCompare> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let (name, is_wildcard) = match name.strip_prefix("*.") {
        Some(parent) => (parent.to_owned(), true),
        None => (name, false),
    };
    is_host(&name).then_some(DnsToCompare { name, is_wildcard })
}

impl DnsToCompare {
    /// For an excluded subtree a wildcard is within when any of its names is; for a permitted one when all are.
    fn is_within(&self, base: &str, excluded: bool) -> bool {
        let base = base.strip_suffix('.').unwrap_or(base);
        if self.is_wildcard && excluded {
            // `*.example.test` stands for `a.example.test`, so a base of one more label is met.
            let bare = base.strip_prefix('.').unwrap_or(base);
            if bare.split_once('.').is_some_and(|(_, parent)| parent == self.name) {
                return true;
            }
        }
        if self.is_wildcard
            && let Some(bare) = base.strip_prefix('.')
            && bare == self.name
        {
            return true;
        }
        dns_is_within(&self.name, base)
    }
}

/// "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side"; the empty one
/// has all names below it.
fn dns_is_within(name: &str, base: &str) -> bool {
    if base.is_empty() {
        return true;
    }
    match name.strip_suffix(base) {
        Some("") => !base.starts_with('.'),
        Some(front) => base.starts_with('.') || front.ends_with('.'),
        None => false,
    }
}

/// For mail and URIs: a host stands for itself, a domain with a leading dot for all hosts below it.
fn host_is_within(host: &str, base: &str) -> bool {
    if base.is_empty() || base.starts_with('.') {
        return host.len() > base.len() && host.ends_with(base);
    }
    host == base
}

/// The host of a URI in lower case; `None` when it has none or an address, to which no constraint can apply.
fn uri_host(uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        return None;
    }
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let host = host.strip_suffix('.').unwrap_or(host);
    (is_host(host) && host.parse::<IpAddr>().is_err()).then(|| host.to_ascii_lowercase())
}

fn ip_is_within(address: IpAddr, network: &[u8], mask: &[u8]) -> bool {
    let within = |octets: &[u8]| {
        octets.len() == network.len()
            && octets.iter().zip(mask).zip(network).all(|((o, m), n)| o & m == n & m)
    };
    match address {
        IpAddr::V4(address) => within(&address.octets()),
        IpAddr::V6(address) => within(&address.octets()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::subtree::{dns_subtree, ip_subtree, mail_subtree, uri_subtree};
    use super::*;

    fn constraints(permitted: &[Subtree], excluded: &[Subtree]) -> NameConstraints {
        NameConstraints { permitted: permitted.to_vec(), excluded: excluded.to_vec(), critical: true }
    }

    fn dns(constraints: &NameConstraints, name: &str) -> Verdict {
        constraints.judge(&SubjectAltName::Dns(name.into()), &mut 1000)
    }

    #[test]
    fn dns_names() {
        let permit = constraints(&[dns_subtree("Example.test")], &[]);
        for name in ["example.test", "A.b.example.TEST", "*.example.test", "example.test."] {
            assert_eq!(dns(&permit, name), Verdict::Within, "{name}");
        }
        for name in ["notexample.test", "test", "*.test", "example.test.org"] {
            assert_eq!(dns(&permit, name), Verdict::Outside, "{name}");
        }
        assert_eq!(dns(&permit, ".example.test"), Verdict::Unprocessed);
        let exclude = constraints(&[], &[dns_subtree("bar.example.test")]);
        for name in ["bar.example.test", "x.bar.example.test", "*.example.test", "*.bar.example.test"] {
            assert_eq!(dns(&exclude, name), Verdict::Outside, "{name}");
        }
        for name in ["foo.example.test", "*.test", "*.foo.example.test"] {
            assert_eq!(dns(&exclude, name), Verdict::Within, "{name}");
        }
        // A wildcard is permitted only where every name it stands for is.
        let narrow = constraints(&[dns_subtree("foo.example.test")], &[]);
        assert_eq!(dns(&narrow, "*.example.test"), Verdict::Outside);
        let dotted = constraints(&[dns_subtree(".example.test")], &[]);
        assert_eq!(dns(&dotted, "a.example.test"), Verdict::Within);
        assert_eq!(dns(&dotted, "*.example.test"), Verdict::Within);
        assert_eq!(dns(&dotted, "example.test"), Verdict::Outside);
        let nothing = constraints(&[], &[dns_subtree("")]);
        assert_eq!(dns(&nothing, "a.test"), Verdict::Outside);
    }

    #[test]
    fn mail_addresses() {
        let judge = |base: &str, mail: &str| {
            constraints(&[mail_subtree(base)], &[]).judge(&SubjectAltName::Mail(mail.into()), &mut 1000)
        };
        assert_eq!(judge("me@Host.test", "me@host.TEST"), Verdict::Within);
        assert_eq!(judge("me@host.test", "Me@host.test"), Verdict::Outside);
        assert_eq!(judge("host.test", "you@host.test"), Verdict::Within);
        assert_eq!(judge("host.test", "you@a.host.test"), Verdict::Outside);
        assert_eq!(judge(".host.test", "you@a.host.test"), Verdict::Within);
        assert_eq!(judge(".host.test", "you@host.test"), Verdict::Outside);
        assert_eq!(judge("*@host.test", "you@host.test"), Verdict::Outside);
        assert_eq!(judge("*@host.test", "*@host.test"), Verdict::Within);
        assert_eq!(judge("host.test", "a@b@host.test"), Verdict::Unprocessed);
        assert_eq!(judge("a@b@host.test", "you@host.test"), Verdict::Unprocessed);
    }

    #[test]
    fn addresses_and_uris() {
        let network = constraints(&[ip_subtree(&[192, 0, 2, 0, 255, 255, 255, 0])], &[]);
        let ip = |text: &str| network.judge(&SubjectAltName::Ip(text.parse().unwrap()), &mut 1000);
        assert_eq!(ip("192.0.2.9"), Verdict::Within);
        assert_eq!(ip("192.0.3.9"), Verdict::Outside);
        assert_eq!(ip("2001:db8::1"), Verdict::Outside);
        assert_eq!(dns(&network, "a.test"), Verdict::Within);
        assert!(matches!(ip_subtree(&[192, 0, 2, 0]), Subtree::Malformed { .. }));
        assert!(matches!(ip_subtree(&[192, 0, 2, 0, 255, 0, 255, 0]), Subtree::Malformed { .. }));
        let host = constraints(&[uri_subtree(".a.test")], &[]);
        let uri = |text: &str| host.judge(&SubjectAltName::Uri(text.into()), &mut 1000);
        assert_eq!(uri("https://u@B.a.test:80/x"), Verdict::Within);
        assert_eq!(uri("https://a.test/"), Verdict::Outside);
        assert_eq!(uri("urn:x"), Verdict::Unprocessed);
        assert_eq!(uri("https://192.0.2.1/"), Verdict::Unprocessed);
    }

    #[test]
    fn the_work_is_bounded_and_unknown_forms_are_not_passed_over() {
        let many = constraints(&vec![dns_subtree("a.test"); 60], &[]);
        let mut comparisons = 100;
        assert_eq!(many.judge(&SubjectAltName::Dns("a.test".into()), &mut comparisons), Verdict::Within);
        assert_eq!(many.judge(&SubjectAltName::Dns("a.test".into()), &mut comparisons), Verdict::TooMany);
        let other = constraints(&[], &[Subtree::Other(0)]);
        let name = SubjectAltName::Other { tag: 0, text: "x".into() };
        assert_eq!(other.judge(&name, &mut 1000), Verdict::Unprocessed);
        assert_eq!(dns(&other, "a.test"), Verdict::Within);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(der in proptest::collection::vec(any::<u8>(), 0..200), name in "\\PC{0,40}") {
            if let Ok(constraints) = NameConstraints::from_der(&der, true) {
                dns(&constraints, &name);
            }
            dns(&constraints(&[dns_subtree(&name), uri_subtree(&name), mail_subtree(&name)], &[]), &name);
            let _ = (split_mail(&name), uri_host(&name));
        }
    }
}
