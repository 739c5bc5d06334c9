//! `certkit acme install-timer`: files that have the system run `certkit acme renew` twice a day.

use std::path::{Path, PathBuf};

use crate::acme::timer::{MODE, Timer};
use crate::cli::InstallTimerArgs;
use crate::commands::{Context, Result};
use crate::operands::acme::state_directory;
use crate::report::{Created, CreatedFile, FileRole, Outcome, Report};
use crate::sys::fs::Existing;

pub(super) fn run(args: &InstallTimerArgs, context: &Context<'_>) -> Result {
    let state = state_directory(args.state.state.as_deref())?;
    let timer = if args.kind.cron { Timer::cron(&state)? } else { Timer::systemd(&state)? };
    let root = args.root.clone().unwrap_or_else(|| PathBuf::from("/"));
    if args.dry_run {
        return Ok(Report::new(Outcome::Text(timer.text(&root))));
    }
    let existing = if args.force { Existing::Replace } else { Existing::Refuse };
    let files = timer.install(&root, existing)?;
    let outcome = match timer.by_hand {
        Some(line) => {
            context.console.say("Add this line with `crontab -e`:");
            Outcome::Text(format!("{line}\n"))
        }
        None => Outcome::Created(Created {
            files: files.iter().map(|path| created(path)).collect(),
            ..Created::default()
        }),
    };
    Ok(Report { next: timer.next, ..Report::new(outcome) })
}

fn created(path: &Path) -> CreatedFile {
    CreatedFile {
        path: path.display().to_string(),
        role: FileRole::Timer,
        mode: Some(MODE),
        description: "runs `certkit acme renew` twice a day".to_owned(),
    }
}
