//! Where the server listens, and how many connections it takes.

use super::set::{absolute, add, count, memory, number, parsed, put, put_some, switch, text};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Setting, Takes};
use crate::config::values::Mode;

const ROW: Setting = Setting { heading: "Listening", needs_restart: true, ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "listen",
        environment: Some("CERTKIT_LISTEN"),
        takes: Takes::List,
        value: "ADDRESS",
        separator: Some(' '),
        default: "https:127.0.0.1:8443",
        help: "Listen on [SCHEME[+unix|+fd]:]ADDRESS (repeatable); SCHEME is https, http, uwsgi, suwsgi, fcgi, scgi or ajp",
        more: "With +unix the address is a path, with +fd the number of a socket that was inherited. Sockets that a \
               service manager passes (LISTEN_FDS) are used for the addresses they are bound to. Started by mod_fcgid or \
               spawn-fcgi, without an address, it is fcgi+fd:0.",
        // As in uWSGI: digits only are the length of the accept queue.
        instead: Some(|value| value.to_str()?.parse::<u32>().ok().map(|_| "backlog")),
        set: |s, value| add(&mut s.server.listeners, parsed(value)),
        ..ROW
    },
    Setting {
        word: "redirect-http",
        value: "ADDRESS",
        help: "Redirect plain HTTP clients of this address to https",
        set: |s, value| put_some(&mut s.server.redirect_http, parsed(value)),
        ..ROW
    },
    Setting {
        word: "socket-mode",
        value: "MODE",
        default: "660; in option files of uWSGI what the umask leaves of 777",
        help: "Permission bits of unix sockets",
        set: |s, value| put(&mut s.server.socket_mode, parsed(value).map(|Mode(bits)| bits)),
        ..ROW
    },
    Setting {
        word: "socket-owner",
        uwsgi: &["chown-socket"],
        value: "USER[:GROUP]",
        help: "Owner of unix sockets; :GROUP alone is possible too",
        set: |s, value| put_some(&mut s.socket_owner, text(value)),
        ..ROW
    },
    Setting {
        word: "ajp-secret-file",
        value: "FILE",
        help: "File with the secret that requests by AJP must contain; without it, AJP listens on this machine only",
        needs_restart: false,
        set: |s, value| put_some(&mut s.server.ajp_secret_file, absolute(value)),
        ..ROW
    },
    Setting {
        word: "backlog",
        short: Some('l'),
        uwsgi: &["listen"],
        uwsgi_value: OptionValue::Number,
        value: "N",
        default: "1024",
        help: "Connections waiting to be accepted, per listener",
        set: |s, value| put(&mut s.server.backlog, number(value)),
        ..ROW
    },
    Setting {
        word: "reuse-port",
        uwsgi: &["reuse-port"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Share TCP addresses with other servers that do the same (SO_REUSEPORT)",
        set: |s, value| put(&mut s.server.sockets.reuse_port, switch(value)),
        ..ROW
    },
    Setting {
        word: "freebind",
        uwsgi: &["freebind"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Listen on addresses that this machine does not have yet (IP_FREEBIND)",
        set: |s, value| put(&mut s.server.sockets.freebind, switch(value)),
        ..ROW
    },
    Setting {
        word: "so-keepalive",
        uwsgi: &["so-keepalive"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Probe TCP connections on which nothing is sent (SO_KEEPALIVE)",
        set: |s, value| put(&mut s.server.sockets.keepalive, switch(value)),
        ..ROW
    },
    Setting {
        word: "socket-sndbuf",
        uwsgi: &["socket-sndbuf"],
        uwsgi_value: OptionValue::Number,
        value: "SIZE",
        default: "that of the system",
        help: "Send buffer of connections (SO_SNDBUF)",
        set: |s, value| put_some(&mut s.server.sockets.send_buffer, memory(value)),
        ..ROW
    },
    Setting {
        word: "socket-rcvbuf",
        uwsgi: &["socket-rcvbuf"],
        uwsgi_value: OptionValue::Number,
        value: "SIZE",
        default: "that of the system",
        help: "Receive buffer of connections (SO_RCVBUF)",
        set: |s, value| put_some(&mut s.server.sockets.receive_buffer, memory(value)),
        ..ROW
    },
    Setting {
        word: "max-connections",
        value: "N",
        default: "10000",
        help: "Concurrent connections; when all are taken, the longest idle ones are closed, and further ones wait",
        set: |s, value| put(&mut s.server.max_connections, count(value)),
        ..ROW
    },
    Setting {
        word: "max-connections-per-address",
        value: "N",
        default: "no limit",
        help: "Concurrent connections from one client address (IPv6: from one /64 network); further ones are closed",
        set: |s, value| put_some(&mut s.server.max_connections_per_address, count(value)),
        ..ROW
    },
    Setting {
        word: "front-threads",
        value: "N",
        default: "a quarter of the CPUs, at least 1",
        help: "Threads that handle connections and TLS",
        set: |s, value| put(&mut s.server.front_threads, count(value)),
        ..ROW
    },
];
