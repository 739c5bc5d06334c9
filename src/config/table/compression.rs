//! Content codings of responses.

use super::set::{put, switch};
use crate::config::setting::{Scope, Setting, Takes};

const ROW: Setting =
    Setting { heading: "Files, headers and rules", takes: Takes::Switch, scope: Scope::Site, ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "gzip",
        help: "Compress text of 1 KiB or more with gzip for clients that accept it",
        more: "Pages that contain both a secret and something that a stranger can choose show the secret by their \
               length when they are compressed (BREACH): see docs/responses.md.",
        set: |s, value| put(&mut s.server.site.compression.gzip, switch(value)),
        ..ROW
    },
    Setting {
        word: "zstd",
        help: "Compress text of 1 KiB or more with Zstandard for clients that accept it; with --gzip too, clients get \
               what they prefer, and Zstandard if they have no preference",
        set: |s, value| put(&mut s.server.site.compression.zstd, switch(value)),
        ..ROW
    },
];
