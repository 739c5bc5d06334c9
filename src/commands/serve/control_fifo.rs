//! Commands from a named pipe, one letter each, as in uWSGI's master FIFO.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::{OpenOptions, Receiver};
use tokio::sync::mpsc::Sender;

use crate::serve::control::Control;

/// A named pipe that this server made, or found; one that it made is removed at the end.
pub(super) struct ControlFifo {
    path: PathBuf,
    receiver: Option<Receiver>,
    /// Device and inode of one that was made here.
    made: Option<(u64, u64)>,
}

impl ControlFifo {
    /// Makes the pipe (for its owner only) if there is none, and opens it. Needs a Tokio runtime.
    ///
    /// # Errors
    /// What the system says; `AlreadyExists` for another kind of file.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let result = rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0);
        let is_ours = result.is_ok();
        if let Err(error) = result
            && !std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_fifo())
        {
            return Err(error.into());
        }
        // Open for writing too: so it does not end when a writer leaves.
        let receiver = OpenOptions::new().read_write(true).open_receiver(path)?;
        let made = if is_ours { identity(path) } else { None };
        Ok(Self { path: path.to_owned(), receiver: Some(receiver), made })
    }

    /// Passes on what is written to it, for ever.
    pub(super) async fn obey(mut self, controls: Sender<Control>) {
        let Some(mut receiver) = self.receiver.take() else { return };
        let mut letters = [0; 64];
        loop {
            let Ok(length @ 1..) = receiver.read(&mut letters).await else { return };
            for letter in letters.iter().take(length) {
                match command(*letter) {
                    Some(control) => drop(controls.send(control).await),
                    None if letter.is_ascii_whitespace() => {}
                    None => {
                        tracing::warn!(
                            "{}: the command `{}` is not known",
                            self.path.display(),
                            letter.escape_ascii()
                        )
                    }
                }
            }
        }
    }
}

impl Drop for ControlFifo {
    fn drop(&mut self) {
        // What has taken its place by now is another's.
        if self.made.is_some() && identity(&self.path) == self.made {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// What a letter asks for. A reload is always graceful, and every reload loads the new code beside the
/// old one first, so that uWSGI's ways to reload are one here.
fn command(letter: u8) -> Option<Control> {
    Some(match letter {
        b'r' | b'R' | b'w' | b'W' | b'c' => Control::Reload,
        b'q' => Control::Stop,
        b'Q' => Control::StopNow,
        b'l' | b'L' => Control::ReopenLogs,
        b'+' => Control::AddWorker,
        b'-' => Control::RemoveWorker,
        _ => return None,
    })
}
