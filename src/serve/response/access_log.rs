//! The access log: one line per request, times in UTC.
//!
//! Lines are collected for 100 ms and written by a thread that may block, so that a slow disk or
//! terminal never holds up a request. When the log cannot keep up, lines are dropped and their
//! number is logged.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::log_line::{Line, LogTime};
use super::record::Record;
use crate::serve::config::AccessLogTarget;
use crate::serve::connection::Connection;
use crate::serve::log_format::LogFormat;
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::log_file::{LogFile, Rotation};
use crate::sys::opener::Opener;

const INTERVAL: Duration = Duration::from_millis(100);
/// More than this waiting to be written is dropped.
const LARGEST_BACKLOG: usize = 8 << 20;

/// Where lines go; clones write to the same place.
#[derive(Clone, Debug)]
pub(in crate::serve) struct AccessLog(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    sink: LogSink,
    format: LogFormat,
    pending: Mutex<Pending>,
    /// A first line is waiting.
    begun: Notify,
}

#[derive(Debug)]
enum LogSink {
    Stderr,
    File(LogFile),
}

#[derive(Debug, Default)]
struct Pending {
    lines: Vec<u8>,
    dropped: u64,
    time: LogTime,
}

impl AccessLog {
    /// `max_size`: bytes from which on the file is moved away. `opener` opens it, also later.
    ///
    /// # Errors
    /// What the system says when the file cannot be opened for appending.
    pub(in crate::serve) fn open(
        target: &AccessLogTarget,
        format: LogFormat,
        max_size: Option<u64>,
        opener: Arc<dyn Opener>,
    ) -> io::Result<Self> {
        let sink = match target {
            AccessLogTarget::Off => return Ok(Self(None)),
            AccessLogTarget::Stderr => LogSink::Stderr,
            AccessLogTarget::File(path) => {
                LogSink::File(LogFile::open(path, Rotation { max_size, backup: None }, opener)?)
            }
        };
        let inner = Inner { sink, format, pending: Mutex::default(), begun: Notify::new() };
        Ok(Self(Some(Arc::new(inner))))
    }

    /// What a record is needed for; `None` if for nothing.
    pub(in crate::serve) fn format(&self) -> Option<&LogFormat> {
        self.0.as_ref().map(|inner| &inner.format)
    }

    /// Logs a request that is finished.
    pub(in crate::serve) fn request(&self, record: &Record) {
        self.add(|line, format| line.request(record, format));
    }

    /// Logs a client that was refused before it had made a request.
    pub(in crate::serve) fn refusal(&self, connection: &Connection, status: u16) {
        connection.counters.refused(status);
        self.add(|line, format| line.refusal(&connection.peer_address, status, format));
    }

    /// Writes lines as they come, for ever.
    pub(in crate::serve) async fn write_lines(&self) {
        let Some(inner) = &self.0 else {
            return std::future::pending().await;
        };
        loop {
            inner.begun.notified().await;
            tokio::time::sleep(INTERVAL).await;
            let inner = Arc::clone(inner);
            // A panic there cannot be: nothing in it panics.
            let _ = tokio::task::spawn_blocking(move || inner.flush()).await;
        }
    }

    /// Writes what is waiting, at the end.
    pub(in crate::serve) fn flush(&self) {
        if let Some(inner) = &self.0 {
            inner.flush();
        }
    }

    /// Opens the file anew, which may have been moved away. What is waiting still goes to the old one.
    ///
    /// # Errors
    /// What the system says; the file in use stays in use.
    pub(in crate::serve) fn reopen(&self) -> io::Result<()> {
        let Some(inner) = &self.0 else { return Ok(()) };
        inner.flush();
        match &inner.sink {
            LogSink::Stderr => Ok(()),
            LogSink::File(file) => file.reopen(),
        }
    }

    fn add(&self, write: impl FnOnce(&mut Line<'_>, &LogFormat)) {
        let Some(inner) = &self.0 else { return };
        let mut pending = inner.pending();
        if pending.lines.len() > LARGEST_BACKLOG {
            pending.dropped += 1;
            return;
        }
        if pending.lines.is_empty() {
            inner.begun.notify_one();
        }
        pending.time.set(SystemClock.now());
        let Pending { lines, time, .. } = &mut *pending;
        write(&mut Line { lines, time }, &inner.format);
        lines.push(b'\n');
    }
}

impl Inner {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flush(&self) {
        let (lines, dropped) = {
            let mut pending = self.pending();
            (std::mem::take(&mut pending.lines), std::mem::take(&mut pending.dropped))
        };
        let result = match &self.sink {
            LogSink::Stderr => io::stderr().write_all(&lines),
            LogSink::File(file) => file.append(&lines),
        };
        if let Err(error) = result {
            tracing::warn!(%error, "cannot write the access log");
        }
        if dropped > 0 {
            tracing::warn!(dropped, "the access log is too slow; lines were dropped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::request::Client;
    use crate::serve::request::variables::from_variables;
    use crate::sys::opener::OwnRights;

    #[test]
    fn a_line_is_what_the_record_knows() {
        let variables: [(&[u8], &[u8]); 5] = [
            (b"REQUEST_URI", b"/old?q=1"),
            (b"PATH_INFO", b"/static/x"),
            (b"SERVER_PROTOCOL", b"HTTP/2.0"),
            (b"REMOTE_ADDR", b"192.0.2.1"),
            (b"HTTP_USER_AGENT", b"curl/8"),
        ];
        let (request, _) = from_variables(&variables, false, Client::default()).unwrap();
        assert!(Record::begin(&request, None).is_none(), "nobody reads it");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = AccessLog::open(
            &AccessLogTarget::File(path.clone()),
            LogFormat::Combined,
            None,
            OwnRights::shared(),
        )
        .unwrap();
        let mut record = Record::begin(&request, log.format()).unwrap();
        record.end(0);
        log.request(&record);
        record.answered(200);
        record.end(5);
        log.request(&record);
        log.flush();
        let lines = std::fs::read_to_string(path).unwrap();
        let ends: Vec<_> = lines.lines().map(|line| line.split_once("] ").unwrap().1).collect();
        let line = |status| format!("\"GET /old?q=1 HTTP/2.0\" {status} \"-\" \"curl/8\"");
        assert_eq!(ends, [line("499 0"), line("200 5")]);
        assert!(lines.lines().all(|line| line.starts_with("192.0.2.1 - - [")), "{lines}");
    }
}
