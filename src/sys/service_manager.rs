//! Telling a service manager how the server is: sd_notify(3), for units with `Type=notify`.
//!
//! Nothing is sent, and nothing fails, where no manager listens.

use std::time::Duration;

use sd_notify::NotifyState;

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
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot reach the service manager");
    }
}
