//! The keeper: a small process that stays root while the front becomes another user, and opens files for it.
//!
//! The front starts this program once more, before it gives up its rights. The second process has no network, no
//! threads, and a socket to the front, over which it gets the paths that it may open ([`Grant`]). Later it opens those
//! on request and passes descriptors over (unix(7), SCM_RIGHTS). So a running server takes new keys that only root may
//! read, opens its log files again and removes its pid file, also from within a chroot(2). No code runs between
//! fork and exec. It ends with the front.

mod granted;
pub mod message;
mod process;

use std::fs::{File, Metadata};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendFlags,
    SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use self::message::Message;
pub use self::message::{Access, Grant};
pub use self::process::{is_keeper, serve};
use super::opener::{FileIdentity, Opener, OwnRights};

/// Tells the second process that it is a keeper. Nothing that it or the front starts gets the variable.
pub const VARIABLE: &str = "CERTKIT_KEEPER";

/// A keeper that runs, as its front sees it.
#[derive(Debug)]
pub struct Keeper {
    /// `None` at the end only.
    socket: Mutex<Option<OwnedFd>>,
    child: Child,
    grants: Vec<(Grant, PathBuf)>,
}

impl Keeper {
    /// Starts this program again as a keeper that has the rights of this process, for these paths. Relative ones
    /// count from the current folder.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(grants: &[Grant]) -> io::Result<Self> {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg0("certkit-keeper")
            .arg("serve")
            .env_clear()
            .env(VARIABLE, "1")
            .process_group(0)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn()?;
        // Its end is in the command too.
        drop(command);
        let grants = grants.iter().map(|grant| Ok((absolute(grant)?, grant.path.clone())));
        let grants = grants.collect::<io::Result<Vec<_>>>()?;
        let keeper = Self { socket: Mutex::new(Some(ours)), child, grants };
        for (grant, _) in &keeper.grants {
            keeper.send(&Message::Grant(grant.clone()))?;
        }
        keeper.ask(&Message::Sealed)?;
        Ok(keeper)
    }

    /// The number of the grant for this path.
    fn grant(&self, path: &Path, is_wanted: impl Fn(&Access) -> bool) -> io::Result<u16> {
        let mut grants = self.grants.iter();
        let position = grants
            .position(|(grant, given)| (given == path || grant.path == path) && is_wanted(&grant.access));
        position
            .and_then(|position| u16::try_from(position).ok())
            .ok_or_else(|| io::ErrorKind::PermissionDenied.into())
    }

    fn open(&self, message: &Message) -> io::Result<File> {
        self.ask(message)?.map(File::from).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Sends a message and waits for what becomes of it.
    fn ask(&self, message: &Message) -> io::Result<Option<OwnedFd>> {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        let socket = socket.as_ref().ok_or_else(ended)?;
        send(socket, message)?;
        let mut number = [0; 4];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = loop {
            let mut pieces = [IoSliceMut::new(&mut number)];
            match recvmsg(socket, &mut pieces, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                other => break other?,
            }
        };
        let descriptor = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        match (received.bytes, i32::from_le_bytes(number)) {
            (4, 0) => Ok(descriptor),
            (4, error) => Err(io::Error::from_raw_os_error(error)),
            _ => Err(ended()),
        }
    }

    fn send(&self, message: &Message) -> io::Result<()> {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        send(socket.as_ref().ok_or_else(ended)?, message)
    }
}

impl Opener for Keeper {
    fn read(&self, path: &Path) -> io::Result<File> {
        if is_own(path) {
            return OwnRights.read(path);
        }
        let grant = self.grant(path, |access| *access == Access::Read)?;
        self.open(&Message::Read(grant))
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.read(path)?.metadata()
    }

    fn append(&self, path: &Path) -> io::Result<File> {
        if is_own(path) {
            return OwnRights.append(path);
        }
        let grant = self.grant(path, |access| matches!(access, Access::Log { .. }))?;
        self.open(&Message::Append(grant))
    }

    /// The backup is the one that was granted.
    fn move_away(&self, path: &Path, _: Option<&Path>) -> io::Result<()> {
        if is_own(path) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let grant = self.grant(path, |access| matches!(access, Access::Log { .. }))?;
        self.ask(&Message::MoveAway(grant)).map(drop)
    }

    fn remove(&self, path: &Path, file: FileIdentity) -> io::Result<()> {
        let grant = self.grant(path, |access| *access == Access::Remove)?;
        self.ask(&Message::Remove(grant, file)).map(drop)
    }
}

impl Drop for Keeper {
    /// It ends when the socket does. (One that waits for a file system ends later.)
    fn drop(&mut self) {
        drop(self.socket.lock().unwrap_or_else(PoisonError::into_inner).take());
        for _ in 0..50 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn send(socket: &OwnedFd, message: &Message) -> io::Result<()> {
    let bytes = message.encode().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut nothing = SendAncillaryBuffer::default();
    loop {
        match sendmsg(socket, &[IoSlice::new(&bytes)], &mut nothing, SendFlags::NOSIGNAL) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(Errno::PIPE | Errno::CONNRESET) => return Err(ended()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The grant with paths that mean the same in another folder and in another process.
fn absolute(grant: &Grant) -> io::Result<Grant> {
    let path = std::path::absolute(&grant.path)?;
    let path = if is_own(&path) { path.canonicalize().unwrap_or(path) } else { path };
    let access = match &grant.access {
        Access::Log { backup: Some(backup) } => Access::Log { backup: Some(std::path::absolute(backup)?) },
        other => other.clone(),
    };
    Ok(Grant { path, access })
}

/// Whether it may be another file in each process, as /dev/stdin and /proc/self/fd/1 are.
fn is_own(path: &Path) -> bool {
    ["/dev", "/proc"].iter().any(|folder| path.starts_with(folder))
}

fn ended() -> io::Error {
    io::Error::other("the process that opens files as root has ended")
}
