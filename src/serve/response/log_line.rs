//! One finished request as a line of the access log.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use http::HeaderValue;
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

use super::record::Record;
use crate::serve::log_format::{LogFormat, LogPiece, LogVariable};
use crate::serve::log_selection::DateFormat;

/// The moment of a line, with its text, which most lines share with the line before.
#[derive(Debug)]
pub(super) struct LogTime {
    now: OffsetDateTime,
    /// `20/Nov/2026:09:05:07 +0000`, as in other servers' logs.
    text: String,
    /// In a format of its own, if there is one.
    formatted: Option<String>,
}

impl Default for LogTime {
    fn default() -> Self {
        Self { now: OffsetDateTime::UNIX_EPOCH, text: String::new(), formatted: None }
    }
}

impl LogTime {
    pub(super) fn set(&mut self, now: OffsetDateTime, date: Option<&DateFormat>) {
        if self.text.is_empty() || self.now.unix_timestamp() != now.unix_timestamp() {
            let format =
                format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
            self.text = now.format(format).unwrap_or_default();
            self.formatted = date.map(|date| date.format(now));
        }
        self.now = now;
    }
}

/// A line being written behind others.
pub(super) struct Line<'a> {
    pub(super) lines: &'a mut Vec<u8>,
    pub(super) time: &'a LogTime,
}

impl Line<'_> {
    /// A finished request, without a line break.
    pub(super) fn request(&mut self, record: &Record, format: &LogFormat) {
        match format {
            LogFormat::Combined => self.combined(record),
            LogFormat::Json => self.json(record),
            LogFormat::Custom(pieces) => self.custom(record, pieces),
        }
    }

    /// A client that was refused before it had made a request.
    pub(super) fn refusal(&mut self, address: &[u8], status: u16, format: &LogFormat) {
        if *format == LogFormat::Json {
            return self.object(&JsonLine {
                time: self.rfc3339(),
                client: lossy(address),
                status,
                ..JsonLine::default()
            });
        }
        self.client(address, b"-");
        self.text(b" \"-\" ");
        self.number(status.into());
        self.text(b" 0 \"-\" \"-\"");
    }

    fn combined(&mut self, record: &Record) {
        self.client(&record.client.address, record.user.as_deref().unwrap_or(b"-"));
        self.text(b" \"");
        self.escaped(record.method.as_str().as_bytes());
        self.text(b" ");
        self.escaped(&record.target);
        self.text(b" ");
        self.escaped(&record.protocol);
        self.text(b"\" ");
        self.number(record.status.into());
        self.text(b" ");
        self.number(record.sent);
        self.text(b" ");
        self.quoted(record.referer.as_ref());
        self.text(b" ");
        self.quoted(record.user_agent.as_ref());
    }

    fn json(&mut self, record: &Record) {
        let value = |value: &Option<HeaderValue>| value.as_ref().map(|value| lossy(value.as_bytes()));
        self.object(&JsonLine {
            time: self.rfc3339(),
            client: lossy(&record.client.address),
            user: record.user.as_deref().map(lossy),
            method: record.method.to_string(),
            target: lossy(&record.target),
            protocol: lossy(&record.protocol),
            scheme: if record.https { "https" } else { "http" },
            host: lossy(record.host.name()),
            status: record.status,
            bytes: record.sent,
            seconds: record.until_end.as_secs_f64(),
            seconds_to_head: record.until_head.map(|span| span.as_secs_f64()),
            seconds_in_backend: record.in_backend.map(|span| span.as_secs_f64()),
            worker: record.worker,
            site: record.site.as_deref().map(str::to_owned),
            tls: record.tls.as_ref().map(|tls| tls.protocol),
            cipher: record.tls.as_ref().map(|tls| tls.cipher),
            coding: record.encoded.map(|encoded| encoded.coding.name()),
            raw_bytes: record.encoded.map_or(record.sent, |encoded| encoded.length),
            referer: value(&record.referer),
            user_agent: value(&record.user_agent),
        });
    }

    fn object(&mut self, line: &JsonLine) {
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut *self.lines, line);
    }

    fn custom(&mut self, record: &Record, pieces: &[LogPiece]) {
        let mut fields = record.fields.iter();
        for piece in pieces {
            match piece {
                LogPiece::Text(text) => self.text(text.as_bytes()),
                LogPiece::Variable(variable) => self.variable(record, *variable),
                LogPiece::Field(_) => {
                    let field = fields.next().and_then(Option::as_ref);
                    self.escaped(field.map_or(b"-", HeaderValue::as_bytes));
                }
                LogPiece::Unknown => self.text(b"-"),
            }
        }
    }

    fn variable(&mut self, record: &Record, variable: LogVariable) {
        use LogVariable::*;
        let value = |value: &Option<HeaderValue>| value.clone().unwrap_or(HeaderValue::from_static("-"));
        let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let now = self.time.now;
        let in_backend = record.in_backend;
        match variable {
            BackendMicroseconds => self.or_dash(in_backend.map(micros)),
            BackendMilliseconds => self.or_dash(in_backend.map(|span| micros(span) / 1000)),
            BackendSeconds => self.or_dash(in_backend.map(|span| format!("{:.6}", span.as_secs_f64()))),
            Cipher => self.or_dash(record.tls.as_ref().map(|tls| tls.cipher)),
            Coding => self.or_dash(record.encoded.map(|encoded| encoded.coding.name())),
            RawSize => self.number(record.encoded.map_or(record.sent, |encoded| encoded.length)),
            Site => self.escaped(record.site.as_deref().unwrap_or("-").as_bytes()),
            Tls => self.or_dash(record.tls.as_ref().map(|tls| tls.protocol)),
            Address => self.escaped(&record.client.address),
            CTime => {
                let format = format_description!(
                    "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] [year]"
                );
                self.text(now.format(format).unwrap_or_default().as_bytes());
            }
            FormattedTime => self.text(self.time.formatted.as_ref().unwrap_or(&self.time.text).as_bytes()),
            Epoch => self.signed(now.unix_timestamp().into()),
            EpochMilliseconds => self.signed(now.unix_timestamp_nanos() / 1_000_000),
            EpochMicroseconds => self.signed(now.unix_timestamp_nanos() / 1_000),
            Host => self.escaped(record.host.value()),
            LogTime => self.text(self.time.text.as_bytes()),
            Method => self.escaped(record.method.as_str().as_bytes()),
            Microseconds => self.number(micros(record.until_end)),
            Milliseconds => self.number(micros(record.until_end) / 1000),
            Protocol => self.escaped(&record.protocol),
            Referer => self.escaped(value(&record.referer).as_bytes()),
            RequestLength => self.escaped(record.length.as_ref().map_or(b"0", HeaderValue::as_bytes)),
            ResponseSize => self.number(record.sent),
            Seconds => {
                let _ = write!(self.lines, "{:.6}", record.until_end.as_secs_f64());
            }
            Status => self.number(record.status.into()),
            Target => self.escaped(&record.target),
            User => self.escaped(record.user.as_deref().unwrap_or_default()),
            UserAgent => self.escaped(value(&record.user_agent).as_bytes()),
            Worker => match record.worker {
                Some(worker) => self.number(worker.into()),
                None => self.text(b"-"),
            },
        }
    }

    /// The beginning of a combined line: the client, its two names, the time.
    fn client(&mut self, address: &[u8], user: &[u8]) {
        if address.is_empty() {
            self.text(b"unix:");
        } else {
            self.escaped(address);
        }
        self.text(b" - ");
        self.escaped(user);
        self.text(b" [");
        self.text(self.time.text.as_bytes());
        self.text(b"]");
    }

    fn rfc3339(&self) -> String {
        let format =
            format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
        self.time.now.format(format).unwrap_or_default()
    }

    fn text(&mut self, text: &[u8]) {
        self.lines.extend_from_slice(text);
    }

    fn number(&mut self, number: u64) {
        // Writing to memory cannot fail.
        let _ = write!(self.lines, "{number}");
    }

    /// What contains nothing that a client has sent.
    fn or_dash(&mut self, value: Option<impl Display>) {
        let _ = match value {
            Some(value) => write!(self.lines, "{value}"),
            None => write!(self.lines, "-"),
        };
    }

    fn signed(&mut self, number: i128) {
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

/// A line of the JSON format: an object on one line, with all fields in every line.
#[derive(Default, Serialize)]
struct JsonLine {
    time: String,
    client: String,
    user: Option<String>,
    method: String,
    target: String,
    protocol: String,
    scheme: &'static str,
    host: String,
    status: u16,
    bytes: u64,
    seconds: f64,
    seconds_to_head: Option<f64>,
    /// From the call of the application or upstream until the head of its response.
    seconds_in_backend: Option<f64>,
    worker: Option<u32>,
    site: Option<String>,
    tls: Option<&'static str>,
    cipher: Option<&'static str>,
    /// How the body was compressed, and its bytes before.
    coding: Option<&'static str>,
    raw_bytes: u64,
    referer: Option<String>,
    user_agent: Option<String>,
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use time::macros::datetime;

    use super::super::encoder::{Coding, Encoded};
    use super::*;
    use crate::serve::request::Client;
    use crate::serve::request::variables::from_variables;
    use crate::tls::Session;

    fn written(write: impl FnOnce(&mut Line<'_>)) -> String {
        let mut time = LogTime::default();
        let date = "%d.%m.%Y".parse().unwrap();
        time.set(datetime!(2026-11-20 9:05:07.0625 UTC), Some(&date));
        let mut lines = Vec::new();
        write(&mut Line { lines: &mut lines, time: &time });
        String::from_utf8(lines).unwrap()
    }

    fn finished(format: &LogFormat) -> Record {
        let variables: [(&[u8], &[u8]); 8] = [
            (b"REQUEST_METHOD", b"POST"),
            (b"REQUEST_URI", b"/a?q=\xe9"),
            (b"SERVER_PROTOCOL", b"HTTP/2.0"),
            (b"REMOTE_ADDR", b"192.0.2.1"),
            (b"REMOTE_USER", b"an\"na"),
            (b"HTTP_HOST", b"test.example:8443"),
            (b"HTTP_X_TRACE", b"42"),
            (b"HTTP_USER_AGENT", b"curl/8"),
        ];
        let (request, _) = from_variables(&variables, false, Client::default()).unwrap();
        let mut record = Record::begin(&request, Some(format)).unwrap();
        record.answered(201);
        record.end(5);
        record.worker = Some(77);
        record.until_head = None;
        record.until_end = Duration::from_micros(1_234_567);
        record.in_backend = Some(Duration::from_micros(1_234_000));
        record.tls = Some(Arc::new(Session {
            protocol: "TLSv1.3",
            cipher: "TLS_AES_128_GCM_SHA256",
            server_name: None,
            http2: true,
            asks_client: false,
            client: None,
        }));
        record.encoded = Some(Encoded { coding: Coding::Gzip, length: 20 });
        record.site = Some("test.example".into());
        record
    }

    #[test]
    fn lines_cannot_be_forged() {
        let line = written(|line| {
            line.client(b"127.0.0.1", b"-");
            line.text(b" ");
            line.quoted(Some(&HeaderValue::from_bytes(b"a\"b\\c\xe9\td").unwrap()));
            line.quoted(None);
        });
        assert_eq!(line, r#"127.0.0.1 - - [20/Nov/2026:09:05:07 +0000] "a\x22b\x5cc\xe9\x09d""-""#);
    }

    #[test]
    fn each_format_says_what_the_record_knows() {
        let line = |format: &str| {
            let format: LogFormat = format.parse().unwrap();
            written(|line| line.request(&finished(&format), &format))
        };
        assert_eq!(
            line("combined"),
            r#"192.0.2.1 - an\x22na [20/Nov/2026:09:05:07 +0000] "POST /a?q=\xe9 HTTP/2.0" 201 5 "-" "curl/8""#
        );
        let json: serde_json::Value = serde_json::from_str(&line("json")).unwrap();
        let expected = serde_json::json!({
            "time": "2026-11-20T09:05:07.062Z", "client": "192.0.2.1", "user": "an\"na", "method": "POST",
            "target": "/a?q=\u{fffd}", "protocol": "HTTP/2.0", "scheme": "http", "host": "test.example",
            "status": 201, "bytes": 5, "seconds": 1.234567, "seconds_to_head": null,
            "seconds_in_backend": 1.234, "worker": 77, "site": "test.example", "tls": "TLSv1.3",
            "cipher": "TLS_AES_128_GCM_SHA256", "coding": "gzip", "raw_bytes": 20,
            "referer": null, "user_agent": "curl/8"
        });
        assert_eq!(json, expected);
        assert_eq!(
            line(
                "%(addr) %(user) [%(ltime)] %(method) %(uri) %(proto) %(status) %(rsize) %(msecs)|%(micros)|%(secs)"
            ),
            r"192.0.2.1 an\x22na [20/Nov/2026:09:05:07 +0000] POST /a?q=\xe9 HTTP/2.0 201 5 1234|1234567|1.234567"
        );
        assert_eq!(
            line(
                "%(var.HTTP_X_TRACE) %(var.HTTP_COOKIE) %(host) %(pid) %(cl) %(epoch) %(tmsecs) %(ctime) %(core) %(ftime) %(time)"
            ),
            "42 - test.example:8443 77 0 1795165507 1795165507062 Fri Nov 20 09:05:07 2026 - 20.11.2026 1795165507"
        );
        assert_eq!(
            line(
                "%(backsecs) %(backmsecs) %(backmicros) %(site) %(tls) %(cipher) %(coding) %(rawsize) %(var.SSL_CIPHER)"
            ),
            "1.234000 1234 1234000 test.example TLSv1.3 TLS_AES_128_GCM_SHA256 gzip 20 TLS_AES_128_GCM_SHA256"
        );
        let bare = |format: &str| {
            let format: LogFormat = format.parse().unwrap();
            let mut record = finished(&format);
            (record.in_backend, record.tls, record.encoded, record.site) = (None, None, None, None);
            written(|line| line.request(&record, &format))
        };
        assert_eq!(
            bare("%(backsecs) %(backmsecs) %(backmicros) %(site) %(tls) %(cipher) %(coding) %(rawsize)"),
            "- - - - - - - 5"
        );
        let refused = |format: LogFormat| written(|line| line.refusal(b"::1", 408, &format));
        assert_eq!(refused(LogFormat::Combined), r#"::1 - - [20/Nov/2026:09:05:07 +0000] "-" 408 0 "-" "-""#);
        assert!(refused(LogFormat::Json).contains("\"status\":408"));
    }
}
