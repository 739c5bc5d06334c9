//! What the system knows of a socket, and no crate asks it for; sockets that were inherited.

use std::ffi::OsString;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::sockopt::socket_acceptconn;

/// The first descriptor that a service manager passes (sd_listen_fds(3)).
const FIRST_PASSED: RawFd = 3;

/// How many sockets a service manager may pass: more is not a valid number.
const MOST_PASSED: i32 = 1024;

/// Another descriptor for a socket that listens and was inherited under a number. Programs that are started from here
/// inherit neither.
///
/// # Errors
/// There is no such descriptor, or it is not a socket that listens.
pub fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    #[expect(
        unsafe_code,
        reason = "a descriptor that this program did not open has no owner to borrow it from"
    )]
    // SAFETY: it is used for the calls below only, which give an error for a number that is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    if !socket_acceptconn(borrowed)? {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let owned = borrowed.try_clone_to_owned()?;
    fcntl_setfd(borrowed, FdFlags::CLOEXEC)?;
    Ok(owned)
}

/// The numbers of the sockets that a service manager passes to this process: what `variable` says of `LISTEN_PID` and
/// `LISTEN_FDS` (sd_listen_fds(3)).
pub fn passed(variable: impl Fn(&str) -> Option<OsString>) -> Vec<RawFd> {
    let number = |name| variable(name)?.to_str()?.parse::<i32>().ok();
    if number("LISTEN_PID") != i32::try_from(std::process::id()).ok() {
        return Vec::new();
    }
    let count = number("LISTEN_FDS").unwrap_or(0).clamp(0, MOST_PASSED);
    (FIRST_PASSED..FIRST_PASSED + count).collect()
}

/// Bytes that were written to a socket and have not arrived at the other end yet (tcp(7), SIOCOUTQ);
/// `None` where the system does not say.
pub fn unacknowledged(socket: RawFd) -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let mut bytes: libc::c_int = 0;
        #[expect(unsafe_code, reason = "no crate has a safe function for it")]
        // SAFETY: the call writes one c_int, to which the pointer is valid. It changes nothing else, and
        // a descriptor that is closed is an error.
        let result = unsafe { libc::ioctl(socket, libc::TIOCOUTQ, &raw mut bytes) };
        if result == 0 { u64::try_from(bytes).ok() } else { None }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = socket;
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn only_sockets_that_listen_are_inherited() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let again = std::net::TcpListener::from(inherited(listener.as_raw_fd()).unwrap());
        assert_eq!(again.local_addr().unwrap(), listener.local_addr().unwrap());
        let (one, _other) = UnixStream::pair().unwrap();
        assert_eq!(inherited(one.as_raw_fd()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert!(inherited(1_000_000).is_err());
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(inherited(file.as_raw_fd()).is_err());
    }

    #[test]
    fn sockets_are_passed_to_one_process() {
        let own = std::process::id().to_string();
        let passed = |pid: &str, count: &str| {
            passed(|name| Some(if name == "LISTEN_PID" { pid } else { count }.into()))
        };
        assert_eq!(passed(&own, "2"), [3, 4]);
        assert!(passed("1", "2").is_empty());
        assert_eq!((passed(&own, "x"), passed(&own, "-1")), (vec![], vec![]));
        assert_eq!(passed(&own, "99999999").len(), 1024);
        assert!(super::passed(|_| None).is_empty());
    }

    #[test]
    fn what_nobody_has_read_is_counted() {
        let (mut writer, reader) = UnixStream::pair().unwrap();
        assert_eq!(unacknowledged(writer.as_raw_fd()), Some(0));
        writer.write_all(b"abc").unwrap();
        // The system counts its own overhead too on this kind of socket.
        assert!(unacknowledged(writer.as_raw_fd()).unwrap() >= 3);
        drop(reader);
        assert_eq!(unacknowledged(-1), None);
    }
}
