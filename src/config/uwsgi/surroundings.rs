//! What option files ask of the machine: other files, variables, names. A trait, so that tests and fuzzing read without
//! a machine.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::process::{getgid, getuid};

use crate::sys::clock::{Clock as _, SystemClock};
use crate::sys::read::read_regular;

/// Bytes: far more than a file written by hand.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// Where options come from.
pub trait Surroundings {
    /// The content of a file; `-` is standard input.
    ///
    /// # Errors
    /// Whatever the system says, or that the file is too large.
    fn read(&self, file: &str) -> io::Result<Vec<u8>>;
    /// The environment, in its order.
    fn variables(&self) -> Vec<(String, String)>;
    /// The path of an existing file without links and dots, except that a link itself keeps its name, and the number
    /// of its inode.
    fn located(&self, file: &str) -> Option<(PathBuf, u64)>;
    fn is_file(&self, path: &str) -> bool;
    fn is_folder(&self, path: &str) -> bool;
    /// The paths that match, folders with a slash behind them; the pattern itself where none does.
    fn matching(&self, pattern: &str) -> Vec<String>;
    fn machine(&self) -> Machine;

    fn variable(&self, name: &str) -> Option<String> {
        self.variables().into_iter().find(|(variable, _)| variable == name).map(|(_, value)| value)
    }
}

/// What placeholders can name.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The current folder.
    pub folder: String,
    pub host: String,
    pub program: String,
    pub cpus: usize,
    pub user: (u32, String),
    pub group: (u32, String),
    /// Since 1970.
    pub microseconds: i128,
}

/// Why a file cannot be read, in words.
pub(super) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        kind => kind.to_string(),
    }
}

/// This machine.
#[derive(Debug)]
pub(crate) struct ThisMachine;

impl Surroundings for ThisMachine {
    fn read(&self, file: &str) -> io::Result<Vec<u8>> {
        if file == "-" { standard_input() } else { read_regular(Path::new(file), MAX_FILE_BYTES) }
    }

    fn variables(&self) -> Vec<(String, String)> {
        let text = |text: std::ffi::OsString| text.into_string().ok();
        std::env::vars_os().filter_map(|(name, value)| text(name).zip(text(value))).collect()
    }

    fn located(&self, file: &str) -> Option<(PathBuf, u64)> {
        let inode = fs::symlink_metadata(file).ok()?.ino();
        let path =
            if Path::new(file).is_symlink() { std::path::absolute(file) } else { fs::canonicalize(file) };
        path.ok().map(|path| (path, inode))
    }

    fn is_file(&self, path: &str) -> bool {
        Path::new(path).is_file()
    }

    fn is_folder(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let paths = glob::glob(pattern).into_iter().flatten().flatten();
        let shown: Vec<_> =
            paths.map(|path| format!("{}{}", path.display(), if path.is_dir() { "/" } else { "" })).collect();
        if shown.is_empty() { vec![pattern.to_owned()] } else { shown }
    }

    fn machine(&self) -> Machine {
        let (user, group) = (getuid().as_raw(), getgid().as_raw());
        let path =
            |path: io::Result<PathBuf>| path.map(|path| path.display().to_string()).unwrap_or_default();
        Machine {
            folder: path(std::env::current_dir()),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            program: path(std::env::current_exe()),
            cpus: cpus(),
            user: (user, name_of(user, "/etc/passwd")),
            group: (group, name_of(group, "/etc/group")),
            microseconds: SystemClock.now().unix_timestamp_nanos() / 1000,
        }
    }
}

/// Standard input, which is read once: it is empty at a reload.
fn standard_input() -> io::Result<Vec<u8>> {
    static CONTENT: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(content) = CONTENT.get() {
        return Ok(content.clone());
    }
    let mut content = Vec::new();
    io::stdin().lock().take(MAX_FILE_BYTES).read_to_end(&mut content)?;
    Ok(CONTENT.get_or_init(|| content).clone())
}

/// The processors that are online, as uWSGI counts them: limits for this process do not matter.
fn cpus() -> usize {
    let count = |text: &str| {
        text.trim().split(',').try_fold(0, |sum, range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last) = (first.parse::<usize>().ok()?, last.parse::<usize>().ok()?);
            Some(sum + last.checked_sub(first)? + 1)
        })
    };
    let online = fs::read_to_string("/sys/devices/system/cpu/online").ok();
    online
        .and_then(|text| count(&text))
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// The name of a user or group by its number; the number where it has none.
fn name_of(number: u32, file: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let name = lines.into_iter().find_map(|fields| match *fields.as_slice() {
        [name, _, id, ..] if id.parse() == Ok(number) => Some(name.to_owned()),
        _ => None,
    });
    name.unwrap_or_else(|| number.to_string())
}

/// A machine without files and variables.
#[cfg(any(test, feature = "internals"))]
#[derive(Debug, Default)]
pub struct NoMachine {
    /// What there is to read nevertheless.
    pub files: Vec<(String, String)>,
    pub variables: Vec<(String, String)>,
}

#[cfg(any(test, feature = "internals"))]
impl Surroundings for NoMachine {
    fn read(&self, file: &str) -> io::Result<Vec<u8>> {
        let content =
            self.files.iter().find(|(name, _)| name == file).map(|(_, text)| text.as_bytes().to_vec());
        content.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn variables(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    fn located(&self, file: &str) -> Option<(PathBuf, u64)> {
        self.is_file(file).then(|| (Path::new("/srv/site").join(file), 7))
    }

    fn is_file(&self, path: &str) -> bool {
        self.files.iter().any(|(name, _)| name == path)
    }

    fn is_folder(&self, path: &str) -> bool {
        path == "/srv/site"
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        vec![pattern.to_owned()]
    }

    fn machine(&self) -> Machine {
        Machine { folder: "/srv/site".to_owned(), host: "host".to_owned(), cpus: 4, ..Machine::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_names() {
        let machine = ThisMachine.machine();
        assert!(machine.cpus > 0 && !machine.host.is_empty() && machine.microseconds > 0);
        assert!(!machine.user.1.is_empty() && machine.folder.starts_with('/'));
        assert_eq!(name_of(0, "/etc/passwd"), "root");
        assert_eq!(name_of(0, "/no/such/file"), "0");
    }

    #[test]
    fn patterns_match_or_stay() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("a"), "").unwrap();
        let all = format!("{}/*", folder.path().display());
        let matching = ThisMachine.matching(&all);
        assert_eq!(matching, [all.replace('*', "a"), all.replace('*', "b/")]);
        assert_eq!(ThisMachine.matching("/no/such/*"), ["/no/such/*"]);
    }
}
