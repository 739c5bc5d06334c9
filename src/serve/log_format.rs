//! How a line of the access log looks: formats by name, and uWSGI's format strings, whose variables are
//! `%(uri)` and the like.

use std::convert::Infallible;
use std::str::FromStr;

/// What a finished request's line is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// The combined format of Apache and nginx.
    #[default]
    Combined,
    /// One JSON object.
    Json,
    /// Text and variables, in their order.
    Custom(Vec<LogPiece>),
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogPiece {
    Text(String),
    Variable(LogVariable),
    /// `%(var.HTTP_COOKIE)`: a header field of the request, by its name in lower case.
    Field(String),
    /// A variable that certkit does not have; printed as `-`, as in uWSGI.
    Unknown,
}

/// A variable of uWSGI's `log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogVariable {
    /// `addr`: the client.
    Address,
    /// `backmicros`: microseconds from the call of the application or upstream until the head of its response.
    BackendMicroseconds,
    /// `backmsecs`: the same in milliseconds.
    BackendMilliseconds,
    /// `backsecs`: the same in seconds with a fraction.
    BackendSeconds,
    /// `cipher`: the cipher suite of the client's TLS, by OpenSSL's name.
    Cipher,
    /// `coding`: how the body was compressed.
    Coding,
    /// `cl`: Content-Length of the request.
    RequestLength,
    /// `ctime`: as ctime(3), in UTC.
    CTime,
    /// `ftime`: the time in a format of its own, else as `ltime`.
    FormattedTime,
    /// `epoch`: seconds.
    Epoch,
    /// `host`
    Host,
    /// `ltime`: `20/Nov/2026:09:05:07 +0000`.
    LogTime,
    /// `method`
    Method,
    /// `micros`: microseconds until the whole response was handed over.
    Microseconds,
    /// `msecs`: the same in milliseconds.
    Milliseconds,
    /// `pid`: the worker's process id.
    Worker,
    /// `proto`
    Protocol,
    /// `rawsize`: bytes of the response's body before it was compressed.
    RawSize,
    /// `referer`
    Referer,
    /// `rsize`, `size`: bytes of the response's body.
    ResponseSize,
    /// `secs`: seconds with a fraction.
    Seconds,
    /// `site`: the site that the request was for.
    Site,
    /// `status`
    Status,
    /// `tls`: the version of the client's TLS.
    Tls,
    /// `tmsecs`: the time in milliseconds.
    EpochMilliseconds,
    /// `tmicros`: the time in microseconds.
    EpochMicroseconds,
    /// `uagent`
    UserAgent,
    /// `uri`: the target as it came.
    Target,
    /// `user`: REMOTE_USER, of a front server, a rule or `--basic-auth`.
    User,
}

impl LogVariable {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "addr" => Self::Address,
            "backmicros" => Self::BackendMicroseconds,
            "backmsecs" => Self::BackendMilliseconds,
            "backsecs" => Self::BackendSeconds,
            "cipher" => Self::Cipher,
            "cl" => Self::RequestLength,
            "coding" => Self::Coding,
            "ctime" => Self::CTime,
            "epoch" | "time" => Self::Epoch,
            "ftime" => Self::FormattedTime,
            "host" => Self::Host,
            "ltime" => Self::LogTime,
            "method" => Self::Method,
            "micros" => Self::Microseconds,
            "msecs" => Self::Milliseconds,
            "pid" => Self::Worker,
            "proto" => Self::Protocol,
            "rawsize" => Self::RawSize,
            "referer" => Self::Referer,
            "rsize" | "size" => Self::ResponseSize,
            "secs" => Self::Seconds,
            "site" => Self::Site,
            "status" => Self::Status,
            "tls" => Self::Tls,
            "tmicros" => Self::EpochMicroseconds,
            "tmsecs" => Self::EpochMilliseconds,
            "uagent" => Self::UserAgent,
            "uri" => Self::Target,
            "user" => Self::User,
            _ => return None,
        })
    }
}

impl LogFormat {
    /// The header fields that lines need beside Referer and User-Agent.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let pieces = if let Self::Custom(pieces) = self { pieces.as_slice() } else { &[] };
        pieces
            .iter()
            .filter_map(|piece| if let LogPiece::Field(name) = piece { Some(name.as_str()) } else { None })
    }
}

impl FromStr for LogFormat {
    type Err = Infallible;

    /// `combined`, `json`, or text with `%(variable)`s.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        match text {
            "combined" => return Ok(Self::Combined),
            "json" => return Ok(Self::Json),
            _ => {}
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("%(") {
            let Some((name, behind)) = after.split_once(')') else { break };
            push_text(&mut pieces, before);
            pieces.push(variable(name));
            rest = behind;
        }
        push_text(&mut pieces, rest);
        Ok(Self::Custom(pieces))
    }
}

fn push_text(pieces: &mut Vec<LogPiece>, text: &str) {
    if !text.is_empty() {
        pieces.push(LogPiece::Text(text.to_owned()));
    }
}

fn variable(name: &str) -> LogPiece {
    if let Some(field) = name.strip_prefix("var.HTTP_") {
        return LogPiece::Field(field.to_ascii_lowercase().replace('_', "-"));
    }
    let known = match name {
        "var.REMOTE_ADDR" => Some(LogVariable::Address),
        "var.REMOTE_USER" => Some(LogVariable::User),
        "var.REQUEST_METHOD" => Some(LogVariable::Method),
        "var.REQUEST_URI" => Some(LogVariable::Target),
        "var.SERVER_PROTOCOL" => Some(LogVariable::Protocol),
        "var.SSL_CIPHER" => Some(LogVariable::Cipher),
        "var.SSL_PROTOCOL" => Some(LogVariable::Tls),
        "var.CONTENT_LENGTH" => Some(LogVariable::RequestLength),
        "var.CONTENT_TYPE" => return LogPiece::Field("content-type".to_owned()),
        _ => LogVariable::named(name),
    };
    known.map_or(LogPiece::Unknown, LogPiece::Variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_by_name_and_by_variables() {
        let read = |text: &str| text.parse::<LogFormat>().unwrap();
        assert_eq!(read("combined"), LogFormat::Combined);
        assert_eq!(read("json"), LogFormat::Json);
        let text = |text: &str| LogPiece::Text(text.to_owned());
        assert_eq!(
            read("%(addr) \"%(var.HTTP_X_FORWARDED_FOR)\" 100% %(nothing)ms (%(status"),
            LogFormat::Custom(vec![
                LogPiece::Variable(LogVariable::Address),
                text(" \""),
                LogPiece::Field("x-forwarded-for".to_owned()),
                text("\" 100% "),
                LogPiece::Unknown,
                text("ms (%(status"),
            ])
        );
        assert_eq!(read("%(var.HTTP_COOKIE)%(uri)").fields().collect::<Vec<_>>(), ["cookie"]);
        assert_eq!(read(""), LogFormat::Custom(Vec::new()));
    }
}
