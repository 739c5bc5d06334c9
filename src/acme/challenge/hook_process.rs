//! Running a hook: a program of the user's, without a shell, with a time limit for it and all that it starts.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::Error;
use crate::sys::fs::plain;

/// A record may have to spread to all name servers before a hook returns.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(600);
/// How many bytes of a hook's output are shown, from its end.
const OUTPUT_SHOWN: usize = 2000;
/// How many are kept: what is shown is cut after secrets were taken out, or a part of one would stay.
const OUTPUT_KEPT: usize = 128 * 1024;
/// After the hook's end, for the output of a program that it left behind.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(1);

/// A program and the arguments that the user gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HookCommand {
    pub program: PathBuf,
    pub arguments: Vec<String>,
}

/// One call of a hook.
pub(super) struct HookCall<'a> {
    pub program: &'a Path,
    pub arguments: Vec<OsString>,
    /// Added to the environment of this process.
    pub variables: &'a [(String, String)],
    /// What is done, for the error.
    pub verb: &'static str,
    /// The record's name, for the error.
    pub fqdn: &'a str,
    pub time_limit: Duration,
    /// Whether standard output is kept apart from errors; then their order is lost in the error.
    pub keeps_stdout: bool,
    /// Takes secrets out of what a program says that fails.
    pub redact: &'a (dyn Fn(&str) -> String + Sync),
}

impl HookCommand {
    /// Splits the command as a shell does, and looks for its program.
    ///
    /// # Errors
    /// [`Error::HookUnusable`].
    pub(super) fn parse(command: &str) -> Result<Self, Error> {
        let unusable =
            |reason: &str| Error::HookUnusable { command: command.to_owned(), reason: reason.to_owned() };
        let mut words =
            shlex::split(command).ok_or_else(|| unusable("a quotation mark is not closed"))?.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| unusable("it names no program"))?;
        let found =
            find(&program).ok_or_else(|| unusable("the program does not exist or may not be executed"))?;
        Ok(Self { program: found, arguments: words.collect() })
    }
}

impl HookCall<'_> {
    /// Runs it to its end, and gives what it wrote to its standard output, if that is kept.
    ///
    /// # Errors
    /// [`Error::HookFailed`] with the end of what it wrote.
    pub(super) async fn run(self) -> Result<String, Error> {
        let (all, said) = (Output::default(), Output::default());
        let failed = |reason: String| Error::HookFailed {
            program: self.program.to_owned(),
            verb: self.verb,
            fqdn: self.fqdn.to_owned(),
            reason,
            output: end_of(&(self.redact)(&all.text())).to_owned(),
        };
        let (mut child, reading) = self.spawn(&all, &said).map_err(|error| failed(plain(&error)))?;
        let group = Group::of(&child);
        let Ok(status) = tokio::time::timeout(self.time_limit, child.wait()).await else {
            drop(group);
            return Err(failed(format!("it took longer than {} s", self.time_limit.as_secs())));
        };
        group.forget();
        let _ = tokio::time::timeout(OUTPUT_PATIENCE, reading).await;
        match status {
            Ok(status) if status.success() => Ok(end_of(&said.text()).to_owned()),
            Ok(status) => Err(failed(format!("{status}"))),
            Err(error) => Err(failed(plain(&error))),
        }
    }

    /// Starts the program; both its outputs go to `all` until they are closed.
    fn spawn(&self, all: &Output, said: &Output) -> io::Result<(Child, JoinHandle<()>)> {
        let (reader, writer) = io::pipe()?;
        let stdout = if self.keeps_stdout { Some(io::pipe()?) } else { None };
        let (stdout, stdout_writer) = match stdout {
            Some((stdout, stdout_writer)) => (Some(stdout), stdout_writer),
            None => (None, writer.try_clone()?),
        };
        let child = Command::new(self.program)
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            // A group of its own, so that what it started ends with it when its time is over.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(stdout_writer)
            .stderr(writer)
            .spawn()?;
        let reader = Receiver::from_owned_fd(reader.into())?;
        let stdout = stdout.map(|stdout| Receiver::from_owned_fd(stdout.into())).transpose()?;
        let (all, said) = (all.clone(), said.clone());
        let reading = tokio::spawn(async move {
            let (first, both) = ([&all], [&all, &said]);
            let reading_stdout = async {
                if let Some(stdout) = stdout {
                    read(stdout, &both).await;
                }
            };
            tokio::join!(read(reader, &first), reading_stdout);
        });
        Ok((child, reading))
    }
}

/// The processes of a hook; they are killed when this is dropped, unless it was forgotten.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)))
    }

    /// The hook has ended; what it left running may run.
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The end of what a hook wrote; clones share it.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<KeptOutput>>);

#[derive(Default)]
struct KeptOutput {
    bytes: Vec<u8>,
    /// Whether something was before them.
    is_cut: bool,
}

async fn read(mut reader: Receiver, into: &[&Output]) {
    let mut part = [0; 4096];
    while let Ok(length @ 1..) = reader.read(&mut part).await {
        for output in into {
            let mut kept = output.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.bytes.extend(part.iter().take(length));
            let excess = kept.bytes.len().saturating_sub(OUTPUT_KEPT);
            kept.bytes.drain(..excess);
            kept.is_cut |= excess > 0;
        }
    }
}

impl Output {
    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept.bytes);
        let whole = if kept.is_cut { after_first_line(&text) } else { &text };
        whole.trim().to_owned()
    }
}

/// Without the line at whose beginning something was cut away, perhaps a part of a secret.
fn after_first_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rest)| rest)
}

/// The end of a text that is shown.
fn end_of(text: &str) -> &str {
    text.get(text.ceil_char_boundary(text.len().saturating_sub(OUTPUT_SHOWN))..).unwrap_or(text)
}

/// The command with an absolute path of its program, unless that is looked for in `PATH`.
pub(super) fn absolute(command: &str) -> String {
    let words = || {
        let mut words = shlex::split(command)?;
        let program = words.first_mut().filter(|program| program.contains('/'))?;
        *program = std::path::absolute(&*program).ok()?.to_str()?.to_owned();
        shlex::try_join(words.iter().map(String::as_str)).ok()
    };
    words().unwrap_or_else(|| command.to_owned())
}

/// The file that a shell would execute for a word.
fn find(program: &str) -> Option<PathBuf> {
    let may_run = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| may_run(path));
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| may_run(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown of the output of a script of the shell that fails.
    async fn shown(script: &str, secret: &str) -> String {
        let call = HookCall {
            program: Path::new("/bin/sh"),
            arguments: ["-c", script].map(OsString::from).into(),
            variables: &[("SECRET".to_owned(), secret.to_owned())],
            verb: "present",
            fqdn: "a.test.",
            time_limit: TIME_LIMIT,
            keeps_stdout: false,
            redact: &|text| text.replace(secret, "***"),
        };
        let Err(Error::HookFailed { output, .. }) = call.run().await else { panic!("it fails") };
        output
    }

    #[tokio::test]
    async fn no_part_of_a_secret_is_left_where_the_output_is_cut() {
        // It begins 10 bytes before what is shown.
        let after = "printf '\\n%01990d' 0; exit 1";
        for before in ["", "printf '%0300000d\\n' 0;"] {
            let output =
                shown(&format!("{before} printf %s \"$SECRET\"; {after}"), "0123456789abcdefghij").await;
            assert!(!output.contains("abc") && output.ends_with("000"), "{output}");
            assert!(output.len() <= OUTPUT_SHOWN);
        }
        // The line of which only the end is kept.
        let script = format!("printf %s \"$SECRET\"; printf '%0{}d\\nend' 0; exit 1", OUTPUT_KEPT - 10);
        assert_eq!(shown(&script, "0123456789abcdefghij").await, "end");
    }

    #[test]
    fn commands_are_kept_with_an_absolute_path() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(absolute("./hook 'a b'"), format!("{}/hook 'a b'", here.display()));
        for command in ["hook 'a b'", "/usr/bin/hook x", "'"] {
            assert_eq!(absolute(command), command);
        }
    }
}
