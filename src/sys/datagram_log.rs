//! A log whose lines are sent as datagrams, to syslog or to any other receiver.
//!
//! Nothing here waits: what the receiver does not take at once is lost, and counted by the caller.

use std::io;
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::macros::format_description;

use super::clock::{Clock, SystemClock};
use super::log_target::{DatagramTarget, Framing, Receiver};

/// A receiver that is gone is looked for again this often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Bytes of a datagram for syslog: what receivers should take (RFC 5424 section 6.1).
const LONGEST_SYSLOG: usize = 2048;
/// Bytes of any other.
const LONGEST: usize = 60 * 1024;
/// Bytes of a line that is not complete yet.
const LONGEST_REST: usize = 8 * 1024;
/// Of a host name and of a tag (RFC 5424 section 6).
const LONGEST_HOST: usize = 255;
const LONGEST_TAG: usize = 48;

#[derive(Debug)]
pub struct DatagramLog {
    target: DatagramTarget,
    host: String,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    socket: Option<Socket>,
    /// When the receiver was looked for last.
    looked: Instant,
    /// The beginning of a line.
    rest: Vec<u8>,
}

#[derive(Debug)]
enum Socket {
    Unix(UnixDatagram),
    Udp(UdpSocket),
}

impl DatagramLog {
    /// Connects; a unix socket may appear later.
    ///
    /// # Errors
    /// The name has no address, or there is no socket to be had.
    pub fn open(target: DatagramTarget) -> io::Result<Self> {
        let socket = match (Socket::connect(&target.receiver), &target.receiver) {
            (Ok(socket), _) => Some(socket),
            (Err(_), Receiver::Unix(_)) => None,
            (Err(error), Receiver::Udp(_)) => return Err(error),
        };
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let state = State { socket, looked: Instant::now(), rest: Vec::new() };
        Ok(Self { target, host: graphic(&host, LONGEST_HOST), state: Mutex::new(state) })
    }

    pub fn receiver(&self) -> &Receiver {
        &self.target.receiver
    }

    /// Sends all lines that are complete now.
    ///
    /// # Errors
    /// The first reason why one could not be sent; that one is lost, and those after it perhaps too.
    pub fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let mut result = Ok(());
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (line, is_whole) = piece.strip_suffix(b"\n").map_or((piece, false), |line| (line, true));
            state.rest.extend_from_slice(line);
            if is_whole || state.rest.len() > LONGEST_REST {
                let line = std::mem::take(&mut state.rest);
                let sent = self.send(&mut state, &line);
                result = result.and(sent);
            }
        }
        result
    }

    /// Sends what has no line break yet.
    pub fn end(&self) {
        let mut state = self.state();
        let line = std::mem::take(&mut state.rest);
        let _ = self.send(&mut state, &line);
    }

    /// Connects anew.
    ///
    /// # Errors
    /// Why that cannot be; the socket in use stays in use.
    pub fn reopen(&self) -> io::Result<()> {
        let socket = Socket::connect(&self.target.receiver)?;
        self.state().socket = Some(socket);
        Ok(())
    }

    fn send(&self, state: &mut State, line: &[u8]) -> io::Result<()> {
        if line.is_empty() {
            return Ok(());
        }
        if state.socket.is_none() && state.looked.elapsed() >= LOOK_AGAIN {
            state.looked = Instant::now();
            state.socket = Socket::connect(&self.target.receiver).ok();
        }
        let Some(socket) = &state.socket else { return Err(io::ErrorKind::NotConnected.into()) };
        let datagram = self.framed(line, SystemClock.now());
        let sent = match socket.send(&datagram) {
            // What was sent before had no receiver (ICMP); this one may have.
            Err(error)
                if error.kind() == io::ErrorKind::ConnectionRefused && matches!(socket, Socket::Udp(_)) =>
            {
                socket.send(&datagram)
            }
            sent => sent,
        };
        let is_gone = |error: &io::Error| {
            // A unix socket whose receiver was started again has another one behind the same name.
            matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotConnected | io::ErrorKind::BrokenPipe
            )
        };
        if sent.as_ref().is_err_and(is_gone) && matches!(socket, Socket::Unix(_)) {
            state.socket = Socket::connect(&self.target.receiver).ok();
            state.looked = Instant::now();
            return match &state.socket {
                Some(socket) => socket.send(&datagram),
                None => sent,
            };
        }
        sent
    }

    /// A line as it is sent.
    fn framed(&self, line: &[u8], now: OffsetDateTime) -> Vec<u8> {
        let cut = |most: usize, head: &str| line.get(..most.saturating_sub(head.len())).unwrap_or(line);
        match &self.target.framing {
            Framing::Plain { prefix } => [prefix.as_bytes(), cut(LONGEST, prefix), b"\n"].concat(),
            Framing::Syslog { tag, priority } => {
                let format =
                    format_description!("[month repr:short] [day padding:space] [hour]:[minute]:[second]");
                let time = now.format(format).unwrap_or_default();
                let head = format!("<{priority}>{time} {tag}: ");
                [head.as_bytes(), cut(LONGEST_SYSLOG, &head)].concat()
            }
            Framing::Syslog5424 { tag, priority } => {
                let format = format_description!(
                    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
                );
                let time = now.format(format).unwrap_or_else(|_| "-".to_owned());
                let (host, tag) = (&self.host, graphic(tag, LONGEST_TAG));
                let head = format!("<{priority}>1 {time} {host} {tag} {} - - ", std::process::id());
                [head.as_bytes(), cut(LONGEST_SYSLOG, &head)].concat()
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Socket {
    fn connect(receiver: &Receiver) -> io::Result<Self> {
        match receiver {
            Receiver::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.set_nonblocking(true)?;
                socket.connect(path)?;
                Ok(Self::Unix(socket))
            }
            Receiver::Udp(address) => {
                use std::net::ToSocketAddrs;
                let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
                for address in address.to_socket_addrs()? {
                    let local = if address.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
                    match UdpSocket::bind(local).and_then(|socket| {
                        socket.set_nonblocking(true)?;
                        socket.connect(address).map(|()| socket)
                    }) {
                        Ok(socket) => return Ok(Self::Udp(socket)),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Unix(socket) => socket.send(bytes),
            Self::Udp(socket) => socket.send(bytes),
        }
        .map(drop)
    }
}

/// Printable ASCII without spaces; `-` for nothing (RFC 5424 section 6).
fn graphic(text: &str, most: usize) -> String {
    let clean: String =
        text.chars().take(most).map(|one| if one.is_ascii_graphic() { one } else { '_' }).collect();
    if clean.is_empty() { "-".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::sys::log_target::LogTarget;

    fn log(text: &str) -> DatagramLog {
        match text.parse() {
            Ok(LogTarget::Datagrams(target)) => DatagramLog::open(target).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn received(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 4096];
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[test]
    fn each_framing() {
        let now = datetime!(2026-11-05 9:08:07.065 UTC);
        let framed = |text: &str| String::from_utf8(log(text).framed(b"a line", now)).unwrap();
        assert_eq!(framed("socket:/nowhere,site "), "site a line\n");
        assert_eq!(framed("syslog:site,local0"), "<134>Nov  5 09:08:07 site: a line");
        let host = graphic(&rustix::system::uname().nodename().to_string_lossy(), 255);
        let pid = std::process::id();
        assert_eq!(
            framed("rsyslog:127.0.0.1:9,a b"),
            format!("<29>1 2026-11-05T09:08:07.065Z {host} a_b {pid} - - a line")
        );
        let long = log("syslog").framed(&[b'x'; 5000], now);
        assert_eq!(long.len(), LONGEST_SYSLOG);
        assert_eq!((graphic("", 5), graphic("äbcdef", 3)), ("-".to_owned(), "_bc".to_owned()));
    }

    #[test]
    fn lines_come_one_by_one_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let receiver = UnixDatagram::bind(&path).unwrap();
        let log = log(&format!("socket:{}", path.display()));
        log.append(b"one\n\ntwo\nthr").unwrap();
        log.append(b"ee\nfour").unwrap();
        assert_eq!([(); 3].map(|()| received(&receiver)), ["one\n", "two\n", "three\n"]);
        log.end();
        assert_eq!(received(&receiver), "four\n");
    }

    #[test]
    fn a_receiver_that_is_gone_or_full_holds_up_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let log = log(&format!("socket:{}", path.display()));
        assert_eq!(log.append(b"lost\n").unwrap_err().kind(), io::ErrorKind::NotConnected);
        let receiver = UnixDatagram::bind(&path).unwrap();
        log.reopen().unwrap();
        log.append(b"one\n").unwrap();
        assert_eq!(received(&receiver), "one\n");
        // It was started again, on the same path.
        drop(receiver);
        std::fs::remove_file(&path).unwrap();
        assert!(log.append(b"lost\n").is_err());
        let receiver = UnixDatagram::bind(&path).unwrap();
        log.reopen().unwrap();
        drop(receiver);
        std::fs::remove_file(&path).unwrap();
        let receiver = UnixDatagram::bind(&path).unwrap();
        log.append(b"two\n").unwrap();
        assert_eq!(received(&receiver), "two\n");
        // It reads nothing.
        let full = (0..100_000).find_map(|_| log.append(b"more\n").err()).unwrap();
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
    }
}
