//! Option files of uWSGI, and how strictly they are read.

use super::set::{put, switch};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Setting, Takes};

const ROW: Setting = Setting { heading: "uWSGI", only_flag: true, ..Setting::NEW };
/// Read before anything else, in the order of the command line.
const FILE: Setting = Setting { takes: Takes::List, value: "FILE[:SECTION]", ..ROW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "ini",
        uwsgi: &["ini"],
        help: "Read an option file of uWSGI, or `-` for standard input (repeatable). Every option of uWSGI can also be \
               typed, as --WORD VALUE",
        ..FILE
    },
    Setting { word: "yaml", uwsgi: &["yaml"], help: "Read an option file in YAML (repeatable)", ..FILE },
    Setting { word: "json", uwsgi: &["json"], help: "Read an option file in JSON (repeatable)", ..FILE },
    Setting { word: "xml", uwsgi: &["xml"], help: "Read an option file in XML (repeatable)", ..FILE },
    Setting {
        word: "strict",
        uwsgi: &["strict"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Refuse to start with options that uWSGI does not know either",
        set: |s, value| put(&mut s.strict, switch(value)),
        ..ROW
    },
    Setting {
        word: "lenient",
        takes: Takes::Switch,
        help: "Start without what certkit cannot do, except where that protects",
        conflicts: &["strict"],
        set: |s, value| put(&mut s.lenient, switch(value)),
        ..ROW
    },
];
