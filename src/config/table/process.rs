//! The process: where it runs and writes, and what commands it.

use super::set::{absolute, add, number, parsed, put, put_some, switch, text};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Scope, Setting, Takes};
use crate::config::values::Mode;

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
        uwsgi: &["pidfile"],
        value: "FILE",
        help: "Write the process id to FILE and lock it, so that no second server uses it; it is removed at the end",
        set: |s, value| put_some(&mut s.process.pid_file, absolute(value)),
        ..ROW
    },
    Setting {
        word: "pidfile2",
        uwsgi: &["pidfile2", "safe-pidfile", "safe-pidfile2"],
        takes: Takes::List,
        value: "FILE",
        help: "Write the process id to FILE too (repeatable)",
        set: |s, value| add(&mut s.process.pid_files, absolute(value)),
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
        word: "user",
        uwsgi: &["uid", "immediate-uid"],
        uwsgi_value: OptionValue::Protects,
        value: "USER",
        help: "Started as root: bind sockets, open logs and keys, then become USER with its groups (name or number)",
        more: "certkit and its workers run as USER then. A small process of certkit stays root, without a network: it \
               opens renewed keys and moved log files for the server. Files for --acme-state, --control-fifo, --static \
               and the application must be accessible to USER. Unix sockets belong to USER.",
        set: |s, value| put_some(&mut s.process.privileges.user, text(value)),
        ..ROW
    },
    Setting {
        word: "group",
        uwsgi: &["gid", "immediate-gid"],
        uwsgi_value: OptionValue::Protects,
        value: "GROUP",
        help: "Started as root: run as this group instead of the one that --user has (name or number)",
        set: |s, value| put_some(&mut s.process.privileges.group, text(value)),
        ..ROW
    },
    Setting {
        word: "add-group",
        uwsgi: &["add-gid"],
        uwsgi_value: OptionValue::Protects,
        takes: Takes::List,
        value: "GROUP",
        help: "Started as root: run as a member of this group too (repeatable)",
        set: |s, value| add(&mut s.process.privileges.further_groups, text(value)),
        ..ROW
    },
    Setting {
        word: "no-initgroups",
        uwsgi: &["no-initgroups"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Without the supplementary groups of --user",
        set: |s, value| put(&mut s.process.privileges.no_initgroups, switch(value)),
        ..ROW
    },
    Setting {
        word: "chroot",
        uwsgi: &["chroot"],
        uwsgi_value: OptionValue::Protects,
        value: "DIR",
        help: "Started as root: make DIR the root folder once sockets, logs and keys are open",
        more: "The application, Python and folders that are served are absolute paths inside DIR; certificates, keys, \
               logs, the pid file and sockets are outside. An application needs Python, its libraries \
               and /dev/null inside. Settings files are not read again on a reload.",
        set: |s, value| put_some(&mut s.process.privileges.chroot, absolute(value)),
        ..ROW
    },
    Setting {
        word: "umask",
        uwsgi: &["umask"],
        uwsgi_value: OptionValue::Protects,
        value: "MASK",
        help: "Permission bits that new files of the server and of the application do not get, in octal",
        set: |s, value| put_some(&mut s.process.umask, parsed(value).map(|Mode(bits)| bits)),
        ..ROW
    },
    Setting {
        word: "limit-as",
        uwsgi: &["limit-as"],
        uwsgi_value: OptionValue::Limit,
        value: "MIB",
        default: "no limit",
        help: "Largest address space of each worker, in MiB; what needs more gets MemoryError",
        needs_restart: false,
        scope: Scope::Site,
        set: |s, value| {
            let bytes = u64::from(number(value)?) << 20;
            s.worker.address_space = (bytes > 0).then_some(bytes);
            Ok(())
        },
        ..ROW
    },
    Setting {
        word: "max-fd",
        uwsgi: &["max-fd"],
        uwsgi_value: OptionValue::Number,
        value: "N",
        default: "as many as the system allows",
        help: "Open files that the server and each worker may have",
        set: |s, value| put_some(&mut s.server.max_open_files, number(value).map(u64::from)),
        ..ROW
    },
    Setting {
        word: "flock",
        uwsgi: &["flock", "flock2"],
        takes: Takes::Joined,
        value: "FILE",
        help: "Lock FILE before anything else (repeatable); do not start if another process has locked it",
        set: |s, value| add(&mut s.process.locks, absolute(value).map(|path| (path, false))),
        ..ROW
    },
    Setting {
        word: "flock-wait",
        uwsgi: &["flock-wait", "flock-wait2"],
        takes: Takes::Joined,
        value: "FILE",
        help: "The same, and wait until it is free",
        set: |s, value| add(&mut s.process.locks, absolute(value).map(|path| (path, true))),
        ..ROW
    },
    Setting {
        word: "exit-on-reload",
        uwsgi: &["exit-on-reload"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Stop where a reload is asked for; a service manager starts the server again",
        set: |s, value| put(&mut s.process.exits_on_reload, switch(value)),
        ..ROW
    },
];
