//! `hosts` and `key match`.

use serde::Serialize;

use super::certificate::Key;
use crate::render::text::WINDOWS_HOSTS;
use crate::report::{HostsFile, Matched};

/// `hosts`: a name in the hosts file.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct HostsResult<'a> {
    /// `add`, `remove` or `check`.
    action: &'static str,
    /// Whether nothing was changed because of `--dry-run`.
    dry_run: bool,
    /// `absent`, `added`, `planned`, `present` or `removed`.
    state: &'static str,
    /// The hosts file.
    file: &'a str,
    /// The name.
    name: &'a str,
    /// The lines of the hosts file that have the name.
    entries: Vec<HostsEntry<'a>>,
    /// What to write on Windows by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    windows: Option<Windows<'a>>,
}

/// A line of the hosts file.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HostsEntry<'a> {
    /// Its number, from 1.
    line: usize,
    /// The address in it.
    address: &'a str,
    /// Whether certkit wrote it.
    ours: bool,
}

/// The hosts file of Windows.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Windows<'a> {
    /// Its path.
    path: &'static str,
    /// The line to add.
    line: &'a str,
}

/// `key match`: which files belong to a key.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct KeyMatchResult<'a> {
    /// Whether all files belong to the key.
    fits: bool,
    /// The key.
    key: MatchedKey<'a>,
    /// The files in the order they were typed.
    files: Vec<Candidate<'a>>,
}

/// The key that files were compared with.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MatchedKey<'a> {
    /// Its file.
    file: &'a str,
    #[serde(flatten)]
    key: Key<'a>,
    /// SHA-256 of its public key, hexadecimal.
    public_key_sha256: &'a str,
}

/// A file that was compared with the key.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Candidate<'a> {
    /// Its path.
    file: &'a str,
    /// Whether something in it has the public key.
    fits: bool,
    /// What that is, or what stands first in the file.
    kind: &'static str,
    /// What to call it by.
    name: &'a str,
}

impl<'a> HostsResult<'a> {
    pub(super) fn new(hosts: &'a HostsFile) -> Self {
        Self {
            action: hosts.action,
            dry_run: hosts.dry_run,
            state: hosts.state,
            file: &hosts.file,
            name: &hosts.name,
            entries: hosts
                .entries
                .iter()
                .map(|entry| HostsEntry { line: entry.line, address: &entry.address, ours: entry.is_ours })
                .collect(),
            windows: hosts.windows_line.as_deref().map(|line| Windows { path: WINDOWS_HOSTS, line }),
        }
    }
}

impl<'a> KeyMatchResult<'a> {
    pub(super) fn new(matched: &'a Matched, fits: bool) -> Self {
        Self {
            fits,
            key: MatchedKey {
                file: &matched.key,
                key: Key::new(&matched.summary),
                public_key_sha256: &matched.public_key_sha256,
            },
            files: matched
                .candidates
                .iter()
                .map(|one| Candidate { file: &one.file, fits: one.fits, kind: one.kind, name: &one.name })
                .collect(),
        }
    }
}
