//! A log file: appended to, opened anew after it was moved away, and moved away by itself when it grows.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::opener::Opener;

/// A file that lines are appended to.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    rotation: Rotation,
    opener: Arc<dyn Opener>,
    open: Mutex<Open>,
}

/// When a log file is moved away, and to where.
#[derive(Clone, Debug, Default)]
pub struct Rotation {
    /// Bytes; `None` for never.
    pub max_size: Option<u64>,
    /// Where the full file goes; `None` for its own name with a dot and the time in seconds.
    pub backup: Option<PathBuf>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Not a device or a pipe: those have no length, and are nobody's to move away.
    is_regular: bool,
}

impl LogFile {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path, rotation: Rotation, opener: Arc<dyn Opener>) -> io::Result<Self> {
        // The place of a relative path stays the same.
        let path = std::path::absolute(path)?;
        let open = Mutex::new(Open::at(&path, &*opener)?);
        Ok(Self { path, rotation, opener, open })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `bytes`, and moves the file away before it grows beyond its largest size. When there is no room,
    /// what was appended in part is taken back, so that lines stay whole.
    ///
    /// # Errors
    /// What the system says; nothing was appended then. (A file that cannot be moved away grows on.)
    pub fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut open = self.lock();
        if !open.is_regular {
            return open.file.write_all(bytes);
        }
        let mut before = open.file.metadata()?.len();
        let size = before.saturating_add(bytes.len() as u64);
        if before > 0 && self.rotation.max_size.is_some_and(|largest| size > largest) {
            self.rotate(&mut open);
            before = open.file.metadata()?.len();
        }
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match open.file.write(rest) {
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // Another process may have appended or truncated it meanwhile.
                    if open.file.metadata()?.len() == before.saturating_add(written as u64) {
                        let _ = open.file.set_len(before);
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Opens what is at the path now: the file may have been moved away.
    ///
    /// # Errors
    /// What the system says; the file in use stays in use.
    pub fn reopen(&self) -> io::Result<()> {
        let new = Open::at(&self.path, &*self.opener)?;
        *self.lock() = new;
        Ok(())
    }

    /// The file in use, for one who writes to it directly.
    ///
    /// # Errors
    /// There is no further descriptor.
    pub fn descriptor(&self) -> io::Result<OwnedFd> {
        Ok(self.lock().file.try_clone()?.into())
    }

    fn rotate(&self, open: &mut Open) {
        if self.opener.move_away(&self.path, self.rotation.backup.as_deref()).is_ok()
            && let Ok(new) = Open::at(&self.path, &*self.opener)
        {
            *open = new;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn at(path: &Path, opener: &dyn Opener) -> io::Result<Self> {
        let file = opener.append(path)?;
        let is_regular = file.metadata()?.is_file();
        Ok(Self { file, is_regular })
    }
}

/// Leads standard output and error straight to a log file.
///
/// # Errors
/// What the system says.
pub fn redirect_straight(log: &LogFile) -> io::Result<()> {
    let file = log.descriptor()?;
    rustix::stdio::dup2_stdout(&file)?;
    Ok(rustix::stdio::dup2_stderr(&file)?)
}

/// Standard output and error of this process and of those that it starts, written to a log file.
///
/// They lead into a pipe, which a thread reads: so the file can be opened anew under processes that
/// run, and a disk that is full or slow holds up nobody. Lines that it cannot take are counted.
#[derive(Debug)]
pub struct Redirection {
    log: Arc<LogFile>,
    /// Ends when the other thread has.
    writer: Option<JoinHandle<()>>,
}

/// Pieces that may wait for the disk, of at most [`PIECE`] bytes each.
const WAITING: usize = 64;
const PIECE: usize = 64 * 1024;

impl Redirection {
    /// Redirects from now on.
    ///
    /// # Errors
    /// What the system says; nothing is redirected then.
    pub fn start(log: Arc<LogFile>) -> io::Result<Self> {
        let (reader, output) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let (sender, pieces) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        let writer = named("log-writer").spawn({
            let (log, lost) = (Arc::clone(&log), Arc::clone(&lost));
            move || write_pieces(&pieces, &log, &lost)
        })?;
        named("log-reader").spawn(move || read_pieces(File::from(reader), &sender, &lost))?;
        rustix::stdio::dup2_stdout(&output)?;
        rustix::stdio::dup2_stderr(&output)?;
        Ok(Self { log, writer: Some(writer) })
    }
}

impl Drop for Redirection {
    /// Leads both straight to the file, so that the last words of this process are in it.
    fn drop(&mut self) {
        let is_done = redirect_straight(&self.log).is_ok();
        // The pipe ends now, unless a process that an application has started still has it.
        if let Some(writer) = self.writer.take().filter(|_| is_done) {
            for _ in 0..50 {
                if writer.is_finished() {
                    let _ = writer.join();
                    return;
                }
                thread::sleep(std::time::Duration::from_millis(10));
            }
        }
    }
}

fn read_pieces(mut pipe: File, sender: &SyncSender<Vec<u8>>, lost: &AtomicU64) {
    let mut buffer = vec![0; PIECE];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => {
                let piece = buffer.get(..length).unwrap_or_default().to_vec();
                if let Err(TrySendError::Full(piece)) = sender.try_send(piece) {
                    lost.fetch_add(piece.len() as u64, Ordering::Relaxed);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn write_pieces(pieces: &Receiver<Vec<u8>>, log: &LogFile, lost: &AtomicU64) {
    for piece in pieces {
        let missing = lost.swap(0, Ordering::Relaxed);
        let note = if missing == 0 {
            Vec::new()
        } else {
            format!("certkit: {missing} bytes are missing here: the log could not be written\n").into_bytes()
        };
        let whole = [note, piece].concat();
        if log.append(&whole).is_err() {
            lost.fetch_add(missing.max(whole.len() as u64), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::sys::opener::OwnRights;

    #[test]
    fn a_file_that_was_moved_away_is_opened_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("log"), folder.path().join("moved"));
        fs::write(&path, "before\n").unwrap();
        let log = LogFile::open(&path, Rotation::default(), OwnRights::shared()).unwrap();
        log.append(b"one\n").unwrap();
        fs::rename(&path, &moved).unwrap();
        log.append(b"two\n").unwrap();
        log.reopen().unwrap();
        log.append(b"three\n").unwrap();
        assert_eq!(fs::read_to_string(&moved).unwrap(), "before\none\ntwo\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
    }

    #[test]
    fn no_file_grows_beyond_its_largest_size() {
        let folder = tempfile::tempdir().unwrap();
        let (path, backup) = (folder.path().join("log"), folder.path().join("old"));
        let rotation = Rotation { max_size: Some(10), backup: Some(backup.clone()) };
        let log = LogFile::open(&path, rotation, OwnRights::shared()).unwrap();
        log.append(b"123456\n").unwrap();
        log.append(b"ab\n").unwrap();
        assert!(!backup.exists(), "exactly as large as it may be");
        log.append(b"c\n").unwrap();
        assert_eq!(fs::read_to_string(&backup).unwrap(), "123456\nab\n");
        // What alone is larger goes into a file of its own.
        log.append(b"a line that is long\n").unwrap();
        assert_eq!(fs::read_to_string(&backup).unwrap(), "c\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "a line that is long\n");
        let plain = Rotation { max_size: Some(1), backup: None };
        let log = LogFile::open(&path, plain, OwnRights::shared()).unwrap();
        log.append(b"x").unwrap();
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert!(names.iter().any(|name| name.to_string_lossy().starts_with("log.")), "{names:?}");
    }

    #[test]
    fn a_device_is_never_moved_away() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        crate::sys::testing::make_fifo(&pipe);
        let _reader = File::options().read(true).write(true).open(&pipe).unwrap();
        let rotation = Rotation { max_size: Some(1), backup: None };
        let log = LogFile::open(&pipe, rotation, OwnRights::shared()).unwrap();
        for _ in 0..3 {
            log.append(b"line\n").unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_others_append_is_neither_cut_off_nor_left_out_of_the_size() {
        let folder = tempfile::tempdir().unwrap();
        let (path, backup) = (folder.path().join("log"), folder.path().join("old"));
        let rotation = Rotation { max_size: Some(10), backup: Some(backup.clone()) };
        let log = LogFile::open(&path, rotation, OwnRights::shared()).unwrap();
        fs::write(&path, "another's\n").unwrap();
        log.append(b"ours\n").unwrap();
        assert_eq!(fs::read_to_string(&backup).unwrap(), "another's\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "ours\n");
    }

    #[test]
    fn a_full_disk_is_reported() {
        let log = LogFile::open(Path::new("/dev/full"), Rotation::default(), OwnRights::shared()).unwrap();
        assert_eq!(log.append(b"x").unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
