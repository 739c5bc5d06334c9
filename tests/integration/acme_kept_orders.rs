//! Orders and keys that a run leaves to the next: when they are kept, when they are given up, and what is never
//! used again.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::acme_front::{Class, Fault, Front, RenewalInfo};
use crate::harness::{Ran, Test, certkit, eventually};
use crate::pebble::Pebble;
use crate::process::Process;

const JOURNAL: &str = "state/orders/a.test.json";
const ORDER_KEY: &str = "state/orders/a.test.key.pem";
const LIVE_KEY: &str = "state/live/a.test/privkey.pem";
const NEXT_KEY: &str = "state/certs/a.test/next.key.pem";

/// A 503 of a server that wants a longer pause than a run makes.
fn later() -> Fault {
    Fault::Problem { status: 503, kind: "serverInternal", detail: "later".into(), retry_after: Some("3600") }
}

/// As if the pause were over that a server has asked for.
fn end_pauses(test: &Test) {
    change_account(test, "history.json", |history| {
        history.as_object_mut().unwrap().remove("paused");
    });
}

fn change_account(test: &Test, file: &str, edit: impl Fn(&mut Value)) {
    for account in fs::read_dir(test.path("state/accounts")).unwrap() {
        change(&account.unwrap().path().join(file), &edit);
    }
}

fn change(path: &std::path::Path, edit: impl Fn(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    edit(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

fn renew(test: &Test, args: &[&str]) -> Ran {
    test.certkit(&[&["acme", "renew", "--state", "state"], args].concat())
}

/// An order whose certificate is issued and not downloaded.
#[track_caller]
fn leave_an_issued_order(front: &Front<'_>) {
    front.always(Class::Certificate, Fault::html(403));
    front.obtain(&["a.test"]).exits(75);
    front.be_kind();
}

#[test]
fn an_order_that_is_put_off_for_ever_is_given_up() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    for args in [&["a.test"][..], &["a.test", "--force"]] {
        let front = Front::start(&test, &pebble);
        let orders = pebble.orders();
        front.on(Class::Authz, later());
        front.obtain(&["a.test"]).exits(75);
        end_pauses(&test);
        front.on(Class::Order, later());
        if args.len() == 1 {
            front.obtain(args).exits(75);
            end_pauses(&test);
            front.on(Class::Order, later());
        } else {
            // Of a run that was killed: then --force goes on with it, while it answers.
            change(&test.path(JOURNAL), |journal| drop(journal.as_object_mut().unwrap().remove("failures")));
        }
        front.obtain(args).exits(0);
        assert_eq!(pebble.orders(), orders + 2, "{args:?}");
        fs::remove_dir_all(test.path("state")).unwrap();
    }
}

#[test]
fn an_order_that_meets_the_servers_limits_is_kept() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::Authz, later());
    front.obtain(&["a.test"]).exits(75);
    for _ in 0..3 {
        end_pauses(&test);
        front.on(Class::Order, Fault::rate_limited("3600"));
        front.obtain(&["a.test"]).exits(75);
    }
    end_pauses(&test);
    front.obtain(&["a.test"]).exits(0);
    assert_eq!(pebble.orders(), 1);
}

#[test]
fn a_server_that_puts_off_replaces_for_ever_gets_orders_without_it() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::due());
    front.obtain(&["a.test"]).exits(0);
    for _ in 0..3 {
        front.on(Class::NewOrder, later());
        renew(&test, &["--force"]).exits(75);
        assert!(front.payloads(Class::NewOrder).last().unwrap()["replaces"].is_string());
    }
    renew(&test, &["--force"]).exits(0);
    assert!(front.payloads(Class::NewOrder).last().unwrap()["replaces"].is_null());
}

#[test]
fn an_issued_certificate_is_waited_for_while_its_order_does_not_answer() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    leave_an_issued_order(&front);
    let key = test.text(ORDER_KEY);
    for fault in [Fault::html(403), Fault::html(403), Fault::problem(403, "unauthorized", "no")] {
        front.on(Class::Order, fault);
        front.obtain(&["a.test"]).exits(1);
    }
    front.on(Class::Order, later());
    front.obtain(&["a.test"]).exits(75);
    end_pauses(&test);
    // Now it is given up, but no other can be had.
    change(&test.path(JOURNAL), |journal| journal["silent_runs"] = json!(9));
    front.on(Class::Order, Fault::html(403));
    front.on(Class::NewOrder, Fault::problem(403, "rejectedIdentifier", "no"));
    front.obtain(&["a.test"]).exits(1);
    assert_eq!(test.text(ORDER_KEY), key);
    front.obtain(&["a.test"]).exits(0).says("an earlier run");
    assert_eq!(test.text(LIVE_KEY), key);
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1));
}

#[test]
fn an_issued_certificate_whose_order_is_gone_is_ordered_again() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    for fault in [Fault::html(404), Fault::problem(404, "malformed", "no such order")] {
        let front = Front::start(&test, &pebble);
        let orders = pebble.orders();
        leave_an_issued_order(&front);
        let key = test.text(ORDER_KEY);
        front.on(Class::Order, fault);
        front.obtain(&["a.test"]).exits(0);
        assert_eq!(pebble.orders(), orders + 2);
        assert_ne!(test.text(LIVE_KEY), key);
        assert!(!test.path(ORDER_KEY).exists());
        fs::remove_dir_all(test.path("state")).unwrap();
    }
}

#[test]
fn a_chain_that_is_refused_again_and_again_is_ordered_anew() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["other.test"]).exits(0);
    let stranger = Fault::Answer {
        status: 200,
        content_type: "application/pem-certificate-chain",
        body: test.text("state/live/other.test/fullchain.pem"),
        retry_after: None,
    };
    for orders in [2, 2, 2, 3] {
        front.on(Class::Certificate, stranger.clone());
        front.obtain(&["a.test"]).exits(1).says("a.test.rejected.pem");
        assert_eq!(pebble.orders(), orders);
    }
    front.obtain(&["a.test"]).exits(0);
    assert_eq!(pebble.orders(), 3);
}

/// Obtains a certificate and puts the order back, as a run leaves it that is killed when the certificate is in use.
#[track_caller]
fn obtain_and_leave_the_order(test: &Test, front: &Front<'_>, args: &[&str]) {
    front.on(Class::Certificate, Fault::HoldAnswer);
    let mut run = Process::start(test, front.program(args));
    front.wait_until_held();
    run.signal(Signal::KILL);
    run.wait();
    let (journal, key) = (test.text(JOURNAL), test.text(ORDER_KEY));
    front.obtain(args).exits(0);
    test.write(JOURNAL, journal);
    test.write(ORDER_KEY, key);
}

#[test]
fn the_order_of_the_certificate_in_use_is_no_renewal() {
    for more in [&[][..], &["--reuse-key"], &["--prepare-key"]] {
        let test = Test::new();
        let Some(pebble) = Pebble::start(&test) else { return };
        let front = Front::start(&test, &pebble);
        let args = [&["a.test"], more].concat();
        obtain_and_leave_the_order(&test, &front, &args);
        let (journal, order_key) = (test.text(JOURNAL), test.text(ORDER_KEY));
        front.obtain(&args).exits(0).says("nothing to do");
        assert!(!test.path(JOURNAL).exists() && !test.path(ORDER_KEY).exists(), "{more:?}");

        test.write(JOURNAL, journal);
        test.write(ORDER_KEY, order_key);
        let before = test.text("state/live/a.test/cert.pem");
        front.obtain(&[&args[..], &["--force"]].concat()).exits(0);
        assert_ne!(test.text("state/live/a.test/cert.pem"), before, "{more:?}");
        assert_eq!((pebble.orders(), pebble.certificates()), (2, 2), "{more:?}");
    }
}

#[test]
fn the_key_in_use_is_not_the_next_one() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.obtain(&["a.test", "--prepare-key"]).exits(0);
    let spoil = || test.write(NEXT_KEY, test.text(LIVE_KEY));
    spoil();
    renew(&test, &[]).exits(0);
    assert_ne!(test.text(NEXT_KEY), test.text(LIVE_KEY));
    let list = test.certkit(&["acme", "list", "--state", "state", "--format", "json"]).exits(0).report();
    assert_eq!(list["certificates"][0]["tlsa"].as_array().unwrap().len(), 2);
    let before = test.text(LIVE_KEY);
    spoil();
    renew(&test, &["--force"]).exits(0);
    let after = test.text(LIVE_KEY);
    assert!(after != before && test.text(NEXT_KEY) != after);
    assert_eq!(pebble.certificates(), 2);
}

#[test]
fn an_order_that_is_taken_up_gets_the_key_that_is_wanted_now() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    let key = test.text(LIVE_KEY);
    front.on(Class::Authz, later());
    front.obtain(&["a.test", "b.test"]).exits(75);
    assert_ne!(test.text(ORDER_KEY), key);
    end_pauses(&test);
    front.obtain(&["a.test", "b.test", "--reuse-key"]).exits(0).says("an earlier run");
    assert_eq!(test.text(LIVE_KEY), key);
    assert_eq!(pebble.orders(), 2);
}

#[test]
fn the_key_of_a_revoked_certificate_is_never_used_again() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test", "--reuse-key"]).exits(0).keeps_quiet_about("TLSA records and pins");
    let key = test.text(LIVE_KEY);
    // An order with that key is on its way. (Of a.test alone Pebble may know already that it is proved.)
    front.on(Class::Authz, later());
    front.obtain(&["a.test", "b.test"]).exits(75);
    assert_eq!(test.text(ORDER_KEY), key);
    end_pauses(&test);
    test.certkit(&["acme", "revoke", "a.test", "--state", "state", "--reason", "keyCompromise"]).exits(0);
    let ran = front.obtain(&["a.test", "b.test"]).exits(0).says("TLSA records and pins");
    ran.says("certkit acme list");
    let new = test.text(LIVE_KEY);
    assert_ne!(new, key);
    front.obtain(&["a.test", "b.test", "--force"]).exits(0).keeps_quiet_about("TLSA records and pins");
    assert_eq!(test.text(LIVE_KEY), new);
}

#[test]
fn a_refused_kind_of_key_is_tried_again_when_it_may_be_taken() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let refuse = |kind| front.on(Class::Finalize, Fault::problem(400, kind, "no"));
    let obtain = |args: &[&str]| front.obtain(&[&["a.test", "-k", "p521"], args].concat());
    refuse("badCSR");
    obtain(&[]).exits(1);
    refuse("badPublicKey");
    obtain(&[]).exits(1);
    obtain(&[]).exits(2).says("nothing was ordered");
    assert_eq!(pebble.orders(), 2);
    change_account(&test, "account.json", |account| {
        account["key_kinds_refused"]["p521"] = json!("2020-01-01T00:00:00Z");
    });
    obtain(&[]).exits(0);
    assert!(
        test.names()
            .iter()
            .filter(|name| name.ends_with("account.json"))
            .all(|name| { !test.text(name).contains("key_kinds_refused") })
    );
    // The certificate in use shows that it was about something else.
    refuse("badPublicKey");
    obtain(&["--force"]).exits(1);
    renew(&test, &["--force"]).exits(0);
}

#[test]
fn two_runs_replace_a_closed_account_once() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    let (from, to) = (test.path("state"), test.path("other"));
    test.run("cp", &["-r", &from.display().to_string(), &to.display().to_string()]).exits(0);
    test.certkit(&["acme", "account", "deactivate", "--state", "other"]).exits(0);
    // It has opened the old account when the other run replaces it.
    let orders = front.count(Class::NewOrder);
    front.on(Class::NewOrder, Fault::Delay(Duration::from_secs(8)));
    let mut slow = Process::start(&test, front.program(&["b.test", "--force"]));
    eventually("an order is asked for", || (front.count(Class::NewOrder) > orders).then_some(()));
    // The slow one listens for the other challenge.
    let mut args = front.args();
    args.retain(|arg| !arg.starts_with("--http"));
    let tls_alpn = format!("--tls-alpn=127.0.0.1:{}", pebble.tls_port);
    let obtain = ["acme", "obtain", "c.test", "--force", "--agree-tos", &tls_alpn];
    test.program(certkit()).args(obtain).args(args).run().exits(0);
    assert!(slow.wait().success(), "{}", slow.log());
    assert_eq!((pebble.accounts(), pebble.certificates()), (2, 3));
}
