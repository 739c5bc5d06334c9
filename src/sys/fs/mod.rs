//! Files that appear whole or not at all.
//!
//! [`create_all`] writes every file to a temporary neighbour first (mode set at creation), syncs them together, and only then
//! gives them their names, without replacing anything unless asked. When one of them fails, those already in place
//! are taken back: all or none, even when the run is killed ([`mod@journal`]). [`stage`] does the first half alone, for those
//! who must do something in between.
//!
//! An output that is a symbolic link stays one: the file behind it is the one that is made ([`mod@links`]).

mod journal;
mod leftovers;
mod links;
mod staged;
mod step;

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use self::journal::heal;
pub use self::journal::{JournalProblem, user_name};
pub use self::leftovers::{is_temporary, remove_leftovers};
pub use self::staged::stage;
pub use self::step::take_kept;

/// A file to be made.
#[derive(Clone, Debug)]
pub struct NewFile {
    pub path: PathBuf,
    /// All of its bytes.
    pub contents: Vec<u8>,
    /// Its permission bits, such as 0o600 for a key. They hold from the first byte on.
    pub mode: u32,
    /// What to do when there is another file of that name.
    pub existing: Existing,
}

/// What to do when the file exists with other contents. (The same contents are never a conflict.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Refuse,
    /// Replace it, and keep the old one as `.bak`.
    KeepBackup,
    Replace,
    /// The same, where the new file has every key of the old one.
    Rewrite,
}

/// Mode of files that everybody may read.
pub const PUBLIC: u32 = 0o644;
/// Mode of files that hold a private key.
pub const PRIVATE: u32 = 0o600;

/// The error for folders, devices, pipes and sockets that would be replaced.
pub(super) const NO_FILE: &str = "it is not a regular file";

/// Why files could not be made. Nothing has changed on disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of that name exists and holds something else.
    #[error("`{}` already exists and would be overwritten", .0.display())]
    Exists(PathBuf),
    /// It may be the only copy of a key, and something else would take its place.
    #[error("`{}` holds a private key, which is not replaced by something else", .0.display())]
    HoldsKey(PathBuf),
    /// What a killed run has left in the folder cannot be finished.
    #[error("`{}` is left of a certkit that was stopped, and cannot be finished: {problem}", .path.display())]
    Journal { path: PathBuf, problem: JournalProblem },
    #[error("cannot {action} {}: {}", .path.display(), plain(.source))]
    Io {
        /// What was tried, as `write`.
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Makes the folder that files go into, if it is not there.
///
/// # Errors
/// When it cannot be made.
pub fn create_folder(path: &Path) -> Result<(), Error> {
    // Anyone who may write to the folder of a CA can replace the CA, so others may not, whatever the umask.
    DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(|source| Error::Io {
        action: "make the folder",
        path: path.to_path_buf(),
        source,
    })
}

/// Creates all files or none of them.
///
/// # Errors
/// [`Error::Exists`] before anything is written when a file is in the way, [`Error::Io`] when the system refuses.
pub fn create_all(files: &[NewFile]) -> Result<(), Error> {
    stage(files)?.commit()
}

/// What stands between a file's name and the number of the run that writes it, while it is temporary.
const MARK: &str = ".certkit-";

/// Finishes what a run left that was killed while it gave several files of a folder their names ([`mod@journal`]); `file` is
/// any path in it. Costs next to nothing where there is nothing to finish.
pub fn heal_folder_of(file: &Path) {
    heal(parent(file));
}

/// The names that a journal in `folder` gives, with the temporary ones; none when it is not a journal.
#[cfg(feature = "internals")]
pub fn journal_names(contents: &[u8], folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    let steps = journal::decode(contents, folder).unwrap_or_default();
    steps.into_iter().map(|step| (step.path.clone(), step.temporary())).collect()
}

/// Reads at most `limit` bytes of a file; more is an error of kind [`io::ErrorKind::FileTooLarge`].
///
/// # Errors
/// What the system says, with [`io::ErrorKind::IsADirectory`] for a directory.
pub fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    read_limited_from(file, limit)
}

pub fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, NO_FILE)
}

/// As [`read_limited`], from anything that can be read.
///
/// # Errors
/// What the reader says.
pub fn read_limited_from(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    reader.take(limit + 1).read_to_end(&mut contents)?;
    if contents.len() as u64 > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(contents)
}

/// An I/O error in words, without Rust's "(os error 2)".
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// The path that a file is really written to: behind links.
fn target(file: &NewFile) -> Result<PathBuf, Error> {
    let is_link = fs::symlink_metadata(&file.path).is_ok_and(|meta| meta.is_symlink());
    if !is_link {
        return Ok(file.path.clone());
    }
    if fs::metadata(&file.path).is_ok_and(|meta| !meta.is_file()) {
        return Err(match file.existing {
            Existing::Refuse => Error::Exists(file.path.clone()),
            _ => Error::Io { action: "replace", path: file.path.clone(), source: no_file() },
        });
    }
    links::behind_links(&file.path)
}

fn same_contents(path: &Path, file: &NewFile) -> bool {
    let Ok(meta) = fs::metadata(path) else { return false };
    // A key that others may read is not the same file, even with the same bytes.
    let mode_fits = file.mode & 0o077 != 0 || meta.permissions().mode() & 0o077 == 0;
    let fits = meta.is_file() && mode_fits && meta.len() == file.contents.len() as u64;
    fits && fs::read(path).is_ok_and(|old| old == file.contents)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.file_name().unwrap_or(path.as_os_str()));
    name.push(suffix);
    path.with_file_name(name)
}

/// Where a file goes that is replaced and kept: `key.bak`, or `key.bak.2` and so on, since an older backup may be the only
/// copy of a key. Where the path is a link, the backup is next to the file behind it.
pub fn free_backup_name(path: &Path) -> PathBuf {
    let behind = links::behind_links(path);
    let path = behind.as_deref().unwrap_or(path);
    let first = beside(path, ".bak");
    if fs::symlink_metadata(&first).is_err() {
        return first;
    }
    (2u32..)
        .map(|number| beside(path, &format!(".bak.{number}")))
        .find(|name| fs::symlink_metadata(name).is_err())
        .unwrap_or(first)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
