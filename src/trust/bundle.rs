//! A file with the system's roots and the CA, for programs that trust the roots of one file and no others.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;

use super::{Anchor, StoreError, Surroundings};
use crate::pem;
use crate::sys::fs::{Existing, NewFile, PUBLIC, create_all, create_folder, plain, read_limited};

/// Where systems keep all their roots in one file: Debian, Arch and Alpine; Fedora; SUSE; macOS.
const PLACES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// More than any bundle has.
const MAX_BYTES: u64 = 64 << 20;

/// The system's own file if the CA is in it, else one in `folder`, which is brought up to date. `None` where the system
/// has no such file: one with the CA alone would make its readers refuse every public site.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn provide(
    anchor: &Anchor,
    surroundings: &Surroundings,
    folder: &Path,
) -> Result<Option<PathBuf>, StoreError> {
    let readable = |path: PathBuf| read_limited(&path, MAX_BYTES).ok().map(|bytes| (path, bytes));
    let mut places = PLACES.iter().map(|place| surroundings.below_root(place));
    let Some((path, mut roots)) = places.find_map(readable) else { return Ok(None) };
    if anchor.is_in(&roots) {
        return Ok(Some(path));
    }
    if !roots.ends_with(b"\n") {
        roots.push(b'\n');
    }
    roots.extend_from_slice(anchor.pem().as_bytes());
    let path = folder.join(format!("{}.pem", Anchor::file_stem(&anchor.certificate)));
    write(&path, folder, roots)?;
    Ok(Some(path))
}

/// The CA's file if everything reads it: PEM with this one certificate. Else one in `folder`.
///
/// # Errors
/// When the file cannot be written.
pub fn plain_file(anchor: &Anchor, file: &Path, folder: &Path) -> Result<PathBuf, StoreError> {
    let is_plain = read_limited(file, MAX_BYTES).is_ok_and(|bytes| {
        let scan = pem::scan(&bytes);
        let is_whole = scan.damages.is_empty() && scan.errors.is_empty();
        matches!(&scan.blocks[..], [one] if one.label == "CERTIFICATE" && is_whole) && anchor.is_in(&bytes)
    });
    if is_plain {
        return Ok(file.to_path_buf());
    }
    let path = folder.join(format!("{}.crt", Anchor::file_stem(&anchor.certificate)));
    write(&path, folder, anchor.pem().into_bytes())?;
    Ok(path)
}

/// What becomes of a file that a variable names already.
#[derive(Debug)]
pub(super) enum Extended {
    /// This one has its certificates and the CA.
    Made(PathBuf),
    /// It is the system's own, or one that certkit made of it: [`provide`] does better.
    Ours,
    /// There are no certificates in it, or it is a folder.
    Unreadable,
}

/// The file that a variable names now if the CA is in it, else a copy in `folder` with the CA. With `adds`, its readers have
/// other roots too, and a file of the system is one as any other.
///
/// # Errors
/// When the copy cannot be written.
pub(super) fn extend(
    anchor: &Anchor,
    now: &Path,
    surroundings: &Surroundings,
    folder: &Path,
    adds: bool,
) -> Result<Extended, StoreError> {
    let stem = Anchor::file_stem(&anchor.certificate);
    let path = fs::canonicalize(now).unwrap_or_else(|_| now.to_path_buf());
    let is = |other: PathBuf| fs::canonicalize(other).is_ok_and(|other| other == path);
    let ending = if adds { "crt" } else { "pem" };
    if is(folder.join(format!("{stem}.{ending}")))
        || !adds && PLACES.iter().any(|place| is(surroundings.below_root(place)))
    {
        return Ok(Extended::Ours);
    }
    let Ok(mut roots) = read_limited(&path, MAX_BYTES) else { return Ok(Extended::Unreadable) };
    if anchor.is_in(&roots) {
        return Ok(Extended::Made(path));
    }
    if !pem::scan(&roots).blocks.iter().any(pem::PemBlock::is_certificate) {
        return Ok(Extended::Unreadable);
    }
    if !roots.ends_with(b"\n") {
        roots.push(b'\n');
    }
    roots.extend_from_slice(anchor.pem().as_bytes());
    let digest = digest::digest(&digest::SHA256, path.as_os_str().as_bytes());
    let digits: String = digest.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let path = folder.join(format!("{stem}-{digits}.pem"));
    write(&path, folder, roots)?;
    Ok(Extended::Made(path))
}

/// Writes a file that is not so already.
fn write(path: &Path, folder: &Path, contents: Vec<u8>) -> Result<(), StoreError> {
    if read_limited(path, MAX_BYTES).is_ok_and(|bytes| bytes == contents) {
        return Ok(());
    }
    let file = NewFile { path: path.to_path_buf(), contents, mode: PUBLIC, existing: Existing::Replace };
    let written = create_folder(folder).and_then(|()| create_all(&[file]));
    written.map_err(|error| StoreError::Failed(error.to_string()))
}

/// The copy of Java's store that [`provide_keystore`] made, unless the store has changed since.
pub(super) fn fresh_keystore(anchor: &Anchor, store: &Path, folder: &Path) -> Option<PathBuf> {
    let path = keystore(anchor, folder);
    let modified = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let is_fresh = modified(&path)? >= modified(store)?;
    is_fresh.then_some(path)
}

/// The same for Java: a copy of its store, into which `import` brings the CA.
///
/// # Errors
/// When the copy cannot be made.
pub(super) fn provide_keystore(
    anchor: &Anchor,
    store: &Path,
    folder: &Path,
    import: impl FnOnce(&Path) -> Result<(), StoreError>,
) -> Result<PathBuf, StoreError> {
    let path = keystore(anchor, folder);
    let cannot = |path: &Path, error: &io::Error| {
        StoreError::Failed(format!("cannot write {}: {}", path.display(), plain(error)))
    };
    create_folder(folder).map_err(|error| StoreError::Failed(error.to_string()))?;
    // Named when it is whole: a Java that starts meanwhile reads the one before.
    let staged = path.with_extension(format!("{}.tmp", std::process::id()));
    let made = read_limited(store, MAX_BYTES)
        .and_then(|bytes| fs::write(&staged, bytes))
        .map_err(|error| cannot(&staged, &error))
        .and_then(|()| import(&staged))
        .and_then(|()| fs::rename(&staged, &path).map_err(|error| cannot(&path, &error)));
    if made.is_err() {
        let _ = fs::remove_file(&staged);
    }
    made.map(|()| path)
}

fn keystore(anchor: &Anchor, folder: &Path) -> PathBuf {
    folder.join(format!("{}.cacerts", Anchor::file_stem(&anchor.certificate)))
}
