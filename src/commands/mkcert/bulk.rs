//! `mkcert --from FILE`: many certificates at once, on all cores, in constant memory.
//!
//! The file is read twice: first every line is checked, so that a slip in the last one does not leave half of the work
//! done; then it is worked off. A thread makes some hundred certificates, writes them under temporary names, waits once
//! until all of them are on disk, enters them into the ledger, and gives them their names.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::existing::{Existing, look_at};
use super::{profile, purpose};
use crate::ca::{Event, Issuer};
use crate::cli::MkcertArgs;
use crate::commands::issuing::{
    BUNDLE, alternative_name, browser_warning, cannot_issue, clamped, issued_event, issuer, new_key, prove,
    with_ending,
};
use crate::commands::{Context, Result};
use crate::finding::{Code, Finding, Location};
use crate::operands::ca_lookup::{SigningCa, signing_ca};
use crate::operands::output::{cannot_write, certificate_text, create_folder, issue_files, shell_word};
use crate::report::{Created, CreatedFile, Failure, FileRole, Outcome, Report};
use crate::sys::fs::{self, NewFile, PRIVATE, PUBLIC, create_all, remove_leftovers};
use crate::x509::{CertificateName, Verdict};

mod lines;

use lines::{Line, Lines, Source};

/// Certificates that are written together.
const BATCH: usize = 256;
/// A thread writes what it has after this time, however little: keys of RSA take long to make.
const BATCH_TIME: Duration = Duration::from_secs(1);
/// Bad lines that are named one by one.
const SHOWN: usize = 20;

/// Makes all of them.
pub(super) fn run(args: &MkcertArgs, file: &str, context: &Context<'_>) -> Result {
    let ca = signing_ca(&args.ca)?;
    let source = Source::open(file)?;
    let (total, first) = check(args, &ca, source.lines()?)?;
    let Some(first) = first else {
        return Err(Finding::error(Code::EmptyFile, "there is no name in the file")
            .at(Location::file(file))
            .fix("write the names of one certificate on each line")
            .into());
    };
    let folder = &args.output;
    create_folder(folder)?;
    remove_leftovers(folder);
    let mut files = Vec::new();
    if !ca.bundle.is_empty() {
        files.push(write_bundle(args, &ca)?);
    }
    let start = Instant::now();
    let work = Work {
        args,
        ca: &ca,
        issuer: issuer(&ca, context)?,
        context,
        lines: Mutex::new(source.lines()?),
        failure: Mutex::new(None),
        total,
        done: AtomicUsize::new(0),
        skipped: AtomicUsize::new(0),
        clamped: OnceLock::new(),
        start,
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(total);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work.run());
        }
    });
    context.talk.progress("");
    let (done, skipped) = (work.done.into_inner(), work.skipped.into_inner());
    if let Some(failure) = work.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(stopped(failure, done, total));
    }
    let what = match done - skipped {
        1 => "1 certificate and its key".to_owned(),
        made => format!("{made} certificates and their keys"),
    };
    let mut description = format!("{what}, in {:.1} s", start.elapsed().as_secs_f64());
    if skipped > 0 {
        description.push_str(&format!("; {skipped} were fine already"));
    }
    files.insert(
        0,
        CreatedFile { path: folder.display().to_string(), role: FileRole::Folder, mode: None, description },
    );
    let mut report = Report::new(Outcome::Created(Created { files, ..Created::default() }));
    report.findings.extend(browser_warning(args.key_kind));
    report.findings.extend(work.clamped.into_inner());
    let certificate = with_ending(&base(folder, &first), "crt").display().to_string();
    report.next.push(format!("certkit show {}", shell_word(&certificate)));
    Ok(report)
}

/// Looks at every line before the first certificate is made: how many there are, and the first name.
fn check(args: &MkcertArgs, ca: &SigningCa, lines: Lines<'_>) -> Result<(usize, Option<CertificateName>)> {
    let mut findings = Vec::new();
    let (mut total, mut wrong, mut first) = (0, 0, None);
    let mut bases = HashSet::new();
    for line in lines {
        total += 1;
        let result = line.and_then(|line| check_line(args, ca, &line, &mut bases).map(|()| line));
        match result {
            Ok(line) if first.is_none() => first = line.names.into_iter().next(),
            Ok(_) => {}
            Err(finding) => {
                wrong += 1;
                if findings.len() < SHOWN {
                    findings.push(*finding);
                }
            }
        }
    }
    if findings.is_empty() {
        return Ok((total, first));
    }
    if wrong > SHOWN {
        let message = format!("{} more lines are wrong; nothing was made", wrong - SHOWN);
        findings.push(Finding::error(Code::InvalidName, message));
    }
    Err(Failure { findings, status: 2 })
}

fn check_line(
    args: &MkcertArgs,
    ca: &SigningCa,
    line: &Line,
    bases: &mut HashSet<PathBuf>,
) -> std::result::Result<(), Box<Finding>> {
    let base = match line.names.first() {
        Some(first) => base(&args.output, first),
        None => return Ok(()),
    };
    for name in &line.names {
        let mut comparisons = 1 << 16;
        let constraints = ca.certified.leaf().name_constraints.as_ref();
        if constraints.is_some_and(|constraints| {
            constraints.judge(&alternative_name(name), &mut comparisons) != Verdict::Within
        }) {
            let message = format!("the CA may not speak for {name}");
            return Err(Box::new(
                Finding::error(Code::NameConstraint, message)
                    .at(line.location.clone())
                    .fix("take the name out, or use a CA that is not limited so"),
            ));
        }
    }
    let paths = ["crt", "key"].map(|ending| with_ending(&base, ending));
    if let Err(mut failure) = ca.spare(paths.iter().map(PathBuf::as_path)) {
        let finding = failure.findings.remove(0); // a failure has at least one
        return Err(Box::new(finding.at(line.location.clone())));
    }
    if !args.force
        && !args.if_needed
        && let Some(path) = paths.iter().find(|path| path.symlink_metadata().is_ok())
    {
        return Err(Box::new(
            Finding::error(
                Code::OutputExists,
                format!("{} exists already and would be overwritten", path.display()),
            )
            .at(line.location.clone())
            .fix("--if-needed makes the missing ones only; --force replaces (keys are kept as .bak)"),
        ));
    }
    if bases.insert(base) {
        return Ok(());
    }
    let message = "an earlier line begins with the same name, so both would be written into the same file";
    Err(Box::new(
        Finding::error(Code::Duplicate, message)
            .at(line.location.clone())
            .fix("put all names of one certificate on one line, or begin the line with another of its names"),
    ))
}

/// What the threads share.
struct Work<'a> {
    args: &'a MkcertArgs,
    ca: &'a SigningCa,
    issuer: Issuer<'a>,
    context: &'a Context<'a>,
    lines: Mutex<Lines<'a>>,
    /// The first one; all threads stop at it.
    failure: Mutex<Option<Failure>>,
    total: usize,
    done: AtomicUsize,
    skipped: AtomicUsize,
    /// That certificates end earlier than asked, with their CA: said once.
    clamped: OnceLock<Finding>,
    start: Instant,
}

/// Certificates that wait to be written.
#[derive(Default)]
struct Batch {
    files: Vec<NewFile>,
    events: Vec<Event>,
    skipped: usize,
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
                let result =
                    line.map_err(|finding| (*finding).into()).and_then(|line| self.make(line, &mut batch));
                if let Err(failure) = result {
                    self.stop(failure);
                    is_last = true;
                    break;
                }
            }
            if let Err(failure) = self.write(batch) {
                self.stop(failure);
                return;
            }
            if is_last {
                return;
            }
        }
    }

    /// The next line, unless all are done or a thread has failed.
    fn next_line(&self) -> Option<std::result::Result<Line, Box<Finding>>> {
        if self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return None;
        }
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    fn make(&self, line: Line, batch: &mut Batch) -> Result<()> {
        let Some(first) = line.names.first() else { return Ok(()) };
        let now = self.context.clock.now();
        let base = base(&self.args.output, first);
        let (certificate_path, key_path) = (with_ending(&base, "crt"), with_ending(&base, "key"));
        let profile = profile(self.args, line.names);
        let (mut replace, mut found_key) = (self.args.force, None);
        if self.args.if_needed {
            match look_at(&certificate_path, &key_path, &profile, self.ca, now) {
                Existing::Fine(_) => {
                    batch.skipped += 1;
                    return Ok(());
                }
                Existing::KeyOnly(key) => found_key = Some(key),
                Existing::Ours => replace = true,
                Existing::NoneOrForeign => {}
            }
        }
        let writes_key = found_key.is_none();
        let key = match found_key {
            Some(key) => key,
            None => new_key(self.args.key_kind)?,
        };
        let issued = self.issuer.issue_leaf(&profile, key.spki(), now).map_err(cannot_issue)?;
        // All have one CA, one purpose and one length of life: what one of them proves holds for the others, and for
        // their names `check_line` has asked. Signature and contents of each are compared where it is issued.
        if self.done.load(Ordering::Relaxed) == 0 && batch.events.is_empty() {
            prove(&issued.certificate, self.ca, purpose(self.args), now)?;
        }
        if issued.clamped {
            self.clamped.get_or_init(|| clamped(&issued.certificate, self.ca));
        }
        batch.events.push(issued_event(self.ca, &issued.certificate, Some(&certificate_path)));
        let existing = |other| if replace { other } else { fs::Existing::Refuse };
        // The key first: files get their names in this order, and no certificate shall stand without its key.
        if writes_key {
            batch.files.push(NewFile {
                path: key_path,
                contents: key.to_pem().as_bytes().to_vec(),
                mode: PRIVATE,
                existing: existing(fs::Existing::KeepBackup),
            });
        }
        batch.files.push(NewFile {
            path: certificate_path,
            contents: certificate_text(std::slice::from_ref(&issued.certificate)),
            mode: PUBLIC,
            existing: existing(fs::Existing::Replace),
        });
        Ok(())
    }

    fn write(&self, batch: Batch) -> Result<()> {
        if !batch.events.is_empty() {
            issue_files(&batch.files, &self.ca.ledger, &batch.events)?;
        }
        self.skipped.fetch_add(batch.skipped, Ordering::Relaxed);
        let count = batch.events.len() + batch.skipped;
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        let each_second = done as f64 / self.start.elapsed().as_secs_f64();
        let line = format!("{done} of {} certificates, {each_second:.0} each second", self.total);
        self.context.talk.progress(&line);
        Ok(())
    }

    fn stop(&self, failure: Failure) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
    }
}

/// What was made before the failure stays: it is whole, and in the ledger.
fn stopped(mut failure: Failure, done: usize, total: usize) -> Failure {
    if done > 0 {
        let message =
            format!("stopped after {done} of {total} certificates; those are whole and in the ledger");
        failure.findings.push(
            Finding::note(Code::Io, message).fix("when the trouble is mended, run it again with --if-needed"),
        );
    }
    failure
}

fn write_bundle(args: &MkcertArgs, ca: &SigningCa) -> Result<CreatedFile> {
    let path = args.output.join(BUNDLE);
    let existing = if args.force { fs::Existing::Replace } else { fs::Existing::Refuse };
    let file = NewFile { path: path.clone(), contents: certificate_text(&ca.bundle), mode: PUBLIC, existing };
    create_all(&[file]).map_err(|error| cannot_write(&error))?;
    let description = "the intermediates, for certkit merge".to_owned();
    Ok(CreatedFile {
        path: path.display().to_string(),
        role: FileRole::Intermediates,
        mode: Some(PUBLIC),
        description,
    })
}

/// `certs/www.test.example`; what cannot stand in a file name everywhere becomes `_`.
fn base(folder: &Path, name: &CertificateName) -> PathBuf {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.@+".contains(c);
    let name: String = name.to_string().chars().map(|c| if fits(c) { c } else { '_' }).collect();
    folder.join(name)
}
