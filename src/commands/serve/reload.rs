//! The settings once more, on HUP.

use std::fs::File;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};

use super::certificates::certificate_files;
use super::hooks::Hooks;
use crate::advice;
use crate::config::{self, Assignment, HookPhase, Occasion, Origin, ServeSettings, Settings, SiteTable};
use crate::console::Console;
use crate::finding::Finding;
use crate::report::Failure;
use crate::serve::config::{Reload, Root, ServeConfig};
use crate::sources::{PreparedFiles, ServedFiles};
use crate::sys::emperor_link::{EmperorLink, NEEDS_RESTART};

/// Reads the files of settings again, below the same command line.
pub(super) struct SettingsReader {
    console: Console,
    flags: Vec<Assignment>,
    /// What the server was started with.
    running: Vec<Assignment>,
    sites: Vec<SiteTable>,
    /// The same, applied.
    started_with: ServeSettings,
    after_start: AfterStart,
    /// What the server does now.
    current: Mutex<ServeSettings>,
    /// What is to be the same soon, with certificates that it names.
    prepared: Mutex<Option<(ServeSettings, Option<PreparedFiles>)>>,
}

/// What the start has come to.
pub(super) struct AfterStart {
    pub(super) root: Root,
    /// Whether the process has become another user, or has another root folder, since the settings were read.
    pub(super) lost_files: bool,
    /// Whose certificates are in use; `None` if they are from elsewhere.
    pub(super) files: Option<ServedFiles>,
    pub(super) hooks: Arc<Hooks>,
    /// To the emperor, in a vassal.
    pub(super) link: Option<Arc<EmperorLink>>,
}

impl SettingsReader {
    /// For a server that runs by `settings`.
    pub(super) fn new(
        console: Console,
        flags: &[Assignment],
        settings: &Settings,
        after_start: AfterStart,
    ) -> Self {
        let (running, started_with) = (settings.assignments.clone(), settings.serve.clone());
        let current = Mutex::new(started_with.clone());
        let sites = settings.sites.clone();
        Self {
            console,
            flags: flags.to_vec(),
            running,
            sites,
            started_with,
            after_start,
            current,
            prepared: Mutex::default(),
        }
    }

    /// A file of settings that is out of reach now.
    fn unreachable_file(&self) -> Option<&str> {
        let of_sites = self.sites.iter().flat_map(|site| &site.assignments);
        let mut files = self.running.iter().chain(of_sites).filter_map(|one| match &one.origin {
            Origin::File { file, .. } => Some(file.as_str()),
            Origin::Environment(_) | Origin::Flag => None,
        });
        let has_new_root = self.started_with.process.privileges.chroot.is_some();
        let is_closed =
            |file: &str| File::open(file).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
        files.find(|file| self.after_start.lost_files && (has_new_root || is_closed(file)))
    }

    /// An emperor can do what a vassal cannot do itself.
    fn ask_for_restart(&self) {
        if let Some(link) = &self.after_start.link {
            link.say(NEEDS_RESTART);
        }
    }

    /// The certificates that sites name now. Those of the server itself are the ones of its start.
    fn prepare_files(
        &self,
        settings: &ServeSettings,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<PreparedFiles>, Failure> {
        if !self.started_with.server.listeners.iter().any(|address| address.scheme.is_tls()) {
            return Ok(None);
        }
        let named = certificate_files(&self.started_with, &settings.sites)?;
        match &self.after_start.files {
            Some(files) if !named.is_empty() => return files.prepare(&named),
            None if named.is_empty() => {}
            Some(_) | None => findings.push(advice::config::needs_restart("cert")),
        }
        Ok(None)
    }

    fn current(&self) -> ServeSettings {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the settings say, and what is worth saying about them.
    fn read(&self) -> Result<(ServeSettings, Vec<Finding>), Vec<Finding>> {
        if let Some(file) = self.unreachable_file() {
            self.ask_for_restart();
            return Ok((self.current(), vec![advice::config::out_of_reach(file)]));
        }
        if self.after_start.lost_files && self.started_with.process.privileges.chroot.is_some() {
            // What is called certkit.toml there is not the one of the start.
            return Ok((self.current(), Vec::new()));
        }
        let mut settings = config::read(&self.flags, self.console.is_quiet(), Occasion::Reload)
            .map_err(|error| Failure::from(error).findings)?;
        if let Some(failure) = advice::config::refused(&mut settings) {
            return Err(failure.findings);
        }
        let mut findings = advice::config::notes(&settings.notes);
        let kept = settings.needing_restart(&self.running);
        if !kept.is_empty() {
            self.ask_for_restart();
        }
        findings.extend(kept.into_iter().map(advice::config::needs_restart));
        Ok((settings.serve, findings))
    }
}

impl Reload for SettingsReader {
    fn settings(&self) -> Result<ServeConfig, Vec<Finding>> {
        let (settings, mut findings) = self.read()?;
        let new = settings.root(&settings.content());
        // An application has workers, a folder has none: that is decided at the start.
        let root = match (new, &self.after_start.root) {
            (Some(new @ Root::Application(_)), Root::Application(_))
            | (Some(new @ Root::Folder(_)), Root::Folder(_))
            | (Some(new @ Root::NotFound), Root::NotFound | Root::StartPage(_)) => new,
            (None, Root::StartPage(_) | Root::NotFound) => self.after_start.root.clone(),
            _ => {
                findings.push(advice::config::needs_restart("app"));
                self.after_start.root.clone()
            }
        };
        let prepared = self.prepare_files(&settings, &mut findings).map_err(|failure| failure.findings)?;
        *self.prepared.lock().unwrap_or_else(PoisonError::into_inner) = Some((settings.clone(), prepared));
        self.console.findings(&findings);
        self.after_start.hooks.run(HookPhase::PreApp).map_err(|failure| failure.findings)?;
        Ok(settings.decide(root))
    }

    fn in_use(&self) {
        let prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((settings, files)) = prepared else { return };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = settings;
        if let Some(files) = files {
            files.replace();
        }
    }
}
