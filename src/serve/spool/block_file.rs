//! The temporary file of all bodies: blocks that are handed out and come back.
//!
//! The calls that block are for a thread that may ([`Block::write`], [`Block::read`]).

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FallocateFlags, Mode, OFlags, fallocate, ftruncate, open, openat, unlinkat};
use rustix::io::{Errno, ReadWriteFlags, preadv2};

/// Bytes of a block.
pub(super) const BLOCK: usize = 64 * 1024;

/// So many blocks may be kept without need before they are given back to the disk.
const KEPT: usize = 256;

/// After an error the file is left alone for this long.
const REST: Duration = Duration::from_secs(1);

/// The log names an error again after this time.
const SILENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct BlockFile {
    folder: PathBuf,
    /// Opened when the first body is written.
    file: OnceLock<File>,
    blocks: Mutex<Blocks>,
    beginning: Instant,
    /// Milliseconds since the beginning until which the file is left alone, and the log silent.
    rests_until: AtomicU64,
    silent_until: AtomicU64,
}

/// The numbers of blocks.
#[derive(Debug, Default)]
struct Blocks {
    /// The first number that was never handed out.
    end: u32,
    /// Handed out.
    used: usize,
    /// Not in use, but their bytes are still on the disk.
    full: Vec<u32>,
    /// Not in use, holes in the file.
    holes: Vec<u32>,
    /// Blocks are being given back.
    is_trimming: bool,
    /// The file system has no holes: the file is only emptied as a whole.
    is_solid: bool,
}

/// A block of the file, which is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Block {
    number: u32,
    file: Arc<BlockFile>,
}

impl BlockFile {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            file: OnceLock::new(),
            blocks: Mutex::default(),
            beginning: Instant::now(),
            rests_until: AtomicU64::new(0),
            silent_until: AtomicU64::new(0),
        }
    }

    /// Whether it is worth trying: it had no error just now.
    pub(super) fn is_usable(&self) -> bool {
        self.rests_until.load(Relaxed) <= self.now()
    }

    /// A block that nobody else has; `None` when there are no more numbers.
    pub(super) fn allocate(self: &Arc<Self>) -> Option<Block> {
        let mut blocks = self.blocks();
        let number = match blocks.full.pop().or_else(|| blocks.holes.pop()) {
            Some(number) => number,
            None => {
                let number = blocks.end;
                blocks.end = number.checked_add(1)?;
                number
            }
        };
        blocks.used += 1;
        Some(Block { number, file: Arc::clone(self) })
    }

    /// Writes into a block. Blocks the thread.
    ///
    /// # Errors
    /// What the system says: most often that the disk is full. It is logged here, not too often, and
    /// the file is left alone for a while.
    fn write(&self, block: &Block, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let written = self.file().and_then(|file| file.write_all_at(bytes, block.position(offset)));
        written.inspect_err(|error| self.failed(error))
    }

    fn file(&self) -> io::Result<&File> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let opened = self.open()?;
        // Another thread may have been faster: then this one is closed again.
        Ok(self.file.get_or_init(|| opened))
    }

    /// A file without a name: it is gone when this process is.
    fn open(&self) -> io::Result<File> {
        let mode = Mode::RUSR | Mode::WUSR;
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        match openat(CWD, &self.folder, flags | OFlags::TMPFILE, mode) {
            Ok(file) => return Ok(file.into()),
            // Not on every file system (open(2)); old kernels take it for a folder.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
        let folder = open(&self.folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let mut number = 0u16;
        loop {
            let name = format!(".certkit-{}-{number}", std::process::id());
            match openat(&folder, &name, flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW, mode) {
                Ok(file) => {
                    unlinkat(&folder, &name, rustix::fs::AtFlags::empty())?;
                    return Ok(file.into());
                }
                Err(Errno::EXIST) if number < 1000 => number += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn failed(&self, error: &io::Error) {
        let after = |time: Duration| self.now() + u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.rests_until.store(after(REST), Relaxed);
        let now = self.now();
        if self.silent_until.load(Relaxed) <= now {
            self.silent_until.store(after(SILENCE), Relaxed);
            let folder = self.folder.display();
            tracing::error!(
                "cannot write bodies to a temporary file in {folder}: {error}. Until that works, slow readers \
                 hold workers, and large request bodies are refused with status 503"
            );
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.beginning.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn release(self: &Arc<Self>, number: u32) {
        let mut blocks = self.blocks();
        blocks.used = blocks.used.saturating_sub(1);
        blocks.full.push(number);
        if !blocks.is_due() {
            return;
        }
        blocks.is_trimming = true;
        drop(blocks);
        let file = Arc::clone(self);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || file.trim())),
            Err(_) => file.trim(),
        }
    }

    /// Gives unused blocks back to the disk. Blocks the thread.
    fn trim(&self) {
        loop {
            let mut numbers = {
                let mut blocks = self.blocks();
                if blocks.is_solid {
                    self.empty(&mut blocks);
                }
                if blocks.is_solid || blocks.full.is_empty() {
                    blocks.is_trimming = false;
                    return;
                }
                std::mem::take(&mut blocks.full)
            };
            numbers.sort_unstable();
            let punched = self.punch(&numbers);
            let mut blocks = self.blocks();
            match punched {
                Ok(()) => blocks.holes.append(&mut numbers),
                Err(error) => {
                    tracing::debug!(%error, "the temporary file cannot have holes");
                    blocks.full.append(&mut numbers);
                    blocks.is_solid = true;
                    continue;
                }
            }
            blocks.is_trimming = false;
            if !blocks.is_due() {
                return;
            }
            blocks.is_trimming = true;
        }
    }

    /// Makes holes of these blocks, neighbours in one piece.
    fn punch(&self, numbers: &[u32]) -> io::Result<()> {
        let Some(file) = self.file.get() else { return Ok(()) };
        for run in numbers.chunk_by(|one, next| one.checked_add(1) == Some(*next)) {
            let Some(first) = run.first() else { continue };
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            fallocate(file, flags, u64::from(*first) * BLOCK as u64, (run.len() * BLOCK) as u64)?;
        }
        Ok(())
    }

    /// Makes the file empty if nothing is in it. Nobody may take a block meanwhile.
    fn empty(&self, blocks: &mut Blocks) {
        if blocks.used == 0
            && let Some(file) = self.file.get()
            && ftruncate(file, 0).is_ok()
        {
            *blocks = Blocks { is_solid: true, is_trimming: true, ..Blocks::default() };
        }
    }

    fn blocks(&self) -> MutexGuard<'_, Blocks> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Blocks {
    /// Whether blocks should be given back now.
    fn is_due(&self) -> bool {
        let wanted = self.used == 0 || (!self.is_solid && self.full.len() >= KEPT);
        wanted && !self.is_trimming && !self.full.is_empty()
    }
}

impl Block {
    /// Writes into the block. Blocks the thread.
    ///
    /// # Errors
    /// What the system says. It is logged already.
    pub(super) fn write(&self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        self.file.write(self, offset, bytes)
    }

    /// Fills `space` with what was written. Blocks the thread.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn read(&self, offset: usize, space: &mut [u8]) -> io::Result<()> {
        self.file.file()?.read_exact_at(space, self.position(offset))
    }

    /// The same without blocking: how many bytes could be had at once; `None` if the disk has to be
    /// asked.
    pub(super) fn read_now(&self, offset: usize, space: &mut [u8]) -> Option<usize> {
        let file = self.file.file.get()?;
        let slices = &mut [IoSliceMut::new(space)];
        // Errors too are for the call that blocks: some file systems do not know the flag.
        preadv2(file, slices, self.position(offset), ReadWriteFlags::NOWAIT).ok().filter(|&length| length > 0)
    }

    fn position(&self, offset: usize) -> u64 {
        u64::from(self.number) * BLOCK as u64 + offset as u64
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.file.release(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn kept_on_disk(file: &BlockFile) -> u64 {
        file.file.get().unwrap().metadata().unwrap().blocks() * 512
    }

    #[test]
    fn blocks_come_back_and_so_does_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let file = Arc::new(BlockFile::new(folder.path().to_owned()));
        let blocks: Vec<_> = (0..6).map(|_| file.allocate().unwrap()).collect();
        for (index, block) in blocks.iter().enumerate() {
            block.write(100, &[index as u8; 5000]).unwrap();
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it has no name");
        let mode = file.file.get().unwrap().metadata().unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        for (index, block) in blocks.iter().enumerate() {
            let mut space = [0xff; 10];
            block.read(100, &mut space).unwrap();
            assert_eq!(space, [index as u8; 10]);
        }
        assert!(kept_on_disk(&file) > 0);
        let numbers: Vec<_> = blocks.iter().map(|block| block.number).collect();
        drop(blocks);
        assert_eq!(kept_on_disk(&file), 0);
        let again: Vec<_> = (0..6).map(|_| file.allocate().unwrap()).collect();
        assert!(again.iter().all(|block| numbers.contains(&block.number)), "they are used again");
    }

    #[test]
    fn a_file_without_holes_is_emptied_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = Arc::new(BlockFile::new(folder.path().to_owned()));
        file.blocks().is_solid = true;
        let (one, other) = (file.allocate().unwrap(), file.allocate().unwrap());
        one.write(0, &[1; BLOCK]).unwrap();
        other.write(0, &[2; BLOCK]).unwrap();
        drop(one);
        assert!(kept_on_disk(&file) >= 2 * BLOCK as u64);
        drop(other);
        assert_eq!(kept_on_disk(&file), 0);
        assert_eq!(file.allocate().unwrap().number, 0);
    }

    #[test]
    fn a_folder_that_is_missing_is_an_error_and_rests() {
        let folder = tempfile::tempdir().unwrap();
        let file = Arc::new(BlockFile::new(folder.path().join("missing")));
        assert!(file.is_usable());
        let block = file.allocate().unwrap();
        assert_eq!(block.write(0, b"x").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!file.is_usable());
        assert_eq!(block.read_now(0, &mut [0]), None);
    }
}
