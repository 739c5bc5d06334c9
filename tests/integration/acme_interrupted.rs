//! `certkit acme` that is ended by a signal while an order is under way, and beside another run with the same hooks.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::acme_front::{Class, Fault, Front};
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
    start_with(test, pebble, &[name])
}

fn start_with(test: &Test, pebble: &Pebble<'_>, what: &[&str]) -> Process {
    write_program(&test.path("hang"), HANGING);
    let hooks = ["--pre-hook=echo pre >> log", "--post-hook=echo post >> log", "--dns-hook=./hang"];
    let program = test.program(certkit()).args(["acme", "obtain", "--agree-tos"]).args(what).args(hooks);
    Process::start(test, program.args(pebble.server_args()).env("TMPDIR", test.path("tmp")))
}

#[test]
fn a_dry_run_that_is_stopped_leaves_no_answer_no_account_and_runs_the_second_hook() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    fs::create_dir(test.path("tmp")).unwrap();
    for signal in [Signal::TERM, Signal::INT] {
        let mut run = start_with(&test, &pebble, &["--dry-run", "a.test"]);
        eventually("a record is to be shown", || test.path("hangs").exists().then_some(()));
        assert_eq!(fs::read_dir(test.path("tmp")).unwrap().count(), 1, "its folder");
        run.signal(signal);
        assert_eq!(run.wait().code(), Some(2), "{}", run.log());
        assert!(run.log().contains("the dry run was stopped by a signal"), "{}", run.log());
        assert_eq!(lines(&test), ["pre", "dns present", "dns cleanup", "post"]);
        assert_eq!(fs::read_dir(test.path("tmp")).unwrap().count(), 0);
        assert!(!test.path("state/accounts").exists());
        fs::remove_file(test.path("log")).unwrap();
        fs::remove_file(test.path("hangs")).unwrap();
    }
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
fn answers_stay_until_the_server_has_looked() {
    for signal in [Signal::TERM, Signal::INT] {
        let test = Test::new();
        let Some(pebble) = Pebble::start(&test) else { return };
        let front = Front::start(&test, &pebble);
        // The server is slow, as far as the client sees.
        front.always(Class::Order, Fault::Edit(|order| order["status"] = "pending".into()));
        let mut run = Process::start(&test, front.program(&["a.test"]));
        run.wait_for_log("the server is checking 1 name");
        // The order is safe, however long all that follows takes.
        eventually("the validation", || (pebble.logged("set VALID") > 0).then_some(()));
        let begun = Instant::now();
        run.signal(signal);
        run.wait_for_log("stopping as soon as the server has looked for the answers");
        // As far as the client sees the server has not looked yet. It waits for that, 7 s at most.
        let is_answered = TcpStream::connect((Ipv4Addr::LOCALHOST, pebble.http_port)).is_ok();
        assert!(is_answered || begun.elapsed() >= Duration::from_secs(7), "{}", run.log());
        front.be_kind();
        assert_eq!(run.wait().code(), Some(75), "{}", run.log());
        front.obtain(&["a.test"]).exits(0).says("continuing the order of an earlier run");
        assert_eq!((pebble.orders(), pebble.certificates()), (1, 1));
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
