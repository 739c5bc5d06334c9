//! What is believed of front servers.

use super::set::{add, parsed, put, put_some, switch};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Setting, Takes};
use crate::config::values::{UrlScheme, UwsgiVariable};

const ROW: Setting = Setting { heading: "Front servers", ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "trust-proxy",
        takes: Takes::List,
        value: "NETWORK",
        separator: Some(','),
        help: "Believe X-Forwarded-For and X-Forwarded-Proto from here: an address, a network such as 10.0.0.0/8, or unix: \
               for unix sockets (repeatable)",
        set: |s, value| add(&mut s.server.trust.proxies, parsed(value)),
        ..ROW
    },
    Setting {
        word: "trust-forwarded",
        takes: Takes::Switch,
        help: "Believe them on uwsgi, fcgi, scgi and ajp listeners too",
        set: |s, value| put(&mut s.server.trust.forwarded, switch(value)),
        ..ROW
    },
    Setting {
        word: "proxy-protocol",
        uwsgi: &["enable-proxy-protocol", "http-enable-proxy-protocol"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Connections from --trust-proxy begin with a PROXY header, which names the client",
        set: |s, value| put(&mut s.server.trust.proxy_protocol, switch(value)),
        ..ROW
    },
    Setting {
        word: "allow-uwsgi-vars",
        takes: Takes::List,
        value: "NAME",
        separator: Some(','),
        help: "Pass this variable UWSGI_... of a front server on to the application (repeatable)",
        more: "UWSGI_SCHEME and UWSGI_APPID are always obeyed. Those that let a request choose what runs in uWSGI are never: \
               anyone who can write to the socket could run code.",
        set: |s, value| {
            add(&mut s.server.trust.uwsgi_variables, parsed(value).map(|UwsgiVariable(name)| name))
        },
        ..ROW
    },
    Setting {
        word: "scheme",
        value: "SCHEME",
        help: "All requests came by http, or all by https, whatever a front server says",
        set: |s, value| {
            put_some(
                &mut s.server.trust.is_https,
                parsed(value).map(|scheme: UrlScheme| scheme == UrlScheme::Https),
            )
        },
        ..ROW
    },
];
