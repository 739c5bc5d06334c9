//! The ledger: a file next to the CA with one line of JSON for each certificate issued or revoked
//! and each list made.
//!
//! It is only ever appended to. A batch of lines goes in under a lock, in one write, and is synced
//! once; `publish` writes and syncs the certificates under temporary names *before*, and gives them
//! their names *after*. So every certificate that has its name is in the ledger, and everything in
//! the ledger was safe on disk at that time. A run that is killed while it writes leaves a torn
//! last line; the next one removes it: its certificates never got their names.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::reason::{ListEntry, Reason};
use crate::sys::fs::{PRIVATE, plain};
use crate::x509::Certificate;

/// The ledger of the CAs in one folder.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
}

/// Its name in the CA's folder.
const NAME: &str = "ledger.jsonl";

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A certificate was issued.
    Issued {
        /// SHA-256 of the CA's public key, in hexadecimal.
        ca: String,
        /// Serial number in hexadecimal.
        serial: String,
        /// The names it is for; of a CA its subject.
        names: Vec<String>,
        #[serde(with = "rfc3339")]
        not_before: OffsetDateTime,
        #[serde(with = "rfc3339")]
        not_after: OffsetDateTime,
        /// SHA-256 of its DER, in hexadecimal.
        sha256: String,
        /// Its file; missing when it went to standard output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<PathBuf>,
    },
    /// A certificate was issued, but its file could not get its name: nobody has it.
    Discarded {
        /// As in `Issued`.
        ca: String,
        /// As in `Issued`.
        serial: String,
    },
    /// A certificate was revoked.
    Revoked {
        /// As in `Issued`.
        ca: String,
        /// As in `Issued`.
        serial: String,
        #[serde(with = "rfc3339")]
        at: OffsetDateTime,
        #[serde(default)]
        reason: Reason,
    },
    /// A revocation list was made.
    Listed {
        /// As in `Issued`.
        ca: String,
        number: u64,
        #[serde(with = "rfc3339")]
        at: OffsetDateTime,
    },
}

impl Event {
    /// The line for a certificate that `ca` issued.
    pub fn issued(ca: &Certificate, certificate: &Certificate, file: Option<&Path>) -> Self {
        let names = certificate.subject_alt_names.iter().flatten().map(ToString::to_string);
        let names: Vec<_> = names.collect();
        Self::Issued {
            ca: ca.spki_sha256(),
            serial: certificate.serial_hex(),
            names: if names.is_empty() { vec![certificate.subject.to_string()] } else { names },
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            sha256: certificate.sha256(),
            // A ledger outlives the current folder.
            file: file.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf())),
        }
    }

    /// Whether a list can be made from it: an entry without a serial number would be omitted
    /// silently, and no number follows the largest one.
    fn is_sound(&self) -> bool {
        match self {
            Self::Revoked { serial, .. } => bytes(serial).is_some_and(|bytes| !bytes.is_empty()),
            Self::Listed { number, .. } => *number < u64::MAX,
            Self::Issued { .. } | Self::Discarded { .. } => true,
        }
    }

    fn ca(&self) -> &str {
        match self {
            Self::Issued { ca, .. }
            | Self::Discarded { ca, .. }
            | Self::Revoked { ca, .. }
            | Self::Listed { ca, .. } => ca,
        }
    }
}

/// What a ledger says about one CA.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Issued certificates by serial number (hexadecimal): where each was written, in the order of
    /// the ledger.
    pub issued: Vec<(String, Option<PathBuf>)>,
    /// Revoked certificates by serial number (hexadecimal).
    pub revoked: BTreeMap<String, (OffsetDateTime, Reason)>,
    /// The number of the last revocation list; 0 when there was none.
    pub last_list: u64,
}

impl Records {
    /// The revoked certificates as a revocation list has them.
    pub fn entries(&self) -> Vec<ListEntry> {
        let entry = |(serial, &(at, reason)): (&String, &(OffsetDateTime, Reason))| {
            Some(ListEntry { serial: bytes(serial)?, at, reason })
        };
        self.revoked.iter().filter_map(entry).collect()
    }
}

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
    #[error("line {line} of the ledger {} is not a ledger entry", .path.display())]
    Malformed {
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

impl Ledger {
    /// The ledger next to a CA's certificate file.
    pub fn beside(ca: &Path) -> Self {
        Self { path: ca.with_file_name(NAME) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds lines: all of them, on disk when this returns, or none.
    ///
    /// # Errors
    /// When the file cannot be opened, locked or written.
    pub fn append(&self, events: &[Event]) -> Result<(), Error> {
        let mut file = self.lock()?;
        self.repair(&mut file)?;
        self.write(&mut file, events)
    }

    /// Reads what is recorded for `ca`, and adds the lines that follow from it, under one lock.
    ///
    /// # Errors
    /// Those of `decide`; else when the file cannot be read or written.
    pub fn update<T, E: From<Error>>(
        &self,
        ca: &Certificate,
        decide: impl FnOnce(&Records) -> Result<(Vec<Event>, T), E>,
    ) -> Result<T, E> {
        let mut file = self.lock()?;
        self.repair(&mut file)?;
        let records = self.records(&mut file, ca)?;
        let (events, result) = decide(&records)?;
        if !events.is_empty() {
            self.write(&mut file, &events)?;
        }
        Ok(result)
    }

    /// What it says about `ca`; nothing when there is no such file.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(&self, ca: &Certificate) -> Result<Records, Error> {
        match File::open(&self.path) {
            Ok(mut file) => self.records(&mut file, ca),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Records::default()),
            Err(error) => Err(self.error("read", error)),
        }
    }

    /// Opens it, creates it if needed, and waits for its lock. Closing it releases the lock, and so
    /// does a kill.
    fn lock(&self) -> Result<File, Error> {
        let open = || OpenOptions::new().read(true).append(true).create(true).mode(PRIVATE).open(&self.path);
        let is_new = !self.path.exists();
        let file = open().map_err(|error| self.error("open", error))?;
        if is_new && let Some(folder) = self.path.parent() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            // Its name must be as durable as its lines.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        flock(&file, FlockOperation::LockExclusive).map_err(|error| self.error("lock", error.into()))?;
        Ok(file)
    }

    /// Removes a torn last line; completes one that only lacks its line end.
    fn repair(&self, file: &mut File) -> Result<(), Error> {
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
            if serde_json::from_slice::<Event>(&tail).is_ok() {
                file.write_all(b"\n")
            } else {
                file.set_len(start)
            }
        })()
        .map_err(|error| self.error("repair", error))
    }

    fn write(&self, file: &mut File, events: &[Event]) -> Result<(), Error> {
        let mut lines = Vec::with_capacity(events.len() * 400);
        for event in events {
            // Texts, numbers and times always have a JSON form.
            let _ = serde_json::to_writer(&mut lines, event);
            lines.push(b'\n');
        }
        let before = file.metadata().map_err(|error| self.error("read", error))?.len();
        // Whole or not at all: a full disk would keep half a line.
        let written = file.write_all(&lines).and_then(|()| file.sync_data());
        written.map_err(|error| {
            let _ = file.set_len(before);
            self.error("write", error)
        })
    }

    fn records(&self, file: &mut File, ca: &Certificate) -> Result<Records, Error> {
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.read_to_end(&mut text))
            .map_err(|error| self.error("read", error))?;
        // What follows the last line end is still being written, or torn.
        let end = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let ca = ca.spki_sha256();
        let mut records = Records::default();
        for (index, line) in text.get(..end).unwrap_or_default().split(|&byte| byte == b'\n').enumerate() {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let event: Option<Event> = serde_json::from_slice(line).ok().filter(Event::is_sound);
            let event = event.ok_or_else(|| Error::Malformed { path: self.path.clone(), line: index + 1 })?;
            if event.ca() == ca {
                records.take(event);
            }
        }
        Ok(records)
    }

    fn error(&self, action: &'static str, source: io::Error) -> Error {
        Error::Io { action, path: self.path.clone(), source }
    }
}

impl Records {
    fn take(&mut self, event: Event) {
        match event {
            Event::Issued { serial, file, .. } => self.issued.push((serial, file)),
            Event::Discarded { serial, .. } => self.issued.retain(|(issued, _)| *issued != serial),
            Event::Revoked { serial, at, reason, .. } => {
                self.revoked.entry(serial).or_insert((at, reason));
            }
            Event::Listed { number, .. } => self.last_list = self.last_list.max(number),
        }
    }
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

/// Times as text, `2026-11-20T12:00:00Z`.
mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    pub(super) fn serialize<S: Serializer>(time: &OffsetDateTime, to: S) -> Result<S::Ok, S::Error> {
        let text =
            time.replace_nanosecond(0).unwrap_or(*time).format(&Rfc3339).map_err(ser::Error::custom)?;
        to.serialize_str(&text)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<OffsetDateTime, D::Error> {
        let text = String::deserialize(from)?;
        OffsetDateTime::parse(&text, &Rfc3339).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::ca::{CaProfile, Subject, make_root};
    use crate::x509::{KeyKind, PrivateKey};

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn ca() -> Certificate {
        let profile = CaProfile::new(Subject::common_name("CA"), 9, 0);
        make_root(&profile, PrivateKey::generate(KeyKind::EcdsaP256).unwrap(), NOW).unwrap().leaf().clone()
    }

    fn revoked(ca: &Certificate, serial: &str) -> Event {
        let reason = Reason::KeyCompromise;
        Event::Revoked { ca: ca.spki_sha256(), serial: serial.into(), at: NOW, reason }
    }

    #[test]
    fn lines_are_read_again_for_their_ca_only() {
        let dir = tempfile::tempdir().unwrap();
        let (ca, other) = (ca(), ca());
        let ledger = Ledger::beside(&dir.path().join("ca.crt"));
        assert!(ledger.read(&ca).unwrap().issued.is_empty());
        ledger.append(&[Event::issued(&ca, &ca, Some(Path::new("/x/a.crt")))]).unwrap();
        ledger.append(&[revoked(&ca, "0a"), revoked(&other, "0b")]).unwrap();
        let next = ledger.update(&ca, |records| {
            let number = records.last_list + 1;
            Ok::<_, Error>((vec![Event::Listed { ca: ca.spki_sha256(), number, at: NOW }], number))
        });
        assert_eq!(next.unwrap(), 1);
        let records = ledger.read(&ca).unwrap();
        assert_eq!(records.issued, [(ca.serial_hex(), Some("/x/a.crt".into()))]);
        let entry = ListEntry { serial: vec![10], at: NOW, reason: Reason::KeyCompromise };
        assert_eq!((records.entries(), records.last_list), (vec![entry], 1));
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
    fn a_line_of_somebody_else_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::beside(&dir.path().join("ca.crt"));
        std::fs::write(ledger.path(), "\nhello\n").unwrap();
        assert!(matches!(ledger.read(&ca()), Err(Error::Malformed { line: 2, .. })));
        let ca = ca();
        let last = Event::Listed { ca: ca.spki_sha256(), number: u64::MAX, at: NOW };
        for odd in [revoked(&ca, ""), revoked(&ca, "xy"), last] {
            std::fs::write(ledger.path(), "").unwrap();
            ledger.append(&[odd]).unwrap();
            assert!(matches!(ledger.read(&ca), Err(Error::Malformed { line: 1, .. })));
        }
    }
}
