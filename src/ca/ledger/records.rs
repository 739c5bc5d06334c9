//! What a ledger says about one CA, or about all of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::bytes;
use super::event::{Event, IssuedRecord};
use crate::ca::reason::{ListEntry, Reason};

/// What a ledger says about one CA.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Issued certificates in the order of the ledger.
    pub issued: Vec<IssuedRecord>,
    pub revoked: Revocations,
    /// The number of the last revocation list; 0 when there was none.
    pub last_list: u64,
    /// When the last revocation list was made.
    pub last_list_at: Option<OffsetDateTime>,
    /// Lines that say nothing.
    pub broken: Vec<BrokenLine>,
}

/// Revoked certificates. Two CAs may have given one serial number, so each counts for its own CA alone.
#[derive(Clone, Debug, Default)]
pub struct Revocations {
    /// By serial number (hexadecimal); for each CA (SHA-256 of its public key) once.
    by_serial: BTreeMap<String, Vec<(String, OffsetDateTime, Reason)>>,
}

impl Revocations {
    /// When and why the certificate of a CA (SHA-256 of its public key) was revoked.
    pub fn of(&self, ca: &str, serial: &str) -> Option<(OffsetDateTime, Reason)> {
        let mut cas = self.by_serial.get(serial)?.iter();
        cas.find(|(known, ..)| known == ca).map(|(_, at, reason)| (*at, *reason))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether a revocation for this reason says more than what is known of the certificate.
    pub fn is_new(&self, ca: &str, serial: &str, reason: Reason) -> bool {
        self.of(ca, serial).is_none_or(|(_, known)| reason.adds_to(known))
    }

    /// The first entry counts, since a certificate is revoked once; but its reason changes when the key turns out to be
    /// compromised.
    fn add(&mut self, ca: String, serial: String, at: OffsetDateTime, reason: Reason) {
        let cas = self.by_serial.entry(serial).or_default();
        match cas.iter_mut().find(|(known, ..)| *known == ca) {
            Some((.., known)) if reason.adds_to(*known) => *known = reason,
            Some(_) => {}
            None => cas.push((ca, at, reason)),
        }
    }

    /// CA (SHA-256 of its public key), serial number, when, and why.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, OffsetDateTime, Reason)> {
        let entries =
            self.by_serial.iter().flat_map(|(serial, cas)| cas.iter().map(move |entry| (serial, entry)));
        entries.map(|(serial, (ca, at, reason))| (ca.as_str(), serial.as_str(), *at, *reason))
    }
}

/// A line that is not an event. What it said is lost; the others count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the ledger {} is not a ledger entry; it is ignored", .path.display())]
pub struct BrokenLine {
    pub path: PathBuf,
    /// Counted from 1.
    pub line: usize,
}

impl Records {
    /// Reads the lines about some CAs, named by the hash of their key. What follows the last line end is still being
    /// written, or torn.
    pub fn read(text: &[u8], path: &Path, is_wanted: impl Fn(&str) -> bool) -> Self {
        let end = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let mut records = Self::default();
        for (index, line) in text.get(..end).unwrap_or_default().split(|&byte| byte == b'\n').enumerate() {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match serde_json::from_slice::<Event>(line).ok().filter(Event::is_sound) {
                Some(event) if is_wanted(event.ca()) => records.add(event),
                Some(_) => {}
                None => records.broken.push(BrokenLine { path: path.to_path_buf(), line: index + 1 }),
            }
        }
        records
    }

    /// The revoked certificates as the next revocation list has them. "An entry MUST NOT be removed from the CRL until
    /// it appears on one regularly scheduled CRL issued beyond the revoked certificate's validity period" (RFC 5280
    /// section 3.3). Where the end of a certificate is not known, its entry stays.
    pub fn entries(&self) -> Vec<ListEntry> {
        let ends: BTreeMap<(&str, &str), OffsetDateTime> = self
            .issued
            .iter()
            .map(|record| ((record.ca.as_str(), record.serial.as_str()), record.not_after))
            .collect();
        let is_over = |ca: &str, serial: &str, at: OffsetDateTime| {
            let listed = self.last_list_at.filter(|listed| *listed >= at);
            listed.zip(ends.get(&(ca, serial))).is_some_and(|(listed, end)| listed > *end)
        };
        let entry = |(ca, serial, at, reason): (&str, &str, OffsetDateTime, Reason)| {
            if is_over(ca, serial, at) {
                None
            } else {
                Some(ListEntry { serial: bytes(serial)?, at, reason })
            }
        };
        self.revoked.iter().filter_map(entry).collect()
    }

    /// When and why a certificate was revoked.
    pub fn revocation_of(&self, record: &IssuedRecord) -> Option<(OffsetDateTime, Reason)> {
        self.revoked.of(&record.ca, &record.serial)
    }

    /// Whether others may have this key (SHA-256 of its SubjectPublicKeyInfo, in hexadecimal).
    pub fn is_compromised(&self, key_sha256: &str) -> bool {
        self.issued.iter().any(|record| {
            record.key_sha256.as_deref() == Some(key_sha256)
                && self.revocation_of(record).is_some_and(|(_, reason)| reason.is_about_key())
        })
    }

    /// Adds what an event says.
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Issued(record) => self.issued.push(*record),
            Event::Discarded { ca, serial } => {
                self.issued.retain(|issued| issued.serial != serial || issued.ca != ca)
            }
            Event::Revoked { ca, serial, at, reason, .. } => self.revoked.add(ca, serial, at, reason),
            Event::Listed { number, at, .. } => {
                self.last_list = self.last_list.max(number);
                self.last_list_at = self.last_list_at.max(Some(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(text in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            let records = Records::read(&text, Path::new("ledger"), |_| true);
            proptest::prop_assert!(records.broken.len() <= text.split(|byte| *byte == b'\n').count());
        }
    }

    #[test]
    fn an_entry_stays_until_one_list_after_its_certificate() {
        let now = datetime!(2026-11-20 12:00 UTC);
        let issued = |serial: &str, not_after| IssuedRecord {
            ca: "ca".into(),
            serial: serial.into(),
            names: Vec::new(),
            not_before: now - Duration::days(9),
            not_after,
            sha256: String::new(),
            file: None,
            key_sha256: None,
            key_file: None,
            other_files: Vec::new(),
            requested_by: None,
            replaces: None,
            certificate: None,
        };
        let revoked = |serial: &str, at| Event::Revoked {
            ca: "ca".into(),
            serial: serial.into(),
            at,
            reason: Reason::Superseded,
            imported: false,
        };
        let listed = |number, at| Event::Listed { ca: "ca".into(), number, at };
        let mut records = Records::default();
        records.add(Event::Issued(Box::new(issued("0a", now))));
        records.add(Event::Issued(Box::new(issued("0b", now + Duration::days(1)))));
        let early = now - Duration::days(1);
        for serial in ["0a", "0b", "0c"] {
            records.add(revoked(serial, early));
        }
        records.add(listed(1, now));
        assert_eq!(records.entries().len(), 3, "no list was made after the end of 0a");
        records.add(listed(2, now + Duration::SECOND));
        let serials: Vec<_> = records.entries().into_iter().map(|entry| entry.serial).collect();
        assert_eq!(serials, [[0x0b], [0x0c]], "0c: nobody knows when it ends");
        // Revoked after that list: it has not been on one.
        records.add(Event::Issued(Box::new(issued("0d", now - Duration::days(3)))));
        records.add(revoked("0d", now + Duration::days(1)));
        assert_eq!(records.entries().len(), 3);
    }
}
