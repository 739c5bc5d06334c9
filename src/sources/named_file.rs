//! A file that holds a certificate or its key, read so that nothing can hold up the server: no pipe that nobody writes
//! to, no device without an end.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::advice::ocsp::StapleError;
use crate::der::SEQUENCE;
use crate::operands::input::{CertificateFile, InputError, certificates_in, private_key_in};
use crate::operands::password::Passwords;
use crate::operands::read::ReadError;
use crate::report::Failure;
use crate::sys::opener::Opener;
use crate::sys::read::{read_pipe, read_regular_from};
use crate::x509::{OcspResponse, PrivateKey};

/// Bytes: hundreds of times what a chain needs.
const MAX_BYTES: u64 = 4 << 20;
/// How long a program may take that writes into a pipe. Perhaps it asks a person for a password.
const PIPE_TIME: Duration = Duration::from_secs(60);

/// A file that the user named.
///
/// At the start it may be a pipe, as of `--key <(decrypt server.key)`: what came through it is kept, because it cannot be
/// read again.
#[derive(Debug)]
pub(super) struct NamedFile {
    path: PathBuf,
    opener: Arc<dyn Opener>,
    /// Set by the first read: what came through a pipe, or `None` for a regular file, which must stay one.
    from_pipe: OnceLock<Option<Zeroizing<Vec<u8>>>>,
}

/// What tells that a file has changed, in contents or in who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileStamp {
    device: u64,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// Mode, user and group.
    access: (u32, u32, u32),
}

impl NamedFile {
    /// `-` is standard input. A regular file is opened by `opener`.
    pub(super) fn new(path: &Path, opener: &Arc<dyn Opener>) -> Self {
        Self { path: file_path(path).to_owned(), opener: Arc::clone(opener), from_pipe: OnceLock::new() }
    }

    /// A file that the server itself has written.
    pub(super) fn own(path: PathBuf, opener: Arc<dyn Opener>) -> Self {
        Self { path, opener, from_pipe: OnceLock::from(None) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The certificates in it.
    ///
    /// # Errors
    /// When it cannot be read, or does not hold any.
    pub(super) fn certificates(&self, passwords: &mut Passwords) -> Result<CertificateFile, InputError> {
        certificates_in(&self.name(), &self.read()?, passwords)
    }

    /// The first private key in it.
    ///
    /// # Errors
    /// When it cannot be read, or does not hold one; also when the password is missing or wrong.
    pub(super) fn private_key(&self, passwords: &mut Passwords) -> Result<PrivateKey, InputError> {
        private_key_in(&self.name(), &self.read()?, passwords)
    }

    /// The password in it, which `option` names.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn passwords(&self, option: &'static str) -> Result<Passwords, ReadError> {
        match self.read() {
            Err(ReadError::Empty { .. }) => Ok(Passwords::in_bytes(option, b"")),
            bytes => Ok(Passwords::in_bytes(option, &bytes?)),
        }
    }

    /// The OCSP response in it: DER, or the first PEM block of that name.
    ///
    /// # Errors
    /// When it cannot be read, or does not hold one.
    pub(super) fn ocsp_response(&self) -> Result<OcspResponse, Failure> {
        let bytes = self.read()?;
        let response = if bytes.first() == Some(&SEQUENCE) {
            OcspResponse::from_der(&bytes)
        } else {
            let blocks = crate::pem::scan(&bytes).blocks;
            let block = blocks.iter().find(|block| block.label == "OCSP RESPONSE");
            let block = block.ok_or_else(|| StapleError::NoResponse(self.path.clone()))?;
            OcspResponse::from_der(&block.der)
        };
        Ok(response.map_err(|error| StapleError::Damaged { path: self.path.clone(), error })?)
    }

    /// Whether there is a private key in it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn holds_key(&self) -> Result<bool, ReadError> {
        let bytes = self.read()?;
        Ok(crate::pem::scan(&bytes).blocks.iter().any(|block| block.is_private_key()))
    }

    /// What it is now; `None` if it is not there, or came through a pipe.
    pub(super) fn stamp(&self) -> Option<FileStamp> {
        if matches!(self.from_pipe.get(), Some(Some(_))) {
            return None;
        }
        let metadata = self.opener.metadata(&self.path).ok()?;
        Some(FileStamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            access: (metadata.mode(), metadata.uid(), metadata.gid()),
        })
    }

    /// When its contents, its name or its rights were last changed, by the clock of its file system; `None` as for
    /// [`stamp`](Self::stamp).
    pub(super) fn last_change(&self) -> Option<OffsetDateTime> {
        if matches!(self.from_pipe.get(), Some(Some(_))) {
            return None;
        }
        let metadata = self.opener.metadata(&self.path).ok()?;
        let nanoseconds = time::Duration::nanoseconds(metadata.ctime_nsec());
        Some(OffsetDateTime::from_unix_timestamp(metadata.ctime()).ok()? + nanoseconds)
    }

    /// The mode of a file that its group or all users may read.
    pub(super) fn exposed_mode(&self) -> Option<u32> {
        if matches!(self.from_pipe.get(), Some(Some(_))) {
            return None;
        }
        let metadata = self.opener.metadata(&self.path).ok()?;
        let mode = metadata.permissions().mode() & 0o777;
        // A device keeps nothing.
        (metadata.is_file() && mode & 0o077 != 0).then_some(mode)
    }

    fn read(&self) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let failed = |source| ReadError::new(&self.name(), source, MAX_BYTES);
        let from_pipe = match self.from_pipe.get() {
            Some(kept) => kept.clone(),
            None => read_pipe(&self.path, MAX_BYTES, PIPE_TIME).map_err(failed)?,
        };
        let bytes = match &from_pipe {
            Some(bytes) => bytes.clone(),
            None => {
                let file = self.opener.read(&self.path);
                Zeroizing::new(file.and_then(|file| read_regular_from(file, MAX_BYTES)).map_err(failed)?)
            }
        };
        if bytes.is_empty() {
            return Err(ReadError::Empty { file: self.name() });
        }
        self.from_pipe.get_or_init(|| from_pipe);
        Ok(bytes)
    }

    /// As it is called in messages.
    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// The path of what `--cert` and `--key` name: `-` is standard input.
pub(super) fn file_path(named: &Path) -> &Path {
    if named == Path::new("-") { Path::new("/dev/stdin") } else { named }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsRawFd;

    use super::*;
    use crate::sys::opener::OwnRights;
    use crate::sys::testing::make_fifo;

    #[test]
    fn what_came_through_a_pipe_is_kept() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"text").unwrap();
        drop(writer);
        let file =
            NamedFile::new(Path::new(&format!("/proc/self/fd/{}", reader.as_raw_fd())), &OwnRights::shared());
        assert_eq!(file.read().unwrap().as_slice(), b"text");
        // As after the start: the pipe is no more.
        drop(reader);
        assert_eq!(file.read().unwrap().as_slice(), b"text");
        assert_eq!(file.stamp(), None);
    }

    #[test]
    fn a_regular_file_must_stay_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "text").unwrap();
        let file = NamedFile::new(&path, &OwnRights::shared());
        assert_eq!(file.read().unwrap().as_slice(), b"text");
        std::fs::remove_file(&path).unwrap();
        make_fifo(&path);
        assert!(matches!(file.read(), Err(ReadError::NotRegular { .. })));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "new").unwrap();
        assert_eq!(file.read().unwrap().as_slice(), b"new");
        assert!(file.stamp().is_some());
    }
}
