//! `certkit acme install-timer`.

use std::path::PathBuf;

use clap::Args;

use super::state::StateArgs;

/// Install a timer that runs `certkit acme renew` every hour, at a minute that differs from machine to machine.
///
/// The timer is the system's for root, else the user's. It is not started: certkit prints the commands for that.
#[derive(Args, Debug)]
#[command(after_help = TIMER_HELP)]
pub struct InstallTimerArgs {
    /// The kind of timer.
    #[command(flatten)]
    pub kind: TimerKind,
    /// Have systemd start this unit when a run fails, for example one that sends a mail; for what passes by itself only
    /// in the last tenth of a lifetime
    #[arg(long, value_name = "UNIT", conflicts_with = "cron", value_parser = unit_name)]
    pub on_failure: Option<String>,
    /// Print the files instead of writing them
    #[arg(long)]
    pub dry_run: bool,
    /// Write below this folder instead of /, for example for an image
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Replace files that have other contents
    #[arg(long)]
    pub force: bool,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

/// The kinds of timers.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct TimerKind {
    /// A systemd timer and its service
    #[arg(long)]
    pub systemd: bool,
    /// A file for /etc/cron.d, or a line for a user's crontab
    #[arg(long)]
    pub cron: bool,
}

/// The name of a unit (systemd.unit(5)); a line break would begin another setting.
fn unit_name(text: &str) -> Result<String, String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@%".contains(c);
    if !text.is_empty() && text.chars().all(is_allowed) {
        Ok(text.to_owned())
    } else {
        Err("it is not the name of a unit, as mail-failure@%n.service is".to_owned())
    }
}

const TIMER_HELP: &str = "\
EXAMPLES
  certkit acme install-timer --systemd --dry-run
  certkit acme install-timer --systemd
  certkit acme install-timer --cron

EXIT STATUS
  0   the files are in place
  2   a file has other contents (--force replaces it), or cannot be written";
