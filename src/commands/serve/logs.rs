//! Where the output goes: to the terminal, or to a log file that is opened anew on USR1.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use tracing_subscriber::EnvFilter;

use crate::advice::serve::no_log_file;
use crate::cli::{Color, GlobalArgs};
use crate::config::ServeSettings;
use crate::report::Failure;
use crate::serve::ServerHandle;
use crate::sys::fs::plain;
use crate::sys::log_file::{LogFile, Redirection, Rotation, redirect_straight};
use crate::sys::opener::Opener;

/// The log file of standard output and error, if there is one; clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Logs(Option<Arc<LogFile>>);

impl Logs {
    /// Sends the output to the file that the settings name. `opener` opens it, also later.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(super) fn open(settings: &ServeSettings, opener: &Arc<dyn Opener>) -> Result<Self, Failure> {
        let process = &settings.process;
        let Some(path) = process.daemonize.as_ref().or(process.log_file.as_ref()) else {
            return Ok(Self::default());
        };
        let rotation =
            Rotation { max_size: settings.server.log_max_size, backup: process.log_backup.clone() };
        let open = || -> io::Result<_> {
            let log = LogFile::open(path, rotation, Arc::clone(opener))?;
            redirect_straight(&log)?;
            Ok(Self(Some(Arc::new(log))))
        };
        open().map_err(|error| no_log_file(path, &error))
    }

    /// Writes by threads from now on, which the disk does not hold up, as long as the value lives.
    ///
    /// # Errors
    /// They cannot be started.
    pub(super) fn redirect(&self) -> Result<Option<Redirection>, Failure> {
        let Some(log) = &self.0 else { return Ok(None) };
        let redirection = Redirection::start(Arc::clone(log));
        redirection.map(Some).map_err(|error| no_log_file(log.path(), &error))
    }

    /// Opens the file again.
    ///
    /// # Errors
    /// What the system says; the old one stays in use.
    pub(super) fn reopen_own(&self) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |log| log.reopen())
    }

    /// Opens all log files again and says which one cannot be opened.
    pub(super) fn reopen(&self, server: &ServerHandle) {
        if let Some(log) = &self.0
            && let Err(error) = log.reopen()
        {
            tracing::error!("cannot open the log file {} again: {}", log.path().display(), plain(&error));
        }
        if let Err(error) = server.reopen_logs() {
            tracing::error!("cannot open the access log again: {}", plain(&error));
        }
    }
}

/// What is logged goes to standard error, wherever that leads.
pub(super) fn print_to_stderr(global: &GlobalArgs) {
    let default = match global.verbose {
        // The `log:` of rules is asked for.
        0 => "warn,certkit::rule=info",
        1 => "certkit=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("CERTKIT_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let has_colour = match global.color {
        Color::Always => true,
        Color::Auto => io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        Color::Never => false,
    };
    // Only the first subscriber of a process counts.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(has_colour)
        .with_writer(io::stderr)
        // It would be said on standard error too, by a macro that panics when that is what fails.
        .log_internal_errors(false)
        .try_init();
}
