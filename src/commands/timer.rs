//! Installing a timer: files that have the system run certkit again and again.

use std::path::{Path, PathBuf};

use super::{Context, Result};
use crate::advice::timer::left_behind;
use crate::finding::Finding;
use crate::report::{Created, CreatedFile, FileRole, Outcome, Report};
use crate::sys::fs::Existing;
use crate::sys::left_timers::left_timers;
use crate::sys::timer::{Job, MODE, Timer, own_unit};

/// How a timer is installed.
pub(super) struct Installation<'a> {
    pub(super) is_cron: bool,
    /// The folder that stands for `/`.
    pub(super) root: Option<&'a Path>,
    pub(super) is_dry_run: bool,
    pub(super) replaces: bool,
}

impl Installation<'_> {
    /// The unit for one of several that a machine may have, as [`own_unit`] finds it.
    pub(super) fn own_unit(&self, base: &str, own: &str, option: [&str; 2]) -> Result<String> {
        Ok(own_unit(base, own, option, self.is_cron, &self.root())?)
    }

    /// The timers of this kind whose command names a file by `option` that is not there any more.
    pub(super) fn left(&self, base: &str, option: &str) -> Result<Vec<Finding>> {
        Ok(left_timers(base, option, &self.root())?.iter().map(left_behind).collect())
    }

    fn root(&self) -> PathBuf {
        self.root.map_or_else(|| PathBuf::from("/"), Path::to_path_buf)
    }

    /// Writes the files, or says what they would be. `what` is what the timer runs.
    pub(super) fn run(&self, job: &Job<'_>, what: &str, context: &Context<'_>) -> Result {
        let timer = if self.is_cron { Timer::cron(job)? } else { Timer::systemd(job)? };
        let root = self.root();
        if self.is_dry_run {
            return Ok(Report::new(Outcome::Text(timer.text(&root))));
        }
        let existing = if self.replaces { Existing::Replace } else { Existing::Refuse };
        let files = timer.install(&root, existing)?;
        let outcome = match timer.by_hand {
            Some(line) => {
                context.console.say("Add this line with `crontab -e`:");
                Outcome::Text(format!("{line}\n"))
            }
            None => {
                let description = format!("runs `{what}` {}", job.schedule.as_str());
                let created = |path: &PathBuf| CreatedFile {
                    path: path.display().to_string(),
                    role: FileRole::Timer,
                    mode: Some(MODE),
                    description: description.clone(),
                };
                Outcome::Created(Created { files: files.iter().map(created).collect(), ..Created::default() })
            }
        };
        Ok(Report { next: timer.next, ..Report::new(outcome) })
    }
}
