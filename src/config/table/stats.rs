//! What an operator sees of a running server.

use std::ffi::OsStr;

use super::set::{parsed, put, put_some, switch, text};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Setting, Takes};
use crate::serve::address::Endpoint;

const ROW: Setting = Setting { heading: "Statistics", needs_restart: true, ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "stats",
        value: "ADDRESS",
        help: "Tell clients that connect here how the server is doing: JSON as uwsgitop reads it, and by HTTP also \
               /metrics for Prometheus",
        more: "ADDRESS is 127.0.0.1:9191, :9191 for the same, *:9191 for every address of this machine, unix:PATH or a \
               path. There is no password: it tells addresses, folders, names in certificates and numbers, but \
               nothing of what requests contain.",
        set: |s, value| put_some(&mut s.server.stats.address, address(value)),
        ..ROW
    },
    Setting {
        word: "stats-http",
        uwsgi: &["stats-http"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Expect HTTP of every client of --stats, also of one that is slow to ask",
        set: |s, value| put(&mut s.server.stats.http, switch(value)),
        ..ROW
    },
    Setting {
        word: "stats-min",
        uwsgi: &["stats-min", "stats-minified"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Write the JSON of --stats without white space",
        set: |s, value| put(&mut s.server.stats.minified, switch(value)),
        ..ROW
    },
    Setting {
        word: "stats-no-cores",
        uwsgi: &["stats-no-cores"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Leave the threads of workers out of the JSON of --stats",
        set: |s, value| put(&mut s.server.stats.no_cores, switch(value)),
        ..ROW
    },
];

/// On this machine, unless it names another address.
fn address(value: &OsStr) -> Result<Endpoint, String> {
    let text = text(value)?;
    if text.starts_with(':') {
        return format!("127.0.0.1{text}").parse().map_err(|error| format!("{error}"));
    }
    if text.contains('/') && !text.starts_with("unix:") && !text.contains("//") {
        return Ok(Endpoint::Unix(text.into()));
    }
    let port = text.rsplit_once(':').map(|(_, port)| port);
    if !text.starts_with("unix:") && port.is_none_or(|port| port.parse::<u16>().is_err()) {
        return Err("expected ADDRESS:PORT, unix:PATH or a path".to_owned());
    }
    parsed(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let read = |text: &str| address(OsStr::new(text)).map(|endpoint| endpoint.to_string());
        for (text, meaning) in [
            ("127.0.0.1:9191", "127.0.0.1:9191"),
            (":9191", "127.0.0.1:9191"),
            ("*:9191", "*:9191"),
            ("[::1]:9191", "[::1]:9191"),
            ("unix:stats.sock", "stats.sock"),
            ("/run/stats.sock", "/run/stats.sock"),
            ("./stats.sock", "./stats.sock"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(meaning), "{text}");
        }
        for wrong in ["", ":", ":x", "127.0.0.1", "[::1]", "127.0.0.1:99999", "unix:"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
