//! `certkit acme obtain` killed with `kill -9` between a request and its answer, and run again; several runs at once.
//!
//! The front holds one request before or after the server has acted; that is the moment of the kill.

use rustix::process::Signal;

use crate::acme_front::{Class, Fault, Front};
use crate::harness::{Test, certkit, eventually};
use crate::pebble::Pebble;
use crate::process::Process;

/// Where a run is killed.
const POINTS: [Class; 6] =
    [Class::NewAccount, Class::NewOrder, Class::Authz, Class::Challenge, Class::Finalize, Class::Certificate];

#[test]
fn a_run_killed_before_the_server_acts_is_continued() {
    for class in POINTS {
        let Some((orders, finalized)) = killed_at(class, Fault::HoldRequest) else { return };
        assert_eq!((orders, finalized), (1, 1), "{class:?}");
    }
}

#[test]
fn a_run_killed_after_the_server_has_acted_is_continued() {
    for class in POINTS {
        let Some((orders, finalized)) = killed_at(class, Fault::HoldAnswer) else { return };
        // The answer to newOrder says where the order is; without it the account's list of orders does.
        assert_eq!((orders, finalized), (1, 1), "{class:?}");
    }
}

/// A record in the DNS outlives the run that set it, so the server finds it whenever it looks.
#[test]
fn a_run_killed_while_the_server_looks_for_a_record_is_continued() {
    for (hold, told) in [(Fault::HoldRequest, 0), (Fault::HoldAnswer, 1)] {
        let test = Test::new();
        let Some(pebble) = Pebble::start(&test) else { return };
        let front = Front::start(&test, &pebble);
        let hook = ["--dns-hook", &pebble.dns_hook()];
        let obtain = || {
            let program =
                test.program(certkit()).args(["acme", "obtain", "--agree-tos", "a.test"]).args(hook);
            program.args(front.args().iter().filter(|arg| !arg.starts_with("--http")))
        };
        front.on(Class::Challenge, hold);
        let mut run = Process::start(&test, obtain());
        front.wait_until_held();
        run.signal(Signal::KILL);
        run.wait();
        obtain().run().exits(0);
        assert_eq!((pebble.orders(), pebble.certificates()), (1, 1), "told {told} times");
        let calls = test.text("hook.log");
        assert!(calls.lines().last().unwrap().starts_with("cleanup "), "{calls}");
    }
}

/// The server looks between the moment in which the next run asks how the challenge stands and the one in which it
/// answers it.
#[test]
fn an_answer_that_the_server_has_found_in_the_meantime_costs_no_other_order() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::Challenge, Fault::HoldAnswer);
    let mut run = Process::start(&test, front.program(&["a.test"]));
    front.wait_until_held();
    eventually("the validation", || (pebble.logged("set VALID") > 0).then_some(()));
    run.signal(Signal::KILL);
    run.wait();
    front.on(Class::Order, Fault::Edit(|order| order["status"] = "pending".into()));
    front.on(
        Class::Authz,
        Fault::Edit(|authorization| {
            authorization["status"] = "pending".into();
            authorization["challenges"][0]["status"] = "pending".into();
        }),
    );
    let told = front.count(Class::Challenge);
    front.obtain(&["a.test"]).exits(0);
    assert_eq!(front.count(Class::Challenge), told + 1);
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1));
}

#[test]
fn four_runs_at_once_place_one_order_at_a_slow_server() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::NewAccount, Fault::Delay(std::time::Duration::from_millis(500)));
    front.on(Class::NewOrder, Fault::Delay(std::time::Duration::from_millis(500)));
    let mut runs: Vec<_> = (0..4).map(|_| Process::start(&test, front.program(&["a.test"]))).collect();
    for run in &mut runs {
        assert!(run.wait().success(), "{}", run.log());
    }
    assert_eq!((front.count(Class::NewAccount), front.count(Class::NewOrder)), (1, 1));
    assert_eq!((front.count(Class::Finalize), pebble.certificates()), (1, 1));
}

#[test]
fn what_a_killed_run_leaves_is_open_to_nobody_even_under_umask_000() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::Finalize, Fault::HoldAnswer);
    let mut run = Process::start(&test, front.program(&["a.test"]).umask("000"));
    front.wait_until_held();
    run.signal(Signal::KILL);
    run.wait();
    let state: Vec<_> = test.files().into_iter().filter(|(path, _)| path.starts_with("state")).collect();
    assert!(state.iter().any(|(path, _)| path.starts_with("state/orders/")), "{state:?}");
    for (path, (mode, _)) in state {
        let expected = if test.path(&path).is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{} has mode {mode:o}", path.display());
    }
}

/// Kills a run at `class` and runs it again, to the end. Gives how many orders and good finalize requests there were;
/// there must be one account and one certificate.
#[track_caller]
fn killed_at(class: Class, hold: Fault) -> Option<(usize, usize)> {
    let test = Test::new();
    let pebble = Pebble::start(&test)?;
    let front = Front::start(&test, &pebble);
    let is_looking = class == Class::Challenge && matches!(hold, Fault::HoldAnswer);
    front.on(class, hold);
    let mut run = Process::start(&test, front.program(&["a.test"]));
    front.wait_until_held();
    if is_looking {
        // A server that looks for the answer of a dead process finds none, and that ends the order.
        eventually("the validation", || (pebble.logged("set VALID") > 0).then_some(()));
    }
    run.signal(Signal::KILL);
    run.wait();
    assert!(!test.path("state/live/a.test").exists(), "{class:?}");

    front.obtain(&["a.test"]).exits(0);
    front.obtain(&["a.test"]).exits(0).says("nothing to do");
    assert_eq!((pebble.accounts(), pebble.certificates()), (1, 1), "{class:?}");
    let is_finalized = |status| matches!(status, Some(200));
    let exchanges = front.exchanges();
    let finalized =
        exchanges.iter().filter(|seen| seen.class == Class::Finalize && is_finalized(seen.status)).count();
    Some((pebble.orders(), finalized))
}
