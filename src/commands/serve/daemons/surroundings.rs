//! Where commands beside the server run, and what they are asked to do.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::process::{Child, Command};

use crate::advice::serve::daemons_in_chroot;
use crate::config::{AttachedDaemon, ServeSettings};
use crate::report::Failure;
use crate::sys::guard::{GuardLink, GuardedCommand};
use crate::sys::opener::Opener;

/// How often files are looked at.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// An order to all commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands::serve) enum DaemonOrder {
    /// Run with the code of this reload.
    Run {
        reload: u32,
    },
    Stop,
    StopNow,
}

/// What is the same for all.
#[derive(Clone, Debug)]
pub(in crate::commands::serve) struct DaemonSurroundings {
    folder: Option<PathBuf>,
    variables: Vec<(OsString, OsString)>,
    unset: Vec<OsString>,
    have_stdin: bool,
    mercy: Duration,
    /// The log file of the server, for those that outlive it.
    log: Option<PathBuf>,
    opener: Arc<dyn Opener>,
}

impl DaemonSurroundings {
    /// For the commands of these settings.
    ///
    /// # Errors
    /// They cannot be started from inside of another root folder, where this program is not.
    pub(in crate::commands::serve) fn new(
        settings: &ServeSettings,
        opener: &Arc<dyn Opener>,
    ) -> Result<Self, Failure> {
        let process = &settings.process;
        if !process.daemons.is_empty() && process.privileges.chroot.is_some() {
            return Err(daemons_in_chroot());
        }
        Ok(Self {
            folder: settings.worker.chdir.clone(),
            variables: settings.worker.env.clone(),
            unset: settings.worker.unset.clone(),
            have_stdin: process.daemons_have_stdin,
            mercy: settings.server.graceful_timeout,
            log: process.daemonize.as_ref().or(process.log_file.as_ref()).cloned(),
            opener: Arc::clone(opener),
        })
    }

    /// Starts a command. To be called in the thread of the runtime.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn start(&self, daemon: &AttachedDaemon) -> io::Result<(Child, GuardLink)> {
        let outlives = daemon.pid_file.is_some();
        let guarded = GuardedCommand {
            command: daemon.command.clone(),
            folder: daemon.folder.as_ref().map(|folder| self.below(folder)).or_else(|| self.folder.clone()),
            user: daemon.user,
            group: daemon.group,
            outlives,
            stop_signal: daemon.stop_signal,
            mercy: self.mercy,
        };
        let stdin = if daemon.has_stdin || self.have_stdin {
            io::stdin().as_fd().try_clone_to_owned()?.into()
        } else {
            Stdio::null()
        };
        let (mut command, link) = guarded.prepare(stdin)?;
        for variable in &self.unset {
            command.env_remove(variable);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        // The pipe to the log ends with the server.
        if outlives && let Some(log) = &self.log {
            command.stderr(self.opener.append(log)?);
        }
        Ok((Command::from(command).spawn()?, link))
    }

    /// A path from the folder of the application.
    pub(super) fn below(&self, path: &Path) -> PathBuf {
        self.folder.as_deref().unwrap_or_else(|| Path::new("")).join(path)
    }
}

/// When each file was changed; `None` for one that is not there.
pub(super) fn modified(files: &[PathBuf]) -> Vec<Option<SystemTime>> {
    files.iter().map(|path| path.metadata().and_then(|file| file.modified()).ok()).collect()
}
