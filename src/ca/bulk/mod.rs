//! Many certificates at once (`mkcert --from FILE`), on all cores, in constant memory.
//!
//! The file is read twice: first every line is checked, so that a slip in the last one does not
//! leave half of the work done; then it is worked off. A thread makes some hundred certificates,
//! writes them under temporary names, waits once until all of them are on disk, enters them into
//! the ledger, and gives them their names.

mod error;
mod lines;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

pub use self::error::{BulkError, LineError, LineProblem};
use self::lines::{Line, Lines, Source};
use super::existing::{CertificateFiles, ExistingCertificate};
use super::issuance::{Issuance, Proof, SubjectKey};
use super::issuer::Issuer;
use super::ledger::{Event, Filed, Records};
use super::names::alternative_name;
use super::profile::LeafProfile;
use super::publish::{FULL_CHAIN_ENDING, PublishError, certificate_text, create_files, publish, with_ending};
use super::signing_ca::{BUNDLE_FILE, SigningCa};
use super::subject::Subject;
use super::typed_names::NameRemark;
use crate::sys::clock::Clock;
use crate::sys::fs::{self, Existing, NewFile, PRIVATE, PUBLIC, create_folder, remove_leftovers};
use crate::x509::{KeyKind, Verdict};

/// Certificates that are written together.
const BATCH: usize = 256;
/// A thread writes what it has after this time, however little: keys of RSA take long to make.
const BATCH_TIME: Duration = Duration::from_secs(1);
/// Wrong lines that are named one by one.
const SHOWN: usize = 20;

pub struct BulkRequest<'a> {
    pub ca: &'a SigningCa,
    /// The file of names; `-` is standard input.
    pub names: &'a str,
    /// The folder that the files go into.
    pub folder: &'a Path,
    /// What all certificates have in common; its names are replaced by those of each line.
    pub profile: LeafProfile,
    pub key_kind: KeyKind,
    /// Whether a certificate that is fine stays; one of the same CA that is not is then replaced.
    pub keep_fine: bool,
    /// Whether files that differ are replaced.
    pub replace: bool,
    pub files: &'a dyn CertificateFiles,
    pub clock: &'a dyn Clock,
    /// Called after each batch, from any thread.
    pub progress: &'a (dyn Fn(BulkProgress) + Sync),
}

pub struct BulkProgress {
    pub done: usize,
    pub total: usize,
    pub per_second: f64,
}

pub struct BulkIssued {
    pub made: usize,
    /// Certificates that were fine already.
    pub kept: usize,
    pub elapsed: Duration,
    /// The file of the first line's certificate.
    pub first: PathBuf,
    /// The file of intermediates, where there are any.
    pub bundle: Option<PathBuf>,
    /// What is worth saying of the names, as far as it is shown.
    pub remarks: Vec<NameRemark>,
    /// Their end, where it is earlier than requested because the CA's is.
    pub clamped: Option<OffsetDateTime>,
}

impl BulkRequest<'_> {
    /// Makes all of them.
    ///
    /// # Errors
    /// Before anything is made when a line is wrong; [`BulkError::Stopped`] when some were made.
    pub fn issue(&self) -> Result<BulkIssued, BulkError> {
        remove_leftovers(self.folder);
        let source = Source::open(self.names)?;
        let (total, first, remarks) = self.check(source.lines(self.profile.purpose)?)?;
        let first = first.ok_or(BulkError::NoNames)?;
        let issuer = self.ca.issuer(self.clock.now())?;
        let records = if self.keep_fine {
            self.ca.family_records().map_err(PublishError::from)?
        } else {
            Records::default()
        };
        create_folder(self.folder)?;
        let bundle = if self.ca.bundle.is_empty() { None } else { Some(self.write_bundle()?) };
        let work = Work {
            request: self,
            issuer,
            records,
            lines: Mutex::new(source.lines(self.profile.purpose)?),
            failure: Mutex::new(None),
            total,
            done: AtomicUsize::new(0),
            kept: AtomicUsize::new(0),
            clamped: OnceLock::new(),
            start: Instant::now(),
        };
        let threads = thread::available_parallelism().map_or(1, usize::from).min(total);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| work.run());
            }
        });
        let (done, kept) = (work.done.into_inner(), work.kept.into_inner());
        match work.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) if done > 0 => Err(BulkError::Stopped { error: Box::new(error), done, total }),
            Some(error) => Err(error),
            None => Ok(BulkIssued {
                made: done - kept,
                kept,
                elapsed: work.start.elapsed(),
                first: with_ending(&base(self.folder, &first), "crt"),
                bundle,
                remarks,
                clamped: work.clamped.into_inner(),
            }),
        }
    }

    /// Checks every line before the first certificate is made. Gives how many there are, the first
    /// name, and the first remarks.
    fn check(&self, lines: Lines<'_>) -> Result<(usize, Option<String>, Vec<NameRemark>), BulkError> {
        let (mut errors, mut remarks) = (Vec::new(), Vec::new());
        let (mut total, mut more, mut first) = (0, 0, None);
        let mut bases = HashSet::new();
        for line in lines {
            total += 1;
            let checked = line.and_then(|line| match self.check_line(&line, &mut bases) {
                Ok(()) => Ok(line),
                Err(problem) => Err(LineError { number: line.number, problem }),
            });
            if let Ok(line) = &checked {
                remarks.extend(line.remarks.iter().take(SHOWN.saturating_sub(remarks.len())).cloned());
            }
            match checked {
                Ok(line) if first.is_none() => first = Some(line.file_name()),
                Ok(_) => {}
                Err(error) if errors.len() < SHOWN => errors.push(error),
                Err(_) => more += 1,
            }
        }
        if errors.is_empty() { Ok((total, first, remarks)) } else { Err(BulkError::Lines { errors, more }) }
    }

    fn check_line(&self, line: &Line, bases: &mut HashSet<PathBuf>) -> Result<(), LineProblem> {
        let base = base(self.folder, &line.file_name());
        for name in &line.names {
            let mut comparisons = 1 << 16;
            let constraints = self.ca.certified.leaf().name_constraints.as_ref();
            if constraints.is_some_and(|constraints| {
                constraints.judge(&alternative_name(name), &mut comparisons) != Verdict::Within
            }) {
                return Err(LineProblem::NotAllowed(name.to_string()));
            }
        }
        let chain = (!self.ca.bundle.is_empty()).then_some(FULL_CHAIN_ENDING);
        let endings = ["crt", "key"].into_iter().chain(chain);
        let paths: Vec<_> = endings.map(|ending| with_ending(&base, ending)).collect();
        self.ca.spare(paths.iter().map(PathBuf::as_path))?;
        if !self.replace
            && !self.keep_fine
            && let Some(path) = paths.iter().find(|path| path.symlink_metadata().is_ok())
        {
            return Err(LineProblem::Exists(path.clone()));
        }
        if bases.insert(base) { Ok(()) } else { Err(LineProblem::Duplicate) }
    }

    fn write_bundle(&self) -> Result<PathBuf, fs::Error> {
        let path = self.folder.join(BUNDLE_FILE);
        let replaces = self.replace || self.ca.outdates(&path);
        let existing = if replaces { Existing::Replace } else { Existing::Refuse };
        let contents = certificate_text(&self.ca.bundle);
        create_files(&mut [NewFile { path: path.clone(), contents, mode: PUBLIC, existing }])?;
        Ok(path)
    }
}

/// What the threads share.
struct Work<'a> {
    request: &'a BulkRequest<'a>,
    issuer: Issuer<'a>,
    /// With `keep_fine`: what was revoked.
    records: Records,
    lines: Mutex<Lines<'a>>,
    /// The first one; all threads stop at it.
    failure: Mutex<Option<BulkError>>,
    total: usize,
    done: AtomicUsize,
    kept: AtomicUsize,
    clamped: OnceLock<OffsetDateTime>,
    start: Instant,
}

/// Certificates that wait to be written.
#[derive(Default)]
struct Batch {
    files: Vec<NewFile>,
    events: Vec<Event>,
    kept: usize,
}

impl Work<'_> {
    fn run(&self) {
        loop {
            let mut batch = Batch::default();
            let begun = Instant::now();
            let mut is_last = false;
            while batch.events.len() < BATCH && begun.elapsed() < BATCH_TIME {
                let Some(line) = self.next_line() else {
                    is_last = true;
                    break;
                };
                let made = line
                    .map_err(|error| BulkError::Lines { errors: vec![error], more: 0 })
                    .and_then(|line| self.make(line, &mut batch));
                if let Err(error) = made {
                    self.stop(error);
                    is_last = true;
                    break;
                }
            }
            if let Err(error) = self.write(batch) {
                self.stop(error);
                return;
            }
            if is_last {
                return;
            }
        }
    }

    /// The next line, unless all are done or a thread has failed.
    fn next_line(&self) -> Option<Result<Line, LineError>> {
        if self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return None;
        }
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    fn make(&self, line: Line, batch: &mut Batch) -> Result<(), BulkError> {
        let request = self.request;
        let now = request.clock.now();
        let base = base(request.folder, &line.file_name());
        let (certificate_path, key_path) = (with_ending(&base, "crt"), with_ending(&base, "key"));
        let mut profile = LeafProfile { names: line.names, ..request.profile.clone() };
        if let Some(typed) = &line.common_name {
            profile.subject = Some(Subject::common_name(typed));
        }
        let mut replaces = request.replace;
        let mut found_key = None;
        if request.keep_fine {
            let (files, ca) = (request.files, request.ca);
            let records = &self.records;
            match ExistingCertificate::find(files, &certificate_path, &key_path, &profile, ca, records, now) {
                ExistingCertificate::Fine(_) => {
                    batch.kept += 1;
                    return Ok(());
                }
                ExistingCertificate::KeyOnly(key) => found_key = Some(key),
                ExistingCertificate::Ours => replaces = true,
                ExistingCertificate::NoneOrForeign => {}
            }
        }
        let writes_key = found_key.is_none();
        let key = found_key.map_or(SubjectKey::New(request.key_kind), SubjectKey::Given);
        // All have one CA, one purpose and one validity, and `check_line` has judged their names.
        // Signature and contents of each are compared where it is issued.
        let is_first = self.done.load(Ordering::Relaxed) == 0 && batch.events.is_empty();
        let proof = if is_first { Proof::ChainRules } else { Proof::SameAsEarlier };
        let bundle = &request.ca.bundle;
        let chain_path = (!bundle.is_empty()).then(|| with_ending(&base, FULL_CHAIN_ENDING));
        let filed = Filed {
            file: Some(&certificate_path),
            key_file: Some(&key_path),
            other_files: chain_path.as_slice(),
            requested_by: Some("mkcert --from"),
        };
        let issued = self.issuer.issue(Issuance { proof, filed, ..Issuance::leaf(&profile, key, now) })?;
        if issued.clamped {
            self.clamped.get_or_init(|| issued.certificate.not_after);
        }
        batch.events.push(issued.event);
        let existing = |other| if replaces { other } else { Existing::Refuse };
        // The key first: files get their names in this order, and no certificate may stand without
        // its key.
        if let Some(key) = issued.key.filter(|_| writes_key) {
            batch.files.push(NewFile {
                path: key_path,
                contents: key.to_pem().as_bytes().to_vec(),
                mode: PRIVATE,
                existing: existing(Existing::KeepBackup),
            });
        }
        let mut text = certificate_text(std::slice::from_ref(&issued.certificate));
        let mut add = |path, contents| {
            batch.files.push(NewFile { path, contents, mode: PUBLIC, existing: existing(Existing::Replace) });
        };
        add(certificate_path, text.clone());
        if let Some(path) = chain_path {
            text.extend(certificate_text(bundle));
            add(path, text);
        }
        Ok(())
    }

    fn write(&self, mut batch: Batch) -> Result<(), BulkError> {
        if !batch.events.is_empty() {
            publish(&mut batch.files, &self.request.ca.ledger, &batch.events)?;
        }
        self.kept.fetch_add(batch.kept, Ordering::Relaxed);
        let count = batch.events.len() + batch.kept;
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        let per_second = done as f64 / self.start.elapsed().as_secs_f64();
        (self.request.progress)(BulkProgress { done, total: self.total, per_second });
        Ok(())
    }

    fn stop(&self, error: BulkError) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// `certs/www.test.example`; characters that not every file system allows become `_`.
fn base(folder: &Path, name: &str) -> PathBuf {
    let fits = |c: char| c.is_alphanumeric() || "-_.@+".contains(c);
    let name: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    folder.join(name)
}
