//! One server for each option file of a folder.

use std::time::Duration;

use super::set::{absolute, add, number, put, put_some, span, switch, text};
use crate::config::emperor::{folder_or_pattern, stats_address};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Setting, Takes};

const ROW: Setting = Setting { heading: "Emperor", needs_restart: true, ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "emperor",
        uwsgi: &["emperor"],
        takes: Takes::List,
        value: "DIR|PATTERN",
        help: "Start one server for each option file of a folder or pattern (repeatable), and serve nothing else",
        more: "Files end in .ini, .yaml, .yml, .json, .js or .xml and do not begin with a dot. A server is started when its \
               file appears, reloaded when the file is touched, restarted when its settings need that, and stopped when \
               the file goes. One that ends is started again; while it does not start, the pauses grow. HUP reloads all \
               servers; they end with the emperor.",
        set: |s, value| {
            add(&mut s.process.emperor.places, text(value).and_then(|text| folder_or_pattern(&text)))
        },
        ..ROW
    },
    Setting {
        word: "emperor-tyrant",
        uwsgi: &["emperor-tyrant"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Started as root: each server runs as the owner and group of its file; files of root's are left alone",
        set: |s, value| put(&mut s.process.emperor.is_tyrant, switch(value)),
        ..ROW
    },
    Setting {
        word: "emperor-freq",
        uwsgi: &["emperor-freq"],
        uwsgi_value: OptionValue::Number,
        value: "SECONDS",
        default: "3",
        help: "How often the files are looked at",
        set: |s, value| {
            put(
                &mut s.process.emperor.frequency,
                span(value).map(|span| span.max(Duration::from_millis(100))),
            )
        },
        ..ROW
    },
    Setting {
        word: "emperor-throttle",
        uwsgi: &["emperor-throttle"],
        uwsgi_value: OptionValue::Number,
        value: "MILLISECONDS",
        default: "1000",
        help: "How much longer each pause is than the one before, while a server does not start",
        set: |s, value| {
            put(
                &mut s.process.emperor.throttle,
                number(value).map(|count| Duration::from_millis(count.into())),
            )
        },
        ..ROW
    },
    Setting {
        word: "emperor-max-throttle",
        uwsgi: &["emperor-max-throttle"],
        uwsgi_value: OptionValue::Number,
        value: "SECONDS",
        default: "180",
        help: "The longest of these pauses",
        set: |s, value| put(&mut s.process.emperor.longest_pause, span(value)),
        ..ROW
    },
    Setting {
        word: "emperor-stats",
        uwsgi: &["emperor-stats", "emperor-stats-server"],
        value: "ADDRESS",
        help: "Show what the emperor knows of its servers: JSON for each connection to ADDRESS:PORT or to a unix socket",
        set: |s, value| {
            put_some(&mut s.process.emperor.stats, text(value).and_then(|text| stats_address(&text)))
        },
        ..ROW
    },
    Setting {
        word: "emperor-nofollow",
        uwsgi: &["emperor-nofollow"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "A file that is a symbolic link is touched when the link is",
        set: |s, value| put(&mut s.process.emperor.is_nofollow, switch(value)),
        ..ROW
    },
    Setting {
        word: "emperor-tyrant-nofollow",
        uwsgi: &["emperor-tyrant-nofollow"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "With --emperor-tyrant: a symbolic link is served as the owner of the link",
        set: |s, value| put(&mut s.process.emperor.is_tyrant_nofollow, switch(value)),
        ..ROW
    },
    Setting {
        word: "vassal-set",
        uwsgi: &["vassal-set", "vassals-set"],
        takes: Takes::List,
        value: "NAME=VALUE",
        help: "A placeholder for all files of the emperor (repeatable)",
        set: |s, value| add(&mut s.process.emperor.placeholders, text(value)),
        ..ROW
    },
    Setting {
        word: "vassals-inherit",
        uwsgi: &["vassals-inherit"],
        takes: Takes::List,
        value: "FILE",
        help: "An option file that all files of the emperor inherit from (repeatable)",
        set: |s, value| add(&mut s.process.emperor.inherited, absolute(value)),
        ..ROW
    },
    Setting {
        word: "vassals-include",
        uwsgi: &["vassals-include"],
        takes: Takes::List,
        value: "FILE",
        help: "An option file that all files of the emperor include (repeatable)",
        set: |s, value| add(&mut s.process.emperor.included, absolute(value)),
        ..ROW
    },
];
