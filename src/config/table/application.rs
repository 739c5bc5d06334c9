//! The application, how it runs, and what is served beside it.

use super::environment::{folder_variables, unset};
use super::set::{absolute, add, count, number, parsed, path, program, put, put_some, span, switch, text};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Scope, Setting, Takes};
use crate::config::values::Variable;

const ROW: Setting = Setting { heading: "Application", scope: Scope::Site, ..Setting::NEW };
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
        scope: Scope::Content,
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
        scope: Scope::Content,
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
        scope: Scope::Content,
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
        scope: Scope::Content,
        ..ROW
    },
    Setting {
        word: "mount",
        takes: Takes::List,
        value: "/PREFIX=APP",
        help: "Serve another application below a path, which becomes its SCRIPT_NAME (repeatable)",
        more: "Each application has its own --workers, which load, are replaced and die apart from the others. The longest \
               prefix that ends at a slash of the path counts. Without APP, other paths get status 404. id:NAME=APP is \
               an application that a front server chooses with UWSGI_APPID.",
        set: |s, value| add(&mut s.mounts, parsed(value)),
        scope: Scope::Content,
        ..ROW
    },
    Setting {
        word: "mount-by",
        value: "WHAT",
        default: "path",
        help: "What chooses an application of --mount: its prefix in the `path`; the `script-name` that a front server \
               sends, which must be the prefix; or its UWSGI_APPID alone, `appid`",
        more: "With the last two, SCRIPT_NAME and PATH_INFO stay as the front server sends them, which is uWSGI's way \
               without manage-script-name. Its way with that is `path-info`: as `path`, and the folders of --static are \
               below each application too.",
        hidden_by: &["mount"],
        set: |s, value| put(&mut s.server.site.mount_choice, parsed(value)),
        scope: Scope::Content,
        ..ROW
    },
    Setting {
        word: "default-mount",
        takes: Takes::Switch,
        help: "Without APP, the first application of --mount also gets what is for none of them, as in uWSGI",
        hidden_by: &["mount"],
        set: |s, value| put(&mut s.server.site.default_mount, switch(value)),
        scope: Scope::Content,
        ..ROW
    },
    Setting {
        word: "workers",
        short: Some('p'),
        aliases: &["processes"],
        uwsgi: &["processes", "workers"],
        uwsgi_value: OptionValue::Limit,
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
        uwsgi_value: OptionValue::Count("1"),
        environment: Some("CERTKIT_THREADS"),
        value: "N",
        default: "4",
        help: "Threads per worker process",
        set: |s, value| put(&mut s.worker.threads, count(value)),
        ..ROW
    },
    Setting {
        word: "request-timeout",
        aliases: &["harakiri"],
        uwsgi: &["harakiri"],
        uwsgi_value: OptionValue::TimeLimit,
        value: "SECONDS",
        default: "0; no limit",
        help: "Longest time that the application may hold a thread for a request: then the client gets status 504, \
               and the worker is replaced",
        more: "Its other requests have --graceful-timeout to finish; the stacks of its threads are logged. Time in \
               which the request waits for a worker or for its client does not count, and each piece of a streamed \
               response begins it anew.",
        set: |s, value| put(&mut s.worker.limits.request_timeout, span(value)),
        ..ROW
    },
    Setting {
        word: "request-grace",
        uwsgi: &["harakiri-graceful-timeout"],
        uwsgi_value: OptionValue::Number,
        value: "SECONDS",
        default: "that of --graceful-timeout",
        help: "With --request-timeout: time for the other requests of the worker to finish",
        set: |s, value| put_some(&mut s.worker.limits.request_grace, span(value)),
        ..ROW
    },
    Setting {
        word: "max-requests",
        uwsgi: &["max-requests"],
        uwsgi_value: OptionValue::Limit,
        value: "N",
        default: "0; no limit",
        help: "Replace a worker when it has had N requests; its successor has loaded the application before it stops",
        set: |s, value| put(&mut s.worker.limits.max_requests, number(value).map(u64::from)),
        ..ROW
    },
    Setting {
        word: "max-requests-delta",
        uwsgi: &["max-requests-delta"],
        uwsgi_value: OptionValue::Number,
        value: "N",
        default: "0",
        help: "Each worker has N requests more than the one before, so that not all are replaced at once",
        set: |s, value| put(&mut s.worker.limits.max_requests_delta, number(value).map(u64::from)),
        ..ROW
    },
    Setting {
        word: "max-worker-lifetime",
        uwsgi: &["max-worker-lifetime"],
        uwsgi_value: OptionValue::TimeLimit,
        value: "SECONDS",
        default: "0; no limit",
        help: "Replace a worker when it has served for SECONDS",
        set: |s, value| put(&mut s.worker.limits.max_lifetime, span(value)),
        ..ROW
    },
    Setting {
        word: "max-worker-lifetime-delta",
        uwsgi: &["max-worker-lifetime-delta"],
        uwsgi_value: OptionValue::Number,
        value: "SECONDS",
        default: "0",
        help: "Each worker serves SECONDS longer than the one before, so that not all are replaced at once",
        set: |s, value| put(&mut s.worker.limits.max_lifetime_delta, span(value)),
        ..ROW
    },
    Setting {
        word: "min-worker-lifetime",
        uwsgi: &["min-worker-lifetime"],
        uwsgi_value: OptionValue::Seconds,
        value: "SECONDS",
        default: "60",
        help: "Do not replace a worker before it has served for SECONDS, whatever --max-requests, \
               --max-worker-lifetime and --reload-on-rss say",
        set: |s, value| put(&mut s.worker.limits.min_lifetime, span(value)),
        ..ROW
    },
    Setting {
        word: "reload-on-rss",
        uwsgi: &["reload-on-rss"],
        uwsgi_value: OptionValue::Limit,
        value: "MIB",
        default: "0; no limit",
        help: "Replace a worker whose resident memory has reached MIB",
        set: |s, value| put(&mut s.worker.limits.max_memory, number(value).map(u64::from)),
        ..ROW
    },
    Setting {
        word: "evil-reload-on-rss",
        uwsgi: &["evil-reload-on-rss"],
        uwsgi_value: OptionValue::Limit,
        value: "MIB",
        default: "0; no limit",
        help: "Kill a worker whose resident memory has reached MIB, with the requests that it has, and start another",
        set: |s, value| put(&mut s.worker.limits.kill_memory, number(value).map(u64::from)),
        ..ROW
    },
    Setting {
        word: "reload-on-as",
        uwsgi: &["reload-on-as"],
        uwsgi_value: OptionValue::Number,
        value: "MIB",
        default: "0; no limit",
        help: "Replace a worker whose address space has reached MIB",
        set: |s, value| put(&mut s.worker.limits.max_address_space, number(value).map(u64::from)),
        ..ROW
    },
    Setting {
        word: "evil-reload-on-as",
        uwsgi: &["evil-reload-on-as"],
        uwsgi_value: OptionValue::Number,
        value: "MIB",
        default: "0; no limit",
        help: "Kill a worker whose address space has reached MIB, with the requests that it has, and start another",
        set: |s, value| put(&mut s.worker.limits.kill_address_space, number(value).map(u64::from)),
        ..ROW
    },
    Setting {
        word: "reload-on-exception",
        uwsgi: &["reload-on-exception"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Replace a worker when the application has raised an exception",
        set: |s, value| put(&mut s.worker.limits.replaces_failed, switch(value)),
        ..ROW
    },
    Setting {
        word: "cheaper",
        uwsgi: &["cheaper"],
        uwsgi_value: OptionValue::Number,
        value: "N",
        default: "0; as many as --workers",
        help: "Least number of workers: as many as the requests need are there, between N and --workers",
        more: "One more when the workers have no thread left, one less after 10 s in which fewer would have done. \
               The policies of uWSGI's cheaper-algo all mean this.",
        set: |s, value| put(&mut s.worker.cheaper.least, number(value).map(|count| count as usize)),
        ..ROW
    },
    Setting {
        word: "cheaper-initial",
        uwsgi: &["cheaper-initial"],
        uwsgi_value: OptionValue::Number,
        value: "N",
        default: "0; that of --cheaper",
        help: "Number of workers at the start, with --cheaper",
        set: |s, value| put(&mut s.worker.cheaper.initial, number(value).map(|count| count as usize)),
        ..ROW
    },
    Setting {
        word: "cheaper-step",
        uwsgi: &["cheaper-step"],
        uwsgi_value: OptionValue::Count("1"),
        value: "N",
        default: "1",
        help: "Number of workers that are started at once, with --cheaper",
        set: |s, value| put(&mut s.worker.cheaper.step, count(value)),
        ..ROW
    },
    Setting {
        word: "gevent",
        uwsgi: &["gevent"],
        uwsgi_value: OptionValue::Count(""),
        value: "N",
        help: "Run up to N requests at once in each worker, as greenlets of gevent in one thread (the application's \
               Python must have it)",
        set: |s, value| put_some(&mut s.worker.greenlets, count(value)),
        ..ROW
    },
    Setting {
        word: "gevent-monkey-patch",
        uwsgi: &["gevent-monkey-patch", "gevent-early-monkey-patch"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "With --gevent: call gevent.monkey.patch_all() before the application is loaded",
        set: |s, value| put(&mut s.worker.monkey_patch, switch(value)),
        ..ROW
    },
    Setting {
        word: "reload-on-change",
        uwsgi: &["py-autoreload", "python-auto-reload", "py-auto-reload", "python-autoreload"],
        uwsgi_value: OptionValue::Seconds,
        takes: Takes::Optional("1"),
        value: "SECONDS",
        default: "0; never",
        help: "For development: look every SECONDS whether a file of a loaded module has changed, and reload then \
               [without a number: 1]",
        set: |s, value| put(&mut s.worker.reload_on_change, span(value)),
        ..ROW
    },
    Setting {
        word: "catch-exceptions",
        uwsgi: &["catch-exceptions"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "For development: show clients on this machine the traceback of an exception",
        more: "Not through a proxy, even one on this machine: a request with X-Forwarded-For, Forwarded, X-Real-IP or Via \
               is answered with status 500 alone, as all others are.",
        set: |s, value| put(&mut s.worker.shows_exceptions, switch(value)),
        ..ROW
    },
    Setting {
        word: "reload-ignore",
        uwsgi: &["py-auto-reload-ignore"],
        takes: Takes::List,
        value: "MODULE",
        help: "With --reload-on-change: a module whose changes do not count (repeatable)",
        set: |s, value| add(&mut s.worker.reload_ignored, text(value)),
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
        word: "chdir2",
        uwsgi: &["chdir2"],
        value: "FOLDER",
        help: "Folder to change to once the application is loaded",
        set: |s, value| put_some(&mut s.worker.chdir_after, path(value)),
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
        uwsgi_value: OptionValue::Pair,
        takes: Takes::Joined,
        value: "NAME=VALUE",
        help: "Environment variable for the application (repeatable)",
        set: |s, value| add(&mut s.worker.env, parsed(value).map(|Variable { name, value }| (name, value))),
        ..ROW
    },
    Setting {
        word: "envdir",
        uwsgi: &["envdir"],
        takes: Takes::Joined,
        value: "DIR",
        help: "Environment variables for the application from a folder (repeatable): each file is one, an empty file \
               removes one",
        set: |s, value| {
            for (name, value) in folder_variables(&path(value)?)? {
                match value {
                    Some(value) => s.worker.env.push((name, value)),
                    None => unset(&mut s.worker, name),
                }
            }
            Ok(())
        },
        ..ROW
    },
    Setting {
        word: "unenv",
        uwsgi: &["unenv"],
        takes: Takes::Joined,
        value: "NAME",
        help: "Environment variable that the application does not get (repeatable)",
        set: |s, value| {
            unset(&mut s.worker, text(value)?.into());
            Ok(())
        },
        ..ROW
    },
    Setting {
        word: "script-name",
        value: "PREFIX",
        help: "SCRIPT_NAME: the URL prefix of the application",
        set: |s, value| put_some(&mut s.server.site.script_name.forced, text(value)),
        scope: Scope::Content,
        ..ROW
    },
    Setting {
        word: "manage-script-name",
        uwsgi: &["manage-script-name"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Behind a front server: remove SCRIPT_NAME from PATH_INFO",
        set: |s, value| put(&mut s.server.site.script_name.manage, switch(value)),
        ..ROW
    },
    Setting {
        word: "upstream",
        takes: Takes::List,
        value: "/PATH=SCHEME://ADDRESS",
        help: "Forward requests below a path to other servers: http, https, uwsgi, suwsgi, fcgi, scgi, ajp (repeatable)",
        more: "With a slash behind the address, the servers get to see only what is below the path; gateway protocols \
               get it as SCRIPT_NAME. SCHEME+unix: names a socket. Several addresses, with commas between, share the \
               requests: the least busy one first, and one that fails is passed over for ten seconds.",
        set: |s, value| add(&mut s.server.site.upstreams, parsed(value)),
        scope: Scope::Content,
        ..ROW
    },
    Setting {
        word: "upstream-timeout",
        value: "SECONDS",
        default: "60",
        help: "How long an upstream may take to begin a response, and between two pieces of one",
        set: |s, value| put(&mut s.server.site.upstream_timeout, span(value)),
        ..ROW
    },
    Setting {
        word: "upstream-ca",
        value: "FILE",
        help: "Roots that verify upstreams by https, instead of the system's",
        set: |s, value| put_some(&mut s.server.site.upstream_ca, absolute(value)),
        ..ROW
    },
];
