//! Telling a service manager how the server is: sd_notify(3), for units with `Type=notify`.
//!
//! Nothing is sent, and nothing fails, where no manager listens.

use std::fmt::Write;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::OnceLock;
use std::time::Duration;

use sd_notify::NotifyState;

/// The manager's socket, where it is opened only once.
static CONNECTED: OnceLock<UnixDatagram> = OnceLock::new();

/// Opens the manager's socket now: a process that changes its root folder does not find it later.
///
/// # Errors
/// Nobody listens on it.
pub fn connect() -> io::Result<()> {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(()) };
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    // Only the first one counts.
    let _ = CONNECTED.set(socket);
    Ok(())
}

/// The server is ready for requests, and this is what it does.
pub fn ready(status: &str) {
    send(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// It loads its settings and code again; [`ready`] follows in any case.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(_) => send(&[NotifyState::Reloading]),
    }
}

/// It is about to end.
pub fn stopping() {
    send(&[NotifyState::Stopping]);
}

/// It is alive. To be sent more often than the manager's limit.
pub fn alive() {
    send(&[NotifyState::Watchdog]);
}

/// The time after which a manager takes a silent server for dead; `None` if none does.
pub fn watchdog_limit() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

fn send(states: &[NotifyState<'_>]) {
    let sent = match CONNECTED.get() {
        Some(socket) => {
            let mut message = String::new();
            for state in states {
                // Writing to memory cannot fail.
                let _ = writeln!(message, "{state}");
            }
            socket.send(message.as_bytes()).map(drop)
        }
        None => sd_notify::notify(states),
    };
    if let Err(error) = sent {
        tracing::warn!(%error, "cannot reach the service manager");
    }
}
