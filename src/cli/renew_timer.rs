//! `certkit renew --install-timer`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// A timer that renews by itself.
#[derive(Args, Debug)]
pub struct RenewTimerArgs {
    /// Install a timer that runs this command every hour, with the other options, and makes the next
    /// revocation list when it is due. Without a value: systemd. It is not started: certkit prints the
    /// commands for that. With --dry-run the files are printed
    #[arg(
        long,
        value_name = "KIND",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "systemd",
        conflicts_with_all = ["files", "exit_code_if_renewed"]
    )]
    pub install_timer: Option<TimerForm>,
    /// Write the timer below this folder instead of /, for example for an image
    #[arg(long, value_name = "DIR", requires = "install_timer")]
    pub root: Option<PathBuf>,
    /// Replace files of a timer that have other contents
    #[arg(long, requires = "install_timer")]
    pub force: bool,
}

/// The kinds of timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimerForm {
    /// A systemd timer and its service.
    Systemd,
    /// A file for /etc/cron.d, or a line for a user's crontab.
    Cron,
}
