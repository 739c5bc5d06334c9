//! Opening and reading files beneath a folder: at once where the system has everything in memory, else by a thread that
//! may wait for the disk.
//!
//! Most files are in the page cache, and then a thread costs several times what the file itself does. So the system is
//! asked first for what it has at hand (openat2(2) `RESOLVE_CACHED`, preadv2(2) `RWF_NOWAIT`).

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::fs::{Advice, CWD, Mode, OFlags, ResolveFlags, fadvise, fstatfs, openat, openat2};
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;

/// File systems of this machine, by the numbers of statfs(2): opening a file on them never waits for a network or for
/// another program, once its name is cached.
const LOCAL: [u64; 12] = [
    0x0000_ef53, // ext2, ext3, ext4
    0x5846_5342, // XFS
    0x9123_683e, // Btrfs
    0x0102_1994, // tmpfs
    0x8584_58f6, // ramfs
    0x794c_7630, // overlayfs
    0xf2f5_2010, // F2FS
    0x2fc1_2fc1, // ZFS
    0xca45_1a4e, // bcachefs
    0xe0f5_e1e2, // EROFS
    0x7371_7368, // SquashFS
    0x3153_464a, // JFS
];

/// The last second of the year 9999. HTTP dates have four digits for the year (RFC 9110 section 5.6.7).
const LAST_HTTP_DATE: i64 = 253_402_300_799;

/// Files that may stay open while their clients take what was read. Further ones are closed and opened again, so that
/// slow clients cannot use up the descriptors of the server: a quarter of the usual limit of 1,024.
static WAITING: Semaphore = Semaphore::const_new(256);

/// The folder beneath which files are opened.
#[derive(Debug)]
pub(super) struct Directory {
    descriptor: OwnedFd,
    is_local: bool,
    waiting: &'static Semaphore,
}

/// A path beneath a folder.
#[derive(Clone, Debug)]
pub(super) struct FilePath {
    pub(super) directory: Arc<Directory>,
    pub(super) relative: Arc<str>,
}

/// What tells a file from a later one of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileVersion {
    device: u64,
    inode: u64,
    /// Seconds and nanoseconds since 1970.
    pub(super) modified: (i64, i64),
    /// Bytes.
    pub(super) length: u64,
}

/// What is at a path.
pub(super) enum PathContent {
    Directory,
    File(FileReader),
}

/// A regular file, of which pieces are read.
pub(super) struct FileReader {
    path: FilePath,
    version: FileVersion,
    file: Option<HeldFile>,
}

/// A file that is open.
struct HeldFile {
    file: File,
    /// Without one, it is closed before its client is waited for.
    permit: Option<SemaphorePermit<'static>>,
}

/// A piece that a thread is reading; the file comes back with it.
pub(super) type PieceRead = JoinHandle<io::Result<(FileReader, Vec<u8>)>>;

impl Directory {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::with_limit(path, &WAITING)
    }

    /// With another limit of files that stay open.
    pub(super) fn with_limit(path: &Path, waiting: &'static Semaphore) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = openat(CWD, path, flags, Mode::empty())?;
        let is_local = fstatfs(&descriptor).is_ok_and(|system| LOCAL.contains(&magic(system.f_type)));
        Ok(Self { descriptor, is_local, waiting })
    }
}

/// The number of a file system has 32 bits, and is a signed or unsigned number of 32 or 64 bits by architecture.
fn magic(number: impl TryInto<i64>) -> u64 {
    number.try_into().map_or(0, |number| number.cast_unsigned() & 0xffff_ffff)
}

impl FilePath {
    /// Opens what is there, if that needs no waiting.
    pub(super) fn open_now(&self) -> Option<io::Result<PathContent>> {
        if !self.directory.is_local {
            return None;
        }
        match self.open_with(ResolveFlags::CACHED | ResolveFlags::NO_XDEV) {
            // It is not cached, or the tree has just changed; the flag is unknown (before Linux 5.12); another file
            // system is mounted there (or the path leads out of the folder, which the second try tells).
            Err(Errno::AGAIN | Errno::INTR | Errno::INVAL | Errno::XDEV) => None,
            Err(error) => Some(Err(error.into())),
            Ok(file) => Some(self.content(file)),
        }
    }

    /// Opens what is there. May wait for the disk.
    pub(super) fn open(&self) -> io::Result<PathContent> {
        loop {
            match self.open_with(ResolveFlags::empty()) {
                // The kernel asks to try again when the tree changes while it looks, or another program gives up its
                // lease of the file.
                Err(Errno::AGAIN) => std::thread::sleep(Duration::from_millis(1)),
                Err(Errno::INTR) => {}
                result => return self.content(result?),
            }
        }
    }

    fn open_with(&self, resolve: ResolveFlags) -> Result<OwnedFd, Errno> {
        // NONBLOCK: opening a named pipe must not wait for a writer.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let resolve = resolve | ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        openat2(&self.directory.descriptor, &*self.relative, flags, Mode::empty(), resolve)
    }

    fn content(&self, descriptor: OwnedFd) -> io::Result<PathContent> {
        let file = File::from(descriptor);
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Ok(PathContent::Directory);
        }
        if !metadata.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let version = FileVersion {
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            length: metadata.len(),
        };
        let file = Some(HeldFile { file, permit: None });
        Ok(PathContent::File(FileReader { path: self.clone(), version, file }))
    }
}

impl FileVersion {
    /// The last change, as near as an HTTP date can say.
    pub(super) fn modified_time(&self) -> SystemTime {
        let (seconds, nanoseconds) = self.modified;
        let seconds = seconds.clamp(0, LAST_HTTP_DATE).unsigned_abs();
        SystemTime::UNIX_EPOCH + Duration::new(seconds, u32::try_from(nanoseconds).unwrap_or_default())
    }
}

impl FileReader {
    pub(super) fn version(&self) -> FileVersion {
        self.version
    }

    /// Reads up to `length` bytes from `offset` on, if some are in memory: at least one byte.
    pub(super) fn read_now(&mut self, offset: u64, length: usize) -> Option<Vec<u8>> {
        if self.file.is_none() {
            self.file = self.path.open_now()?.ok().and_then(|content| self.same(content));
        }
        let held = self.file.as_ref()?;
        let mut piece = vec![0; length];
        // An error is met again by the thread that waits.
        let read =
            preadv2(&held.file, &mut [IoSliceMut::new(&mut piece)], offset, ReadWriteFlags::NOWAIT).ok()?;
        piece.truncate(read);
        (read > 0).then_some(piece)
    }

    /// Begins to read `length` bytes from `offset` on, or as many as there are, which is at least one.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::UnexpectedEof`] where the file is not what it was.
    pub(super) fn read_later(mut self, offset: u64, length: usize) -> PieceRead {
        // It may be a while until the thread begins.
        self.wait();
        tokio::task::spawn_blocking(move || {
            let piece = self.read(offset, length)?;
            self.wait();
            Ok((self, piece))
        })
    }

    fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let changed = || io::Error::from(io::ErrorKind::UnexpectedEof);
        if self.file.is_none() {
            let content = self.path.open()?;
            self.file = self.same(content);
        }
        let file = &self.file.as_ref().ok_or_else(changed)?.file;
        let mut piece = vec![0; length];
        let mut filled = 0;
        while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // The file was truncated after its length was sent: the client must see an error.
        if filled == 0 {
            return Err(changed());
        }
        // The disk gets the next piece while the client takes this one. That is advice and may fail.
        let next = offset + filled as u64;
        if next < self.version.length {
            let _ = fadvise(file, next, std::num::NonZeroU64::new(length as u64), Advice::WillNeed);
        }
        piece.truncate(filled);
        Ok(piece)
    }

    /// To be called before a client is waited for: closes the file if too many wait already.
    pub(super) fn wait(&mut self) {
        if let Some(held) = &mut self.file
            && held.permit.is_none()
        {
            held.permit = self.path.directory.waiting.try_acquire().ok();
            self.file.take_if(|held| held.permit.is_none());
        }
    }

    /// The file, if it is the one whose length was promised.
    fn same(&self, content: PathContent) -> Option<HeldFile> {
        match content {
            PathContent::File(reader) if reader.version == self.version => reader.file,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_of_a_file_has_its_http_date() {
        for (seconds, date) in [
            (i64::MIN, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_600_000_000, "Sun, 13 Sep 2020 12:26:40 GMT"),
            (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let version = FileVersion { device: 1, inode: 1, modified: (seconds, 999_999_999), length: 0 };
            assert_eq!(httpdate::fmt_http_date(version.modified_time()), date);
        }
    }

    #[test]
    fn cached_files_are_opened_and_read_at_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "text").unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        if !directory.is_local {
            return;
        }
        let path = FilePath { directory: directory.into(), relative: "a".into() };
        assert!(path.open().is_ok());
        // The system may forget it, or not know the flag, but not a file that was just used, again and again.
        let Some(Ok(PathContent::File(mut file))) = (0..100).find_map(|_| path.open_now()) else {
            panic!("it is not cached");
        };
        match file.read_now(1, 2) {
            Some(piece) => assert_eq!(piece, b"ex"),
            None => assert!(file.read(1, 2).is_ok_and(|piece| piece == b"ex")),
        }
    }
}
