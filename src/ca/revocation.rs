//! Revoking certificates: one step under the ledger's lock.

use std::path::PathBuf;

use time::OffsetDateTime;

use super::error::Error;
use super::existing::CertificateFiles;
use super::ledger::{BrokenLine, Error as LedgerError, Event, IssuedRecord, Records};
use super::reason::Reason;
use super::selection::{Candidate, Selection, SelectionError};
use super::signing_ca::{NotIssuedHereError, SigningCa};
use crate::sys::fs;
use crate::x509::{Certificate, SignatureCheck};

/// Why nothing was revoked or listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationError {
    #[error(transparent)]
    File(#[from] fs::Error),
    #[error(transparent)]
    Issue(#[from] Error),
    #[error("`{0}` is the CA itself, and a CA cannot revoke itself")]
    ItsOwn(String),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the list of `{0}` has a number that leaves no larger one")]
    ListNumber(String),
    #[error("`{file}` is a file, and the ledger has other certificates for this name")]
    FileAndName { file: String, candidates: Vec<Candidate> },
    #[error(transparent)]
    NotIssuedHere(#[from] NotIssuedHereError),
    #[error(transparent)]
    Selection(#[from] SelectionError),
}

/// What to revoke.
pub struct RevocationRequest<'a> {
    pub target: RevocationTarget<'a>,
    pub reason: Reason,
    pub at: OffsetDateTime,
    /// All valid certificates for a name, where there are several.
    pub all: bool,
    /// Also every valid certificate with the same names.
    pub same_names: bool,
    pub files: &'a dyn CertificateFiles,
}

#[derive(Clone, Copy)]
pub enum RevocationTarget<'a> {
    /// A certificate, and its file as it was typed.
    File {
        certificate: &'a Certificate,
        file: &'a str,
    },
    Selected(Selection<'a>),
}

/// What was revoked, and what was not.
#[derive(Debug, Default)]
pub struct Revoked {
    /// At least one; the certificate that was named comes first.
    pub certificates: Vec<RevokedCertificate>,
    /// Certificates with a name or the key of a revoked one, which stay valid.
    pub still_valid: Vec<Candidate>,
    /// Valid certificates whose key nobody knows, where a key was compromised.
    pub unknown_keys: Vec<Candidate>,
    pub broken: Vec<BrokenLine>,
    /// The certificate files of the CAs whose lists change.
    pub lists: Vec<PathBuf>,
}

#[derive(Debug)]
pub struct RevokedCertificate {
    pub certificate: Candidate,
    /// When and why it had been revoked before.
    pub before: Option<(OffsetDateTime, Reason)>,
    /// Whether something new is in the ledger: the revocation, or that its key was compromised.
    pub is_new: bool,
}

impl SigningCa {
    /// Enters revocations into the ledger: of what is named, and after the compromise of a key of every certificate of
    /// that key that is valid or was revoked for another reason, whichever CA of the folder issued it.
    ///
    /// # Errors
    /// When it is not a certificate of a CA of the folder, several could be named, or the ledger cannot be written.
    pub fn revoke(&self, request: &RevocationRequest<'_>) -> Result<Revoked, RevocationError> {
        let relatives = self.relatives();
        let family: Vec<_> = relatives.iter().map(|(_, ca)| ca).collect();
        let mut issuer = self.certified.leaf();
        if let RevocationTarget::File { certificate, file } = request.target {
            issuer = match family.iter().find(|ca| is_issuer(ca, certificate)) {
                Some(ca) => ca,
                None => self.require_issued(certificate, file)?,
            };
            if certificate.is_self_signed() {
                // Its list would be signed by the very key that nobody should trust any more.
                return Err(RevocationError::ItsOwn(file.to_owned()));
            }
        }
        let issuer = issuer.spki_sha256();
        self.ledger.update(&family, |records| {
            // Its list would be signed by the very key that nobody should trust any more.
            let is_own = |record: &IssuedRecord| record.key_sha256.as_deref() == Some(record.ca.as_str());
            if let Some(own) = request.named(records, &issuer)?.1.into_iter().find(|record| is_own(record)) {
                let file =
                    own.file.as_ref().map_or_else(|| own.serial.clone(), |file| file.display().to_string());
                return Err(RevocationError::ItsOwn(file));
            }
            let mut known = records.clone();
            known.issued.retain(|record| !is_own(record));
            request.read_keys(&mut known);
            let mut revoked = request.decide(&known, &issuer)?;
            revoked.add_lists(&relatives);
            let event = |one: &RevokedCertificate| Event::Revoked {
                ca: one.certificate.ca.clone(),
                serial: one.certificate.serial.clone(),
                at: request.at,
                reason: request.reason,
                imported: false,
            };
            let new = revoked.certificates.iter().filter(|one| one.is_new);
            Ok((new.map(event).collect(), revoked))
        })
    }
}

impl Revoked {
    /// The CAs of what was revoked, and those whose file of lists has theirs too: an intermediate's has that of its
    /// root.
    fn add_lists(&mut self, relatives: &[(PathBuf, Certificate)]) {
        let is_concerned = |ca: &Certificate| {
            let key = ca.spki_sha256();
            self.certificates.iter().any(|one| one.certificate.ca == key)
        };
        let concerned: Vec<_> = relatives.iter().filter(|(_, ca)| is_concerned(ca)).collect();
        let has_list = |(path, ca): &&(PathBuf, Certificate)| {
            concerned.iter().any(|(other, above)| other == path || is_issuer(above, ca))
        };
        self.lists = relatives.iter().filter(has_list).map(|(path, _)| path.clone()).collect();
        self.lists.dedup();
    }
}

/// Whether a CA issued a certificate.
fn is_issuer(ca: &Certificate, certificate: &Certificate) -> bool {
    certificate.names_issuer(ca) && certificate.signature_by(ca) == SignatureCheck::Valid
}

impl RevocationRequest<'_> {
    /// Lines of the first version do not say which key a certificate has; its file does, while it is there.
    fn read_keys(&self, records: &mut Records) {
        let by_key = matches!(self.target, RevocationTarget::Selected(Selection::Key { .. }));
        if !by_key && !self.reason.is_about_key() {
            return;
        }
        for record in &mut records.issued {
            if record.key_sha256.is_none() && record.not_after >= self.at {
                let found = record.file.as_deref().and_then(|file| self.files.certificate(file));
                let found = found.filter(|found| found.sha256() == record.sha256);
                record.key_sha256 = found.map(|found| found.spki_sha256());
            }
        }
    }

    fn decide(&self, records: &Records, issuer: &str) -> Result<Revoked, RevocationError> {
        let (first, named) = self.named(records, issuer)?;
        let mut keys: Vec<&str> = named.iter().filter_map(|record| record.key_sha256.as_deref()).collect();
        let key_of_file = match self.target {
            RevocationTarget::File { certificate, .. } => Some(certificate.spki_sha256()),
            RevocationTarget::Selected(_) => None,
        };
        keys.extend(key_of_file.as_deref());
        let has_key =
            |record: &IssuedRecord| record.key_sha256.as_deref().is_some_and(|key| keys.contains(&key));
        let has_same_names = |record: &IssuedRecord| {
            let names = std::iter::once(&first.names).chain(named.iter().map(|record| &record.names));
            names.into_iter().any(|names| same_names(names, &record.names))
        };
        let is_related = |record: &IssuedRecord| {
            has_key(record) || first.names.iter().any(|name| record.names.contains(name))
        };
        let state = |certificate: Candidate| {
            let before = records.revoked.of(&certificate.ca, &certificate.serial);
            let is_new = records.revoked.is_new(&certificate.ca, &certificate.serial, self.reason);
            RevokedCertificate { certificate, before, is_new }
        };
        let mut revoked = Revoked { broken: records.broken.clone(), ..Revoked::default() };
        revoked.certificates.push(state(first.clone()));
        for record in &records.issued {
            if record.serial == first.serial && record.ca == first.ca {
                continue;
            }
            let is_named = named.contains(&record);
            let is_added_to = self.adds_to(records, record) && has_key(record);
            if !is_named && !is_added_to && !records.is_valid(record, self.at) {
                continue;
            }
            let is_included = is_named
                || (self.same_names && has_same_names(record))
                || (self.reason.is_about_key() && has_key(record));
            if is_included {
                revoked.certificates.push(state(record.into()));
            } else if is_related(record) {
                revoked.still_valid.push(record.into());
            }
            if self.reason.is_about_key() && !is_included && record.key_sha256.is_none() {
                revoked.unknown_keys.push(record.into());
            }
        }
        Ok(revoked)
    }

    /// Whether a certificate was revoked for another reason, and it has to be known that its key was compromised.
    fn adds_to(&self, records: &Records, record: &IssuedRecord) -> bool {
        let before = records.revocation_of(record).filter(|_| record.not_after >= self.at);
        before.is_some_and(|(_, known)| self.reason.adds_to(known))
    }

    /// The certificates that are named; the first of them also apart, since the ledger may not know it.
    /// `issuer` is the key's hash of the CA of a file's certificate.
    fn named<'a>(
        &self,
        records: &'a Records,
        issuer: &str,
    ) -> Result<(Candidate, Vec<&'a IssuedRecord>), RevocationError> {
        let selection = match self.target {
            RevocationTarget::Selected(selection) => selection,
            RevocationTarget::File { certificate, file } => {
                let serial = certificate.serial_hex();
                let is_valid = |record: &IssuedRecord| records.is_valid(record, self.at);
                if let Ok(others) = records.select(Selection::Text(file), is_valid)
                    && others.iter().any(|other| other.serial != serial || other.ca != issuer)
                {
                    let candidates = others.into_iter().map(Candidate::from).collect();
                    return Err(RevocationError::FileAndName { file: file.to_owned(), candidates });
                }
                let is_it = |record: &&IssuedRecord| record.serial == serial && record.ca == issuer;
                let named: Vec<_> = records.issued.iter().filter(is_it).collect();
                let names = certificate.subject_alt_names.iter().flatten().map(ToString::to_string);
                let names: Vec<_> = names.collect();
                let names = if names.is_empty() { vec![certificate.subject.to_string()] } else { names };
                let (ca, not_after) = (issuer.to_owned(), certificate.not_after);
                return Ok((Candidate { ca, serial, names, not_after }, named));
            }
        };
        let named = records.select(selection, |record| records.is_valid(record, self.at));
        let named = named.or_else(|error| match error {
            SelectionError::NoneOfKey(_) | SelectionError::NoneValid(_) => {
                records.select(selection, |record| self.adds_to(records, record))
            }
            error => Err(error),
        })?;
        let Some((first, others)) = named.split_first() else {
            return Err(SelectionError::Unknown(String::new()).into());
        };
        // After a compromise all certificates of the key are revoked, whichever of them is meant.
        let same_key = self.reason.is_about_key()
            && first.key_sha256.is_some()
            && others.iter().all(|other| other.key_sha256 == first.key_sha256);
        if let Selection::Text(name) = selection
            && !others.is_empty()
            && !self.all
            && !same_key
        {
            let candidates = named.iter().map(|record| Candidate::from(*record)).collect();
            return Err(SelectionError::Several { name: name.to_owned(), candidates }.into());
        }
        Ok((Candidate::from(*first), named))
    }
}

/// Whether the names are the same, in any order.
fn same_names(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|name| other.contains(name))
}
