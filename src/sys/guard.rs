//! A guard: a small process between the server and a command that runs beside it, so that the command ends with the
//! server however that ends, with every process of its group.
//!
//! The server starts this program once more. The second process leads a session of its own, starts the command as a
//! process group, and has a socket to the server (its standard input). It reads one order after the other from there;
//! the end of file without an order to stop means that the server was killed. Its exit status is the command's.
//! A command that is to go on without the server takes the place of the guard.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::SigSet;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process_group, set_child_subreaper, setsid,
    test_kill_process_group, wait,
};
use serde::{Deserialize, Serialize};

use super::{inherited, own_program, own_variables};

/// Tells the second process that it is a guard. The command does not get it.
const VARIABLE: &str = "CERTKIT_GUARD";

/// The order to stop the command; other bytes are signals for it.
const STOP: u8 = 0;

/// Bytes of the description of the command, which waits in the socket until the guard runs.
const LONGEST: usize = 64 * 1024;

/// How often the guard looks whether the processes of the command are gone.
const INTERVAL: Duration = Duration::from_millis(20);

/// A command, and how it ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GuardedCommand {
    /// For the shell.
    pub command: String,
    /// `None` for that of this process.
    pub folder: Option<PathBuf>,
    pub user: Option<u32>,
    pub group: Option<u32>,
    /// It takes the place of the guard and goes on when the server ends.
    pub outlives: bool,
    /// The signal that asks it to end.
    pub stop_signal: u8,
    /// How long it may take to end.
    pub mercy: Duration,
}

/// The server's side.
#[derive(Debug)]
pub struct GuardLink(UnixStream);

impl GuardLink {
    /// Sends a signal to all processes of the command.
    ///
    /// # Errors
    /// It has ended.
    pub fn signal(&self, signal: u8) -> io::Result<()> {
        (&self.0).write_all(&[signal])
    }

    /// Asks the command to end, and kills it when it takes too long. Dropping the link after that kills it at once.
    ///
    /// # Errors
    /// It has ended.
    pub fn stop(&self) -> io::Result<()> {
        (&self.0).write_all(&[STOP])
    }
}

impl GuardedCommand {
    /// The guard, to be started by the caller, who may add variables for the command; and the link to it. The command
    /// reads from `stdin`.
    ///
    /// # Errors
    /// What the system says, or the command is too long.
    pub fn prepare(&self, stdin: Stdio) -> io::Result<(Command, GuardLink)> {
        let (mut ours, theirs) = UnixStream::pair()?;
        let told = serde_json::to_vec(self)?;
        if told.len() > LONGEST {
            return Err(io::ErrorKind::ArgumentListTooLong.into());
        }
        let length = u32::try_from(told.len()).unwrap_or_default();
        ours.write_all(&[&length.to_le_bytes()[..], &told].concat())?;
        let mut guard = own_program::command("certkit-guard")?;
        own_variables::remove(&mut guard);
        guard
            .arg("serve")
            .env(VARIABLE, "1")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            // The guard prints nothing, so its standard output is free to carry what the command reads.
            .stdout(stdin);
        Ok((guard, GuardLink(ours)))
    }

    /// The command itself, in a guard.
    fn shell(&self) -> io::Result<Command> {
        let mut shell = Command::new("/bin/sh");
        shell
            .arg("-c")
            .arg(&self.command)
            .env_remove(VARIABLE)
            .stdin(io::stdout().as_fd().try_clone_to_owned()?)
            .stdout(io::stderr().as_fd().try_clone_to_owned()?);
        if let Some(folder) = &self.folder {
            shell.current_dir(folder);
        }
        if let Some(group) = self.group {
            shell.gid(group);
        }
        if let Some(user) = self.user {
            shell.uid(user);
        }
        Ok(shell)
    }
}

/// Whether this process was started as a guard. The server may have ended since.
pub fn is_guard() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Starts the command and watches over it until its end; gives its exit status, as a shell does.
///
/// # Errors
/// It cannot be started.
pub fn serve() -> io::Result<u8> {
    inherited::close_all();
    let mut link = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut length = [0; 4];
    link.read_exact(&mut length)?;
    let mut told = Vec::new();
    (&link).take(u32::from_le_bytes(length).into()).read_to_end(&mut told)?;
    let command: GuardedCommand = serde_json::from_slice(&told)?;
    // Ctrl-C on the terminal means the server.
    setsid()?;
    let mut shell = command.shell()?;
    if command.outlives {
        return Err(shell.exec());
    }
    // What the command leaves behind when it ends comes to this process. Init may wait for it late: the first process of
    // a container often never does, and one that is not waited for still counts as a process of the group.
    set_child_subreaper(Some(getpid()))?;
    let child = shell.process_group(0).spawn()?;
    drop(shell);
    // A service manager that stops the service sends TERM to each of its processes; this one is the last to go.
    SigSet::all().thread_block()?;
    let group = Pid::from_child(&child);
    let mut watch = Watch { group, stop_signal: command.stop_signal, mercy: command.mercy, stop_by: None };
    let mut ended = waited_for(group)?;
    let mut status = None;
    let mut is_linked = true;
    loop {
        if let Some(status) = status
            && watch.is_done()
        {
            return Ok(status);
        }
        if watch.stop_by.is_some_and(|by| by <= Instant::now()) {
            // They may have ended just now.
            let _ = kill_process_group(group, Signal::KILL);
            return status.map_or_else(|| read_status(&mut ended), Ok);
        }
        let mut watched = Vec::new();
        if is_linked {
            watched.push(PollFd::new(&link, PollFlags::IN));
        }
        if status.is_none() {
            watched.push(PollFd::new(&ended, PollFlags::IN));
        }
        let timeout = watch.stop_by.and_then(|_| Timespec::try_from(INTERVAL).ok());
        match poll(&mut watched, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut is_ready = watched.iter().map(|one| !one.revents().is_empty());
        let has_order = is_linked && is_ready.next() == Some(true);
        let has_ended = status.is_none() && is_ready.next() == Some(true);
        if has_ended {
            status = Some(read_status(&mut ended)?);
        }
        if has_order {
            let mut order = [STOP];
            match link.read(&mut order) {
                Ok(1) => watch.obey(order[0]),
                _ => {
                    is_linked = false;
                    watch.server_is_gone();
                }
            }
        }
    }
}

/// The processes of a command, and when they must be gone.
struct Watch {
    group: Pid,
    stop_signal: u8,
    mercy: Duration,
    stop_by: Option<Instant>,
}

impl Watch {
    fn obey(&mut self, order: u8) {
        if order == STOP { self.stop() } else { self.signal(order) }
    }

    fn stop(&mut self) {
        if self.stop_by.is_none() {
            self.signal(self.stop_signal);
            self.stop_by = Instant::now().checked_add(self.mercy);
        }
    }

    /// It was killed; or it has asked to stop before, and does not want to wait any more.
    fn server_is_gone(&mut self) {
        match self.stop_by {
            Some(_) => self.stop_by = Some(Instant::now()),
            None => self.stop(),
        }
    }

    fn signal(&self, number: u8) {
        if let Some(signal) = Signal::from_named_raw(number.into()) {
            // They may have ended just now.
            let _ = kill_process_group(self.group, signal);
        }
    }

    /// For a command that has ended: whether what it started is of no interest, or gone too.
    fn is_done(&self) -> bool {
        self.stop_by.is_none() || test_kill_process_group(self.group).is_err()
    }
}

/// Where the exit status of the command arrives. All that it leaves behind is waited for too.
fn waited_for(command: Pid) -> io::Result<UnixStream> {
    let (ended, mut end) = UnixStream::pair()?;
    std::thread::Builder::new().spawn(move || {
        loop {
            match wait(WaitOptions::empty()) {
                Ok(Some((process, status))) if process == command => {
                    let _ = end.write_all(&[shell_status(status)]);
                }
                Ok(_) | Err(Errno::INTR) => {}
                // There is none left.
                Err(_) => return,
            }
        }
    })?;
    Ok(ended)
}

fn read_status(ended: &mut UnixStream) -> io::Result<u8> {
    let mut status = [0];
    ended.read_exact(&mut status)?;
    Ok(status[0])
}

/// As a shell says how a command ended.
fn shell_status(status: WaitStatus) -> u8 {
    let number = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}
