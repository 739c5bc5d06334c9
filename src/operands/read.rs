//! The bytes of a file that the user named, within limits.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use crate::sys::fs::{heal_folder_of, plain, read_limited_from};
use crate::sys::read::open_patiently;

/// The largest file that is read: ten thousand large certificates.
pub const MAX_BYTES: u64 = 64 << 20;

/// How long to wait for the next bytes of a pipe or device; the program at its other end may have to ask a server first.
const MOST_SILENCE: Duration = Duration::from_secs(60);

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("`{}` is a folder", name(.file))]
    Directory { file: String },
    #[error("`{}` is empty", name(.file))]
    Empty { file: String },
    #[error("cannot read `{}`: {}", name(.file), plain(.source))]
    Io { file: String, source: io::Error },
    #[error("there is no file `{}`", name(.file))]
    NotFound { file: String },
    /// A socket, or where only files count, a device or a pipe.
    #[error("`{}` is not a regular file", name(.file))]
    NotRegular { file: String },
    #[error("`{}` is a named pipe, and no program writes to it", name(.file))]
    NoWriter { file: String },
    #[error("cannot read `{}`: permission denied", name(.file))]
    Permission { file: String },
    /// A pipe or a device.
    #[error("nothing arrived from `{}` within {} s", name(.file), MOST_SILENCE.as_secs())]
    Silent { file: String },
    #[error("`{}` is larger than {} MiB, the limit for such files", name(.file), .limit >> 20)]
    TooLarge { file: String, limit: u64 },
}

impl ReadError {
    /// What the system said of a file that may have `limit` bytes.
    pub fn new(file: &str, source: io::Error, limit: u64) -> Self {
        let file = file.to_owned();
        match source.kind() {
            io::ErrorKind::FileTooLarge => Self::TooLarge { file, limit },
            io::ErrorKind::IsADirectory => Self::Directory { file },
            // The system's own error of this kind has a number.
            io::ErrorKind::InvalidInput if source.raw_os_error().is_none() => Self::NotRegular { file },
            io::ErrorKind::NotConnected => Self::NoWriter { file },
            io::ErrorKind::NotFound => Self::NotFound { file },
            io::ErrorKind::PermissionDenied => Self::Permission { file },
            io::ErrorKind::TimedOut => Self::Silent { file },
            _ => Self::Io { file, source },
        }
    }

    /// The file as it was typed.
    pub fn file(&self) -> &str {
        match self {
            Self::Directory { file }
            | Self::Empty { file }
            | Self::Io { file, .. }
            | Self::NotFound { file }
            | Self::NotRegular { file }
            | Self::NoWriter { file }
            | Self::Permission { file }
            | Self::Silent { file }
            | Self::TooLarge { file, .. } => file,
        }
    }
}

/// Reads a file, or standard input for `-`. A pipe or a device is not waited for without end.
///
/// # Errors
/// When it cannot be read, is empty, or has more than `limit` bytes.
pub fn read(file: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
    let result = if file == "-" {
        read_limited_from(io::stdin().lock(), limit)
    } else {
        heal_folder_of(Path::new(file));
        open_patiently(Path::new(file), Some(MOST_SILENCE))
            .and_then(|opened| read_limited_from(opened, limit))
    };
    let bytes = result.map_err(|source| ReadError::new(file, source, limit))?;
    if bytes.is_empty() { Err(ReadError::Empty { file: file.to_owned() }) } else { Ok(bytes) }
}

/// Opens a file that is read line by line, or standard input for `-`. A program that is asked line by line may be silent in
/// between for as long as it likes.
///
/// # Errors
/// When it cannot be opened.
pub fn open(file: &str) -> Result<Box<dyn Read + Send>, ReadError> {
    if file == "-" {
        return Ok(Box::new(io::stdin()));
    }
    let opened = open_patiently(Path::new(file), None);
    Ok(Box::new(opened.map_err(|error| ReadError::new(file, error, u64::MAX))?))
}

/// The file as a sentence names it.
pub fn name(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}
