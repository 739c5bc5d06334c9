//! Words that certkit is going to do: until then the server starts without those that only make it comfortable.

use crate::config::option_word::{OptionWord, Support};

const fn not_yet(words: &'static str) -> OptionWord {
    OptionWord { words, support: Support::NotYet }
}

const fn refused(words: &'static str) -> OptionWord {
    OptionWord { words, support: Support::NotYetRefused }
}

pub(super) const NOT_YET: &[OptionWord] = &[
    // The life of workers.
    not_yet("harakiri-graceful-signal harakiri-queue-threshold"),
    not_yet("cheaper-rss-limit-soft cheaper-rss-limit-hard"),
    not_yet("idle cheap! die-on-idle!"),
    // The process.
    not_yet("logfile-chown!"),
    // Others may not read what is in it.
    refused("logfile-chmod"),
    // Sockets.
    refused("ssl-verify-depth?"),
    not_yet("tcp-fast-open tcp-fastopen"),
];
