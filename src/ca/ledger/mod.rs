//! The ledger: a file next to the CA with one line of JSON for each certificate issued or revoked
//! and each list made. It is the CA's memory: a certificate whose file is gone can be found, revoked and written again.
//!
//! It is only ever appended to. A batch of lines goes in under a lock, in one write, and is synced
//! once; `publish` writes the certificates under temporary names *before*, and gives them their names
//! *after*, when they are on disk as well. So every certificate that has its name is in the ledger. A run that is killed while it writes leaves a torn
//! last line; the next one removes it: its certificates never got their names.

mod authorities;
mod event;
mod lock;
#[cfg(test)]
mod properties;
mod records;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

pub use self::event::{Event, Filed, IssuedRecord};
pub use self::lock::{Holder, announce_waits};
pub use self::records::{BrokenLine, Records};
use super::reason::Reason;
use crate::sys::fs::{no_file, plain};
use crate::x509::Certificate;

/// The ledger of the CAs in one folder.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
    /// Whether lines are written; what is there is read all the same.
    is_kept: bool,
    /// The CA's key: a new ledger is for the same group.
    key: Option<PathBuf>,
}

/// Its name in the CA's folder.
const NAME: &str = "ledger.jsonl";

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot {action} the ledger {}: {}", .path.display(), plain(.source))]
    Io {
        /// Such as `write`.
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the ledger {} has been locked for {seconds} s by {holder}", .path.display())]
    Locked { path: PathBuf, seconds: u64, holder: Holder },
    #[error("with `--ledger none` nothing is recorded, and this is known from the ledger alone")]
    NotKept,
}

impl Ledger {
    /// The ledger next to a CA's certificate file.
    pub fn beside(ca: &Path) -> Self {
        Self { path: ca.with_file_name(NAME), is_kept: true, key: None }
    }

    /// The same ledger in another file.
    #[must_use]
    pub fn moved_to(self, path: PathBuf) -> Self {
        Self { path, ..self }
    }

    /// The same ledger, which is read and never written.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { is_kept: false, ..self }
    }

    /// The same ledger: if it has to be made, the group that may read this key may write it.
    #[must_use]
    pub fn shared_like(self, key: &Path) -> Self {
        Self { key: Some(key.to_path_buf()), ..self }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds lines: all of them, on disk when this returns, or none.
    ///
    /// # Errors
    /// When the file cannot be opened, locked or written.
    pub fn append(&self, events: &[Event]) -> Result<(), Error> {
        if self.is_kept { self.open()?.write(events) } else { Ok(()) }
    }

    /// Reads what is recorded for some CAs, and adds the lines that follow from it, under one lock.
    ///
    /// # Errors
    /// Those of `decide`; else when the file cannot be read or written.
    pub fn update<T, E: From<Error>>(
        &self,
        cas: &[&Certificate],
        decide: impl FnOnce(&Records) -> Result<(Vec<Event>, T), E>,
    ) -> Result<T, E> {
        let mut ledger = self.open()?;
        let (events, result) = decide(&ledger.records(cas)?)?;
        ledger.write(&events)?;
        Ok(result)
    }

    /// Opens it for several steps. Nobody else changes it until the value goes.
    ///
    /// # Errors
    /// When the file cannot be opened or is locked by somebody else for long, and for one that is not kept.
    pub fn open(&self) -> Result<OpenLedger<'_>, Error> {
        if !self.is_kept {
            return Err(Error::NotKept);
        }
        let mut open = OpenLedger { file: lock::lock(&self.path, self.key.as_deref())?, ledger: self };
        if !open.file.metadata().is_ok_and(|meta| meta.is_file()) {
            return Err(self.error("open", no_file()));
        }
        open.repair()?;
        Ok(open)
    }

    /// What it says about `ca`; nothing when there is no such file.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(&self, ca: &Certificate) -> Result<Records, Error> {
        self.read_family(&[ca])
    }

    /// What it says about some CAs together.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_family(&self, cas: &[&Certificate]) -> Result<Records, Error> {
        let keys: Vec<_> = cas.iter().map(|ca| ca.spki_sha256()).collect();
        self.read_of(|issuer| keys.iter().any(|key| key == issuer))
    }

    /// What it says about all its CAs.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_all(&self) -> Result<Records, Error> {
        self.read_of(|_| true)
    }

    /// What whole lines say after the first `from` bytes, about all its CAs, and up to where that was. A file that is
    /// shorter was made anew, and is read from its start.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_from(&self, from: u64) -> Result<(Records, u64), Error> {
        let read = || {
            let length = self.path.metadata()?;
            // A pipe would be waited for when it is opened.
            if !length.is_file() {
                return Err(no_file());
            }
            let from = if length.len() < from { 0 } else { from };
            let mut text = Vec::new();
            if length.len() > from {
                let mut file = File::open(&self.path)?;
                file.seek(SeekFrom::Start(from))?;
                file.read_to_end(&mut text)?;
            }
            Ok((from, text))
        };
        match read() {
            Ok((from, text)) => {
                let end = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at as u64 + 1);
                Ok((Records::read(&text, &self.path, |_| true), from + end))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((Records::default(), 0)),
            Err(error) => Err(self.error("read", error)),
        }
    }

    /// What it says about one certificate of `ca`. Faster than reading all of it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn revocation(
        &self,
        ca: &Certificate,
        serial: &str,
    ) -> Result<Option<(OffsetDateTime, Reason)>, Error> {
        Ok(self.read_about(&[serial])?.revoked.of(&ca.spki_sha256(), serial))
    }

    /// Whether others may have a key (SHA-256 of its SubjectPublicKeyInfo), whichever CA revoked its certificate.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn is_compromised(&self, key_sha256: &str) -> Result<bool, Error> {
        let issued = self.read_about(&[key_sha256])?.issued;
        let words: Vec<_> = issued.iter().map(|record| record.serial.as_str()).chain([key_sha256]).collect();
        Ok(!issued.is_empty() && self.read_about(&words)?.is_compromised(key_sha256))
    }

    /// What the lines say that have one of these words.
    fn read_about(&self, words: &[&str]) -> Result<Records, Error> {
        let text = self.text()?;
        let about =
            |line: &&[u8]| words.iter().any(|word| memchr::memmem::find(line, word.as_bytes()).is_some());
        let lines: Vec<_> = text.split_inclusive(|&byte| byte == b'\n').filter(about).collect();
        Ok(Records::read(&lines.concat(), &self.path, |_| true))
    }

    fn read_of(&self, is_wanted: impl Fn(&str) -> bool) -> Result<Records, Error> {
        Ok(Records::read(&self.text()?, &self.path, is_wanted))
    }

    /// All of it; nothing where there is no such file.
    fn text(&self) -> Result<Vec<u8>, Error> {
        // A pipe would be waited for when it is opened.
        let open = || if self.path.metadata()?.is_file() { File::open(&self.path) } else { Err(no_file()) };
        match open().and_then(|mut file| read_to_end(&mut file)) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(self.error("read", error)),
        }
    }

    fn error(&self, action: &'static str, source: io::Error) -> Error {
        Error::Io { action, path: self.path.clone(), source }
    }
}

/// A ledger that nobody else changes.
#[derive(Debug)]
pub struct OpenLedger<'a> {
    file: File,
    ledger: &'a Ledger,
}

impl OpenLedger<'_> {
    /// What it says about some CAs together.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn records(&mut self, cas: &[&Certificate]) -> Result<Records, Error> {
        let text = read_to_end(&mut self.file).map_err(|error| self.ledger.error("read", error))?;
        let keys: Vec<_> = cas.iter().map(|ca| ca.spki_sha256()).collect();
        Ok(Records::read(&text, &self.ledger.path, |issuer| keys.iter().any(|key| key == issuer)))
    }

    /// Adds lines: all of them, on disk when this returns, or none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, events: &[Event]) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for event in events {
            lines.extend(event.line().map_err(|error| self.ledger.error("write", error))?);
        }
        let before = self.file.metadata().map_err(|error| self.ledger.error("read", error))?.len();
        // Whole or not at all: a full disk would keep half a line.
        let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        written.map_err(|error| {
            let _ = self.file.set_len(before);
            self.ledger.error("write", error)
        })
    }

    /// Removes a torn last line; completes one that only lacks its line end.
    fn repair(&mut self) -> Result<(), Error> {
        let file = &mut self.file;
        (|| {
            let length = file.seek(SeekFrom::End(0))?;
            if length == 0 || byte_at(file, length - 1)? == b'\n' {
                return Ok(());
            }
            let mut start = length;
            while start > 0 && byte_at(file, start - 1)? != b'\n' {
                start -= 1;
            }
            let mut tail = Vec::new();
            file.seek(SeekFrom::Start(start))?;
            file.read_to_end(&mut tail)?;
            match serde_json::from_slice::<Event>(&tail) {
                // Only a line that ends too early is one of a killed run.
                Err(error) if error.is_eof() => file.set_len(start),
                _ => file.write_all(b"\n"),
            }
        })()
        .map_err(|error| self.ledger.error("repair", error))
    }
}

fn read_to_end(file: &mut File) -> io::Result<Vec<u8>> {
    if !file.metadata()?.is_file() {
        return Err(no_file());
    }
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut text)?;
    Ok(text)
}

fn byte_at(file: &mut File, position: u64) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::Start(position))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// Bytes from hexadecimal digits.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
        _ => None,
    };
    hex.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::*;
    use crate::ca::reason::{ListEntry, Reason};
    use crate::ca::{CaProfile, Subject, make_root};
    use crate::x509::{KeyKind, PrivateKey};

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn ca() -> Certificate {
        let profile = CaProfile::new(Subject::common_name("CA"), 9, 0);
        make_root(&profile, PrivateKey::generate(KeyKind::EcdsaP256).unwrap(), NOW).unwrap().leaf().clone()
    }

    fn revoked(ca: &Certificate, serial: &str) -> Event {
        let reason = Reason::KeyCompromise;
        Event::Revoked { ca: ca.spki_sha256(), serial: serial.into(), at: NOW, reason, imported: false }
    }

    #[test]
    fn lines_are_read_again_for_their_ca_only() {
        let dir = tempfile::tempdir().unwrap();
        let (ca, other) = (ca(), ca());
        let ledger = Ledger::beside(&dir.path().join("ca.crt"));
        assert!(ledger.read(&ca).unwrap().issued.is_empty());
        let filed = Filed {
            file: Some(Path::new("/x/a.crt")),
            key_file: Some(Path::new("/x/a.key")),
            other_files: &["/x/a.p12".into()],
            requested_by: Some("mkcert"),
        };
        let issued = Event::issued(&ca, &ca, filed);
        ledger.append(std::slice::from_ref(&issued)).unwrap();
        ledger.append(&[revoked(&ca, "0a"), revoked(&other, "0b")]).unwrap();
        let next = ledger.update(&[&ca], |records| {
            let number = records.last_list + 1;
            Ok::<_, Error>((vec![Event::Listed { ca: ca.spki_sha256(), number, at: NOW }], number))
        });
        assert_eq!(next.unwrap(), 1);
        let (all, end) = ledger.read_from(0).unwrap();
        assert_eq!((all.issued.len(), all.revoked.len()), (1, 2));
        ledger.append(&[revoked(&ca, "0c")]).unwrap();
        let (new, end) = ledger.read_from(end).unwrap();
        assert_eq!(
            (
                new.issued.len(),
                new.revoked.iter().map(|(_, serial, ..)| serial.to_owned()).collect::<Vec<_>>()
            ),
            (0, vec!["0c".to_owned()])
        );
        assert_eq!(ledger.read_from(end).unwrap().1, end);
        assert_eq!(ledger.read_from(end + 1).unwrap().0.revoked.len(), 3);
        let of = |ca: &Certificate, serial| ledger.revocation(ca, serial).unwrap();
        assert_eq!(of(&ca, "0a"), Some((NOW, Reason::KeyCompromise)));
        assert_eq!((of(&ca, "0b"), of(&other, "0a"), of(&ca, "0")), (None, None, None));
        let is_compromised = || ledger.is_compromised(&ca.spki_sha256()).unwrap();
        assert!(!is_compromised());
        ledger.append(&[revoked(&ca, &ca.serial_hex())]).unwrap();
        assert!(is_compromised());
        let records = ledger.read(&ca).unwrap();
        assert_eq!(records.issued.len(), 1);
        assert_eq!(Event::Issued(Box::new(records.issued[0].clone())), issued);
        assert_eq!(records.issued[0].certificate.as_deref(), Some(&*ca.der));
        let entry = ListEntry { serial: vec![10], at: NOW, reason: Reason::KeyCompromise };
        assert_eq!((records.entries().first(), records.last_list), (Some(&entry), 1));
    }

    /// A line as the first version wrote it.
    #[test]
    fn older_lines_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let ca = ca();
        let ledger = Ledger::beside(&dir.path().join("ca.crt"));
        let line = format!(
            r#"{{"event":"issued","ca":"{}","serial":"0a","names":["a.test"],"not_before":"2026-11-20T12:00:00Z","not_after":"2026-11-21T12:00:00Z","sha256":"00","file":"/x/a.crt"}}"#,
            ca.spki_sha256()
        );
        std::fs::write(ledger.path(), line + "\n").unwrap();
        let [record] = ledger.read(&ca).unwrap().issued.try_into().unwrap();
        assert_eq!((record.file, record.names), (Some("/x/a.crt".into()), vec!["a.test".to_owned()]));
        assert_eq!((record.key_sha256, record.certificate, record.requested_by), (None, None, None));
    }

    #[test]
    fn a_torn_last_line_goes_and_a_whole_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let ca = ca();
        let ledger = Ledger::beside(&dir.path().join("ca.crt"));
        ledger.append(&[revoked(&ca, "0a")]).unwrap();
        let whole = std::fs::read(ledger.path()).unwrap();
        for cut in 1..whole.len() {
            let mut torn = whole.clone();
            torn.extend_from_slice(&whole[..cut]);
            std::fs::write(ledger.path(), &torn).unwrap();
            assert_eq!(ledger.read(&ca).unwrap().revoked.len(), 1);
            ledger.append(&[revoked(&ca, "0c")]).unwrap();
            let text = std::fs::read_to_string(ledger.path()).unwrap();
            // Cut before its line end alone, the line is whole.
            assert_eq!(text.lines().count(), if cut == whole.len() - 1 { 3 } else { 2 }, "{text}");
            assert_eq!(ledger.read(&ca).unwrap().revoked.len(), 2);
        }
    }

    #[test]
    fn a_line_of_somebody_else_is_named_and_the_others_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::beside(&dir.path().join("ca.crt"));
        std::fs::write(ledger.path(), "\nhello\n").unwrap();
        let ca = ca();
        let broken = |ledger: &Ledger| {
            let records = ledger.read(&ca).unwrap();
            records.broken.iter().map(|broken| broken.line).collect::<Vec<_>>()
        };
        assert_eq!(broken(&ledger), [2]);
        ledger.append(&[revoked(&ca, "0a")]).unwrap();
        assert_eq!((broken(&ledger), ledger.read(&ca).unwrap().revoked.len()), (vec![2], 1));
        let last = Event::Listed { ca: ca.spki_sha256(), number: u64::MAX, at: NOW };
        for odd in [revoked(&ca, ""), revoked(&ca, "xy"), last] {
            std::fs::write(ledger.path(), "").unwrap();
            ledger.append(&[odd]).unwrap();
            assert_eq!(broken(&ledger), [1]);
        }
    }

    #[test]
    fn one_that_is_not_kept_is_read_and_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let ca = ca();
        let kept = Ledger::beside(&dir.path().join("ca.crt"));
        kept.append(&[revoked(&ca, "0a")]).unwrap();
        let before = std::fs::read(kept.path()).unwrap();
        let ledger = kept.clone().read_only();
        ledger.append(&[revoked(&ca, "0b")]).unwrap();
        assert!(matches!(ledger.open(), Err(Error::NotKept)));
        assert_eq!(ledger.read(&ca).unwrap().revoked.len(), 1);
        assert_eq!(std::fs::read(kept.path()).unwrap(), before);
    }
}
