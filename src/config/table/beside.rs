//! What runs beside the server, and at moments of its life.

use super::set::{add, parsed, put, switch, text};
use crate::config::attached_daemon::AttachedDaemon;
use crate::config::hook::{HookPhase, PhasedHook};
use crate::config::option_word::OptionValue;
use crate::config::setting::{Setting, Takes};

const ROW: Setting =
    Setting { heading: "Beside the server", takes: Takes::Joined, needs_restart: true, ..Setting::NEW };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        word: "attach-daemon",
        uwsgi: &["attach-daemon"],
        value: "COMMAND",
        help: "Run COMMAND beside the server (repeatable): as the user of --user, started again when it ends, ended with \
               the server",
        more: "It starts when the application is loaded, in the folder of --chdir with the variables of --env. When it \
               ends, it is started again; after short lives the pauses grow. A reload restarts it. At the end it gets \
               TERM, and is killed after --graceful-timeout; it also ends when the server is killed.",
        set: |s, value| add(&mut s.process.daemons, text(value).map(|command| AttachedDaemon::new(&command))),
        ..ROW
    },
    Setting {
        word: "attach-control-daemon",
        uwsgi: &["attach-control-daemon"],
        value: "COMMAND",
        help: "As --attach-daemon, and the server stops when COMMAND ends",
        set: |s, value| {
            let control =
                |command: String| AttachedDaemon { is_control: true, ..AttachedDaemon::new(&command) };
            add(&mut s.process.daemons, text(value).map(control))
        },
        ..ROW
    },
    Setting {
        word: "attach-daemon2",
        uwsgi: &["attach-daemon2"],
        value: "KEY=VALUE,...",
        help: "As --attach-daemon, in detail: cmd, pidfile, freq, control, daemonize, touch, stopsignal, reloadsignal, \
               stdin, uid, gid, chdir, max_throttle, notifypid",
        set: |s, value| add(&mut s.process.daemons, parsed(value)),
        ..ROW
    },
    Setting {
        word: "smart-attach-daemon",
        uwsgi: &["smart-attach-daemon"],
        value: "PIDFILE[,SECONDS] COMMAND",
        help: "Run COMMAND unless the process in PIDFILE runs; it goes into the background by itself, and goes on when \
               the server ends",
        set: |s, value| {
            add(&mut s.process.daemons, text(value).and_then(|text| AttachedDaemon::smart(&text)))
        },
        ..ROW
    },
    Setting {
        word: "smart-attach-daemon2",
        uwsgi: &["smart-attach-daemon2"],
        value: "PIDFILE[,SECONDS] COMMAND",
        help: "The same for a COMMAND that stays in the foreground: certkit writes PIDFILE",
        set: |s, value| {
            let daemon = text(value).and_then(|text| AttachedDaemon::smart(&text));
            add(&mut s.process.daemons, daemon.map(|daemon| AttachedDaemon { is_daemonized: true, ..daemon }))
        },
        ..ROW
    },
    Setting {
        word: "daemons-honour-stdin",
        uwsgi: &["daemons-honour-stdin"],
        uwsgi_value: OptionValue::Switch,
        takes: Takes::Switch,
        help: "Commands beside the server read the server's standard input instead of /dev/null",
        set: |s, value| put(&mut s.process.daemons_have_stdin, switch(value)),
        ..ROW
    },
    Setting {
        word: "hook",
        value: "PHASE ACTION:ARGUMENT",
        help: "Do something at a moment of the server's life (repeatable), for example `pre-app exec:./migrate`; the \
               server does not start when it fails",
        more: "Phases, in the order of a start: asap, pre-jail and in-jail (with the rights of the start), as-root and \
               as-user (if started as root: before and after the rights are given up), pre-app and post-app (also at a \
               reload), post-fork (in each worker), master-start, as-user-atexit (at the end). Actions: exec, safeexec (it may fail), mkdir, create, write, append, unlink, \
               print, and in post-fork chdir. They have the variables of --env, and from pre-app on run in the folder of \
               --chdir.",
        set: |s, value| {
            let hook: PhasedHook = parsed(value)?;
            match hook.phase {
                HookPhase::PostFork => s.worker.post_fork.push(hook.action.to_string()),
                _ => s.process.hooks.push(hook),
            }
            Ok(())
        },
        ..ROW
    },
];
