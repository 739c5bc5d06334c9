//! Where the output goes: to the terminal, to a log file that is opened anew on USR1, or line by line to a receiver.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::sync::Arc;

use tracing_subscriber::EnvFilter;

use crate::advice::serve::no_log_file;
use crate::cli::{Color, GlobalArgs};
use crate::config::ServeSettings;
use crate::report::Failure;
use crate::serve::ServerHandle;
use crate::sys::fs::plain;
use crate::sys::log_file::Rotation;
use crate::sys::log_sink::LogSink;
use crate::sys::log_target::LogTarget;
use crate::sys::opener::Opener;
use crate::sys::redirection::{Redirection, redirect_straight, standard_error};

/// The log of standard output and error, if there is one; clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Logs(Option<Arc<Log>>);

#[derive(Debug)]
struct Log {
    sink: Arc<LogSink>,
    /// Standard error as it was before, for a log that is not a file.
    original: Option<Arc<File>>,
    reopens_on_reload: bool,
}

impl Logs {
    /// Opens the log that the settings name, with `opener`, which opens it again later. Until the value is
    /// [`redirected`](Self::redirect), output goes straight to a file, and to standard error where there is none.
    ///
    /// # Errors
    /// The log cannot be opened.
    pub(super) fn open(settings: &ServeSettings, opener: &Arc<dyn Opener>) -> Result<Self, Failure> {
        let process = &settings.process;
        let file = process.daemonize.as_ref().or(process.log_file.as_ref());
        let targets = file.map(|path| LogTarget::File(path.clone())).into_iter();
        let targets = targets.chain(process.log_datagrams.clone().map(LogTarget::Datagrams));
        let mut log = None;
        for target in targets {
            let rotation =
                Rotation { max_size: settings.server.log_max_size, backup: process.log_backup.clone() };
            let open = || -> io::Result<_> {
                let Some(sink) = LogSink::open(&target, rotation, Arc::clone(opener))? else {
                    return Ok(None);
                };
                let mut original = None;
                if let LogSink::File(file) = &sink {
                    if process.log_truncate {
                        file.truncate()?;
                    }
                    redirect_straight(file)?;
                } else {
                    original = Some(Arc::new(standard_error()?));
                }
                let reopens_on_reload = process.log_reopen;
                Ok(Some(Arc::new(Log { sink: Arc::new(sink), original, reopens_on_reload })))
            };
            log = open().map_err(|error| no_log_file(&name(&target), &error))?;
        }
        Ok(Self(log))
    }

    /// Writes by threads from now on, which the disk does not hold up, as long as the value lives.
    ///
    /// # Errors
    /// They cannot be started.
    pub(super) fn redirect(&self) -> Result<Option<Redirection>, Failure> {
        let Some(log) = &self.0 else { return Ok(None) };
        let redirection = Redirection::start(Arc::clone(&log.sink), log.original.clone());
        redirection.map(Some).map_err(|error| no_log_file(&log.sink.name(), &error))
    }

    /// Opens the log again.
    ///
    /// # Errors
    /// What the system says; the old one stays in use.
    pub(super) fn reopen_own(&self) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |log| log.sink.reopen())
    }

    /// Whether a reload opens log files again.
    pub(super) fn reopens_on_reload(&self) -> bool {
        self.0.as_ref().is_some_and(|log| log.reopens_on_reload)
    }

    /// Does something with the logs on a thread that may wait for a disk.
    pub(super) fn later(&self, server: &ServerHandle, action: fn(&Self, &ServerHandle)) {
        let (logs, server) = (self.clone(), server.clone());
        tokio::task::spawn_blocking(move || action(&logs, &server));
    }

    /// Opens all logs again and says which one cannot be opened.
    pub(super) fn reopen(&self, server: &ServerHandle) {
        if let Some(log) = &self.0
            && let Err(error) = log.sink.reopen()
        {
            tracing::error!("cannot open the log {} again: {}", log.sink.name(), plain(&error));
        }
        if let Err(error) = server.reopen_logs() {
            tracing::error!("cannot open the access log again: {}", plain(&error));
        }
    }

    /// Moves the log file away and begins a new one.
    pub(super) fn rotate_own(&self) {
        self.0.iter().for_each(|log| log.sink.rotate());
    }

    /// Does that with all log files.
    pub(super) fn rotate(&self, server: &ServerHandle) {
        self.rotate_own();
        server.rotate_logs();
    }
}

/// What a message calls it.
fn name(target: &LogTarget) -> String {
    match target {
        LogTarget::Stdio => "standard error".to_owned(),
        LogTarget::File(path) => path.display().to_string(),
        LogTarget::Datagrams(target) => target.receiver.to_string(),
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
