//! Limits, buffers, logs, and the settings themselves.

use super::set::{absolute, add, memory, parsed, path_prefix, put, put_some, size, size_or_any, span};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Scope, Setting, Takes};

const LIMITS: Setting = Setting { heading: "Limits", ..Setting::NEW };
const BUFFERS: Setting = Setting { heading: "Buffers", needs_restart: true, ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "limit-post",
        uwsgi: &["limit-post"],
        uwsgi_value: OptionValue::Limit,
        value: "SIZE",
        default: "1g",
        help: "Largest request body; larger ones get status 413; 0 for no limit",
        more: "An option file of uWSGI without limit-post means no limit, as in uWSGI.",
        scope: Scope::Site,
        set: |s, value| put(&mut s.server.limits.limit_post, size_or_any(value)),
        ..LIMITS
    },
    Setting {
        word: "post-buffering",
        uwsgi: &["post-buffering"],
        uwsgi_value: OptionValue::Number,
        value: "SIZE",
        default: "64k",
        help: "Request bodies are complete before the application is called; what is beyond this size waits in a \
               temporary file",
        scope: Scope::Site,
        set: |s, value| put(&mut s.server.limits.post_buffering, memory(value)),
        ..LIMITS
    },
    Setting {
        word: "buffer-size",
        short: Some('b'),
        uwsgi: &["buffer-size"],
        uwsgi_value: OptionValue::Number,
        value: "SIZE",
        default: "65535",
        help: "Behind a front server: largest request head (all variables together); larger ones get status 431",
        set: |s, value| put(&mut s.server.limits.buffer_size, memory(value)),
        ..LIMITS
    },
    Setting {
        word: "header-timeout",
        value: "SECONDS",
        default: "10",
        help: "Time to receive the request line and headers",
        set: |s, value| put(&mut s.server.limits.header_timeout, span(value)),
        ..LIMITS
    },
    Setting {
        word: "body-timeout",
        uwsgi: &["http-timeout", "socket-timeout"],
        uwsgi_value: OptionValue::Seconds,
        value: "SECONDS",
        default: "10",
        help: "Longest pause within a request body",
        scope: Scope::Site,
        set: |s, value| put(&mut s.server.limits.body_timeout, span(value)),
        ..LIMITS
    },
    Setting {
        word: "keepalive",
        value: "SECONDS",
        default: "60",
        help: "Close idle connections after SECONDS",
        set: |s, value| put(&mut s.server.limits.keepalive, span(value)),
        ..LIMITS
    },
    Setting {
        word: "graceful-timeout",
        uwsgi: &["reload-mercy", "worker-reload-mercy"],
        uwsgi_value: OptionValue::Seconds,
        value: "SECONDS",
        default: "30",
        help: "Time for running requests to finish when the server stops, or in old workers after HUP",
        needs_restart: true,
        set: |s, value| put(&mut s.server.graceful_timeout, span(value)),
        ..LIMITS
    },
    Setting {
        word: "buffer-memory",
        value: "SIZE",
        default: "64m",
        help: "Memory for all request and response bodies together that wait for slow clients or for workers",
        set: |s, value| put(&mut s.server.buffers.memory, memory(value)),
        ..BUFFERS
    },
    Setting {
        word: "buffer-file",
        value: "SIZE",
        default: "1g",
        help: "Space for one response in the temporary file, when its client is slower than the application; \
               beyond it, the application waits",
        set: |s, value| put(&mut s.server.buffers.file, size(value)),
        ..BUFFERS
    },
    Setting {
        word: "buffer-dir",
        value: "FOLDER",
        default: "$TMPDIR, then /tmp",
        help: "Folder of the temporary file for request and response bodies. On a tmpfs, as /tmp often is, they take \
               memory",
        set: |s, value| put_some(&mut s.server.buffers.folder, absolute(value)),
        ..BUFFERS
    },
    Setting {
        word: "no-buffering",
        takes: Takes::List,
        value: "/PATH",
        help: "Do not buffer below this path (repeatable): responses are sent as they are made, and request bodies \
               beyond --post-buffering are read from the client. Responses with text/event-stream or \
               X-Accel-Buffering: no are never buffered",
        needs_restart: false,
        scope: Scope::Site,
        set: |s, value| add(&mut s.server.site.unbuffered, path_prefix(value)),
        ..BUFFERS
    },
    Setting {
        word: "access-log",
        environment: Some("CERTKIT_ACCESS_LOG"),
        value: "TARGET|off",
        default: "-; off with --quiet",
        help: "Write the access log to a file, to standard error (-), or nowhere (off); also to what --log-file can name",
        heading: "Logs",
        needs_restart: true,
        set: |s, value| put(&mut s.server.access_log, parsed(value)),
        ..Setting::NEW
    },
    Setting {
        word: "log-format",
        aliases: &["logformat"],
        uwsgi: &["log-format", "logformat"],
        value: "FORMAT",
        default: "combined",
        help: "Format of the access log: combined, json, or text with uWSGI's variables, such as \
               '%(addr) %(method) %(uri) %(status) %(msecs)'",
        heading: "Logs",
        needs_restart: true,
        set: |s, value| put(&mut s.server.log_format, parsed(value)),
        ..Setting::NEW
    },
    Setting {
        word: "show-config",
        takes: Takes::Optional("ini"),
        value: "ini|toml",
        help: "Print the settings in use and exit: as uWSGI prints them (ini), or as a certkit.toml with the same \
               settings (toml) [without a word: ini]",
        heading: "Settings",
        only_flag: true,
        set: |s, value| put_some(&mut s.show_config, parsed(value)),
        ..Setting::NEW
    },
];
