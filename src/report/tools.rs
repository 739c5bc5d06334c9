//! What `convert`, `key match`, `hosts` and `trust` did.

use super::{CertificateSummary, KeySummary};

/// What `convert` wrote.
#[derive(Debug)]
pub struct Converted {
    pub output: String,
    /// Its permission bits; `None` on standard output.
    pub mode: Option<u32>,
    /// Its form: one of the words that `--to` takes.
    pub form: &'static str,
    /// What it is, in words.
    pub description: String,
    /// What is in it, in order.
    pub items: Vec<ConvertedItem>,
}

/// One thing in a new file.
#[derive(Debug)]
pub struct ConvertedItem {
    /// Its kind, one of the words of [`super::ShownItem::kind`].
    pub kind: &'static str,
    /// What to call it by.
    pub title: String,
    /// The name that PKCS#12 gives it.
    pub name: Option<String>,
    /// Whether a password protects it.
    pub encrypted: bool,
}

/// What `key match` found.
#[derive(Debug)]
pub struct Matched {
    /// The key's file, as it was typed.
    pub key: String,
    /// Kind and size of the key.
    pub summary: KeySummary,
    /// SHA-256 of its public key in lower-case hexadecimal.
    pub public_key_sha256: String,
    /// The files that it was compared with, in the order they were typed.
    pub candidates: Vec<Candidate>,
}

/// A file that may belong to a key.
#[derive(Debug)]
pub struct Candidate {
    /// As it was typed.
    pub file: String,
    /// Whether something in it has the key's public key.
    pub fits: bool,
    /// What that is, or what stands first in the file: a word of [`super::ShownItem::kind`].
    pub kind: &'static str,
    /// What to call it by.
    pub name: String,
}

/// What `hosts` found in the hosts file, or did to it.
#[derive(Debug)]
pub struct HostsFile {
    /// `add`, `remove` or `check`.
    pub action: &'static str,
    /// Whether nothing was changed, because only a plan was asked for.
    pub dry_run: bool,
    /// One of `absent`, `added`, `planned`, `present`, `removed`.
    pub state: &'static str,
    pub file: String,
    /// The name, in lower case and Punycode.
    pub name: String,
    /// Its lines, after the change or as they would be.
    pub entries: Vec<HostsEntry>,
    /// The line for the hosts file of Windows.
    pub windows_line: Option<String>,
}

/// A line of the hosts file that has the name.
#[derive(Debug)]
pub struct HostsEntry {
    /// Counted from 1.
    pub line: usize,
    /// The address in it.
    pub address: String,
    /// Whether certkit put it there.
    pub is_ours: bool,
}

/// What `trust` found in the stores of this machine, or did to them.
#[derive(Debug)]
pub struct Trusted {
    /// `install`, `uninstall` or `status`.
    pub action: &'static str,
    /// Whether nothing was changed, because only a plan was asked for.
    pub dry_run: bool,
    /// The CA's file, as it was typed or found.
    pub file: String,
    pub certificate: CertificateSummary,
    /// What it is called in stores.
    pub name: String,
    /// The stores, in the order they were looked at.
    pub stores: Vec<TrustedStore>,
    /// The exit status: 0, 1 where a store that was only asked does not trust it, 2 where a store could not be asked or
    /// changed.
    pub status: u8,
}

#[derive(Debug)]
pub struct TrustedStore {
    /// `system`, `nss`, `firefox` or `java`.
    pub kind: &'static str,
    pub path: String,
    /// One of `absent`, `failed`, `installed`, `needs_rights`, `pending`, `planned`, `removed`, `trusted`, `untrusted`.
    pub state: &'static str,
    /// What would be done, or what is still to do.
    pub steps: Vec<String>,
}
