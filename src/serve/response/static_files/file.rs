//! Opening and reading files beneath a folder: at once where the system has everything in memory, else by a thread that
//! may wait for the disk.
//!
//! Most files are in the page cache, and then a thread costs several times what the file itself does. So the system is
//! asked first for what it has at hand (openat2(2) `RESOLVE_CACHED`, preadv2(2) `RWF_NOWAIT`).

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustix::fs::{
    Advice, CWD, FileType, Mode, OFlags, ResolveFlags, fadvise, fstat, fstatfs, openat, openat2,
};
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;

use super::memory::{FileMemory, Room};
use super::version::{FileState, FileVersion};

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

/// How a file is opened for reading. NONBLOCK: opening a named pipe must not wait for a writer.
const READING: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// How one is opened that is only named to another program.
const NAMING: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

/// Files that may stay open while their clients take what was read. Further ones are closed and opened again, so that
/// slow clients cannot use up the descriptors of the server: a quarter of the usual limit of 1,024.
static WAITING: Semaphore = Semaphore::const_new(256);

/// The folder beneath which files are opened.
#[derive(Debug)]
pub(super) struct Directory {
    descriptor: OwnedFd,
    is_local: bool,
    waiting: &'static Semaphore,
    memory: Arc<FileMemory>,
    /// In that memory.
    number: usize,
}

/// A path beneath a folder.
#[derive(Clone, Debug)]
pub(super) struct FilePath {
    pub(super) directory: Arc<Directory>,
    pub(super) relative: Arc<str>,
}

/// What is at a path.
pub(super) enum PathContent {
    Directory,
    File(FileReader),
}

/// A regular file, of which pieces are read.
pub(super) struct FileReader {
    path: FilePath,
    state: FileState,
    file: Option<HeldFile>,
    /// All of it, if it is in memory.
    kept: Option<Bytes>,
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
    pub(super) fn open(path: &Path, memory: &Arc<FileMemory>) -> io::Result<Self> {
        Self::with_limit(path, &WAITING, memory)
    }

    /// With another limit of files that stay open.
    pub(super) fn with_limit(
        path: &Path,
        waiting: &'static Semaphore,
        memory: &Arc<FileMemory>,
    ) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = openat(CWD, path, flags, Mode::empty())?;
        let is_local = fstatfs(&descriptor).is_ok_and(|system| LOCAL.contains(&magic(system.f_type)));
        let number = memory.folder();
        Ok(Self { descriptor, is_local, waiting, memory: Arc::clone(memory), number })
    }

    /// A file of this folder from memory, if it was opened and looked at a moment ago.
    pub(super) fn fresh(self: &Arc<Self>, wanted: &str) -> Option<FileReader> {
        let (relative, state, bytes) = self.memory.fresh(self.number, wanted)?;
        let path = FilePath { directory: Arc::clone(self), relative };
        Some(FileReader { path, state, file: None, kept: Some(bytes) })
    }
}

/// The number of a file system has 32 bits, and is a signed or unsigned number of 32 or 64 bits by architecture.
fn magic(number: impl TryInto<i64>) -> u64 {
    number.try_into().map_or(0, |number| number.cast_unsigned() & 0xffff_ffff)
}

impl FilePath {
    /// Opens what is there, if that needs no waiting.
    pub(super) fn open_now(&self) -> Option<io::Result<PathContent>> {
        Some(self.descriptor_now(READING)?.and_then(|file| self.content(file)))
    }

    /// Opens what is there. May wait for the disk.
    pub(super) fn open(&self) -> io::Result<PathContent> {
        self.content(self.descriptor(READING)?)
    }

    /// What is there, if that needs no waiting. It need not be readable.
    pub(super) fn file_type_now(&self) -> Option<io::Result<FileType>> {
        Some(self.descriptor_now(NAMING)?.and_then(|file| file_type(&file)))
    }

    /// The same. May wait for the disk.
    pub(super) fn file_type(&self) -> io::Result<FileType> {
        file_type(&self.descriptor(NAMING)?)
    }

    fn descriptor_now(&self, flags: OFlags) -> Option<io::Result<OwnedFd>> {
        if !self.directory.is_local {
            return None;
        }
        match self.open_with(flags, ResolveFlags::CACHED | ResolveFlags::NO_XDEV) {
            // It is not cached, or the tree has just changed; the flag is unknown (before Linux 5.12); another file
            // system is mounted there (or the path leads out of the folder, which the second try tells).
            Err(Errno::AGAIN | Errno::INTR | Errno::INVAL | Errno::XDEV) => None,
            result => Some(result.map_err(io::Error::from)),
        }
    }

    fn descriptor(&self, flags: OFlags) -> io::Result<OwnedFd> {
        loop {
            match self.open_with(flags, ResolveFlags::empty()) {
                // The kernel asks to try again when the tree changes while it looks, or another program gives up its
                // lease of the file.
                Err(Errno::AGAIN) => std::thread::sleep(Duration::from_millis(1)),
                Err(Errno::INTR) => {}
                result => return Ok(result?),
            }
        }
    }

    fn open_with(&self, flags: OFlags, resolve: ResolveFlags) -> Result<OwnedFd, Errno> {
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
        let state = FileState::of(&metadata);
        let Directory { memory, number, .. } = &*self.directory;
        let kept = memory.same(*number, &self.relative, state);
        let file = kept.is_none().then_some(HeldFile { file, permit: None });
        Ok(PathContent::File(FileReader { path: self.clone(), state, file, kept }))
    }
}

fn file_type(descriptor: &OwnedFd) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(fstat(descriptor)?.st_mode))
}

impl FileReader {
    pub(super) fn version(&self) -> FileVersion {
        self.state.version
    }

    /// All of it, if it is in memory.
    pub(super) fn kept(&self) -> Option<&Bytes> {
        self.kept.as_ref()
    }

    /// Room in memory, if it may be kept there.
    pub(super) fn room(&self) -> Option<Room> {
        self.path.directory.memory.room(self.state, self.state.version.length)
    }

    /// Keeps all of it in memory.
    pub(super) fn keep(&self, bytes: Vec<u8>, room: Room) -> Bytes {
        let Directory { memory, number, .. } = &*self.path.directory;
        memory.keep(*number, Arc::clone(&self.path.relative), self.state, bytes, room)
    }

    /// Reads up to `length` bytes from `offset` on, if some are in memory: at least one byte.
    pub(super) fn read_now(&mut self, offset: u64, length: usize) -> Option<Vec<u8>> {
        if self.file.is_none() && self.kept.is_none() {
            let content = self.path.open_now()?.ok()?;
            self.take(content);
        }
        if self.kept.is_some() {
            return self.read_kept(offset, length);
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
        if self.file.is_none() && self.kept.is_none() {
            let content = self.path.open()?;
            self.take(content);
        }
        if self.kept.is_some() {
            return self.read_kept(offset, length).ok_or_else(changed);
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
        if next < self.state.version.length {
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

    /// The same from memory.
    fn read_kept(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
        let rest = self.kept.as_ref()?.get(usize::try_from(offset).ok()?..)?;
        rest.get(..length.min(rest.len())).filter(|piece| !piece.is_empty()).map(<[u8]>::to_vec)
    }

    /// Takes what was opened anew, if it is the file whose length was promised.
    fn take(&mut self, content: PathContent) {
        if let PathContent::File(reader) = content
            && reader.version() == self.version()
        {
            (self.file, self.kept) = (reader.file, reader.kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_files_are_opened_and_read_at_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "text").unwrap();
        let directory = Directory::open(folder.path(), &Arc::default()).unwrap();
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
