//! The table of all settings of `serve`. From it come the options of the command line and their help, the keys of
//! `certkit.toml`, the environment variables, the words of option files, and docs/settings.md.
//!
//! A new setting is one row here and the field that it sets.

mod access;
mod application;
mod beside;
mod certificates;
mod compression;
mod edge;
mod emperor;
mod environment;
mod limits;
mod listening;
mod logs;
mod option_files;
mod process;
mod set;
mod sites;
mod stats;
mod trust;
mod upstreams;
mod uwsgi;

use super::setting::Setting;

pub use self::uwsgi::option_words;

/// Every setting, in the order of the help.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    let parts = [
        listening::SETTINGS,
        certificates::SETTINGS,
        application::SETTINGS,
        upstreams::SETTINGS,
        access::SETTINGS,
        edge::SETTINGS,
        compression::SETTINGS,
        sites::SETTINGS,
        process::SETTINGS,
        logs::SETTINGS,
        stats::SETTINGS,
        beside::SETTINGS,
        emperor::SETTINGS,
        trust::SETTINGS,
        limits::SETTINGS,
        option_files::SETTINGS,
    ];
    parts.into_iter().flatten()
}

/// The setting with this name as option and key.
pub fn named(word: &str) -> Option<&'static Setting> {
    settings().find(|setting| setting.is_named(word))
}
