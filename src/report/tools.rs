//! What `convert`, `key match` and `hosts` did.

use super::KeySummary;

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
