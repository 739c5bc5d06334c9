//! The file of accounts and orders: one record of JSON a line, the last of each object counts.
//!
//! A line is written before anybody sees what it says, so a killed process has lost nothing. It is synced where a
//! machine that stops must not lose it: accounts, and certificates before they are in the ledger.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};

use super::error::Error;
use crate::acme_server::Record;
use crate::sys::fs::{PRIVATE, create_folder};

const FILE: &str = "state.jsonl";
const LOCK: &str = "lock";
/// A file of this size is written anew, when it is four times as large as it was after the last time.
const SMALL: u64 = 16 << 20;

pub(super) struct StateFile {
    folder: PathBuf,
    file: Arc<File>,
    length: u64,
    /// Its length when it was written anew.
    begun: u64,
    /// Held while the server runs.
    _lock: File,
}

impl StateFile {
    /// Opens the folder, which nobody else may use meanwhile, and reads what is there.
    ///
    /// # Errors
    /// When another server uses it, or the system refuses.
    pub(super) fn open(folder: &Path) -> Result<(Self, Vec<Record>), Error> {
        if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty() && !above.exists())
        {
            create_folder(above)
                .map_err(|error| failed("make", above, io::Error::other(error.to_string())))?;
        }
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed("make", folder, error));
            }
            _ => {}
        }
        let lock_path = folder.join(LOCK);
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(PRIVATE).open(&lock_path);
        let lock = lock.map_err(|error| failed("open", &lock_path, error))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(Error::InUse(folder.to_path_buf()));
        }
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed("read", &path, error)),
        };
        let records = read(&text, &path)?;
        let file = append_to(&path).map_err(|error| failed("open", &path, error))?;
        let length = text.len() as u64;
        let file =
            Self { folder: folder.to_path_buf(), file: Arc::new(file), length, begun: length, _lock: lock };
        Ok((file, records))
    }

    /// Adds records: all of them or none.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn append(&mut self, records: &[Record]) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let text = lines(records.iter());
        match (&*self.file).write_all(&text) {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Half a line would be in the way of the next one.
                let _ = self.file.set_len(self.length);
                Err(error)
            }
        }
    }

    /// What has to be synced, without holding anything else meanwhile.
    pub(super) fn handle(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Whether most of the file is about what is not any more.
    pub(super) fn is_due(&self) -> bool {
        self.length > SMALL && self.length / 4 > self.begun
    }

    /// Writes the file anew with these records, in one step that a kill cannot divide.
    ///
    /// # Errors
    /// When that is not possible; then the old file stays in use.
    pub(super) fn begin_anew(&mut self, records: impl Iterator<Item = Record>) -> io::Result<()> {
        let path = self.folder.join(FILE);
        let temporary = self.folder.join("state.jsonl.new");
        let text = lines(records);
        // That of a killed process; the folder is locked.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut new = OpenOptions::new().append(true).create_new(true).mode(PRIVATE).open(&temporary)?;
        new.write_all(&text).and_then(|()| new.sync_data())?;
        fs::rename(&temporary, &path)?;
        // From here on the old file has no name: nothing may go into it any more.
        self.file = Arc::new(new);
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        self.length = text.len() as u64;
        self.begun = self.length;
        Ok(())
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(PRIVATE).open(path)
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::State { action, path: path.to_path_buf(), source }
}

fn lines(records: impl Iterator<Item = impl std::borrow::Borrow<Record>>) -> Vec<u8> {
    let mut text = Vec::new();
    for record in records {
        // Texts and numbers always have a JSON form.
        let _ = serde_json::to_writer(&mut text, record.borrow());
        text.push(b'\n');
    }
    text
}

/// What follows the last line end was torn by a kill, and nobody has seen what it says.
fn read(text: &[u8], path: &Path) -> Result<Vec<Record>, Error> {
    let end = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let lines = text.get(..end).unwrap_or_default().split(|&byte| byte == b'\n').enumerate();
    lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(index, line)| {
            serde_json::from_slice(line)
                .map_err(|_| Error::StateMalformed { path: path.to_path_buf(), line: index + 1 })
        })
        .collect()
}
