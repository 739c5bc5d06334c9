//! The words of uWSGI that are not the name of a setting: what becomes of each.
//!
//! To connect a word to something that certkit can do now: take it out of its row here, and put it into `uwsgi` of the
//! setting's row. A test refuses a word with two meanings.

mod accepted;
mod converted;
mod edge;
mod hooks;
mod listeners;
mod not_yet;
mod refused;

use crate::config::option_word::{OptionWord, Support};

/// What the readers obey. `inherit` and those before it name a file.
const READING: OptionWord = OptionWord {
    words: "include config inherit yml js xmlconfig set set-placeholder set-ph declare-option declare-option2 for \
            for-glob for-times for-readline if-opt if-not-opt if-env if-not-env ifenv if-file if-not-file if-dir \
            if-not-dir if-directory ifdir if-exists if-not-exists ifexists if-hostname if-not-hostname if-plugin \
            if-not-plugin ifplugin if-reload! if-not-reload! endif? end-if? endfor? end-for? exit? print iprint \
            show-config?",
    support: Support::Reading,
};

/// Every row.
pub fn option_words() -> impl Iterator<Item = &'static OptionWord> {
    let parts = [
        converted::CONVERTED,
        edge::EDGE,
        hooks::HOOKS,
        accepted::ACCEPTED,
        not_yet::NOT_YET,
        refused::REFUSED,
    ];
    std::iter::once(&READING).chain(parts.into_iter().flatten())
}
