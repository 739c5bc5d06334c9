//! The application, how it runs, and what is served beside it.

use super::set::{absolute, add, count, parsed, path, program, put, put_some, switch, text};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Setting, Takes};
use crate::config::values::{Mount, Variable};

const ROW: Setting = Setting { heading: "Application", ..Setting::NEW };
/// An application that is named above hides all of the one below.
const NAMES_IT: &[&str] = &["app", "wsgi-file", "module"];

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "app",
        takes: Takes::Argument,
        value: "APP",
        help: "The application: path.py[:callable] or pkg.mod[:callable], or an option file of uWSGI",
        hidden_by: NAMES_IT,
        set: |s, value| put_some(&mut s.app, text(value)),
        ..ROW
    },
    Setting {
        word: "wsgi-file",
        uwsgi: &["wsgi-file", "file"],
        value: "FILE",
        help: "Application as a file",
        conflicts: &["app", "module"],
        hidden_by: NAMES_IT,
        set: |s, value| put_some(&mut s.wsgi_file, path(value)),
        ..ROW
    },
    Setting {
        word: "module",
        short: Some('w'),
        uwsgi: &["module", "wsgi"],
        value: "MODULE",
        help: "Application as a module: pkg.mod[:callable]",
        conflicts: &["app"],
        hidden_by: NAMES_IT,
        set: |s, value| put_some(&mut s.module, text(value)),
        ..ROW
    },
    Setting {
        word: "callable",
        uwsgi: &["callable"],
        value: "NAME",
        default: "application",
        help: "Name of the callable",
        hidden_by: NAMES_IT,
        set: |s, value| put_some(&mut s.callable, text(value)),
        ..ROW
    },
    Setting {
        word: "workers",
        short: Some('p'),
        aliases: &["processes"],
        uwsgi: &["processes", "workers"],
        uwsgi_value: OptionValue::Number,
        environment: Some("CERTKIT_WORKERS"),
        value: "N",
        default: "number of CPUs, at most 8",
        help: "Worker processes",
        set: |s, value| put(&mut s.worker.workers, count(value)),
        ..ROW
    },
    Setting {
        word: "threads",
        uwsgi: &["threads"],
        uwsgi_value: OptionValue::Number,
        environment: Some("CERTKIT_THREADS"),
        value: "N",
        default: "4",
        help: "Threads per worker process",
        set: |s, value| put(&mut s.worker.threads, count(value)),
        ..ROW
    },
    Setting {
        word: "python",
        environment: Some("CERTKIT_PYTHON"),
        value: "PROGRAM",
        default: "from --virtualenv, then $VIRTUAL_ENV, then python3",
        help: "Python interpreter",
        set: |s, value| put_some(&mut s.worker.python, program(value)),
        ..ROW
    },
    Setting {
        word: "virtualenv",
        short: Some('H'),
        aliases: &["home", "venv"],
        uwsgi: &["virtualenv", "home", "venv", "pyhome"],
        uwsgi_value: OptionValue::FromChdir,
        value: "FOLDER",
        help: "Virtual environment to run in",
        set: |s, value| put_some(&mut s.worker.virtualenv, absolute(value)),
        ..ROW
    },
    Setting {
        word: "chdir",
        uwsgi: &["chdir"],
        value: "FOLDER",
        help: "Folder to run in; a file APP is relative to it",
        set: |s, value| put_some(&mut s.worker.chdir, path(value)),
        ..ROW
    },
    Setting {
        word: "pythonpath",
        aliases: &["pp", "python-path"],
        uwsgi: &["pythonpath", "python-path", "pp"],
        uwsgi_value: OptionValue::FromChdir,
        takes: Takes::List,
        value: "FOLDER",
        help: "Folder to import modules from, before all others (repeatable)",
        set: |s, value| add(&mut s.worker.pythonpath, absolute(value)),
        ..ROW
    },
    Setting {
        word: "env",
        uwsgi: &["env"],
        takes: Takes::Joined,
        value: "NAME=VALUE",
        help: "Environment variable for the application (repeatable)",
        set: |s, value| add(&mut s.worker.env, parsed(value).map(|Variable { name, value }| (name, value))),
        ..ROW
    },
    Setting {
        word: "script-name",
        value: "PREFIX",
        help: "SCRIPT_NAME: the URL prefix of the application",
        set: |s, value| put_some(&mut s.server.script_name.forced, text(value)),
        ..ROW
    },
    Setting {
        word: "manage-script-name",
        uwsgi: &["manage-script-name"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Behind a front server: remove SCRIPT_NAME from PATH_INFO",
        set: |s, value| put(&mut s.server.script_name.manage, switch(value)),
        ..ROW
    },
    Setting {
        word: "static",
        takes: Takes::List,
        value: "/PATH=FOLDER",
        help: "Serve the files of a folder below a path (repeatable)",
        set: |s, value| {
            add(&mut s.server.folders, parsed(value).map(|Mount { prefix, folder }| (prefix, folder)))
        },
        ..ROW
    },
];
