//! The keeper as a process: it answers one message after the other, until the front has ended.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::SigSet;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, recv, sendmsg};

use super::VARIABLE;
use super::granted::Granted;
use super::message::{LONGEST, Message};
use crate::sys::inherited;

/// Whether this process was started as a keeper, by [`super::Keeper::start`]. Its front may have ended since.
pub fn is_keeper() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Serves the front that started this process, until it has ended.
///
/// # Errors
/// What the system says; the keeper cannot do its work.
pub fn serve() -> io::Result<()> {
    // Ctrl-C and a service manager that stops the service mean the front, which needs its keeper to the end.
    SigSet::all().thread_block()?;
    // The front's sockets, pipes with keys.
    inherited::close_all();
    std::env::set_current_dir("/")?;
    let front = io::stdin();
    let front = front.as_fd();
    let mut grants = Vec::new();
    let mut is_sealed = false;
    let mut bytes = [0; LONGEST];
    loop {
        let length = match recv(front, &mut bytes, RecvFlags::empty()) {
            Ok((0, _)) => return Ok(()),
            Ok((length, _)) => length,
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        // Only a front that was taken over sends anything else.
        let Some(message) = bytes.get(..length).and_then(Message::decode) else { return Ok(()) };
        let granted = |number: u16| -> io::Result<&Granted> {
            grants.get(usize::from(number)).ok_or_else(|| io::ErrorKind::PermissionDenied.into())
        };
        let outcome = match message {
            Message::Grant(_) if is_sealed => return Ok(()),
            Message::Grant(grant) => {
                grants.push(Granted::new(&grant));
                continue;
            }
            Message::Sealed => {
                is_sealed = true;
                Ok(None)
            }
            Message::Read(number) => granted(number).and_then(Granted::read).map(Some),
            Message::Append(number) => granted(number).and_then(Granted::append).map(Some),
            Message::MoveAway(number) => granted(number).and_then(Granted::move_away).map(|()| None),
            Message::Remove(number, file) => {
                granted(number).and_then(|granted| granted.remove(file)).map(|()| None)
            }
        };
        send_outcome(front, outcome)?;
    }
}

fn send_outcome(front: BorrowedFd<'_>, outcome: io::Result<Option<File>>) -> io::Result<()> {
    let (number, file) = match outcome {
        Ok(file) => (0, file),
        Err(error) => (error_number(&error), None),
    };
    let descriptors: Vec<_> = file.iter().map(AsFd::as_fd).collect();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    }
    let number = number.to_le_bytes();
    sendmsg(front, &[IoSlice::new(&number)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// As the front knows errors again; never 0.
fn error_number(error: &io::Error) -> i32 {
    if let Some(number) = error.raw_os_error() {
        return number;
    }
    let number = match error.kind() {
        io::ErrorKind::InvalidInput => Errno::INVAL,
        io::ErrorKind::IsADirectory => Errno::ISDIR,
        io::ErrorKind::PermissionDenied => Errno::ACCESS,
        _ => Errno::IO,
    };
    number.raw_os_error()
}
