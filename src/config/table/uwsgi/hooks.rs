//! The words for hooks: each is `--hook` with its phase.

use crate::config::option_word::{Converted, OptionFacts, OptionWord, Support};

const PHASES: [&str; 10] = [
    "asap",
    "pre-jail",
    "in-jail",
    "as-root",
    "as-user",
    "pre-app",
    "post-app",
    "post-fork",
    "master-start",
    "as-user-atexit",
];

/// `hook-PHASE = ACTION:ARGUMENT`
fn hook<const PHASE: usize>(value: &str, _: &OptionFacts) -> Result<Converted, String> {
    Ok(Converted::one("hook", format!("{} {value}", PHASES[PHASE])))
}

/// `exec-PHASE = COMMAND`
fn exec<const PHASE: usize>(value: &str, facts: &OptionFacts) -> Result<Converted, String> {
    hook::<PHASE>(&format!("exec:{value}"), facts)
}

const fn does<const PHASE: usize>(words: &'static str) -> OptionWord {
    OptionWord { words, support: Support::Sets(hook::<PHASE>, "`--hook 'PHASE ACTION:ARGUMENT'`") }
}

const fn runs<const PHASE: usize>(words: &'static str) -> OptionWord {
    OptionWord { words, support: Support::Sets(exec::<PHASE>, "`--hook 'PHASE exec:COMMAND'`") }
}

pub(super) const HOOKS: &[OptionWord] = &[
    does::<0>("hook-asap"),
    does::<1>("hook-pre-jail"),
    does::<2>("hook-in-jail"),
    does::<3>("hook-as-root"),
    does::<4>("hook-as-user"),
    does::<5>("hook-pre-app"),
    does::<6>("hook-post-app"),
    does::<7>("hook-post-fork"),
    does::<8>("hook-master-start"),
    does::<9>("hook-as-user-atexit"),
    runs::<0>("exec-asap"),
    runs::<1>("exec-pre-jail"),
    runs::<2>("exec-in-jail"),
    runs::<3>("exec-as-root"),
    runs::<4>("exec-as-user"),
    runs::<5>("exec-pre-app"),
    runs::<6>("exec-post-app"),
    runs::<9>("exec-as-user-atexit"),
    // Those of systemd-nspawn's kind, which certkit refuses to do without.
    OptionWord {
        words: "exec-post-jail hook-post-jail",
        support: Support::Accepted("uWSGI runs it in a jail of its own (`unshare`, `setns`) only"),
    },
];
