//! `certkit acme` that is ended by a signal while an order is under way, and beside another run with the same hooks.

use std::fs;

use rustix::process::Signal;

use crate::harness::{Test, certkit, eventually};
use crate::pebble::Pebble;
use crate::process::Process;
use crate::testing::write_program;

/// A hook for dns-01 that notes what it is called for, and hangs when it is to show a record.
const HANGING: &str = "#!/bin/sh\necho dns $1 >> log\ncase $1 in present) touch hangs; while [ -e hangs ]; do sleep 0.1; done ;; esac\n";

fn lines(test: &Test) -> Vec<String> {
    fs::read_to_string(test.path("log")).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn start(test: &Test, pebble: &Pebble<'_>, name: &str) -> Process {
    write_program(&test.path("hang"), HANGING);
    let hooks = ["--pre-hook=echo pre >> log", "--post-hook=echo post >> log", "--dns-hook=./hang"];
    let args = ["acme", "obtain", "--agree-tos", name];
    Process::start(test, test.program(certkit()).args(args).args(hooks).args(pebble.server_args()))
}

#[test]
fn answers_are_removed_and_the_second_hook_runs() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    for (name, signal) in [("a.test", Signal::TERM), ("b.test", Signal::INT)] {
        let mut run = start(&test, &pebble, name);
        eventually("a record is to be shown", || test.path("hangs").exists().then_some(()));
        run.signal(signal);
        assert_eq!(run.wait().code(), Some(75), "{}", run.log());
        assert!(run.log().contains("stopped by a signal"), "{}", run.log());
        assert_eq!(lines(&test), ["pre", "dns present", "dns cleanup", "post"]);
        fs::remove_file(test.path("log")).unwrap();
        fs::remove_file(test.path("hangs")).unwrap();
    }
}

#[test]
fn two_processes_do_not_run_the_hooks_for_each_other() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let mut first = start(&test, &pebble, "a.test");
    eventually("a record is to be shown", || test.path("hangs").exists().then_some(()));
    let mut second = start(&test, &pebble, "b.test");
    second.wait_for_log("waiting for another certkit process");
    assert_eq!(lines(&test), ["pre", "dns present"]);
    first.signal(Signal::TERM);
    first.wait();
    eventually("the second begins", || (lines(&test).len() == 6).then_some(()));
    second.signal(Signal::TERM);
    second.wait();
    let each = ["pre", "dns present", "dns cleanup", "post"];
    assert_eq!(lines(&test), [each, each].concat());
}
