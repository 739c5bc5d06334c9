//! Where the output goes: to the terminal, or to a log file that is opened anew on USR1.

use std::io;
use std::sync::Arc;

use crate::advice::serve::no_log_file;
use crate::config::ServeSettings;
use crate::report::Failure;
use crate::serve::ServerHandle;
use crate::sys::fs::plain;
use crate::sys::log_file::{LogFile, Redirection, Rotation};

/// The log file of standard output and error, if there is one; clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Logs(Option<Arc<LogFile>>);

impl Logs {
    /// Sends the output to the file that the settings name, as long as the second value lives.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(super) fn open(settings: &ServeSettings) -> Result<(Self, Option<Redirection>), Failure> {
        let process = &settings.process;
        let Some(path) = process.daemonize.as_ref().or(process.log_file.as_ref()) else {
            return Ok((Self::default(), None));
        };
        let rotation =
            Rotation { max_size: settings.server.log_max_size, backup: process.log_backup.clone() };
        let open = || -> io::Result<_> {
            let log = Arc::new(LogFile::open(path, rotation)?);
            let redirection = Redirection::start(Arc::clone(&log))?;
            Ok((Self(Some(log)), Some(redirection)))
        };
        open().map_err(|error| no_log_file(path, &error))
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
