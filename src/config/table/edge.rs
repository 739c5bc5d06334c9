//! What happens to requests and responses on their way: header fields, files, rules.

use super::set::{absolute, add, parsed, put_some, text};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Scope, Setting, Takes};
use crate::config::values::Mount;
use crate::serve::field_name::CollectedField;
use crate::serve::file_options::TriedFolder;

const ROW: Setting =
    Setting { heading: "Files, headers and rules", takes: Takes::List, scope: Scope::Site, ..Setting::NEW };
/// Those of all layers count: a rule or header of a file is not lost because the command line has another one.
const JOINED: Setting = Setting { takes: Takes::Joined, ..ROW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "static",
        value: "/PATH=FOLDER",
        help: "Serve the files of a folder below a path (repeatable)",
        set: |s, value| {
            add(&mut s.server.site.folders, parsed(value).map(|Mount { prefix, folder }| (prefix, folder)))
        },
        scope: Scope::Content,
        ..ROW
    },
    Setting {
        word: "try-static",
        value: "/PATH=FOLDER",
        help: "As --static, but what is not a file there is left to the application; FOLDER may be one file (repeatable)",
        set: |s, value| add(&mut s.server.site.files.tried, tried(value, false)),
        scope: Scope::Content,
        ..ROW
    },
    Setting {
        word: "try-static-whole",
        value: "/PATH=FOLDER",
        help: "As --try-static, but the whole path is looked for in FOLDER, with /PATH at its beginning (repeatable)",
        set: |s, value| add(&mut s.server.site.files.tried, tried(value, true)),
        scope: Scope::Content,
        ..ROW
    },
    Setting {
        word: "static-root",
        takes: Takes::One,
        value: "FOLDER",
        help: "Serve the files of a folder at the root; with an application, what is not a file there is left to it",
        set: |s, value| put_some(&mut s.server.site.files.root, absolute(value)),
        scope: Scope::Content,
        ..ROW
    },
    Setting {
        word: "try-files",
        takes: Takes::Optional("/index.html"),
        value: "/PATH",
        help: "Without an application: the file that answers for all that are missing, as the page of a single-page \
               application [without a value: /index.html]",
        set: |s, value| put_some(&mut s.server.site.files.fallback, page(value)),
        scope: Scope::Content,
        ..ROW
    },
    Setting {
        word: "index",
        uwsgi: &["static-index"],
        value: "FILE",
        help: "File that is served for its folder (repeatable: the first one that is there); without this option \
               index.html, and none with --try-static",
        set: |s, value| add(&mut s.server.site.files.indexes, text(value)),
        ..ROW
    },
    Setting {
        word: "static-safe",
        uwsgi: &["static-safe"],
        uwsgi_value: OptionValue::FromChdir,
        value: "FOLDER",
        help: "Serve what symbolic links lead to below this folder; no other link may leave its folder (repeatable)",
        set: |s, value| add(&mut s.server.site.files.safe, absolute(value)),
        ..ROW
    },
    Setting {
        word: "static-skip-ext",
        uwsgi: &["static-skip-ext"],
        value: "ENDING",
        help: "Do not serve files whose name ends with this (repeatable)",
        set: |s, value| add(&mut s.server.site.files.skipped_endings, text(value)),
        ..ROW
    },
    Setting {
        word: "precompressed",
        value: "FILES",
        help: "Files with a compressed variant beside them (style.css.br, .zst, .gz), which clients that accept it get: \
               all, below:FOLDER, ending:TEXT or matching:REGEX (repeatable)",
        set: |s, value| add(&mut s.server.site.files.precompressed, parsed(value)),
        ..ROW
    },
    Setting {
        word: "expires",
        value: "/PATH=AGE",
        help: "Let clients keep files below a path for AGE: seconds, or 30m, 12h, 7d (repeatable)",
        more: "uWSGI's options for Expires become values of this setting: `file REGEX SECONDS`, `path ...`, `uri ...` and \
               `type TYPE=SECONDS`, with -mtime behind the first word where the time counts from the last change.",
        set: |s, value| add(&mut s.server.site.files.expiries, parsed(value)),
        ..ROW
    },
    Setting {
        word: "media-types",
        uwsgi: &["mimefile", "mime-file"],
        uwsgi_value: OptionValue::FromChdir,
        value: "FILE",
        help: "Media types by the endings of files, in the format of mime.types (repeatable)",
        set: |s, value| add(&mut s.server.site.files.media_type_files, absolute(value)),
        ..ROW
    },
    Setting {
        word: "header",
        uwsgi: &["add-header"],
        value: "NAME: VALUE",
        help: "Add a header field to every response (repeatable); `Connection: close` closes the connection behind it",
        set: |s, value| add(&mut s.server.site.added_fields, parsed(value)),
        ..JOINED
    },
    Setting {
        word: "remove-header",
        uwsgi: &["del-header", "rem-header"],
        value: "NAME",
        help: "Remove a header field of applications and files from every response (repeatable)",
        set: |s, value| add(&mut s.server.site.removed_fields, parsed(value)),
        ..JOINED
    },
    Setting {
        word: "collect-header",
        uwsgi: &["collect-header", "response-header-collect"],
        value: "NAME VARIABLE",
        help: "Let rules for responses read a header field as a variable (repeatable)",
        set: |s, value| add(&mut s.server.site.collected_fields, collected(value, false)),
        ..JOINED
    },
    Setting {
        word: "pull-header",
        uwsgi: &["pull-header"],
        value: "NAME VARIABLE",
        help: "As --collect-header, and clients do not get the field (repeatable)",
        set: |s, value| add(&mut s.server.site.collected_fields, collected(value, true)),
        ..JOINED
    },
    Setting {
        word: "rule",
        value: "RULE",
        help: "Rule of uWSGI's router, with its name and value: 'route ^/private break:403' (repeatable, in this order)",
        more: "See docs/rules.md. A rule that certkit does not have refuses the start: it may be one that denies access.",
        set: |s, value| add(&mut s.server.site.rules, parsed(value)),
        ..JOINED
    },
];

fn tried(value: &std::ffi::OsStr, keeps_prefix: bool) -> Result<TriedFolder, String> {
    parsed(value).map(|Mount { prefix, folder }| TriedFolder { prefix, path: folder, keeps_prefix })
}

/// The path of a page.
fn page(value: &std::ffi::OsStr) -> Result<String, String> {
    let path = text(value)?;
    if path.starts_with('/') { Ok(path) } else { Err("expected a path that begins with `/`".to_owned()) }
}

fn collected(value: &std::ffi::OsStr, is_pulled: bool) -> Result<CollectedField, String> {
    CollectedField::parse(&text(value)?, is_pulled).map_err(|error| error.to_string())
}
