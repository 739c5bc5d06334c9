//! A program that goes on in the background: its command returns when it is ready, or has failed.
//!
//! The program is started a second time, in a session of its own (setsid(2)), and says over its standard
//! input, a socket, that it is ready. No code runs between fork and exec.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::parent_id;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Tells the second process that it is one: the id of the first.
pub const VARIABLE: &str = "CERTKIT_BACKGROUND";

/// How the second process came on.
#[derive(Debug)]
pub enum Started {
    /// It serves, under this process id.
    Ready {
        process: u32,
    },
    Failed(ExitStatus),
}

/// Starts this program again, with the same arguments, and waits until it is ready or has ended.
///
/// # Errors
/// It cannot be started.
pub fn start() -> io::Result<Started> {
    let (mut ours, theirs) = UnixStream::pair()?;
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(name) = name {
        std::os::unix::process::CommandExt::arg0(&mut command, name);
    }
    command
        .args(arguments)
        .env(VARIABLE, std::process::id().to_string())
        .stdin(Stdio::from(OwnedFd::from(theirs)));
    let mut child = command.spawn()?;
    // Its end is in the command too.
    drop(command);
    match ours.read(&mut [0]) {
        Ok(1) => Ok(Started::Ready { process: child.id() }),
        _ => Ok(Started::Failed(child.wait()?)),
    }
}

/// The second process, before it is ready.
#[derive(Debug)]
pub struct Background {
    parent: File,
}

impl Background {
    /// Leaves the session of the first process; `None` in a process that is not the second one.
    ///
    /// # Errors
    /// What the system says.
    pub fn enter() -> io::Result<Option<Self>> {
        let first = std::env::var(VARIABLE).ok().and_then(|pid| pid.parse().ok());
        // The variable reaches whatever an application starts, too.
        if first != Some(parent_id()) {
            return Ok(None);
        }
        rustix::process::setsid()?;
        let parent = File::from(std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?);
        rustix::stdio::dup2_stdin(File::open(Path::new("/dev/null"))?)?;
        Ok(Some(Self { parent }))
    }

    /// Lets the first process return.
    ///
    /// # Errors
    /// It is gone: somebody has ended it while it waited.
    pub fn ready(mut self) -> io::Result<()> {
        self.parent.write_all(b"1")
    }
}
