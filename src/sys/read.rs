//! Reading files that somebody else made, where nothing may hold up the reader: a pipe that nobody writes to, a device
//! without an end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::fs::{no_file, read_limited_from};

/// Reads at most `limit` bytes of a regular file. Nothing else is waited for: for pipes, devices and sockets there is an
/// error of kind [`io::ErrorKind::InvalidInput`].
///
/// # Errors
/// What the system says, with [`io::ErrorKind::IsADirectory`] and [`io::ErrorKind::FileTooLarge`].
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_regular_from(open_without_waiting(path)?, limit)
}

/// The same of a file that is open, by [`open_without_waiting`].
///
/// # Errors
/// As of [`read_regular`].
pub fn read_regular_from(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(no_file());
    }
    read_limited_from(file, limit)
}

/// Reads a pipe to its end: at most `limit` bytes within `time`. `None` for what is not a pipe.
///
/// # Errors
/// What the system says, with [`io::ErrorKind::TimedOut`] when the writer takes longer.
pub fn read_pipe(path: &Path, limit: u64, time: Duration) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut pipe = open_without_waiting(path)?;
    if !pipe.metadata()?.file_type().is_fifo() {
        return Ok(None);
    }
    let deadline = Instant::now() + time;
    let mut contents = Zeroizing::new(Vec::new());
    let mut piece = Zeroizing::new([0; 4096]);
    loop {
        match pipe.read(&mut *piece) {
            Ok(0) => return Ok(Some(contents)),
            Ok(read) => contents.extend_from_slice(piece.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let left = deadline.saturating_duration_since(Instant::now());
                let left = Timespec::try_from(left).map_err(io::Error::other)?;
                match poll(&mut [PollFd::new(&pipe, PollFlags::IN)], Some(&left)) {
                    Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error),
        }
        if contents.len() as u64 > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
}

/// A file of any kind, read as [`open_patiently`] says.
#[derive(Debug)]
pub struct PatientReader {
    file: File,
    /// How long to wait for the next bytes of a pipe or device.
    silence: Option<Duration>,
    /// Until when a named pipe may be without a writer; `None` when it has had one, or needs none.
    writer_due: Option<Instant>,
}

/// A program that writes to a named pipe may be started a little later than its reader.
const WRITER_WAIT: Duration = Duration::from_secs(3);
/// How often to look for it: the system does not say when it comes.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Opens what a user named: a regular file; a pipe or device, also by `/dev/stdin` or the `/dev/fd/63` of a shell's `<(..)`.
/// These are waited for, but not without end where `silence` sets one. The errors are of kind
/// [`io::ErrorKind::NotConnected`] for a named pipe that nobody writes to, and [`io::ErrorKind::TimedOut`].
///
/// # Errors
/// What the system says, with [`io::ErrorKind::IsADirectory`]; for a socket as of [`read_regular`].
pub fn open_patiently(path: &Path, silence: Option<Duration>) -> io::Result<PatientReader> {
    let file = open_without_waiting(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    // The pipes of a shell have their writer from the start; without one they are at their end.
    let is_of_shell = path.starts_with("/dev") || path.starts_with("/proc");
    let is_named_pipe = metadata.file_type().is_fifo() && !is_of_shell;
    Ok(PatientReader { file, silence, writer_due: is_named_pipe.then(|| Instant::now() + WRITER_WAIT) })
}

impl Read for PatientReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match (self.file.read(buffer), self.writer_due) {
                (Ok(0), Some(due)) if !buffer.is_empty() => {
                    if Instant::now() >= due {
                        let message = "no program writes to this pipe";
                        return Err(io::Error::new(io::ErrorKind::NotConnected, message));
                    }
                    std::thread::sleep(LOOK_AGAIN);
                }
                (Ok(read), _) => {
                    self.writer_due = None;
                    return Ok(read);
                }
                (Err(error), _) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.writer_due = None;
                    let silence =
                        self.silence.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
                    match poll(&mut [PollFd::new(&self.file, PollFlags::IN)], silence.as_ref()) {
                        Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                        Ok(_) | Err(Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                (Err(error), _) => return Err(error),
            }
        }
    }
}

/// Opens a file of any kind for reading, without waiting for the other end of a pipe.
///
/// # Errors
/// What the system says.
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let open = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    open.map_err(|error| match Errno::from_io_error(&error) {
        // A unix socket.
        Some(Errno::NXIO) => no_file(),
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::sys::fs::NO_FILE;
    use crate::sys::testing::make_fifo;

    #[test]
    fn only_regular_files_are_read_without_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let (fifo, socket, file) =
            (dir.path().join("fifo"), dir.path().join("socket"), dir.path().join("file"));
        make_fifo(&fifo);
        let _socket = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        std::fs::write(&file, "abc").unwrap();
        assert_eq!(read_regular(&file, 3).unwrap(), b"abc");
        assert_eq!(read_regular(&file, 2).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_regular(dir.path(), 3).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        for path in [&fifo, &socket, Path::new("/dev/zero")] {
            let error = read_regular(path, 3).unwrap_err();
            assert!(error.to_string().ends_with(NO_FILE), "{}: {error}", path.display());
        }
    }

    #[test]
    fn what_users_name_is_read_to_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let (fifo, file) = (dir.path().join("fifo"), dir.path().join("file"));
        make_fifo(&fifo);
        std::fs::write(&file, "abc").unwrap();
        let read = |path: &Path, silence| {
            let mut contents = Vec::new();
            open_patiently(path, Some(silence))?.read_to_end(&mut contents).map(|_| contents)
        };
        let hour = Duration::from_secs(3600);
        assert_eq!(read(&file, hour).unwrap(), b"abc");
        assert_eq!(read(dir.path(), hour).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert!(read(Path::new("/dev/null"), hour).unwrap().is_empty());
        assert_eq!(read(&fifo, hour).unwrap_err().kind(), io::ErrorKind::NotConnected);
        // Opened for both, so that opening does not wait for a reader.
        let mut writer = OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
        assert_eq!(read(&fifo, Duration::from_millis(1)).unwrap_err().kind(), io::ErrorKind::TimedOut);
        // The pipe has its writer from the start; its end comes with that of the writer.
        writer.write_all(b"abc").unwrap();
        let mut reader = open_patiently(&fifo, Some(hour)).unwrap();
        let mut piece = [0; 3];
        reader.read_exact(&mut piece).unwrap();
        drop(writer);
        assert_eq!((&piece, reader.read(&mut [0; 9]).unwrap()), (b"abc", 0));
    }

    #[test]
    fn pipes_are_read_to_their_end() {
        let dir = tempfile::tempdir().unwrap();
        let (fifo, file) = (dir.path().join("fifo"), dir.path().join("file"));
        make_fifo(&fifo);
        std::fs::write(&file, "abc").unwrap();
        let hour = Duration::from_secs(3600);
        assert!(read_pipe(&file, 9, hour).unwrap().is_none());
        // Nobody has it open for writing.
        assert!(read_pipe(&fifo, 9, hour).unwrap().unwrap().is_empty());
        // Opened for both, so that opening does not wait for a reader.
        let open = || OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
        let silent = open();
        let error = read_pipe(&fifo, 9, Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(silent);
        for (limit, read) in [(6, Some(&b"abcdef"[..])), (5, None)] {
            let (mut writer, path) = (open(), fifo.clone());
            writer.write_all(b"abc").unwrap();
            let reader = std::thread::spawn(move || read_pipe(&path, limit, hour));
            writer.write_all(b"def").unwrap();
            // The end is seen as soon as nobody can write any more; until then the reader waits.
            while !rustix::io::ioctl_fionread(&writer).is_ok_and(|unread| unread == 0) {
                std::thread::yield_now();
            }
            drop(writer);
            assert_eq!(reader.join().unwrap().ok().flatten().as_deref().map(Vec::as_slice), read);
        }
    }
}
