//! http-01 by files: `DIR/.well-known/acme-challenge/TOKEN` below the root folder of a web server that runs already.
//!
//! Everything below DIR is opened relative to its parent and never through a symbolic link, so that anyone who may write
//! there cannot lead a certkit that runs as root to files elsewhere. Files are readable by all, since the web server
//! is another user. What was made here is removed here, also when the run ends early.

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::BuildHasher;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rustix::fs::{AtFlags, Mode, OFlags, fchmod, mkdirat, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::{ChallengeAnswer, ChallengeKind, Error, Solver};

/// The folders on the way to the answers.
const FOLDERS: [&str; 2] = [".well-known", "acme-challenge"];
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o755);
const FILE_MODE: Mode = Mode::from_raw_mode(0o644);
/// Written and removed once to see that answers can be; a number follows, since several runs may do so at once.
const PROBE: &str = "certkit-probe";
/// How often the folder is made again when another run has just removed it.
const TRIES: usize = 20;

/// A web server's root folder that answers can be written below.
#[derive(Debug)]
pub(super) struct Webroot {
    root: PathBuf,
    root_fd: OwnedFd,
    made: Mutex<Made>,
}

/// What is to be removed.
#[derive(Debug, Default)]
struct Made {
    /// How many of [`FOLDERS`], from the last, were not there before.
    folders: usize,
    files: Vec<String>,
}

impl Webroot {
    /// Opens the folder and tries whether an answer can be written.
    ///
    /// # Errors
    /// [`Error::Webroot`] with the file or folder in the way.
    pub(super) fn new(root: &Path) -> Result<Self, Error> {
        let open = || {
            let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
            rustix::fs::open(root, flags, Mode::empty())
        };
        let root_fd = open().map_err(|source| error("open the folder", root.to_owned(), source))?;
        let webroot = Self { root: root.to_owned(), root_fd, made: Mutex::default() };
        let probe =
            format!("{PROBE}-{:016x}", BuildHasher::hash_one(&RandomState::new(), std::process::id()));
        webroot.write(&probe, b"")?;
        webroot.remove(&probe)?;
        Ok(webroot)
    }

    /// Other runs below the same root make and remove the folders, too: one that vanishes in between is made again.
    fn write(&self, name: &str, contents: &[u8]) -> Result<(), Error> {
        let is_gone = |error: &Error| matches!(error, Error::Webroot { source, .. } if source.kind() == io::ErrorKind::NotFound);
        let mut result = self.try_to_write(name, contents);
        for _ in 0..TRIES {
            if !result.as_ref().is_err_and(is_gone) {
                break;
            }
            result = self.try_to_write(name, contents);
        }
        result
    }

    fn try_to_write(&self, name: &str, contents: &[u8]) -> Result<(), Error> {
        let folder = self.open_folder(true)?;
        let path = || self.path(name);
        let temporary = format!(".{name}.tmp");
        {
            let files = &mut self.made().files;
            if !files.iter().any(|made| made == name) {
                files.push(name.to_owned());
            }
        }
        let result = (|| {
            // A leftover of a killed run.
            if let Err(source) = unlinkat(&folder, &temporary, AtFlags::empty())
                && source != Errno::NOENT
            {
                return Err(source.into());
            }
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = openat(&folder, &temporary, flags, FILE_MODE)?;
            // The umask may have taken what the web server needs.
            fchmod(&file, FILE_MODE)?;
            File::from(file).write_all(contents)?;
            renameat(&folder, &temporary, &folder, name)?;
            Ok(())
        })();
        result.map_err(|source: io::Error| {
            let _ = unlinkat(&folder, &temporary, AtFlags::empty());
            Error::Webroot { action: "write", path: path(), source }
        })
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.made().files.retain(|made| made != name);
        let folder = match self.open_folder(false) {
            Ok(folder) => folder,
            Err(Error::Webroot { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        match unlinkat(&folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(source) => Err(error("remove", self.path(name), source)),
        }
    }

    /// Opens the folder of the answers step by step, and makes what is missing on the way if `make` says so.
    fn open_folder(&self, make: bool) -> Result<OwnedFd, Error> {
        let mut path = self.root.clone();
        let mut folder: Option<OwnedFd> = None;
        for name in FOLDERS {
            let parent = folder.as_ref().unwrap_or(&self.root_fd);
            path.push(name);
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
            let open = || openat(parent, name, flags, Mode::empty());
            let mut opened = open();
            if opened.as_ref().is_err_and(|&source| source == Errno::NOENT) && make {
                match mkdirat(parent, name, FOLDER_MODE) {
                    Ok(()) => {
                        self.made().folders += 1;
                        opened = open();
                        if let Ok(folder) = &opened {
                            fchmod(folder, FOLDER_MODE)
                                .map_err(|source| error("make the folder", path.clone(), source))?;
                        }
                    }
                    // Another run made it just now.
                    Err(Errno::EXIST) => opened = open(),
                    Err(source) => return Err(error("make the folder", path, source)),
                }
            }
            folder = Some(opened.map_err(|source| error("open the folder", path.clone(), source))?);
        }
        folder.ok_or_else(|| error("open the folder", path, Errno::NOENT))
    }

    /// Removes the folders that were made here, from the innermost; one that somebody else uses meanwhile stays.
    fn remove_folders(&self) {
        let count = std::mem::take(&mut self.made().folders);
        for index in (0..FOLDERS.len()).rev().take(count) {
            let path: PathBuf = FOLDERS.iter().take(index + 1).collect();
            // `.well-known` may have become a symbolic link meanwhile: then this removes an empty folder of that very
            // name at most.
            let _ = unlinkat(&self.root_fd, &path, AtFlags::REMOVEDIR);
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        FOLDERS.iter().fold(self.root.clone(), |path, folder| path.join(folder)).join(name)
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        // No code that holds the lock can panic half-way through a change.
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Solver for Webroot {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Http01
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        for answer in answers {
            self.write(&answer.token, answer.key_authorization.as_bytes())?;
        }
        Ok(())
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        let mut result = Ok(());
        for answer in answers {
            let removed = self.remove(&answer.token);
            result = result.and(removed);
        }
        self.remove_folders();
        result
    }

    fn outlives_process(&self) -> bool {
        true
    }
}

impl Drop for Webroot {
    fn drop(&mut self) {
        let files = std::mem::take(&mut self.made().files);
        for name in files {
            let _ = self.remove(&name);
        }
        self.remove_folders();
    }
}

fn error(action: &'static str, path: PathBuf, source: Errno) -> Error {
    Error::Webroot { action, path, source: source.into() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::x509::HostName;

    fn answer(token: &str) -> ChallengeAnswer {
        ChallengeAnswer {
            host: HostName::Dns("a.test".into()),
            token: token.into(),
            key_authorization: format!("{token}.thumb"),
            scope: crate::acme::challenge::RecordScope::Name,
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn answers_come_and_go_with_the_folders_made_for_them() {
        let dir = tempfile::tempdir().unwrap();
        let webroot = Webroot::new(dir.path()).unwrap();
        let answers = [answer("one"), answer("two")];
        webroot.present(&answers).await.unwrap();
        webroot.present(&answers).await.unwrap();
        let folder = dir.path().join(".well-known/acme-challenge");
        assert_eq!(names(&folder), ["one", "two"]);
        assert_eq!(fs::read_to_string(folder.join("two")).unwrap(), "two.thumb");
        assert_eq!(fs::metadata(folder.join("two")).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o755);
        webroot.withdraw(&answers).await.unwrap();
        assert!(names(dir.path()).is_empty());
        webroot.withdraw(&answers).await.unwrap();
    }

    #[tokio::test]
    async fn what_others_made_stays() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".well-known")).unwrap();
        let webroot = Webroot::new(dir.path()).unwrap();
        webroot.present(&[answer("one")]).await.unwrap();
        fs::write(dir.path().join(".well-known/acme-challenge/other"), "").unwrap();
        // As when the run is broken off.
        drop(webroot);
        assert_eq!(names(&dir.path().join(".well-known/acme-challenge")), ["other"]);
    }

    #[test]
    fn several_runs_share_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let runs: Vec<_> = (0..8)
            .map(|run| {
                let root = dir.path().to_owned();
                std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    for round in 0..40 {
                        let answers = [answer(&format!("token-{run}-{round}"))];
                        let webroot = Webroot::new(&root).unwrap();
                        runtime.block_on(webroot.present(&answers)).unwrap();
                        let shown = root.join(".well-known/acme-challenge").join(&answers[0].token);
                        assert_eq!(fs::read_to_string(shown).unwrap(), answers[0].key_authorization);
                        runtime.block_on(webroot.withdraw(&answers)).unwrap();
                    }
                })
            })
            .collect();
        for run in runs {
            run.join().unwrap();
        }
    }

    #[test]
    fn links_are_not_followed() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        symlink(outside.path(), dir.path().join(".well-known")).unwrap();
        let refused = Webroot::new(dir.path());
        assert!(
            matches!(refused, Err(Error::Webroot { path, .. }) if path == dir.path().join(".well-known"))
        );
        fs::remove_file(dir.path().join(".well-known")).unwrap();
        fs::create_dir_all(dir.path().join(".well-known")).unwrap();
        symlink(outside.path(), dir.path().join(".well-known/acme-challenge")).unwrap();
        assert!(Webroot::new(dir.path()).is_err());
        assert!(names(outside.path()).is_empty());
    }

    #[test]
    fn a_folder_that_is_not_there_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        assert!(matches!(
            Webroot::new(&missing),
            Err(Error::Webroot { path, source, .. }) if path == missing && source.kind() == io::ErrorKind::NotFound
        ));
    }
}
