//! Where a log goes: its name as people write it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard error.
    Stdio,
    /// Appended to a file.
    File(PathBuf),
    Datagrams(DatagramTarget),
}

/// Each line as one datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatagramTarget {
    pub receiver: Receiver,
    pub framing: Framing,
}

/// Who gets datagrams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// A unix socket for datagrams.
    Unix(PathBuf),
    /// `HOST:PORT`, by UDP.
    Udp(String),
}

/// What is written before and behind a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A prefix, the line, and its end.
    Plain { prefix: String },
    /// As syslog(3) writes to this machine's log: RFC 3164 without a host name.
    Syslog { tag: String, priority: u8 },
    /// RFC 5424, whose times have a time zone.
    Syslog5424 { tag: String, priority: u8 },
}

/// Where syslog(3) writes to.
const LOCAL: &str = "/dev/log";
/// `daemon`.
const FACILITY: u8 = 3;
/// `info`, as uWSGI's.
const SEVERITY: u8 = 6;
/// `daemon` and `notice`, as uWSGI's.
const REMOTE_PRIORITY: u8 = 29;
const PORT: u16 = 514;
const TAG: &str = "certkit";

/// RFC 3164 section 4.1.1.
const FACILITIES: &[(&str, u8)] = &[
    ("kern", 0),
    ("user", 1),
    ("mail", 2),
    ("daemon", 3),
    ("auth", 4),
    ("security", 4),
    ("syslog", 5),
    ("lpr", 6),
    ("news", 7),
    ("uucp", 8),
    ("cron", 9),
    ("authpriv", 10),
    ("ftp", 11),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

impl FromStr for LogTarget {
    type Err = String;

    /// `stdio` or `-`, `syslog[:TAG[,FACILITY]]`, `rsyslog:HOST[:PORT][,TAG[,PRIORITY]]`,
    /// `socket:HOST:PORT[,PREFIX]`, `socket:PATH[,PREFIX]`, or the path of a file, perhaps behind `file:`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if matches!(text, "stdio" | "-") => Ok(Self::Stdio),
            None if text == "syslog" => local(""),
            Some(("syslog", rest)) => local(rest),
            Some(("rsyslog", rest)) => remote(rest),
            Some(("socket", rest)) => {
                let (address, prefix) = rest.split_once(',').unwrap_or((rest, ""));
                let receiver = receiver(address, None)?;
                let framing = Framing::Plain { prefix: prefix.to_owned() };
                Ok(Self::Datagrams(DatagramTarget { receiver, framing }))
            }
            Some(("file", path)) => file(path),
            _ => file(text),
        }
    }
}

fn file(path: &str) -> Result<LogTarget, String> {
    if path.is_empty() { Err("expected a path".to_owned()) } else { Ok(LogTarget::File(absolute(path))) }
}

/// The place of a relative path stays the same.
fn absolute(path: &str) -> PathBuf {
    std::path::absolute(Path::new(path)).unwrap_or_else(|_| path.into())
}

fn local(text: &str) -> Result<LogTarget, String> {
    let (tag, facility) = text.split_once(',').unwrap_or((text, ""));
    let number = match facility {
        "" => Some(FACILITY),
        _ => FACILITIES.iter().find(|(name, _)| *name == facility).map(|(_, number)| *number),
    };
    let number = number
        .ok_or_else(|| format!("`{facility}` is not a facility of syslog, such as daemon, user or local0"))?;
    Ok(LogTarget::Datagrams(DatagramTarget {
        receiver: Receiver::Unix(LOCAL.into()),
        framing: Framing::Syslog { tag: or_default(tag), priority: number * 8 + SEVERITY },
    }))
}

fn remote(text: &str) -> Result<LogTarget, String> {
    let mut parts = text.splitn(3, ',');
    let address = parts.next().unwrap_or_default();
    let tag = parts.next().unwrap_or_default();
    let priority = match parts.next() {
        None => REMOTE_PRIORITY,
        // The highest is that of local7 and debug.
        Some(number) => number
            .parse()
            .ok()
            .filter(|number| *number <= 191)
            .ok_or_else(|| format!("`{number}` is not a priority of syslog: 0 to 191"))?,
    };
    Ok(LogTarget::Datagrams(DatagramTarget {
        receiver: receiver(address, Some(PORT))?,
        framing: Framing::Syslog5424 { tag: or_default(tag), priority },
    }))
}

fn or_default(tag: &str) -> String {
    if tag.is_empty() { TAG.to_owned() } else { tag.to_owned() }
}

fn receiver(text: &str, port: Option<u16>) -> Result<Receiver, String> {
    let wrong = || format!("`{text}` is neither HOST:PORT nor the path of a unix socket");
    // A path may contain a colon, a host contains no slash.
    if text.contains('/') {
        return Ok(Receiver::Unix(absolute(text)));
    }
    match (text.rsplit_once(':'), port) {
        (Some((host, number)), _) if !host.is_empty() && number.parse::<u16>().is_ok_and(|port| port > 0) => {
            Ok(Receiver::Udp(text.to_owned()))
        }
        (None, Some(port)) if !text.is_empty() => Ok(Receiver::Udp(format!("{text}:{port}"))),
        (None, None) if !text.is_empty() => Ok(Receiver::Unix(absolute(text))),
        _ => Err(wrong()),
    }
}

impl std::fmt::Display for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Udp(address) => f.write_str(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn datagrams(receiver: Receiver, framing: Framing) -> Result<LogTarget, String> {
        Ok(LogTarget::Datagrams(DatagramTarget { receiver, framing }))
    }

    #[test]
    fn targets_by_their_names() {
        let read = |text: &str| text.parse::<LogTarget>();
        let unix = |path: &str| Receiver::Unix(path.into());
        let udp = |address: &str| Receiver::Udp(address.into());
        let plain = |prefix: &str| Framing::Plain { prefix: prefix.into() };
        let syslog = |tag: &str, priority| Framing::Syslog { tag: tag.into(), priority };
        let remote = |tag: &str, priority| Framing::Syslog5424 { tag: tag.into(), priority };
        assert_eq!((read("-"), read("stdio")), (Ok(LogTarget::Stdio), Ok(LogTarget::Stdio)));
        for path in ["/var/log/a.log", "file:/var/log/a.log"] {
            assert_eq!(read(path), Ok(LogTarget::File("/var/log/a.log".into())));
        }
        let here = std::env::current_dir().unwrap();
        assert_eq!(read("./syslog"), Ok(LogTarget::File(here.join("syslog"))));
        assert_eq!(read("a:b"), Ok(LogTarget::File(here.join("a:b"))));
        assert_eq!(read("syslog"), datagrams(unix("/dev/log"), syslog("certkit", 30)));
        assert_eq!(read("syslog:site,local0"), datagrams(unix("/dev/log"), syslog("site", 134)));
        assert_eq!(read("rsyslog:192.0.2.1"), datagrams(udp("192.0.2.1:514"), remote("certkit", 29)));
        assert_eq!(read("rsyslog:[::1]:99,site,191"), datagrams(udp("[::1]:99"), remote("site", 191)));
        assert_eq!(read("rsyslog:/run/log,site"), datagrams(unix("/run/log"), remote("site", 29)));
        assert_eq!(read("socket:127.0.0.1:99,site "), datagrams(udp("127.0.0.1:99"), plain("site ")));
        assert_eq!(read("socket:/run/a:b"), datagrams(unix("/run/a:b"), plain("")));
        for wrong in
            ["", "file:", "syslog:a,b", "rsyslog:", "rsyslog:a,b,192", "socket:", "socket:a:0", "socket::99"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_target_or_refused(kind in "(syslog|rsyslog|socket|file|stdio)?:?", rest in ".*") {
            let _ = format!("{kind}{rest}").parse::<LogTarget>();
        }
    }
}
