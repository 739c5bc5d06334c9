//! The settings once more, on HUP.

use crate::advice;
use crate::config::{self, Assignment, Occasion, ServeSettings, Settings};
use crate::console::Console;
use crate::finding::Finding;
use crate::report::Failure;
use crate::serve::config::{Reload, Root, ServeConfig};
use crate::serve::discover::Content;

/// Reads the files of settings again, below the same command line.
pub(super) struct SettingsReader {
    console: Console,
    flags: Vec<Assignment>,
    /// What the server was started with.
    running: Vec<Assignment>,
    root: Root,
}

impl SettingsReader {
    /// For a server that runs by `settings` with `root`.
    pub(super) fn new(console: Console, flags: &[Assignment], settings: &Settings, root: &Root) -> Self {
        let running = settings.assignments.clone();
        Self { console, flags: flags.to_vec(), running, root: root.clone() }
    }
}

impl Reload for SettingsReader {
    fn settings(&self) -> Result<ServeConfig, Vec<Finding>> {
        let mut settings = config::read(&self.flags, self.console.is_quiet(), Occasion::Reload)
            .map_err(|error| Failure::from(error).findings)?;
        if let Some(failure) = advice::config::refused(&mut settings) {
            return Err(failure.findings);
        }
        let mut findings: Vec<_> = settings.notes.iter().map(advice::config::note).collect();
        let kept = settings.needing_restart(&self.running);
        findings.extend(kept.into_iter().map(advice::config::needs_restart));
        let new = root(&settings.serve.content(), &settings.serve);
        // An application has workers, a folder has none: that is decided at the start.
        let root = match (new, &self.root) {
            (Some(new @ Root::Application(_)), Root::Application(_))
            | (Some(new @ Root::Folder(_)), Root::Folder(_)) => new,
            (None, Root::StartPage(_)) => self.root.clone(),
            _ => {
                findings.push(advice::config::needs_restart("app"));
                self.root.clone()
            }
        };
        self.console.findings(&findings);
        Ok(settings.serve.decide(root))
    }
}

/// What is at the root; `None` if there is nothing to serve.
pub(super) fn root(content: &Content, settings: &ServeSettings) -> Option<Root> {
    match content {
        Content::Application(application) => {
            Some(Root::Application(Box::new(settings.workers(application.clone()))))
        }
        Content::Folder(folder) => Some(Root::Folder(folder.clone())),
        Content::Nothing => None,
    }
}
