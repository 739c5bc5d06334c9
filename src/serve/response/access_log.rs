//! The access log: one line per request, times in UTC.
//!
//! Lines are collected for 100 ms and written by a thread that may block, so that a slow disk or
//! terminal never holds up a request. When the log cannot keep up, lines are dropped and their
//! number is logged.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::log_line::{Line, LogTime};
use super::record::Record;
use crate::serve::config::AccessLogTarget;
use crate::serve::connection::Connection;
use crate::serve::log_format::LogFormat;
use crate::serve::log_selection::LogLines;
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::log_file::Rotation;
use crate::sys::log_sink::LogSink;
use crate::sys::log_target::LogTarget;
use crate::sys::opener::Opener;

const INTERVAL: Duration = Duration::from_millis(100);
/// More than this waiting to be written is dropped.
const LARGEST_BACKLOG: usize = 8 << 20;

/// Where lines go; clones write to the same place.
#[derive(Clone, Debug)]
pub(in crate::serve) struct AccessLog(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    /// `None` for standard error.
    sink: Option<LogSink>,
    lines: LogLines,
    /// Lines that could not be written since something could be.
    lost: AtomicU64,
    pending: Mutex<Pending>,
    /// A first line is waiting.
    begun: Notify,
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
        lines: impl Into<LogLines>,
        max_size: Option<u64>,
        opener: Arc<dyn Opener>,
    ) -> io::Result<Self> {
        let lines = lines.into();
        let target = match target {
            _ if lines.selection.is_nothing() => return Ok(Self(None)),
            AccessLogTarget::Off => return Ok(Self(None)),
            AccessLogTarget::Stderr => LogTarget::Stdio,
            AccessLogTarget::File(path) => LogTarget::File(path.clone()),
            AccessLogTarget::Datagrams(target) => LogTarget::Datagrams(target.clone()),
        };
        let sink = LogSink::open(&target, Rotation { max_size, backup: None }, opener)?;
        let inner =
            Inner { sink, lines, lost: AtomicU64::new(0), pending: Mutex::default(), begun: Notify::new() };
        Ok(Self(Some(Arc::new(inner))))
    }

    /// What a record is needed for; `None` if for nothing.
    pub(in crate::serve) fn format(&self) -> Option<&LogFormat> {
        self.0.as_ref().map(|inner| &inner.lines.format)
    }

    /// Logs a request that is finished.
    pub(in crate::serve) fn request(&self, record: &Record) {
        let chooses =
            |lines: &LogLines| lines.selection.chooses(record.status, record.sent, record.until_end);
        self.add(chooses, |line, format| line.request(record, format));
    }

    /// Logs a client that was refused before it had made a request.
    pub(in crate::serve) fn refusal(&self, connection: &Connection, status: u16) {
        connection.counters.refused(status);
        let chooses = |lines: &LogLines| lines.selection.chooses(status, 0, Duration::ZERO);
        self.add(chooses, |line, format| line.refusal(&connection.peer_address, status, format));
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
        inner.sink.as_ref().map_or(Ok(()), LogSink::reopen)
    }

    /// Moves the file away, and begins a new one.
    pub(in crate::serve) fn rotate(&self) {
        let Some(inner) = &self.0 else { return };
        inner.flush();
        inner.sink.iter().for_each(LogSink::rotate);
    }

    fn add(&self, chooses: impl FnOnce(&LogLines) -> bool, write: impl FnOnce(&mut Line<'_>, &LogFormat)) {
        let Some(inner) = self.0.as_ref().filter(|inner| chooses(&inner.lines)) else { return };
        let mut pending = inner.pending();
        if pending.lines.len() > LARGEST_BACKLOG {
            pending.dropped += 1;
            return;
        }
        if pending.lines.is_empty() {
            inner.begun.notify_one();
        }
        pending.time.set(SystemClock.now(), inner.lines.date.as_ref());
        let Pending { lines, time, .. } = &mut *pending;
        write(&mut Line { lines, time }, &inner.lines.format);
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
            None => io::stderr().write_all(&lines),
            Some(sink) => sink.append(&lines),
        };
        match result {
            Ok(()) if lines.is_empty() => {}
            Ok(()) => match self.lost.swap(0, Relaxed) {
                0 => {}
                lost => tracing::warn!(lost, "the access log is written again; lines were lost"),
            },
            Err(error) => {
                let lines = lines.iter().filter(|byte| **byte == b'\n').count() as u64;
                // Once, until something could be written again: the reason usually lasts.
                if self.lost.fetch_add(lines, Relaxed) == 0 {
                    tracing::warn!(%error, "cannot write the access log; lines are lost");
                }
            }
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
