//! Finding the server and talking to it, with a limit to every wait.
//!
//! Plain sockets of the standard library: a handful of connections, each of which is waited for, needs no runtime, and
//! the program starts sooner without one.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Attempt, Error};

/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;
/// The next address is tried when the one before has not answered by then (RFC 8305 section 5).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// How many of the server's first bytes are kept, to recognise what it speaks instead of TLS.
const MAX_SEEN: usize = 1024;

/// The addresses of a host, in the order in which the system wants them tried (RFC 6724), the families taking turns.
///
/// # Errors
/// [`Error::Unresolved`] when there are none, or the resolver does not answer in time.
pub(super) fn resolve(host: &str, port: u16, timeout: Duration) -> Result<Vec<SocketAddr>, Error> {
    let unresolved = |reason: String| Error::Unresolved { host: host.to_owned(), reason };
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    // The system's resolver has no time limit: a thread may keep waiting for it, we do not.
    thread::spawn(move || {
        let _ = sender.send((name.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    });
    let found = match receiver.recv_timeout(timeout) {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) => return Err(unresolved(plain(&error))),
        Err(_) => return Err(unresolved(format!("no answer from DNS within {} s", timeout.as_secs()))),
    };
    if found.is_empty() {
        return Err(unresolved("it has no address".into()));
    }
    let first_is_v6 = found.iter().take(1).all(SocketAddr::is_ipv6);
    let (mut first, mut second): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    first.reverse();
    second.reverse();
    let mut mixed = Vec::new();
    while mixed.len() < MAX_ADDRESSES && !(first.is_empty() && second.is_empty()) {
        mixed.extend(first.pop());
        mixed.extend(second.pop());
    }
    Ok(mixed)
}

/// Connects to the first address that answers; the next one is tried before a slow one has answered.
///
/// # Errors
/// [`Error::Connect`] with what each address said.
pub(super) fn connect(addresses: &[SocketAddr], timeout: Duration) -> Result<(TcpStream, SocketAddr), Error> {
    let (sender, receiver) = mpsc::channel();
    let end = Instant::now() + timeout;
    if timeout.is_zero() {
        return Err(Error::Connect { attempts: Vec::new() });
    }
    let mut failed = Vec::new();
    for &address in addresses {
        let sender = sender.clone();
        thread::spawn(move || {
            let _ = sender.send((address, TcpStream::connect_timeout(&address, timeout)));
        });
        match receiver.recv_timeout(NEXT_ADDRESS) {
            Ok((address, Ok(stream))) => return Ok((stream, address)),
            Ok((address, Err(error))) => failed.push(Attempt { address, error }),
            Err(_) => {}
        }
    }
    while failed.len() < addresses.len() {
        match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok((address, Ok(stream))) => return Ok((stream, address)),
            Ok((address, Err(error))) => failed.push(Attempt { address, error }),
            Err(_) => break,
        }
    }
    Err(Error::Connect { attempts: failed })
}

/// The end of the time that all of a check has together.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeBudget {
    end: Instant,
    /// How long it was at the beginning.
    pub(super) whole: Duration,
}

impl TimeBudget {
    pub(super) fn start(whole: Duration) -> Self {
        Self { end: Instant::now() + whole, whole }
    }

    pub(super) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// The longest wait for one step: a share of the whole, so that a step without an answer leaves time for the others.
    pub(super) fn share(&self, longest: Duration) -> Duration {
        self.left().min(longest).min(self.whole / 4)
    }
}

/// A connection on which nothing waits beyond its deadline, and which remembers the server's first bytes.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    deadline: Instant,
    seen: Vec<u8>,
}

impl Wire {
    /// A fresh connection; everything on it must be done within `timeout`.
    pub(super) fn new(stream: TcpStream, timeout: Duration) -> Self {
        // Every message waits for its answer, so there is nothing to coalesce.
        let _ = stream.set_nodelay(true);
        Self { stream, deadline: Instant::now() + timeout, seen: Vec::new() }
    }

    /// What the server said first, or first since [`Self::forget`].
    pub(super) fn seen(&self) -> &[u8] {
        &self.seen
    }

    /// Forgets the bytes so far.
    pub(super) fn forget(&mut self) {
        self.seen.clear();
    }

    /// Sets a new deadline.
    pub(super) fn renew(&mut self, timeout: Duration) {
        self.deadline = Instant::now() + timeout;
    }

    pub(super) fn local_address(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }

    /// Says that nothing more will be written.
    pub(super) fn finish_writing(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        let count = self.stream.read(buffer).map_err(timed_out)?;
        let room = MAX_SEEN - self.seen.len();
        self.seen.extend(buffer.iter().take(count.min(room)));
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A socket with a time limit reports "would block" when the time is over.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

/// The resolver's message without its prefix.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("failed to lookup address information: ").unwrap_or(&text).to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::sys::testing::ClosedPort;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn a_refusing_address_does_not_hide_the_next() {
        let closed = ClosedPort::bind();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let (_, address) = connect(&[closed.address, open.local_addr().unwrap()], LIMIT).unwrap();
        assert_eq!(address, open.local_addr().unwrap());
        let Err(Error::Connect { attempts }) = connect(&[closed.address], LIMIT) else {
            panic!("it is closed")
        };
        assert_eq!(attempts[0].error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn nothing_waits_beyond_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut wire = Wire::new(stream, Duration::from_millis(20));
        assert_eq!(wire.read(&mut [0; 9]).unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(wire.read(&mut [0; 9]).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn an_address_is_its_own_name() {
        assert_eq!(resolve("::1", 7, LIMIT).unwrap(), ["[::1]:7".parse().unwrap()]);
        assert!(matches!(resolve("nothing.invalid", 7, LIMIT), Err(Error::Unresolved { .. })));
    }
}
