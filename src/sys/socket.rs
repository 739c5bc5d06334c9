//! What the system knows of a socket, and no crate asks it for.

use std::os::fd::RawFd;

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
