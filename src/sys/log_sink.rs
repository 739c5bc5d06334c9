//! What a log is written to: a file, or a receiver of datagrams.

use std::io;
use std::sync::Arc;

use super::datagram_log::DatagramLog;
use super::log_file::{LogFile, Rotation};
use super::log_target::LogTarget;
use super::opener::Opener;

/// An open log.
#[derive(Debug)]
pub enum LogSink {
    File(LogFile),
    Datagrams(DatagramLog),
}

impl LogSink {
    /// Opens it; `None` for standard error. `opener` opens files, also later.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(target: &LogTarget, rotation: Rotation, opener: Arc<dyn Opener>) -> io::Result<Option<Self>> {
        Ok(match target {
            LogTarget::Stdio => None,
            LogTarget::File(path) => Some(Self::File(LogFile::open(path, rotation, opener)?)),
            LogTarget::Datagrams(target) => Some(Self::Datagrams(DatagramLog::open(target.clone())?)),
        })
    }

    /// Appends whole lines, as [`LogFile::append`] and [`DatagramLog::append`] do.
    ///
    /// # Errors
    /// What the system says; something is lost then.
    pub fn append(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.append(bytes),
            Self::Datagrams(log) => log.append(bytes),
        }
    }

    /// Opens it anew: the file may have been moved away, the receiver started again.
    ///
    /// # Errors
    /// What the system says; what is in use stays in use.
    pub fn reopen(&self) -> io::Result<()> {
        match self {
            Self::File(file) => file.reopen(),
            Self::Datagrams(log) => log.reopen(),
        }
    }

    /// Moves a file away, and begins a new one.
    pub fn rotate(&self) {
        match self {
            Self::File(file) => file.rotate_now(),
            Self::Datagrams(_) => {}
        }
    }

    /// Its name, for messages.
    pub fn name(&self) -> String {
        match self {
            Self::File(file) => file.path().display().to_string(),
            Self::Datagrams(log) => log.receiver().to_string(),
        }
    }
}
