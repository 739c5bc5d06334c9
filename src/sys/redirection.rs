//! Standard output and error, led to a log.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use super::fs::plain;
use super::log_file::LogFile;
use super::log_sink::LogSink;

/// Standard error as it is now, under another number.
///
/// # Errors
/// There is no further descriptor, or it is closed.
pub fn standard_error() -> io::Result<File> {
    Ok(io::stderr().as_fd().try_clone_to_owned()?.into())
}

/// Leads standard output and error straight to a log file.
///
/// # Errors
/// What the system says.
pub fn redirect_straight(log: &LogFile) -> io::Result<()> {
    lead_to(&log.descriptor()?)
}

fn lead_to(descriptor: &impl AsFd) -> io::Result<()> {
    rustix::stdio::dup2_stdout(descriptor)?;
    Ok(rustix::stdio::dup2_stderr(descriptor)?)
}

/// Standard output and error of this process and of those that it starts, written to a log.
///
/// They lead into a pipe, which a thread reads: so the file can be opened anew under processes that
/// run, and a disk that is full or slow holds up nobody. Lines that it cannot take are counted.
#[derive(Debug)]
pub struct Redirection {
    log: Arc<LogSink>,
    /// Standard error as it was before. A file needs none; who waits for its end would wait for this process.
    original: Option<Arc<File>>,
    /// Ends when the other thread has.
    writer: Option<JoinHandle<()>>,
}

/// Pieces that may wait for the disk, of at most [`PIECE`] bytes each.
const WAITING: usize = 64;
const PIECE: usize = 64 * 1024;

impl Redirection {
    /// Redirects from now on; `original` is standard error as it was before, for a log that is not a file.
    ///
    /// # Errors
    /// What the system says; nothing is redirected then.
    pub fn start(log: Arc<LogSink>, original: Option<Arc<File>>) -> io::Result<Self> {
        let (reader, output) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let (sender, pieces) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        let writer = named("log-writer").spawn({
            let (log, lost, original) = (Arc::clone(&log), Arc::clone(&lost), original.clone());
            move || write_pieces(&pieces, &log, &lost, original.as_deref())
        })?;
        named("log-reader").spawn(move || read_pieces(File::from(reader), &sender, &lost))?;
        rustix::stdio::dup2_stdout(&output)?;
        rustix::stdio::dup2_stderr(&output)?;
        Ok(Self { log, original, writer: Some(writer) })
    }
}

impl Drop for Redirection {
    /// Leads both straight to the file, so that the last words of this process are in it, or back to where they led.
    fn drop(&mut self) {
        let is_done = match &*self.log {
            LogSink::File(file) => redirect_straight(file).is_ok(),
            LogSink::Datagrams(_) => self.original.as_ref().is_some_and(|original| lead_to(original).is_ok()),
        };
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

fn write_pieces(pieces: &Receiver<Vec<u8>>, log: &LogSink, lost: &AtomicU64, original: Option<&File>) {
    let mut is_failing = false;
    for piece in pieces {
        let missing = lost.swap(0, Ordering::Relaxed);
        let note = if missing == 0 {
            Vec::new()
        } else {
            format!("certkit: {missing} bytes are missing here: the log could not be written\n").into_bytes()
        };
        let whole = [note, piece].concat();
        match log.append(&whole) {
            Ok(()) => is_failing = false,
            Err(error) => {
                lost.fetch_add(missing.max(whole.len() as u64), Ordering::Relaxed);
                // Once, until something could be written again. (A file has the note itself.)
                let was_failing = std::mem::replace(&mut is_failing, true);
                if let (Some(mut original), false) = (original, was_failing) {
                    let note = format!("certkit: cannot write the log {}: {}\n", log.name(), plain(&error));
                    let _ = original.write_all(note.as_bytes());
                }
            }
        }
    }
    if let LogSink::Datagrams(log) = log {
        log.end();
    }
}
