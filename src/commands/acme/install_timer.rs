//! `certkit acme install-timer`: files that have the system run `certkit acme renew` every hour.

use std::path::Path;

use crate::cli::InstallTimerArgs;
use crate::commands::timer::Installation;
use crate::commands::{Context, Result};
use crate::operands::acme::state_directory;
use crate::operands::output::shell_word;
use crate::sys::timer::{self, Job, Schedule, timer_path};

const UNIT: &str = "certkit-acme";

/// The command that installs the timer; `None` where one is installed.
pub(super) fn command(state: Option<&Path>) -> Option<String> {
    let kind = if timer::is_systemd() { "systemd" } else { "cron" };
    let command = format!("certkit acme install-timer --{kind}{}", state_option(state));
    (!timer::is_installed(UNIT)).then_some(command)
}

/// The option for a state directory of the user's choice, with a space before it.
pub(super) fn state_option(state: Option<&Path>) -> String {
    state.map(|state| format!(" --state {}", shell_word(&state.display().to_string()))).unwrap_or_default()
}

pub(super) fn run(args: &InstallTimerArgs, context: &Context<'_>) -> Result {
    let state = timer_path(&state_directory(args.state.state.as_deref())?)?;
    let words = ["acme", "renew", "--quiet", "--state", &state].map(str::to_owned);
    let job = Job {
        unit: UNIT,
        description: "Renew certificates that are due",
        manual: "certkit-acme-renew(1)",
        schedule: Schedule::AcrossTheHour,
        needs_network: true,
        on_failure: args.on_failure.as_deref(),
        arguments: &words,
    };
    let installation = Installation {
        is_cron: args.kind.cron,
        root: args.root.as_deref(),
        is_dry_run: args.dry_run,
        replaces: args.force,
    };
    installation.run(&job, "certkit acme renew", context)
}
