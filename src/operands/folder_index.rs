//! Which files of a folder hold certain certificates or keys. A folder is read once for all of them: it may hold
//! thousands.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::container::{self, BlockKind, LockedError};
use crate::pem;
use crate::sys::fs::read_limited;
use crate::x509::PrivateKey;

/// A larger file holds something else: certificates and keys have a few KiB.
const MAX_BYTES: u64 = 1 << 20;

/// The files of a folder that hold one of the certificates looked for.
#[derive(Debug, Default)]
pub struct FolderIndex {
    /// By the DER of a certificate, in the order of the files' names.
    holders: HashMap<Vec<u8>, Vec<PathBuf>>,
    locked: Vec<PathBuf>,
}

impl FolderIndex {
    /// Reads every file of the folder, but for backups and what is larger than a certificate file.
    pub fn read(folder: &Path, wanted: &HashSet<Vec<u8>>) -> Self {
        let mut index = Self::default();
        for (path, bytes) in files(folder) {
            if !is_readable(&bytes) || is_one_key(&bytes) {
                continue;
            }
            let contents = container::read(&bytes, None);
            let needs_password = |error: &container::Error| {
                matches!(error, container::Error::Pkcs12(LockedError::PasswordNeeded))
            };
            if contents.errors.iter().any(needs_password) {
                index.locked.push(path);
                continue;
            }
            for block in contents.blocks.iter().filter(|block| block.kind == BlockKind::Certificate) {
                if wanted.contains(block.der.as_slice()) {
                    let holders = index.holders.entry(block.der.to_vec()).or_default();
                    if holders.last() != Some(&path) {
                        holders.push(path.clone());
                    }
                }
            }
        }
        index
    }

    /// The files that hold a certificate (DER).
    pub fn holders(&self, certificate: &[u8]) -> &[PathBuf] {
        self.holders.get(certificate).map(Vec::as_slice).unwrap_or_default()
    }

    /// PKCS#12 files whose contents only a password shows.
    pub fn locked(&self) -> &[PathBuf] {
        &self.locked
    }
}

/// The files of a folder that hold private keys without a password, by their SubjectPublicKeyInfo.
pub fn open_keys(folder: &Path) -> HashMap<Vec<u8>, PathBuf> {
    let mut keys = HashMap::new();
    for (path, bytes) in files(folder).filter(|(_, bytes)| is_readable(bytes)) {
        let contents = container::read(&bytes, None);
        for block in contents.blocks.into_iter().filter(|block| block.kind == BlockKind::PrivateKey) {
            if let Ok(key) = PrivateKey::from_der(block.der) {
                keys.entry(key.spki().to_vec()).or_insert_with(|| path.clone());
            }
        }
    }
    keys
}

/// The folder of a file, as the user would type it; empty is the current one.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or_else(|| Path::new(""))
}

/// Paths and contents, in the order of the names, one after the other.
fn files(folder: &Path) -> impl Iterator<Item = (PathBuf, Zeroizing<Vec<u8>>)> {
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut names: Vec<_> =
        fs::read_dir(listed).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    names.retain(|name| !is_backup(name));
    names.sort();
    names.into_iter().filter_map(move |name| {
        let path = folder.join(name);
        // Reading a pipe would wait.
        let is_small_file = fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_BYTES);
        let bytes = if is_small_file { read_limited(&path, MAX_BYTES).ok()? } else { return None };
        Some((path, Zeroizing::new(bytes)))
    })
}

/// What somebody put aside is to stay as it is.
fn is_backup(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let ending = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('.');
    let is_named = |text: &str| {
        ["bak", "backup", "old", "orig", "save", "tmp"]
            .iter()
            .any(|word| text.strip_suffix(word).is_some_and(|rest| rest.ends_with(['.', '-', '_'])))
    };
    name.ends_with('~') || is_named(&name) || is_named(ending)
}

/// PEM, DER or UTF-16, by the first bytes: what is anything else is not worth decoding.
fn is_readable(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) || pem::has_block(bytes)
}

/// One private key in PEM and nothing else, as half of the files of a CA's folder are.
fn is_one_key(bytes: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let Some(rest) = bytes.strip_prefix(BEGIN) else { return false };
    let label = rest.split(|&byte| byte == b'-').next().unwrap_or_default();
    label.ends_with(b"PRIVATE KEY") && !rest.windows(BEGIN.len()).any(|window| window == BEGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_are_told_from_others() {
        for backup in ["a.crt.bak", "a.key.bak.2", "a.pem~", "a.crt.old", "chain-old", "a.crt.certkit-1.tmp"]
        {
            assert!(is_backup(OsStr::new(backup)), "{backup}");
        }
        for other in ["server.crt", "gold", "a.pem", "v1.crt", "fullchain2.pem", "2026"] {
            assert!(!is_backup(OsStr::new(other)), "{other}");
        }
    }

    #[test]
    fn a_key_alone_is_not_decoded() {
        let key = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
        assert!(is_one_key(key.as_bytes()));
        let with_more = format!("{key}-----BEGIN CERTIFICATE-----\n");
        assert!(!is_one_key(with_more.as_bytes()) && !is_one_key(b"-----BEGIN CERTIFICATE-----\n"));
    }
}
