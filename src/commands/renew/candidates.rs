//! Which certificates `renew` checks, and which of them are due.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::ca::{
    IssuedRecord, LeafProfile, Records, RenewalError, SigningCa, renewed_profile, require_renewable,
};
use crate::cli::RenewArgs;
use crate::commands::Result;
use crate::container::{self, LockedError, Note};
use crate::operands::input::{InputError, read_certificates};
use crate::operands::read::ReadError;
use crate::report::Failure;
use crate::x509::{Certificate, RenewalPolicy};

/// A file to check.
pub(super) struct Candidate {
    pub(super) file: String,
    /// When it is due; `None` is now.
    policy: Option<RenewalPolicy>,
    /// Whether the user named it; others come from the ledger.
    pub(super) is_named: bool,
}

/// A certificate that is due.
pub(super) struct Due<'a> {
    pub(super) file: String,
    pub(super) path: PathBuf,
    pub(super) is_named: bool,
    pub(super) old: Certificate,
    pub(super) profile: LeafProfile,
    pub(super) record: Option<&'a IssuedRecord>,
    /// Files that were named too and hold the same certificate.
    pub(super) also: Vec<PathBuf>,
    pub(super) due_at: OffsetDateTime,
}

/// What a check gives.
pub(super) enum Checked<'a> {
    Due(Box<Due<'a>>),
    NotDue {
        certificate: Box<Certificate>,
        due_at: OffsetDateTime,
    },
    /// PKCS#7 or PKCS#12, which is renewed with a certificate's own file alone, and what to say where that does not happen.
    Container(Failure),
    /// The ledger's file holds something else by now.
    Gone,
}

/// The CA and what its ledger says, for many checks.
pub(super) struct Checks<'a> {
    ca: &'a SigningCa,
    records: &'a Records,
    by_serial: HashMap<&'a str, &'a IssuedRecord>,
    now: OffsetDateTime,
}

/// The files to check. What is named is renewed unless a time is named too.
pub(super) fn candidates(files: &[String], args: &RenewArgs, records: &Records) -> Vec<Candidate> {
    if !args.files.is_empty() {
        let named = |file: &String| Candidate { file: file.clone(), policy: args.if_within, is_named: true };
        return files.iter().map(named).collect();
    }
    let policy = Some(args.if_within.unwrap_or_default());
    let mut seen: HashSet<&Path> = HashSet::new();
    let files = records.issued.iter().filter_map(|record| record.file.as_deref());
    let files = files.filter(|file| seen.insert(file));
    files.map(|file| Candidate { file: file.display().to_string(), policy, is_named: false }).collect()
}

/// Whether it is PKCS#12 whose password is missing or wrong.
fn is_locked_container(error: &InputError) -> bool {
    let InputError::Unreadable { errors, .. } = error else { return false };
    let is_locked = |error: &container::Error| {
        use LockedError::{PasswordNeeded, WrongPassword};
        matches!(error, container::Error::Pkcs12(PasswordNeeded | WrongPassword))
    };
    errors.iter().any(is_locked)
}

impl<'a> Checks<'a> {
    pub(super) fn new(ca: &'a SigningCa, records: &'a Records, now: OffsetDateTime) -> Self {
        let by_serial = records.issued.iter().map(|record| (record.serial.as_str(), record)).collect();
        Self { ca, records, by_serial, now }
    }

    /// # Errors
    /// When the file cannot be read, or its certificate may not be renewed by this CA.
    pub(super) fn check(&self, candidate: &Candidate) -> Result<Checked<'a>> {
        let Candidate { file, policy, is_named } = candidate;
        if file == "-" {
            return Err(RenewalError::StandardInput.into());
        }
        let mut read = match read_certificates(file) {
            Err(InputError::Read(ReadError::NotFound { .. })) if !is_named => return Ok(Checked::Gone),
            Err(error) if *is_named && is_locked_container(&error) => {
                return Ok(Checked::Container(RenewalError::Container(file.clone()).into()));
            }
            read => read?,
        };
        let is_other = read.certificates.first().is_some_and(|found| !self.is_own(&found.certificate));
        if !is_named && is_other {
            return Ok(Checked::Gone);
        }
        if !read.malformed.is_empty() {
            return Err(read.malformed.into());
        }
        if read.forms.iter().any(|form| matches!(form, Note::Pkcs7 { .. } | Note::Pkcs12 { .. })) {
            return Ok(Checked::Container(RenewalError::Container(file.clone()).into()));
        }
        let old = read.certificates.remove(0).certificate;
        require_renewable(&old, file, self.ca, self.records)?;
        let due_at = policy.unwrap_or_default().due_at(old.not_before, old.not_after);
        if policy.is_some() && self.now < due_at {
            return Ok(Checked::NotDue { certificate: Box::new(old), due_at });
        }
        let record = self.by_serial.get(old.serial_hex().as_str()).copied();
        Ok(Checked::Due(Box::new(Due {
            file: file.clone(),
            path: PathBuf::from(file),
            is_named: *is_named,
            profile: renewed_profile(&old, file)?,
            old,
            record,
            also: Vec::new(),
            due_at,
        })))
    }

    /// Whether the ledger's file still holds one of its certificates that is to be renewed. CAs are not
    /// renewed without being named.
    fn is_own(&self, certificate: &Certificate) -> bool {
        let serial = certificate.serial_hex();
        !certificate.is_ca()
            && self
                .by_serial
                .get(serial.as_str())
                .is_some_and(|record| self.records.revocation_of(record).is_none())
    }
}
