//! What tests need of the system, and what is easily got wrong: a program to run, a port that is closed.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use socket2::{Domain, Socket, Type};

/// Writes a program that can be run at once.
///
/// This process must not have it open for writing: a child that another test starts at that moment keeps a copy of the
/// descriptor until its own program runs, and execve(2) refuses a file that somebody may write to (ETXTBSY).
pub fn write_program(path: &Path, text: &str) {
    let mut writer = Command::new("sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    writer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success(), "cannot write {}", path.display());
}

/// A port that refuses connections as long as this is held: it is bound, and nobody listens. (One that was given back
/// to the system may be another test's a moment later.)
#[derive(Debug)]
pub struct ClosedPort {
    pub address: SocketAddr,
    _bound: Socket,
}

impl ClosedPort {
    pub fn bind() -> Self {
        let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        bound.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        let address = bound.local_addr().unwrap().as_socket().unwrap();
        Self { address, _bound: bound }
    }
}

/// A named pipe, which nobody writes to.
pub fn make_fifo(path: &Path) {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
}
