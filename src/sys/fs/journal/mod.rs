//! Several files that get their names together, and a run that is killed in between.
//!
//! Giving a name is one step that nothing can interrupt, giving two is not: between them a new key would stand beside an
//! old certificate. So the names are given in this order:
//!
//! 1. `.certkit-ID.journal` is created in each folder of the group and locked (flock(2)). The lock ends with the process.
//! 2. Every file is written as `NAME.certkit-ID.tmp`. (Here the caller adds the lines of a ledger.)
//! 3. The journal gets one [`Step`] for each file: its names, a hash of what stands there now and of what will.
//!    Files and journal are synced.
//! 4. The journal is linked as `.certkit-journal`. Only one run at a time can do so in a folder: the others wait.
//!    **From here on the group will be finished**, before that it never was.
//! 5. Each old file is linked as its backup, and each new one gets its name.
//! 6. Old copies that nobody wants are removed, then the journal; then the folders are synced.
//!
//! [`heal`] is called by everything that reads or writes files in a folder, and costs one failing open(2) where there is no
//! journal. It finds one whose lock nobody holds after a kill between 4 and 6, and looks at the files by their contents:
//!
//! - Every new file is there, under one name or the other: the rest of the steps are taken (rolled forward).
//! - One is gone, and no name has changed otherwise: the old files get their names back (rolled back). The new key stays under
//!   a backup's name.
//! - A name has something that is neither old nor new: a person has been here since, and every name stays as it is. New
//!   files that are for their owner alone (one may be the only copy of a key) get backups' names, the others go.
//!
//! A kill before 4 leaves files that [`super::leftovers`] removes. A journal is obeyed only if its owner runs this process
//! and nobody else may write it. Where others may write to the folder, one of another user is ignored: anybody could have
//! put it there to stop this run. A group that is made beside it is not finished after a kill.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::process::geteuid;

use super::step::{Fingerprint, Step, StepState};
use super::{Error, MARK, PRIVATE, parent, plain, read_limited_from};

/// The name of a journal that counts.
const NAME: &str = ".certkit-journal";
const BEGIN: &[u8] = b"certkit journal 1\n";
const END: &[u8] = b"end\n";
/// Far above that of a batch of certificates.
const MOST_BYTES: u64 = 4 << 20;
/// How long to wait for another run that is giving names: it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// The journal of a group in one folder. It goes when this is dropped.
pub(super) struct Journal {
    folder: PathBuf,
    temporary: PathBuf,
    file: File,
    is_published: bool,
}

/// What there was to heal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Healed {
    /// No run was interrupted, or what it left is finished now.
    Done,
    /// A run that lives is giving names.
    Busy,
    /// There is a journal of another user in a folder where anybody could have put it.
    Ignored,
    /// It cannot be finished.
    Left(JournalProblem),
}

/// Why a journal cannot be finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalProblem {
    /// It is of another user, with this number.
    Foreign(u32),
    /// Others could have written it, or it is not a regular file.
    NotTrusted,
    /// It is larger than any that certkit writes.
    TooLarge,
    /// What the system says, in words.
    System(String),
}

impl From<io::Error> for JournalProblem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::System(plain(&error)),
        }
    }
}

impl fmt::Display for JournalProblem {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(owner) => {
                write!(to, "it belongs to another user ({})", user_name(*owner))
            }
            Self::NotTrusted => to.write_str("other users may write it, or it is not a regular file"),
            Self::TooLarge => write!(to, "it is larger than {} MiB", MOST_BYTES >> 20),
            Self::System(words) => to.write_str(words),
        }
    }
}

/// A user as `ps` shows them: by name, else by number.
pub fn user_name(number: u32) -> String {
    let user = nix::unistd::User::from_uid(number.into()).ok().flatten();
    user.map_or_else(|| number.to_string(), |user| user.name)
}

/// The name of a journal that does not count yet.
pub(super) fn temporary_name(id: &str) -> String {
    format!("{MARK}{id}.journal")
}

/// Creates a file and takes its lock, by which others see that this run lives.
///
/// # Errors
/// What the system says.
pub(super) fn create_locked(path: &Path, mode: u32) -> io::Result<File> {
    loop {
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        // Where there are no locks, nobody else gets one and takes this for a leftover.
        let _ = flock(&file, FlockOperation::LockExclusive);
        // Between creation and lock it looked like a leftover.
        if file.metadata()?.nlink() > 0 {
            return Ok(file);
        }
    }
}

/// The lock of a file, released when this is dropped. Closing the file alone would leave it locked for as long as a child
/// that another thread has just forked, and that has not called execve(2) yet, has it open as well (flock(2)).
pub(super) struct Lock<'a>(&'a File);

impl<'a> Lock<'a> {
    /// # Errors
    /// What the system says; [`io::ErrorKind::WouldBlock`] while somebody holds it.
    pub(super) fn try_take(file: &'a File) -> io::Result<Self> {
        flock(file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self(file))
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        let _ = flock(self.0, FlockOperation::Unlock);
    }
}

impl Journal {
    /// # Errors
    /// What the system says.
    pub(super) fn create(folder: &Path, id: &str) -> io::Result<Self> {
        let temporary = folder.join(temporary_name(id));
        let file = create_locked(&temporary, PRIVATE)?;
        Ok(Self { folder: folder.to_path_buf(), temporary, file, is_published: false })
    }

    /// Writes the steps, in place of earlier ones. A group of several folders is described by absolute paths.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn write(&mut self, steps: &[Step]) -> io::Result<()> {
        let contents = encode(steps, &self.folder)?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&contents)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Makes it count, after finishing what a killed run has left in the folder.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::TimedOut`] when another run does not come to an end;
    /// [`Error::Journal`] when what a killed one has left cannot be finished.
    pub(super) fn publish(&mut self) -> Result<(), Error> {
        let failed =
            |source| Error::Io { action: "write into the folder", path: self.folder.clone(), source };
        let name = self.folder.join(NAME);
        let start = Instant::now();
        loop {
            match fs::hard_link(&self.temporary, &name) {
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match heal(&self.folder) {
                    Healed::Done => {}
                    Healed::Busy if start.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(2)),
                    Healed::Busy => return Err(failed(io::ErrorKind::TimedOut.into())),
                    Healed::Ignored => return Ok(()),
                    Healed::Left(problem) => return Err(Error::Journal { path: name, problem }),
                },
                // File systems without hard links.
                Err(_) if fs::symlink_metadata(&name).is_err() => {
                    fs::rename(&self.temporary, &name).map_err(failed)?;
                    break;
                }
                Err(error) => return Err(failed(error)),
            }
        }
        self.is_published = true;
        Ok(())
    }

    /// Removes it: all steps are done.
    pub(super) fn finish(&mut self) {
        self.withdraw();
        let _ = fs::remove_file(&self.temporary);
    }

    /// Makes it count no longer.
    pub(super) fn withdraw(&mut self) {
        if self.is_published {
            let _ = fs::remove_file(self.folder.join(NAME));
            self.is_published = false;
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Finishes what a killed run has left in a folder.
pub(super) fn heal(folder: &Path) -> Healed {
    let name = folder.join(NAME);
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(&name);
    if opened.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Healed::Done;
    }
    match opened
        .map_err(|error| of_closed(folder, &name, error))
        .and_then(|file| finish_from(folder, &name, file))
    {
        Ok(()) => Healed::Done,
        Err(healed) => healed,
    }
}

/// What a journal is that cannot be opened.
fn of_closed(folder: &Path, name: &Path, error: io::Error) -> Healed {
    match fs::symlink_metadata(name) {
        Ok(meta) if meta.uid() != geteuid().as_raw() => of_foreign(folder, meta.uid()),
        Ok(meta) if !meta.is_file() => Healed::Left(JournalProblem::NotTrusted),
        Ok(_) => Healed::Left(error.into()),
        // It has gone since.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Healed::Done,
        Err(error) => Healed::Left(error.into()),
    }
}

/// What one of another user does here.
fn of_foreign(folder: &Path, owner: u32) -> Healed {
    const OPEN_TO_OTHERS: u32 = 0o1022;
    match fs::metadata(folder) {
        Ok(meta) if meta.mode() & OPEN_TO_OTHERS != 0 => Healed::Ignored,
        _ => Healed::Left(JournalProblem::Foreign(owner)),
    }
}

fn finish_from(folder: &Path, name: &Path, file: File) -> Result<(), Healed> {
    let left = |error: io::Error| Healed::Left(error.into());
    let meta = file.metadata().map_err(left)?;
    let foreign = (meta.uid() != geteuid().as_raw()).then(|| of_foreign(folder, meta.uid()));
    if foreign == Some(Healed::Ignored) {
        return Err(Healed::Ignored);
    }
    if foreign.is_none() && (!meta.is_file() || meta.mode() & 0o022 != 0) {
        return Err(Healed::Left(JournalProblem::NotTrusted));
    }
    let _lock = match Lock::try_take(&file) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(Healed::Busy),
        Err(error) => return Err(left(error)),
    };
    // The run that wrote it has ended, or has just taken it back.
    if fs::symlink_metadata(name).map_or(true, |now| (now.dev(), now.ino()) != (meta.dev(), meta.ino())) {
        return Ok(());
    }
    if let Some(foreign) = foreign {
        return Err(foreign);
    }
    let contents = read_limited_from(&file, MOST_BYTES).map_err(left)?;
    // Without its end it was never whole, and no name was given.
    let steps = decode(&contents, folder).unwrap_or_default();
    finish(&steps).map_err(left)?;
    let mut folders: Vec<&Path> = steps.iter().map(|step| parent(&step.path)).collect();
    folders.sort_unstable();
    folders.dedup();
    for other in folders.iter().filter(|other| **other != folder) {
        // The same group's journal in another folder.
        let path = other.join(NAME);
        if fs::read(&path).is_ok_and(|there| there == contents) {
            let _ = fs::remove_file(path);
        }
    }
    for folder in folders {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    // What it describes must be durable before it goes.
    fs::remove_file(name).map_err(left)
}

fn finish(steps: &[Step]) -> io::Result<()> {
    let states: Vec<_> = steps.iter().map(Step::state).collect();
    if states.contains(&StepState::Changed) {
        for step in steps {
            step.keep_private()?;
        }
    } else if states.contains(&StepState::Stuck) {
        steps.iter().rev().for_each(|step| step.backward(true));
    } else {
        for (step, state) in steps.iter().zip(&states) {
            if *state == StepState::Pending {
                step.forward()?;
            }
        }
    }
    steps.iter().for_each(Step::finish);
    Ok(())
}

/// Fields of a step, each ended by a zero byte, which no name has.
const FIELDS: usize = 6;

fn encode(steps: &[Step], folder: &Path) -> io::Result<Vec<u8>> {
    let is_local = steps.iter().all(|step| parent(&step.path) == folder);
    let mut text = BEGIN.to_vec();
    for step in steps {
        let path = if is_local {
            PathBuf::from(step.path.file_name().unwrap_or_default())
        } else {
            std::path::absolute(&step.path)?
        };
        let flags = [(step.keeps_backup, b'k'), (step.is_private, b'p')];
        let flags: Vec<u8> = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| *flag).collect();
        let before = step.before.as_ref().map_or("", |before| &before.0);
        let backup = step.backup.as_deref().unwrap_or_default();
        let fields = [
            path.as_os_str().as_bytes(),
            step.temporary.as_bytes(),
            backup.as_bytes(),
            &flags,
            before.as_bytes(),
            step.after.0.as_bytes(),
        ];
        for field in fields {
            text.extend_from_slice(field);
            text.push(0);
        }
    }
    text.extend_from_slice(END);
    Ok(text)
}

/// The steps of a journal in `folder`; `None` when it is not a whole journal.
pub(super) fn decode(contents: &[u8], folder: &Path) -> Option<Vec<Step>> {
    let mut fields: Vec<&[u8]> =
        contents.strip_prefix(BEGIN)?.strip_suffix(END)?.split(|&byte| byte == 0).collect();
    // After the last zero byte there is nothing.
    if !fields.pop()?.is_empty() || !fields.len().is_multiple_of(FIELDS) {
        return None;
    }
    let step = |fields: &[&[u8]]| {
        let &[path, temporary, backup, flags, before, after] = fields else { return None };
        let is_name = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/');
        let path = Path::new(OsStr::from_bytes(path));
        let is_beside = path.file_name().is_some_and(|name| name == path.as_os_str());
        let is_sound = (is_beside || path.is_absolute() && path.file_name().is_some())
            && is_name(temporary)
            && temporary.windows(MARK.len()).any(|part| part == MARK.as_bytes())
            && (backup.is_empty() || is_name(backup));
        let text = |bytes: &[u8]| Some(Fingerprint(std::str::from_utf8(bytes).ok()?.to_owned()));
        is_sound.then_some(())?;
        Some(Step {
            path: if is_beside { beside_journal(folder, path) } else { path.to_path_buf() },
            temporary: OsStringExt::from_vec(temporary.to_vec()),
            backup: (!backup.is_empty()).then(|| OsStringExt::from_vec(backup.to_vec())),
            keeps_backup: flags.contains(&b'k'),
            is_private: flags.contains(&b'p'),
            before: if before.is_empty() { None } else { Some(text(before)?) },
            after: text(after)?,
        })
    };
    fields.chunks(FIELDS).map(step).collect()
}

fn beside_journal(folder: &Path, name: &Path) -> PathBuf {
    if folder == Path::new(".") { name.to_path_buf() } else { folder.join(name) }
}

#[cfg(test)]
mod tests;
