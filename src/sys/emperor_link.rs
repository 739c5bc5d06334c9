//! The link between an emperor and a vassal, a server that it has started: the vassal's standard input.
//!
//! The vassal says over it that it is ready, or that only a new start can apply its settings. Its end of file means that
//! the emperor has ended, perhaps killed: then the vassal stops.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use super::own_program;

/// Tells a server that it is a vassal.
pub const VARIABLE: &str = "CERTKIT_EMPEROR";

/// What a vassal says: it serves.
pub const READY: u8 = b'1';
/// Its settings have changed, and it cannot apply them while it runs.
pub const NEEDS_RESTART: u8 = b'R';

/// The vassal's end.
#[derive(Debug)]
pub struct EmperorLink(UnixStream);

impl EmperorLink {
    /// `None` in every other process.
    ///
    /// # Errors
    /// What the system says.
    pub fn enter() -> io::Result<Option<Self>> {
        if std::env::var_os(VARIABLE).is_none() {
            return Ok(None);
        }
        let link = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        rustix::stdio::dup2_stdin(File::open(Path::new("/dev/null"))?)?;
        Ok(Some(Self(link)))
    }

    /// Says something; the emperor may be gone.
    pub fn say(&self, what: u8) {
        let _ = (&self.0).write_all(&[what]);
    }

    /// Another descriptor for it, which does not block.
    ///
    /// # Errors
    /// What the system says.
    pub fn stream(&self) -> io::Result<UnixStream> {
        let stream = self.0.try_clone()?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }
}

/// Makes a command that starts a vassal, and the emperor's end, which does not block. The variables of this process
/// are still there.
///
/// # Errors
/// What the system says.
pub fn vassal() -> io::Result<(Command, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut command = own_program::command("certkit")?;
    command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(io::stderr().as_fd().try_clone_to_owned()?);
    Ok((command, ours))
}
