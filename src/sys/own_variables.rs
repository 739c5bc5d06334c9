//! Variables that are meant for this process alone, and not for the programs that it starts for others.

use std::process::Command;

use super::{background, emperor_link, keeper};

/// The password of keys, which are this process's as well.
pub const PASSWORD: &str = "CERTKIT_PASSWORD";

/// Of its service manager (sd_notify(3), sd_listen_fds(3)), of [`background`], [`emperor_link`] and [`keeper`], and [`PASSWORD`].
pub const OWN_VARIABLES: &[&str] = &[
    background::VARIABLE,
    emperor_link::VARIABLE,
    keeper::VARIABLE,
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    PASSWORD,
];

/// Keeps them from a program that is about to start.
pub fn remove(command: &mut Command) {
    for variable in OWN_VARIABLES {
        command.env_remove(variable);
    }
}
