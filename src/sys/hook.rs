//! A deploy hook: the user's command that runs after a certificate was renewed, such as
//! `systemctl reload nginx`.
//!
//! `sh -c` runs the command as it was typed. What the command needs to know comes in environment
//! variables, which no shell takes apart. Its output never reaches standard output, which belongs to
//! certkit's own data.

use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use super::fs::plain;

/// A reload takes seconds. A command that takes longer than this hangs, and must not block renewals.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// How much of the output is kept, from its end.
const KEPT_BYTES: usize = 8 << 10;
/// A command may leave a process behind that keeps the output open; the rest of the output is
/// awaited for this long.
const OUTPUT_GRACE: Duration = Duration::from_millis(300);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A command that is ready to run.
#[derive(Debug)]
pub struct Hook {
    command: String,
    environment: Vec<(&'static str, OsString)>,
    shows_output: bool,
    time_limit: Duration,
}

/// How a hook went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookRun {
    /// The command as it was typed.
    pub command: String,
    pub failure: Option<HookFailure>,
    /// The end of what the command wrote to standard output and standard error.
    pub output: String,
}

/// What a hook did instead of succeeding; the sentence begins with the hook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HookFailure {
    #[error("exited with status {0}")]
    Exited(i32),
    #[error("was killed by signal {0}")]
    Killed(i32),
    #[error("could not be started: {0}")]
    NotStarted(String),
    #[error("did not finish within {} s and was killed", .0.as_secs())]
    TimedOut(Duration),
}

impl Hook {
    pub fn new(command: &str) -> Self {
        Self {
            command: command.to_owned(),
            environment: Vec::new(),
            shows_output: false,
            time_limit: TIME_LIMIT,
        }
    }

    /// Sets an environment variable for the command.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name, value.as_ref().to_owned()));
        self
    }

    /// Passes the output on to standard error while the command runs.
    #[must_use]
    pub fn showing_output(mut self) -> Self {
        self.shows_output = true;
        self
    }

    /// Runs the command to its end. Blocks for up to five minutes; then the command is killed with
    /// every process that it started.
    pub fn run(self) -> HookRun {
        let mut output = Vec::new();
        let failure = self.supervise(&mut output).err();
        let output = String::from_utf8_lossy(&output).trim_end().to_owned();
        HookRun { command: self.command, failure, output }
    }

    fn supervise(&self, output: &mut Vec<u8>) -> Result<(), HookFailure> {
        let (mut child, mut pipe) = self.start().map_err(|error| HookFailure::NotStarted(plain(&error)))?;
        let deadline = Instant::now() + self.time_limit;
        let mut is_open = true;
        let ended = loop {
            is_open = is_open && self.read_some(&mut pipe, output);
            match child.try_wait() {
                Ok(None) if Instant::now() < deadline => {}
                Ok(None) => {
                    kill_with_children(&child);
                    let _ = child.wait();
                    break Err(HookFailure::TimedOut(self.time_limit));
                }
                Ok(Some(status)) => break outcome(status),
                Err(error) => break Err(HookFailure::NotStarted(plain(&error))),
            }
            if !is_open {
                // Nothing else to wait for: the command has closed its output and still runs.
                std::thread::sleep(POLL_INTERVAL);
            }
        };
        let deadline = Instant::now() + OUTPUT_GRACE;
        while is_open && Instant::now() < deadline {
            is_open = self.read_some(&mut pipe, output);
        }
        ended
    }

    fn start(&self) -> io::Result<(Child, PipeReader)> {
        let (reader, writer) = io::pipe()?;
        let child = Command::new("sh")
            .arg("-c")
            .arg(&self.command)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            // A group of its own, so that every process that it started can be killed with it.
            .process_group(0)
            .spawn()?;
        Ok((child, reader))
    }

    /// Waits for output for a moment and reads what is there; false when there will be no more.
    fn read_some(&self, pipe: &mut PipeReader, output: &mut Vec<u8>) -> bool {
        let timeout = Timespec::try_from(POLL_INTERVAL).ok();
        match poll(&mut [PollFd::new(pipe, PollFlags::IN)], timeout.as_ref()) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
        let mut buffer = [0; 4096];
        let Ok(count @ 1..) = pipe.read(&mut buffer) else { return false };
        let part = buffer.get(..count).unwrap_or_default();
        if self.shows_output {
            // Nobody may be reading standard error; the command goes on all the same.
            let _ = io::stderr().write_all(part);
        }
        output.extend_from_slice(part);
        output.drain(..output.len().saturating_sub(KEPT_BYTES));
        true
    }
}

fn kill_with_children(child: &Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended just now.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn outcome(status: ExitStatus) -> Result<(), HookFailure> {
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(HookFailure::Exited(code)),
        // A process without an exit code was killed (waitpid(2)).
        None => Err(HookFailure::Killed(status.signal().unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &str) -> HookRun {
        Hook::new(command).env("CERTKIT_NAME", "a.test").env("CERTKIT_KEY", "/a b/$c.key").run()
    }

    #[test]
    fn the_command_sees_its_environment() {
        let run = run("echo \"$CERTKIT_NAME\"; echo \"$CERTKIT_KEY\"");
        assert_eq!((run.failure, run.output.as_str()), (None, "a.test\n/a b/$c.key"));
    }

    #[test]
    fn a_failure_keeps_the_output() {
        let failed = run("echo out; echo err >&2; exit 7");
        assert_eq!(failed.failure, Some(HookFailure::Exited(7)));
        assert_eq!(failed.failure.unwrap().to_string(), "exited with status 7");
        assert_eq!(failed.output, "out\nerr");
        assert_eq!(run("kill -9 $$").failure, Some(HookFailure::Killed(9)));
    }

    #[test]
    fn only_the_end_of_long_output_is_kept() {
        let run = run("yes x | head -c 100000; echo; echo last");
        assert_eq!(run.failure, None);
        assert!(run.output.len() <= KEPT_BYTES && run.output.ends_with("last"));
    }

    #[test]
    fn a_hanging_command_is_killed_with_its_children() {
        let started = Instant::now();
        let limit = Duration::from_millis(300);
        let hook = Hook { time_limit: limit, ..Hook::new("echo begun; sleep 600 & sleep 600") };
        let run = hook.run();
        assert_eq!(run.failure, Some(HookFailure::TimedOut(limit)));
        assert_eq!(run.output, "begun");
        assert!(started.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_command_without_output_ends_as_well() {
        assert_eq!(run("exec >&- 2>&-; sleep 0.2; exit 3").failure, Some(HookFailure::Exited(3)));
    }

    #[test]
    fn a_process_left_behind_is_not_awaited() {
        let started = Instant::now();
        let run = run("echo done; sleep 5 &");
        assert_eq!((run.failure, run.output.as_str()), (None, "done"));
        assert!(started.elapsed() < Duration::from_secs(4));
    }
}
