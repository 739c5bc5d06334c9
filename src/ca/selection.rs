//! Choosing certificates from the ledger: by serial number, by name, by key.

use time::OffsetDateTime;

use super::ledger::{IssuedRecord, Records};
use crate::sys::clock::date;

/// What the user names.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'a> {
    /// SHA-256 of a public key (SubjectPublicKeyInfo), in hexadecimal; `file` is where it was read.
    Key { sha256: &'a str, file: &'a str },
    /// A serial number or a name.
    Text(&'a str),
}

/// Why no certificate is chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    #[error("`{text}` is the serial number of one certificate and a name of another")]
    Ambiguous { text: String, candidates: Vec<Candidate> },
    #[error("the ledger has no valid certificate of the key in `{0}`")]
    NoneOfKey(String),
    #[error("every certificate for `{0}` in the ledger is expired or revoked")]
    NoneValid(String),
    #[error("the ledger has {} valid certificates for `{name}`", .candidates.len())]
    Several { name: String, candidates: Vec<Candidate> },
    #[error("the ledger has no certificate with the serial number or the name `{0}`")]
    Unknown(String),
}

/// A certificate that may be the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// SHA-256 of its CA's public key, in hexadecimal.
    pub ca: String,
    /// In hexadecimal.
    pub serial: String,
    pub names: Vec<String>,
    pub not_after: OffsetDateTime,
}

impl From<&IssuedRecord> for Candidate {
    fn from(record: &IssuedRecord) -> Self {
        let (ca, serial, names) = (record.ca.clone(), record.serial.clone(), record.names.clone());
        Self { ca, serial, names, not_after: record.not_after }
    }
}

impl std::fmt::Display for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}, valid until {})", self.serial, self.names.join(" "), date(self.not_after))
    }
}

impl Records {
    /// Whether a certificate is neither expired nor revoked.
    pub fn is_valid(&self, record: &IssuedRecord, at: OffsetDateTime) -> bool {
        record.not_after >= at && self.revocation_of(record).is_none()
    }

    /// The certificates that are named: one by its serial number, whatever its state; by name or key all that are meant,
    /// such as the valid ones.
    ///
    /// # Errors
    /// When there is none, and when a text can be read in two ways.
    pub fn select(
        &self,
        selection: Selection<'_>,
        is_meant: impl Fn(&IssuedRecord) -> bool,
    ) -> Result<Vec<&IssuedRecord>, SelectionError> {
        let text = match selection {
            Selection::Key { sha256, file } => {
                let is_it =
                    |record: &&IssuedRecord| record.key_sha256.as_deref() == Some(sha256) && is_meant(record);
                let found: Vec<_> = self.issued.iter().filter(is_it).collect();
                let none = || SelectionError::NoneOfKey(file.to_owned());
                return if found.is_empty() { Err(none()) } else { Ok(found) };
            }
            Selection::Text(text) => text,
        };
        let serial = serial_number(text);
        let of_serial = self.issued.iter().find(|record| {
            serial.as_deref().is_some_and(|serial| serial == record.serial.trim_start_matches('0'))
        });
        let of_name: Vec<_> = self.issued.iter().filter(|record| has_name(record, text)).collect();
        match (of_serial, of_name.is_empty()) {
            (Some(record), true) => return Ok(vec![record]),
            (Some(record), false) => {
                let candidates = std::iter::once(record).chain(of_name).map(Candidate::from).collect();
                return Err(SelectionError::Ambiguous { text: text.to_owned(), candidates });
            }
            (None, true) => return Err(SelectionError::Unknown(text.to_owned())),
            (None, false) => {}
        }
        let meant: Vec<_> = of_name.into_iter().filter(|record| is_meant(record)).collect();
        if meant.is_empty() { Err(SelectionError::NoneValid(text.to_owned())) } else { Ok(meant) }
    }
}

impl IssuedRecord {
    /// Whether a text is its serial number or one of its names.
    pub fn is_called(&self, text: &str) -> bool {
        has_name(self, text)
            || serial_number(text).is_some_and(|serial| serial == self.serial.trim_start_matches('0'))
    }
}

/// Names of hosts are the same in any case (RFC 4343).
fn has_name(record: &IssuedRecord, name: &str) -> bool {
    record.names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The digits of a serial number as people copy it: `4f0a…`, `4F:0A:…`, `0x4f0a…`; without zeros in front.
fn serial_number(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then(|| digits.trim_start_matches('0').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,40}", digits in "[0-9a-fA-F]{1,40}") {
            let _ = serial_number(&text);
            let pairs: Vec<_> = digits.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair)).collect();
            let read = serial_number(&digits);
            proptest::prop_assert_eq!(&read, &serial_number(&pairs.join(":")));
            proptest::prop_assert_eq!(read, Some(digits.trim_start_matches('0').to_lowercase()));
        }
    }

    #[test]
    fn serial_numbers_as_people_copy_them() {
        for text in ["4f0a", "4F:0A", "0x4f0a", "0X4F0A", " 004f0a "] {
            assert_eq!(serial_number(text).as_deref(), Some("4f0a"), "{text}");
        }
        for text in ["", "0x", ":", "test.example", "4g", "-1"] {
            assert_eq!(serial_number(text), None, "{text}");
        }
    }
}
