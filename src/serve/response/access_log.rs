//! The access log: one line per request in the combined format, times in UTC.
//!
//! Lines are collected for 100 ms and written by a thread that may block, so that a slow disk or
//! terminal never holds up a request. When the log cannot keep up, lines are dropped and their
//! number is logged.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::sync::Notify;

use super::record::Record;
use crate::serve::config::AccessLogTarget;
use crate::serve::connection::Connection;
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::log_file::{LogFile, Rotation};

const INTERVAL: Duration = Duration::from_millis(100);
/// More than this waiting to be written is dropped.
const LARGEST_BACKLOG: usize = 8 << 20;

/// Where lines go; clones write to the same place.
#[derive(Clone, Debug)]
pub(in crate::serve) struct AccessLog(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    sink: LogSink,
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
    /// The second of the last line, and its text: most lines share it with the line before.
    second: i64,
    time: String,
}

impl AccessLog {
    /// `max_size`: bytes from which on the file is moved away.
    ///
    /// # Errors
    /// What the system says when the file cannot be opened for appending.
    pub(in crate::serve) fn open(target: &AccessLogTarget, max_size: Option<u64>) -> io::Result<Self> {
        let sink = match target {
            AccessLogTarget::Off => return Ok(Self(None)),
            AccessLogTarget::Stderr => LogSink::Stderr,
            AccessLogTarget::File(path) => {
                LogSink::File(LogFile::open(path, Rotation { max_size, backup: None })?)
            }
        };
        let inner = Inner { sink, pending: Mutex::default(), begun: Notify::new() };
        Ok(Self(Some(Arc::new(inner))))
    }

    /// Whether records are of any use.
    pub(in crate::serve) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Logs a request that is finished.
    pub(in crate::serve) fn request(&self, record: &Record) {
        self.add(|line| {
            line.address(&record.client.address);
            line.text(b" \"");
            line.escaped(record.method.as_str().as_bytes());
            line.text(b" ");
            line.escaped(&record.target);
            line.text(b" ");
            line.escaped(&record.protocol);
            line.text(b"\" ");
            line.number(record.status.into());
            line.text(b" ");
            line.number(record.sent);
            line.text(b" ");
            line.quoted(record.referer.as_ref());
            line.text(b" ");
            line.quoted(record.user_agent.as_ref());
        });
    }

    /// Logs a client that was refused before it had made a request.
    pub(in crate::serve) fn refusal(&self, connection: &Connection, status: u16) {
        self.add(|line| {
            line.address(&connection.peer_address);
            line.text(b" \"-\" ");
            line.number(status.into());
            line.text(b" 0 \"-\" \"-\"");
        });
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

    fn add(&self, write: impl FnOnce(&mut Line<'_>)) {
        let Some(inner) = &self.0 else { return };
        let mut pending = inner.pending();
        if pending.lines.len() > LARGEST_BACKLOG {
            pending.dropped += 1;
            return;
        }
        if pending.lines.is_empty() {
            inner.begun.notify_one();
        }
        pending.tell_time(SystemClock.now());
        let Pending { lines, time, .. } = &mut *pending;
        write(&mut Line { lines, time });
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

impl Pending {
    fn tell_time(&mut self, now: OffsetDateTime) {
        if self.time.is_empty() || self.second != now.unix_timestamp() {
            let format =
                format_description!("[[[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000]");
            self.second = now.unix_timestamp();
            self.time = now.format(format).unwrap_or_default();
        }
    }
}

/// A line being written.
struct Line<'a> {
    lines: &'a mut Vec<u8>,
    time: &'a str,
}

impl Line<'_> {
    fn text(&mut self, text: &[u8]) {
        self.lines.extend_from_slice(text);
    }

    /// The beginning of every line: the client, two empty user names, the time.
    fn address(&mut self, address: &[u8]) {
        if address.is_empty() {
            self.text(b"unix:");
        } else {
            self.escaped(address);
        }
        self.text(b" - - ");
        self.lines.extend_from_slice(self.time.as_bytes());
    }

    fn number(&mut self, number: u64) {
        // Writing to memory cannot fail.
        let _ = write!(self.lines, "{number}");
    }

    fn quoted(&mut self, value: Option<&HeaderValue>) {
        self.text(b"\"");
        self.escaped(value.map_or(b"-", HeaderValue::as_bytes));
        self.text(b"\"");
    }

    /// No client can end a line or a quotation, or send control characters to a terminal.
    fn escaped(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\' {
                self.lines.push(byte);
            } else {
                let _ = write!(self.lines, "\\x{byte:02x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::serve::request::Client;
    use crate::serve::request::variables::from_variables;

    #[test]
    fn lines_cannot_be_forged() {
        let mut lines = Vec::new();
        let mut line = Line { lines: &mut lines, time: "[now]" };
        line.address(b"127.0.0.1");
        line.text(b" ");
        line.quoted(Some(&HeaderValue::from_bytes(b"a\"b\\c\xe9\td").unwrap()));
        line.quoted(None);
        assert_eq!(String::from_utf8(lines).unwrap(), r#"127.0.0.1 - - [now] "a\x22b\x5cc\xe9\x09d""-""#);
    }

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
        assert!(Record::begin(&request, false).is_none(), "nobody reads it");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = AccessLog::open(&AccessLogTarget::File(path.clone()), None).unwrap();
        let mut record = Record::begin(&request, log.is_on()).unwrap();
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

    #[test]
    fn times_read_as_in_other_logs() {
        let mut pending = Pending::default();
        pending.tell_time(datetime!(2026-11-20 9:05:07.9 UTC));
        assert_eq!(pending.time, "[20/Nov/2026:09:05:07 +0000]");
        pending.tell_time(datetime!(2026-11-20 9:05:08.1 UTC));
        assert_eq!(pending.time, "[20/Nov/2026:09:05:08 +0000]");
    }
}
