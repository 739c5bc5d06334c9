//! One name constraint: a name, or the beginning or end of names, for which a CA may speak or may not (GeneralSubtree, RFC
//! 5280 section 4.2.1.10).

use super::distinguished_name;
use crate::der::{Malformed, Reader, SEQUENCE, context, context_constructed};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subtree {
    /// The beginning of a distinguished name, each RDN in a form to compare.
    Directory(Vec<Vec<u8>>),
    /// A DNS name in lower case; with a leading dot (against the RFC, but common) it stands for subdomains only.
    Dns(String),
    /// A network: address and mask, of 4 or 16 bytes each.
    Ip { network: Vec<u8>, mask: Vec<u8> },
    /// A mailbox, a host in lower case, or a domain with a leading dot.
    Mail(String),
    /// A host in lower case, or a domain with a leading dot.
    Uri(String),
    /// A form of name that certkit does not process; the tag says which.
    Other(u8),
    /// What breaks the rules of its form.
    Malformed {
        /// The tag of its form.
        tag: u8,
        fault: SubtreeFault,
        what: String,
    },
}

/// How a constraint breaks the rules of its form. Clients make different things of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubtreeFault {
    /// An address that is not a network with its mask.
    Address,
    /// A minimum or maximum.
    Distance,
    /// A DNS name that ends with a dot.
    DotAtEnd,
    /// A network mask with holes.
    Mask,
    /// A text that is not a name of its form.
    Text,
}

/// Tags of GeneralName (RFC 5280 section 4.2.1.6).
pub(super) const MAIL: u8 = 1;
pub(super) const DNS: u8 = 2;
pub(super) const DIRECTORY: u8 = 4;
pub(super) const URI: u8 = 6;
pub(super) const IP: u8 = 7;

impl Subtree {
    pub(super) fn tag(&self) -> u8 {
        match self {
            Self::Directory(_) => DIRECTORY,
            Self::Dns(_) => DNS,
            Self::Ip { .. } => IP,
            Self::Mail(_) => MAIL,
            Self::Uri(_) => URI,
            Self::Other(tag) | Self::Malformed { tag, .. } => *tag,
        }
    }
}

/// Reads GeneralSubtrees.
pub(super) fn subtrees(der: &[u8]) -> Result<Vec<Subtree>, Malformed> {
    let mut reader = Reader::new(der);
    let mut subtrees = Vec::new();
    while !reader.is_at_end() {
        let mut parts = Reader::new(reader.expect(SEQUENCE)?);
        let base = parts.next()?;
        let tag = base.tag & 0x1f;
        let mut subtree = match base.tag {
            t if t == context(MAIL) => {
                text(base.contents).map_or_else(|| bad(tag, base.contents), mail_subtree)
            }
            t if t == context(DNS) => {
                text(base.contents).map_or_else(|| bad(tag, base.contents), dns_subtree)
            }
            t if t == context(URI) => {
                text(base.contents).map_or_else(|| bad(tag, base.contents), uri_subtree)
            }
            t if t == context(IP) => ip_subtree(base.contents),
            t if t == context_constructed(DIRECTORY) => {
                Subtree::Directory(distinguished_name::comparable(base.contents)?)
            }
            t if t & 0xc0 == 0x80 => Subtree::Other(tag),
            _ => return Err(Malformed),
        };
        // "minimum MUST be zero, and maximum MUST be absent": zero is the default and not written.
        if !parts.is_at_end() {
            let what = "a constraint with a minimum or maximum".into();
            subtree = Subtree::Malformed { tag, fault: SubtreeFault::Distance, what };
        }
        subtrees.push(subtree);
    }
    Ok(subtrees)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii())
}

fn bad(tag: u8, bytes: &[u8]) -> Subtree {
    let what = format!("`{}`, which is not ASCII", String::from_utf8_lossy(bytes));
    Subtree::Malformed { tag, fault: SubtreeFault::Text, what }
}

pub(super) fn dns_subtree(text: &str) -> Subtree {
    let name = text.to_ascii_lowercase();
    let bare = name.strip_prefix('.').unwrap_or(&name);
    if bare.ends_with('.') {
        let what = format!("`{text}`: a DNS name in a constraint cannot end with a dot");
        return Subtree::Malformed { tag: DNS, fault: SubtreeFault::DotAtEnd, what };
    }
    if bare.contains('*') {
        let what = format!("`{text}`: a DNS name in a constraint cannot have a wildcard");
        return Subtree::Malformed { tag: DNS, fault: SubtreeFault::Text, what };
    }
    if !name.is_empty() && !is_host(bare) {
        let what = format!("`{text}`, which is not a DNS name");
        return Subtree::Malformed { tag: DNS, fault: SubtreeFault::Text, what };
    }
    Subtree::Dns(name)
}

pub(super) fn mail_subtree(text: &str) -> Subtree {
    let malformed = || {
        let what = format!("`{text}`, which is not a mail address or host");
        Subtree::Malformed { tag: MAIL, fault: SubtreeFault::Text, what }
    };
    if text.contains('@') {
        return match split_mail(text) {
            Some((mailbox, host)) => Subtree::Mail(format!("{mailbox}@{}", host.to_ascii_lowercase())),
            None => malformed(),
        };
    }
    let host = text.to_ascii_lowercase();
    if host.is_empty() || is_host(host.strip_prefix('.').unwrap_or(&host)) {
        Subtree::Mail(host)
    } else {
        malformed()
    }
}

pub(super) fn uri_subtree(text: &str) -> Subtree {
    let host = text.to_ascii_lowercase();
    if host.is_empty() || is_host(host.strip_prefix('.').unwrap_or(&host)) {
        return Subtree::Uri(host);
    }
    let what = format!("`{text}`: for URIs it must be a host or a domain");
    Subtree::Malformed { tag: URI, fault: SubtreeFault::Text, what }
}

/// RFC 4632: an address and a mask of the same size, the mask's ones in front.
pub(super) fn ip_subtree(bytes: &[u8]) -> Subtree {
    if !matches!(bytes.len(), 8 | 32) {
        let what = format!("an address of {} bytes, which is not a network with its mask", bytes.len());
        return Subtree::Malformed { tag: IP, fault: SubtreeFault::Address, what };
    }
    let (network, mask) = bytes.split_at(bytes.len() / 2);
    let bits = mask.iter().fold(0_u128, |bits, &byte| bits << 8 | u128::from(byte))
        << (128 - 8 * u32::try_from(mask.len()).unwrap_or(16));
    if bits.leading_ones() + bits.trailing_zeros() < 128 {
        let what = "a network mask with holes".into();
        return Subtree::Malformed { tag: IP, fault: SubtreeFault::Mask, what };
    }
    Subtree::Ip { network: network.to_vec(), mask: mask.to_vec() }
}

/// Labels of letters, digits, hyphens and underscores between single dots.
pub(super) fn is_host(text: &str) -> bool {
    text.strip_suffix('.').unwrap_or(text).split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    })
}

/// Mailbox and host of an address; `None` when it is not an address (RFC 5280 section 4.2.1.6: Mailbox of RFC 5321).
pub(super) fn split_mail(text: &str) -> Option<(&str, &str)> {
    let (mailbox, host) = text.rsplit_once('@')?;
    let is_quoted = mailbox.len() > 1 && mailbox.starts_with('"') && mailbox.ends_with('"');
    let ok = is_quoted || (!mailbox.is_empty() && !mailbox.contains(['@', '"', ' ']));
    (ok && mailbox.is_ascii() && is_host(host)).then_some((mailbox, host))
}
