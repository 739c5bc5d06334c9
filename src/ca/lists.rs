//! Making the next revocation lists: one step under the ledger's lock.
//!
//! The list in place is read first, because the ledger may know less than it: numbers never go down, and no entry goes
//! while its certificate is valid. What the ledger does not know, as of an `openssl ca` CA, is entered into it.
//!
//! Under an intermediate the file also holds the lists of the CAs above it: nginx, HAProxy and Apache refuse every client
//! when the list of one CA of the path is missing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use time::{Duration, OffsetDateTime};

use super::crl::make_list;
use super::issuer::Issuer;
use super::ledger::{BrokenLine, Event, OpenLedger};
use super::publish::spare_keys;
use super::reason::{ListEntry, Reason};
use super::revocation::RevocationError;
use super::signing_ca::SigningCa;
use crate::pem;
use crate::sys::fs::{Existing, NewFile, PUBLIC, stage};
use crate::x509::{Certificate, CertifiedKey, Crl, SignatureCheck};

/// What to make.
pub struct ListRequest<'a> {
    pub days: u32,
    pub now: OffsetDateTime,
    /// The file to write; `None` is standard output.
    pub output: Option<&'a Path>,
    /// Whether a file that is something else is replaced.
    pub replaces_others: bool,
    pub files: &'a dyn ListFiles,
    /// The CAs above the one that makes the list, up to the root, and others whose lists are in the file.
    pub above: &'a [CaAbove],
}

/// Reads files of revocation lists.
pub trait ListFiles {
    fn lists(&self, path: &Path) -> ListsInPlace;
}

/// What is at the path of a list.
pub enum ListsInPlace {
    Nothing,
    Lists(Vec<Crl>),
    /// A file that is not a list, or not only lists.
    Other,
}

/// A CA above the one that signs.
pub enum CaAbove {
    /// Its key is here, so its list can be made.
    WithKey(CertifiedKey),
    /// Only its list may be here.
    Certificate(Box<Certificate>),
}

/// The lists that were made.
pub struct MadeLists {
    pub text: Vec<u8>,
    /// That of the CA that was asked, then those of the CAs above it.
    pub lists: Vec<MadeList>,
    /// Revocations that only a list in place knew.
    pub imported: usize,
    /// Labels of the CAs above whose list is missing or out of date.
    pub missing: Vec<String>,
    pub broken: Vec<BrokenLine>,
}

pub struct MadeList {
    /// What to call the CA by.
    pub issuer: String,
    /// `None` where an existing list has none.
    pub number: Option<u64>,
    pub revoked: usize,
    pub next_update: Option<OffsetDateTime>,
}

impl CaAbove {
    pub fn certificate(&self) -> &Certificate {
        match self {
            Self::WithKey(certified) => certified.leaf(),
            Self::Certificate(certificate) => certificate,
        }
    }
}

impl SigningCa {
    /// Makes the next revocation list, and writes it to a file unless that is standard output.
    ///
    /// # Errors
    /// When the CA cannot sign lists now, or file or ledger cannot be written; then the list in place stays.
    pub fn make_lists(&self, request: &ListRequest<'_>) -> Result<MadeLists, RevocationError> {
        let mut ledger = self.ledger.open()?;
        let (in_place, existing) = self.in_place(request);
        let mut made = MadeLists {
            text: Vec::new(),
            lists: Vec::new(),
            imported: 0,
            missing: Vec::new(),
            broken: Vec::new(),
        };
        let mut events = Vec::new();
        make_next(&self.certified, request, &in_place, &mut ledger, &mut made, &mut events)?;
        for above in request.above {
            match above {
                CaAbove::WithKey(certified) => {
                    make_next(certified, request, &in_place, &mut ledger, &mut made, &mut events)?;
                }
                CaAbove::Certificate(certificate) => {
                    take_current(certificate, request.now, &in_place, &mut made)
                }
            }
        }
        let Some(path) = request.output else {
            ledger.write(&events)?;
            return Ok(made);
        };
        // A list that cannot go on stays in the old file.
        let loses_list = existing == Existing::Replace && !made.missing.is_empty();
        let existing = if loses_list { Existing::KeepBackup } else { existing };
        let mut file =
            [NewFile { path: path.to_path_buf(), contents: made.text.clone(), mode: PUBLIC, existing }];
        spare_keys(&mut file)?;
        // A number that is on no list does no harm. A list whose number the ledger does not know would: the next one
        // could have the same number.
        let staged = stage(&file)?;
        ledger.write(&events)?;
        staged.commit()?;
        Ok(made)
    }

    /// The lists at the output and beside the CA, and what is to happen to the output.
    fn in_place(&self, request: &ListRequest<'_>) -> (Vec<Crl>, Existing) {
        let own = self.path.with_extension("crl");
        let output = request.output.unwrap_or(&own);
        let mut existing = if request.replaces_others { Existing::Replace } else { Existing::Refuse };
        let mut lists: Vec<Crl> = Vec::new();
        let issuers: Vec<_> = std::iter::once(self.certified.leaf())
            .chain(request.above.iter().map(CaAbove::certificate))
            .collect();
        let is_known = |list: &Crl| issuers.iter().any(|issuer| is_list_of(list, issuer));
        let mut paths: Vec<PathBuf> = vec![output.to_path_buf(), own.clone()];
        paths.push(self.path.with_file_name(super::signing_ca::ROOT_FILES.0).with_extension("crl"));
        // Lists of CAs that were put aside.
        paths.extend(self.relatives().into_iter().map(|(path, _)| path.with_extension("crl")));
        let mut seen = HashSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        for path in &paths {
            let ListsInPlace::Lists(found) = request.files.lists(path) else { continue };
            if path == output && found.iter().all(is_known) {
                existing = Existing::Replace;
            } else if path == output && request.replaces_others {
                // Entries that no ledger knows would be lost with it.
                existing = Existing::KeepBackup;
            }
            lists.extend(found.into_iter().filter(is_known));
        }
        (lists, existing)
    }
}

/// Whether the CA signed the list.
pub fn is_list_of(list: &Crl, issuer: &Certificate) -> bool {
    list.issuer.der == issuer.subject.der && list.signature_by(issuer) == SignatureCheck::Valid
}

/// Makes the next list of one CA, with the events that belong to it.
fn make_next(
    certified: &CertifiedKey,
    request: &ListRequest<'_>,
    in_place: &[Crl],
    ledger: &mut OpenLedger<'_>,
    made: &mut MadeLists,
    events: &mut Vec<Event>,
) -> Result<(), RevocationError> {
    let now = request.now;
    let issuer = Issuer::new(certified, now)?;
    let ca = certified.leaf();
    let mut records = ledger.records(&[ca])?;
    if made.broken.is_empty() {
        made.broken.clone_from(&records.broken);
    }
    let mut last = records.last_list;
    let mut imported = Vec::new();
    for list in in_place.iter().filter(|list| is_list_of(list, ca)) {
        if let Some(number) = &list.number_value {
            let number = number_of(number).ok_or_else(|| RevocationError::ListNumber(ca.label()))?;
            last = last.max(number);
        }
        for (serial, revocation) in list.entries() {
            let serial = serial_hex(serial);
            let reason = Reason::from_code(revocation.reason_code);
            if !records.revoked.is_new(&ca.spki_sha256(), &serial, reason) {
                continue;
            }
            let event =
                Event::Revoked { ca: ca.spki_sha256(), serial, at: revocation.date, reason, imported: true };
            records.add(event.clone());
            imported.push(event);
        }
    }
    let number = last.checked_add(1).filter(|number| *number < u64::MAX);
    let number = number.ok_or_else(|| RevocationError::ListNumber(ca.label()))?;
    let entries: Vec<ListEntry> = records.entries();
    let next_update = (now + Duration::days(request.days.into())).min(ca.not_after);
    let der = make_list(&issuer, number, &entries, now, next_update)?;
    made.imported += imported.len();
    made.add(&der, ca, Some(number), entries.len(), Some(next_update));
    events.extend(imported);
    events.push(Event::Listed { ca: ca.spki_sha256(), number, at: now });
    Ok(())
}

/// Takes over the newest list of a CA whose key is not here.
fn take_current(ca: &Certificate, now: OffsetDateTime, in_place: &[Crl], made: &mut MadeLists) {
    let is_current = |list: &&Crl| {
        is_list_of(list, ca) && list.this_update <= now && list.next_update.is_none_or(|next| next > now)
    };
    match in_place.iter().filter(is_current).max_by_key(|list| list.this_update) {
        Some(list) => {
            let number = list.number_value.as_deref().and_then(number_of);
            made.add(&list.der(), ca, number, list.count(), list.next_update);
        }
        None => made.missing.push(ca.label()),
    }
}

impl MadeLists {
    fn add(
        &mut self,
        der: &[u8],
        ca: &Certificate,
        number: Option<u64>,
        revoked: usize,
        next_update: Option<OffsetDateTime>,
    ) {
        let mut text = String::new();
        pem::write(&mut text, "X509 CRL", der);
        self.text.extend(text.into_bytes());
        self.lists.push(MadeList { issuer: ca.label(), number, revoked, next_update });
    }
}

/// A number from its octets, if it has a successor that certkit can write.
fn number_of(octets: &[u8]) -> Option<u64> {
    if octets.len() > 8 {
        return None;
    }
    Some(octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
}

/// A serial number as the ledger has it: the octets of a positive INTEGER, in hexadecimal.
fn serial_hex(number: &[u8]) -> String {
    let sign = number.first().is_none_or(|first| first & 0x80 != 0).then_some("00");
    let octets = number.iter().map(|octet| format!("{octet:02x}"));
    sign.map(str::to_owned).into_iter().chain(octets).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_and_list_numbers() {
        for (number, serial) in [(&[0x0a][..], "0a"), (&[0x80, 1], "008001"), (&[], "00"), (&[0x7f], "7f")] {
            assert_eq!(serial_hex(number), serial);
        }
        assert_eq!((number_of(&[1, 0]), number_of(&[0xff; 8])), (Some(256), Some(u64::MAX)));
        assert_eq!(number_of(&[1; 9]), None);
    }
}
