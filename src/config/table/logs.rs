//! Logs: where they go, which requests are in them, when a new file replaces the old one.

use super::set::{absolute, add, parsed, put, put_some, size, span, switch};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Setting, Takes};
use crate::sys::log_target::LogTarget;

const ROW: Setting = Setting { heading: "Logs", needs_restart: true, ..Setting::NEW };

const SWITCH: Setting = Setting { uwsgi_value: OptionValue::Switch, takes: Takes::Switch, ..ROW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "log-file",
        environment: Some("CERTKIT_LOG_FILE"),
        value: "TARGET",
        help: "Append everything that certkit and the application print to a file; USR1 opens it again after it was \
               moved away",
        more: "Instead of a file: syslog[:TAG[,FACILITY]] for the log of this machine (RFC 3164), \
               rsyslog:HOST[:PORT][,TAG[,PRIORITY]] for another one by UDP (RFC 5424), socket:HOST:PORT[,PREFIX] or \
               socket:PATH[,PREFIX] for each line as a datagram. What cannot be written holds up nobody: it is dropped, \
               with one note.",
        set: |s, value| {
            let process = &mut s.process;
            (process.log_file, process.log_datagrams) = match parsed(value)? {
                LogTarget::Stdio => (None, None),
                LogTarget::File(path) => (Some(path), None),
                LogTarget::Datagrams(target) => (None, Some(target)),
            };
            Ok(())
        },
        ..ROW
    },
    Setting {
        word: "log-max-size",
        uwsgi: &["log-maxsize"],
        uwsgi_value: OptionValue::Number,
        value: "SIZE",
        help: "Move log files away when they have reached SIZE, each to its own name with a dot and the time in \
               seconds",
        set: |s, value| {
            let size = size(value)?;
            s.server.log_max_size = (size > 0).then_some(size);
            Ok(())
        },
        ..ROW
    },
    Setting {
        word: "log-backup-name",
        uwsgi: &["log-backupname"],
        value: "FILE",
        help: "Move the file of --log-file to FILE instead, replacing what is there",
        set: |s, value| put(&mut s.process.log_backup, absolute(value).map(Some)),
        ..ROW
    },
    Setting {
        word: "log-truncate",
        uwsgi: &["log-truncate"],
        help: "Empty the file of --log-file at the start",
        set: |s, value| put(&mut s.process.log_truncate, switch(value)),
        ..SWITCH
    },
    Setting {
        word: "log-reopen",
        uwsgi: &["log-reopen"],
        help: "Open the log files again on HUP too",
        set: |s, value| put(&mut s.process.log_reopen, switch(value)),
        ..SWITCH
    },
    Setting {
        word: "touch-logreopen",
        uwsgi: &["touch-logreopen"],
        uwsgi_value: OptionValue::FromChdir,
        takes: Takes::List,
        value: "FILE",
        help: "Open the log files again when the modification time of FILE changes (repeatable)",
        set: |s, value| add(&mut s.process.touch_log_reopen, absolute(value)),
        ..ROW
    },
    Setting {
        word: "touch-logrotate",
        uwsgi: &["touch-logrotate"],
        uwsgi_value: OptionValue::FromChdir,
        takes: Takes::List,
        value: "FILE",
        help: "Move the log files away, as --log-max-size does, when the modification time of FILE changes (repeatable)",
        set: |s, value| add(&mut s.process.touch_log_rotate, absolute(value)),
        ..ROW
    },
    Setting {
        word: "disable-logging",
        help: "Leave requests out of the access log, except those that --log-4xx and its like choose",
        set: |s, value| put(&mut s.server.log_selection.disabled, switch(value)),
        ..SWITCH
    },
    Setting {
        word: "log-4xx",
        uwsgi: &["log-4xx"],
        help: "Log requests with a status from 400 to 499 in spite of --disable-logging",
        set: |s, value| put(&mut s.server.log_selection.client_errors, switch(value)),
        ..SWITCH
    },
    Setting {
        word: "log-5xx",
        uwsgi: &["log-5xx"],
        help: "Log requests with a status from 500 to 599 in spite of --disable-logging",
        set: |s, value| put(&mut s.server.log_selection.server_errors, switch(value)),
        ..SWITCH
    },
    Setting {
        word: "log-zero",
        uwsgi: &["log-zero"],
        help: "Log requests whose responses have no body in spite of --disable-logging",
        set: |s, value| put(&mut s.server.log_selection.empty, switch(value)),
        ..SWITCH
    },
    Setting {
        word: "log-slow",
        value: "TIME",
        help: "Log requests that take TIME or longer in spite of --disable-logging",
        set: |s, value| {
            let time = span(value)?;
            s.server.log_selection.slow = (!time.is_zero()).then_some(time);
            Ok(())
        },
        ..ROW
    },
    Setting {
        word: "log-big",
        uwsgi: &["log-big"],
        uwsgi_value: OptionValue::Number,
        value: "SIZE",
        help: "Log requests whose responses have SIZE bytes of body or more in spite of --disable-logging",
        set: |s, value| {
            let size = size(value)?;
            s.server.log_selection.big = (size > 0).then_some(size);
            Ok(())
        },
        ..ROW
    },
    Setting {
        word: "log-date",
        value: "FORMAT",
        help: "How %(ftime) in --log-format is written, as in strftime(3), for example '%d/%b/%Y %H:%M:%S'",
        set: |s, value| put_some(&mut s.server.log_date, parsed(value)),
        ..ROW
    },
];
