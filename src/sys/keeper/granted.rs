//! What a keeper does with the paths that it was given.
//!
//! The front may have been taken over, and who took it over may write to a folder of log files. So a log file's
//! folder is opened once, at the start; below it no symbolic link is followed, and a file with a second name
//! (link(2)) is not opened: it might be /etc/passwd. (What a folder is renamed to keeps its log files.)

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use super::message::{Access, Grant};
use crate::sys::opener::{FileIdentity, dated};
use crate::sys::read::open_without_waiting;

/// A path, and what may be done with it.
#[derive(Debug)]
pub(super) enum Granted {
    Read(PathBuf),
    Log { log: io::Result<Located>, backup: Option<io::Result<Located>> },
    Remove(io::Result<Located>),
}

/// A name in a folder that is open.
#[derive(Debug)]
pub(super) struct Located {
    folder: OwnedFd,
    name: OsString,
}

impl Granted {
    pub(super) fn new(grant: &Grant) -> Self {
        match &grant.access {
            // Certificates are replaced by symbolic links (certbot, Kubernetes), so the path counts.
            Access::Read => Self::Read(grant.path.clone()),
            Access::Log { backup } => {
                Self::Log { log: Located::of_log(&grant.path), backup: backup.as_deref().map(Located::of) }
            }
            Access::Remove => Self::Remove(Located::of(&grant.path)),
        }
    }

    pub(super) fn read(&self) -> io::Result<File> {
        match self {
            Self::Read(path) => open_without_waiting(path),
            _ => Err(not_granted()),
        }
    }

    pub(super) fn append(&self) -> io::Result<File> {
        let Self::Log { log, .. } = self else { return Err(not_granted()) };
        let Located { folder, name } = log.as_ref().map_err(copy)?;
        // A pipe that nobody reads would be waited for.
        let flags = OFlags::CREATE | OFlags::APPEND | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mode = Mode::from_raw_mode(0o666);
        let file = rustix::fs::openat(folder, name, flags | OFlags::CLOEXEC | OFlags::NOCTTY, mode)?;
        rustix::fs::fcntl_setfl(&file, OFlags::APPEND)?;
        let file = File::from(file);
        let metadata = file.metadata()?;
        if metadata.is_file() && metadata.nlink() > 1 {
            return Err(Errno::MLINK.into());
        }
        Ok(file)
    }

    pub(super) fn move_away(&self) -> io::Result<()> {
        let Self::Log { log, backup } = self else { return Err(not_granted()) };
        let log = log.as_ref().map_err(copy)?;
        match backup {
            Some(backup) => {
                let backup = backup.as_ref().map_err(copy)?;
                rustix::fs::renameat(&log.folder, &log.name, &backup.folder, &backup.name)?;
            }
            None => {
                let name = dated(Path::new(&log.name));
                rustix::fs::renameat(&log.folder, &log.name, &log.folder, &name)?;
            }
        }
        Ok(())
    }

    pub(super) fn remove(&self, file: FileIdentity) -> io::Result<()> {
        let Self::Remove(located) = self else { return Err(not_granted()) };
        let Located { folder, name } = located.as_ref().map_err(copy)?;
        let there = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if (FileIdentity { device: there.st_dev, inode: there.st_ino }) == file {
            rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
        }
        Ok(())
    }
}

impl Located {
    fn of(path: &Path) -> io::Result<Self> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        Self::in_folder(folder, name)
    }

    /// The place of a log file, which root may have put elsewhere by a symbolic link.
    fn of_log(path: &Path) -> io::Result<Self> {
        match path.symlink_metadata() {
            Ok(link) if link.is_symlink() && link.uid() == 0 => Self::of(&path.canonicalize()?),
            _ => Self::of(path),
        }
    }

    fn in_folder(folder: &Path, name: &OsStr) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(CWD, folder, flags, Mode::empty())?;
        Ok(Self { folder, name: name.to_owned() })
    }
}

/// The same error once more.
fn copy(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

fn not_granted() -> io::Error {
    io::ErrorKind::PermissionDenied.into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::sys::testing::make_fifo;

    fn granted(path: &Path, access: Access) -> Granted {
        Granted::new(&Grant { path: path.to_owned(), access })
    }

    #[test]
    fn only_what_was_granted_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "text").unwrap();
        let identity = FileIdentity::from(&path.metadata().unwrap());
        let other = FileIdentity { inode: identity.inode + 1, ..identity };
        let [read, log, remove] =
            [Access::Read, Access::Log { backup: None }, Access::Remove].map(|access| granted(&path, access));
        assert!(read.append().is_err() && read.move_away().is_err() && read.remove(identity).is_err());
        assert!(log.read().is_err() && log.remove(identity).is_err());
        assert!(remove.read().is_err() && remove.append().is_err() && remove.move_away().is_err());
        read.read().unwrap();
        log.append().unwrap().write_all(b"x").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "textx");
        remove.remove(other).unwrap();
        assert!(path.exists(), "another has taken its place");
        remove.remove(identity).unwrap();
        assert!(!path.exists());
        assert_eq!(remove.remove(identity).unwrap_err().kind(), io::ErrorKind::NotFound);
        let nowhere = granted(&folder.path().join("no/log"), Access::Log { backup: None });
        assert_eq!(nowhere.append().unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(granted(Path::new("/"), Access::Log { backup: None }).append().is_err());
    }

    #[test]
    fn log_files_are_moved_to_what_was_granted() {
        let folder = tempfile::tempdir().unwrap();
        let [path, backup] = ["log", "old"].map(|name| folder.path().join(name));
        let log = granted(&path, Access::Log { backup: Some(backup.clone()) });
        log.append().unwrap();
        log.move_away().unwrap();
        assert!(backup.exists() && !path.exists());
        let log = granted(&path, Access::Log { backup: None });
        log.append().unwrap();
        log.move_away().unwrap();
        let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert!(names.iter().any(|name| name.to_string_lossy().starts_with("log.")), "{names:?}");
    }

    #[test]
    fn no_log_file_leads_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let [path, precious] = ["log", "precious"].map(|name| folder.path().join(name));
        fs::write(&precious, "").unwrap();
        let log = granted(&path, Access::Log { backup: None });
        log.append().unwrap();
        let replaced = |link: &dyn Fn()| {
            fs::remove_file(&path).unwrap();
            link();
            log.append().map(drop).unwrap_err().raw_os_error().map(Errno::from_raw_os_error)
        };
        assert_eq!(replaced(&|| symlink(&precious, &path).unwrap()), Some(Errno::LOOP));
        assert_eq!(replaced(&|| fs::hard_link(&precious, &path).unwrap()), Some(Errno::MLINK));
        // Nobody reads it: this one would wait for ever.
        assert_eq!(replaced(&|| make_fifo(&path)), Some(Errno::NXIO));
        fs::remove_file(&path).unwrap();
        log.append().unwrap();
        // What takes the folder's place is not followed either.
        let inner = folder.path().join("logs");
        fs::create_dir(&inner).unwrap();
        let log = granted(&inner.join("precious"), Access::Log { backup: None });
        fs::rename(&inner, folder.path().join("moved")).unwrap();
        symlink(folder.path(), &inner).unwrap();
        log.append().unwrap().write_all(b"x").unwrap();
        assert_eq!(fs::read_to_string(&precious).unwrap(), "");
    }
}
