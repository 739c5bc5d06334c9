//! Reading the files of other clients.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::{getegid, geteuid};
use zeroize::Zeroizing;

use super::error::ImportError;
use crate::acme::plan::given_request::GivenRequest;
use crate::acme::storage::pem_files;
use crate::sys::fs::plain;
use crate::sys::read::{open_without_waiting, read_regular, read_regular_from};
use crate::x509::{Certificate, PrivateKey};

/// A chain is some 6 kB, a settings file less.
const MAX_BYTES: u64 = 1 << 20;

pub(super) fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    read_regular(path, MAX_BYTES)
        .map(Zeroizing::new)
        .map_err(|error| format!("cannot read {}: {}", path.display(), plain(&error)))
}

pub(super) fn key(path: &Path) -> Result<PrivateKey, String> {
    pem_files::parse_key(&bytes(path)?).map_err(|reason| format!("cannot use {}: {reason}", path.display()))
}

/// The signing request in a file.
pub(super) fn request(path: &Path) -> Result<GivenRequest, String> {
    pem_files::parse_request(&bytes(path)?)
        .and_then(|der| GivenRequest::new(&der))
        .map_err(|reason| format!("cannot use {}: {reason}", path.display()))
}

pub(super) fn chain(path: &Path) -> Result<Vec<Certificate>, String> {
    pem_files::parse_chain(&bytes(path)?).map_err(|reason| format!("cannot use {}: {reason}", path.display()))
}

/// The text of a file with settings: what is in it will be run as a command and be believed. Nobody may have written it but
/// its owner, who is this user or root.
pub(super) fn settings(path: &Path) -> Result<Zeroizing<String>, String> {
    let error = |error| format!("cannot read {}: {}", path.display(), plain(&error));
    let file = open_without_waiting(path).map_err(error)?;
    let metadata = file.metadata().map_err(error)?;
    check(path, &metadata)?;
    let bytes = Zeroizing::new(read_regular_from(file, MAX_BYTES).map_err(error)?);
    Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The same check for a program that will be run.
pub(super) fn check_owner(path: &Path) -> Result<(), String> {
    let metadata =
        fs::metadata(path).map_err(|error| format!("cannot read {}: {}", path.display(), plain(&error)))?;
    check(path, &metadata)
}

fn check(path: &Path, metadata: &fs::Metadata) -> Result<(), String> {
    if ![0, geteuid().as_raw()].contains(&metadata.uid()) {
        return Err(format!("{} belongs to another user (uid {})", path.display(), metadata.uid()));
    }
    // One's own group is often one's own alone; others are not.
    let forbidden = if metadata.gid() == getegid().as_raw() { 0o002 } else { 0o022 };
    if metadata.mode() & forbidden != 0 {
        return Err(format!("other users may write to {}", path.display()));
    }
    Ok(())
}

/// The same of a file that may be missing.
pub(super) fn settings_if_any(path: &Path) -> Result<Zeroizing<String>, String> {
    if path.symlink_metadata().is_err() { Ok(Zeroizing::default()) } else { settings(path) }
}

/// The paths in a folder, sorted; none when it is missing.
pub(super) fn inside(folder: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let error = |source| ImportError::Io { path: folder.to_owned(), source };
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(error)?,
    };
    let mut paths =
        listed.map(|one| one.map(|one| one.path())).collect::<Result<Vec<_>, _>>().map_err(error)?;
    paths.sort_unstable();
    Ok(paths)
}

/// The last part of a path without an ending.
pub(super) fn stem(path: &Path, ending: &str) -> Option<String> {
    Some(path.file_name()?.to_str()?.strip_suffix(ending)?.to_owned())
}

/// The folders below `folder` that hold a file of this name, at most `depth` deep.
pub(super) fn folders_with(folder: &Path, file: &str, depth: usize) -> Result<Vec<PathBuf>, ImportError> {
    let mut all = Vec::new();
    if folder.join(file).is_file() {
        all.push(folder.to_owned());
    }
    if depth > 0 {
        for path in inside(folder)?.iter().filter(|path| path.is_dir() && !path.is_symlink()) {
            all.extend(folders_with(path, file, depth - 1)?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::*;

    #[test]
    fn settings_that_others_may_write_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.conf");
        assert_eq!(settings_if_any(&path).unwrap().as_str(), "");
        assert!(settings(&path).unwrap_err().contains("a.conf"));
        fs::write(&path, "a = b").unwrap();
        assert_eq!(settings_if_any(&path).unwrap().as_str(), "a = b");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let reason = settings_if_any(&path).unwrap_err();
        assert_eq!(reason, format!("other users may write to {}", path.display()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if geteuid().is_root() {
            chown(&path, Some(1), None).unwrap();
            assert!(settings(&path).unwrap_err().contains("another user (uid 1)"));
            chown(&path, Some(0), Some(1)).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
            assert!(settings(&path).is_err());
        }
    }
}
