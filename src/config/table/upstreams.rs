//! Servers behind this one.

use super::set::{add, parsed};
use crate::config::setting::{Scope, Setting, Takes};
use crate::config::values::Mount;

const ROW: Setting = Setting { heading: "Application", scope: Scope::Content, ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[Setting {
    word: "upstream-root",
    takes: Takes::List,
    value: "/PATH=FOLDER",
    help: "Where the upstream by fcgi at this path has its PHP files (repeatable): those that are in the folder are run, \
           index.php for a folder, and other files are served; --try-files /index.php answers for what is missing",
    more: "SCRIPT_FILENAME is the folder and the path, so both servers must see the folder at the same place. A path is \
           split behind a file that ends with .php, and the rest is PATH_INFO. Nothing outside of the folder is run or \
           served, no name that begins with a dot, and no source code (.inc, .php.bak).",
    set: |s, value| {
        add(&mut s.server.site.upstream_roots, parsed(value).map(|Mount { prefix, folder }| (prefix, folder)))
    },
    ..ROW
}];
