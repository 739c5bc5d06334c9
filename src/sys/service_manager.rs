//! Telling a service manager how the server is: sd_notify(3), for units with `Type=notify`.
//!
//! Nothing is sent, and nothing fails, where no manager listens.

use std::fmt::Write;
use std::io;
use std::os::unix::net::UnixDatagram;
#[cfg(target_os = "linux")]
use std::os::{linux::net::SocketAddrExt, unix::ffi::OsStrExt, unix::net::SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::net::SendFlags;
use sd_notify::NotifyState;

/// The manager's socket, where it is opened only once.
static CONNECTED: OnceLock<UnixDatagram> = OnceLock::new();

/// How long a message waits while the manager reads none.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the manager's socket now: a process that changes its root folder does not find it later.
///
/// # Errors
/// Nobody listens on it.
pub fn connect() -> io::Result<()> {
    if let Some(socket) = open()? {
        // Only the first one counts.
        let _ = CONNECTED.set(socket);
    }
    Ok(())
}

/// The manager's socket; `None` without a manager.
fn open() -> io::Result<Option<UnixDatagram>> {
    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(None) };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    // sd_notify(3): `@` begins the name of an abstract socket.
    #[cfg(target_os = "linux")]
    if let Some(name) = name.as_bytes().strip_prefix(b"@") {
        socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?;
        return Ok(Some(socket));
    }
    socket.connect(name)?;
    Ok(Some(socket))
}

/// The server is ready for requests, and this is what it does.
pub fn ready(status: &str) {
    send(&[NotifyState::Ready, NotifyState::Status(status)], SendFlags::empty());
}

/// It loads its settings and code again; [`ready`] follows in any case.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now], SendFlags::empty()),
        Err(_) => send(&[NotifyState::Reloading], SendFlags::empty()),
    }
}

/// It is about to end.
pub fn stopping() {
    send(&[NotifyState::Stopping], SendFlags::empty());
}

/// It is alive. To be sent more often than the manager's limit; one that does not read what was sent knows already.
pub fn alive() {
    send(&[NotifyState::Watchdog], SendFlags::DONTWAIT);
}

/// The time after which a manager takes a silent server for dead; `None` if none does.
pub fn watchdog_limit() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

fn send(states: &[NotifyState<'_>], flags: SendFlags) {
    if let Err(error) = try_send(states, flags)
        && !(flags.contains(SendFlags::DONTWAIT) && error.kind() == io::ErrorKind::WouldBlock)
    {
        tracing::warn!(%error, "cannot reach the service manager");
    }
}

fn try_send(states: &[NotifyState<'_>], flags: SendFlags) -> io::Result<()> {
    let opened = if CONNECTED.get().is_some() { None } else { open()? };
    let Some(socket) = CONNECTED.get().or(opened.as_ref()) else { return Ok(()) };
    let mut message = String::new();
    for state in states {
        // Writing to memory cannot fail.
        let _ = writeln!(message, "{state}");
    }
    rustix::net::send(socket, message.as_bytes(), flags)?;
    Ok(())
}
