//! The bytes of a file that the user named, within limits.

use std::io;
use std::path::Path;

use crate::sys::fs::{heal_folder_of, plain, read_limited, read_limited_from};

/// The largest file that is read: ten thousand large certificates.
pub const MAX_BYTES: u64 = 64 << 20;

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
    /// A device, a pipe or a socket.
    #[error("`{}` is not a regular file", name(.file))]
    NotRegular { file: String },
    #[error("cannot read `{}`: permission denied", name(.file))]
    Permission { file: String },
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
            io::ErrorKind::NotFound => Self::NotFound { file },
            io::ErrorKind::PermissionDenied => Self::Permission { file },
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
            | Self::Permission { file }
            | Self::TooLarge { file, .. } => file,
        }
    }
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// When it cannot be read, is empty, or has more than `limit` bytes.
pub fn read(file: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
    let result = if file == "-" {
        read_limited_from(io::stdin().lock(), limit)
    } else {
        heal_folder_of(Path::new(file));
        read_limited(Path::new(file), limit)
    };
    let bytes = result.map_err(|source| ReadError::new(file, source, limit))?;
    if bytes.is_empty() { Err(ReadError::Empty { file: file.to_owned() }) } else { Ok(bytes) }
}

/// The file as a sentence names it.
pub fn name(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}
