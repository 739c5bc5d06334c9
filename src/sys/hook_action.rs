//! What a hook of uWSGI does at a moment of the server's life, such as `exec:COMMAND` or `mkdir:FOLDER` (core/hooks.c).

use std::ffi::OsString;
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::str::FromStr;

use super::fs::plain;
use super::own_variables;

/// `ACTION:ARGUMENT`, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookAction {
    text: String,
    deed: Deed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Deed {
    /// Runs a command of the shell.
    Run {
        command: String,
        must_succeed: bool,
    },
    ChangeFolder,
    MakeFolder(PathBuf),
    /// Writes a file anew, or appends to it.
    Write {
        file: PathBuf,
        text: String,
        appends: bool,
    },
    Remove(PathBuf),
    Print(String),
    /// What certkit does by itself.
    Nothing,
}

/// Where hooks run, and what they find there.
#[derive(Clone, Debug, Default)]
pub struct HookSurroundings {
    /// `None` for that of this process.
    pub folder: Option<PathBuf>,
    /// Variables beside those of this process.
    pub variables: Vec<(OsString, OsString)>,
    /// Variables of this process that they do not get.
    pub unset: Vec<OsString>,
}

/// Why a hook failed.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    #[error("it ended with {0}")]
    Status(ExitStatus),
    #[error("{}", plain(.0))]
    Io(#[from] io::Error),
}

impl HookAction {
    /// Whether it changes the folder of the process that runs it.
    pub fn changes_folder(&self) -> bool {
        self.deed == Deed::ChangeFolder
    }

    /// The command that it runs, ready to start, and whether that must succeed; `None` for other actions.
    pub fn started(&self, surroundings: &HookSurroundings) -> io::Result<Option<(Command, bool)>> {
        let Deed::Run { command, must_succeed } = &self.deed else { return Ok(None) };
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(command).stdin(Stdio::null());
        // Standard output is data; what programs print belongs to the log.
        shell.stdout(io::stderr().as_fd().try_clone_to_owned()?);
        own_variables::remove(&mut shell);
        for variable in &surroundings.unset {
            shell.env_remove(variable);
        }
        shell.envs(surroundings.variables.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &surroundings.folder {
            shell.current_dir(folder);
        }
        Ok(Some((shell, *must_succeed)))
    }

    /// Does it, and waits for the end of a command.
    ///
    /// # Errors
    /// A command that must succeed has not, or what the system says.
    pub fn run(&self, surroundings: &HookSurroundings) -> Result<(), ActionError> {
        match self.started(surroundings)? {
            Some((mut command, must_succeed)) => judged(command.status()?, must_succeed),
            None => self.change(surroundings).map_err(ActionError::Io),
        }
    }

    /// What needs no other program.
    ///
    /// # Errors
    /// What the system says.
    pub fn change(&self, surroundings: &HookSurroundings) -> io::Result<()> {
        let below = |path: &Path| surroundings.folder.as_deref().unwrap_or_else(|| Path::new("")).join(path);
        match &self.deed {
            Deed::Run { .. } | Deed::ChangeFolder | Deed::Nothing => Ok(()),
            Deed::MakeFolder(folder) => std::fs::create_dir(below(folder)),
            Deed::Write { file, text, appends } => {
                let mut options = OpenOptions::new();
                options.create(true);
                if *appends {
                    options.append(true)
                } else {
                    options.write(true).truncate(true)
                };
                options.open(below(file))?.write_all(text.as_bytes())
            }
            Deed::Remove(file) => std::fs::remove_file(below(file)),
            Deed::Print(line) => writeln!(io::stderr(), "{line}"),
        }
    }
}

/// Whether a command has done what it must.
///
/// # Errors
/// It has failed, and must not.
pub fn judged(status: ExitStatus, must_succeed: bool) -> Result<(), ActionError> {
    if must_succeed && !status.success() { Err(ActionError::Status(status)) } else { Ok(()) }
}

impl fmt::Display for HookAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for HookAction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "expected ACTION:ARGUMENT, for example `exec:COMMAND`".to_owned();
        let (action, argument) = text.split_once(':').ok_or(wrong)?;
        // Those that begin with `!` are not printed; none is.
        let action = action.strip_prefix('!').unwrap_or(action);
        let run = |must_succeed| Deed::Run { command: argument.to_owned(), must_succeed };
        let file = |appends, ending: &str| match argument.split_once(' ') {
            Some((file, text)) => {
                Ok(Deed::Write { file: file.into(), text: format!("{text}{ending}"), appends })
            }
            None if appends && !ending.is_empty() => {
                Ok(Deed::Write { file: argument.into(), text: ending.to_owned(), appends })
            }
            None => Err(format!("expected `{action}:FILE TEXT`")),
        };
        let deed = match action {
            "exec" => run(true),
            "safeexec" => run(false),
            "chdir" | "cd" => Deed::ChangeFolder,
            "mkdir" => Deed::MakeFolder(argument.into()),
            "create" | "creat" => Deed::Write { file: argument.into(), text: String::new(), appends: false },
            "write" => file(false, "")?,
            "writen" => file(false, "\n")?,
            "append" => file(true, "")?,
            "appendn" => file(true, "\n")?,
            "unlink" => Deed::Remove(argument.into()),
            "print" | "log" => Deed::Print(argument.to_owned()),
            // INT and TERM.
            "unix_signal"
                if matches!(argument, "2 gracefully_kill_them_all" | "15 gracefully_kill_them_all") =>
            {
                Deed::Nothing
            }
            "unix_signal" => {
                return Err("INT and TERM stop gracefully; no other signal can be given a meaning".into());
            }
            _ => {
                return Err(format!(
                    "certkit has no action `{action}`; it has exec, safeexec, mkdir, create, write, append, \
                     unlink, print, and in worker processes chdir"
                ));
            }
        };
        Ok(Self { text: text.to_owned(), deed })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn action(text: &str) -> HookAction {
        text.parse().unwrap()
    }

    #[test]
    fn actions_do_what_they_say() {
        let folder = tempfile::tempdir().unwrap();
        let surroundings = HookSurroundings {
            folder: Some(folder.path().to_owned()),
            variables: vec![("NAME".into(), "a value".into())],
            unset: vec!["PATH".into()],
        };
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        for text in [
            "mkdir:new",
            "exec:echo \"$NAME\" >new/ran; pwd >>new/ran; ! printenv PATH",
            "safeexec:exit 3",
            "write:file one two",
            "append:file , three",
            "appendn:file  four",
            "appendn:file",
            "unix_signal:15 gracefully_kill_them_all",
            "unix_signal:2 gracefully_kill_them_all",
        ] {
            action(text).run(&surroundings).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
        let real = folder.path().canonicalize().unwrap();
        assert_eq!(read("new/ran"), format!("a value\n{}\n", real.display()));
        assert_eq!(read("file"), "one two, three four\n\n");
        action("creat:file").run(&surroundings).unwrap();
        assert_eq!(read("file"), "");
        action("unlink:file").run(&surroundings).unwrap();
        assert!(!folder.path().join("file").exists());
        for text in ["unlink:file", "mkdir:new", "write:no/file x"] {
            assert!(matches!(action(text).run(&surroundings), Err(ActionError::Io(_))), "{text}");
        }
        let failed = action("exec:exit 3").run(&surroundings).unwrap_err();
        assert_eq!(failed.to_string(), "it ended with exit status: 3");
    }

    #[test]
    fn what_is_no_action() {
        for (text, part) in [
            ("exec", "expected ACTION:ARGUMENT"),
            ("rpc:x", "no action `rpc`"),
            ("write:file", "expected `write:FILE TEXT`"),
            ("unix_signal:1 end_me", "no other signal"),
        ] {
            let error = text.parse::<HookAction>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert_eq!(action("!exec:a:b").to_string(), "!exec:a:b");
        assert!(action("cd:/").changes_folder() && !action("exec:/").changes_folder());
    }
}
