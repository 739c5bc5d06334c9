//! The process: where it runs and writes, and what commands it.

use super::set::{absolute, add, put, put_some, size};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Setting, Takes};

const ROW: Setting = Setting { heading: "Process", needs_restart: true, ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "daemonize",
        uwsgi: &["daemonize", "daemonize2"],
        value: "FILE",
        help: "Run in the background and write all output to FILE; the command returns when the application is loaded",
        conflicts: &["log-file"],
        set: |s, value| put_some(&mut s.process.daemonize, absolute(value)),
        ..ROW
    },
    Setting {
        word: "pidfile",
        uwsgi: &["pidfile", "pidfile2", "safe-pidfile", "safe-pidfile2"],
        value: "FILE",
        help: "Write the process id to FILE and lock it, so that no second server uses it; it is removed at the end",
        set: |s, value| put_some(&mut s.process.pid_file, absolute(value)),
        ..ROW
    },
    Setting {
        word: "control-fifo",
        uwsgi: &["master-fifo"],
        uwsgi_value: OptionValue::FromChdir,
        takes: Takes::List,
        value: "FILE",
        help: "Take commands from a named pipe (repeatable): r, R, w, W or c reload, q stop, Q stop at once, l or L open \
               the log files again",
        set: |s, value| add(&mut s.process.control_fifos, absolute(value)),
        ..ROW
    },
    Setting {
        word: "touch-reload",
        uwsgi: &["touch-reload", "touch-workers-reload", "touch-chain-reload", "fs-reload"],
        uwsgi_value: OptionValue::FromChdir,
        takes: Takes::List,
        value: "FILE",
        help: "Reload when the modification time of FILE changes (repeatable)",
        set: |s, value| add(&mut s.process.touch_reload, absolute(value)),
        ..ROW
    },
    Setting {
        word: "log-file",
        uwsgi: &["logto", "logto2"],
        environment: Some("CERTKIT_LOG_FILE"),
        value: "FILE",
        help: "Append everything that certkit and the application print to FILE; USR1 opens it again after it was \
               moved away",
        heading: "Logs",
        set: |s, value| put_some(&mut s.process.log_file, absolute(value)),
        ..ROW
    },
    Setting {
        word: "log-max-size",
        uwsgi: &["log-maxsize"],
        value: "SIZE",
        help: "Move log files away when they have reached SIZE, each to its own name with a dot and the time in \
               seconds",
        heading: "Logs",
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
        heading: "Logs",
        set: |s, value| put(&mut s.process.log_backup, absolute(value).map(Some)),
        ..ROW
    },
    Setting {
        word: "touch-logreopen",
        uwsgi: &["touch-logreopen"],
        uwsgi_value: OptionValue::FromChdir,
        takes: Takes::List,
        value: "FILE",
        help: "Open the log files again when the modification time of FILE changes (repeatable)",
        heading: "Logs",
        set: |s, value| add(&mut s.process.touch_log_reopen, absolute(value)),
        ..ROW
    },
];
