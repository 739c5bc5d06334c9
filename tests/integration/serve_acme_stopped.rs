//! `certkit serve --acme` that is told to stop, or to reload, while an order is under way.

use std::fs;

use rustix::process::Signal;

use crate::acme_front::{Class, Fault, Front};
use crate::acme_servers::shared_answers;
use crate::harness::{Test, eventually};
use crate::pebble::Pebble;
use crate::process::Server;
use crate::serve_acme::{APP, acme, wait_until_trusted};
use crate::testing::write_program;

/// A hook for dns-01 that notes what it is called for, and hangs in a call while there is a file `slow-CALL`.
const HOOK: &str = "#!/bin/sh\necho $1 >> calls\nwhile [ -e slow-$1 ]; do touch hangs-$1; sleep 0.1; done\n\
                    exec ./dns-hook \"$@\"\n";

fn serve(test: &Test, pebble: &Pebble<'_>, directory: &str, args: &[&str]) -> Server {
    test.write("app.py", APP);
    let mut all = vec!["--acme=a.test".to_owned(), "--workers=1".into()];
    all.extend(acme(pebble, directory));
    all.extend(args.iter().map(|arg| (*arg).to_owned()));
    all.push("app.py".into());
    Server::start(test, &all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Stops it in the middle of an order that the listeners answer for.
fn stopped_by(signal: Signal) {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    pebble.write_issuer_root();
    let http = format!("--redirect-http=127.0.0.1:{}", pebble.http_port);
    front.on(Class::Challenge, Fault::HoldRequest);
    let mut server = serve(&test, &pebble, front.directory(), &[&http]);
    front.wait_until_held();
    assert_eq!(shared_answers(&test).len(), 1);
    server.process.signal(signal);
    assert_eq!(server.process.wait().code(), Some(0));
    let log = server.process.log();
    assert!(shared_answers(&test).is_empty(), "{log}");
    assert!(!log.contains("error:") && !log.contains("retrying at"), "{log}");

    // Nobody holds the certificate, and nothing has failed: the next one continues at once.
    let server = serve(&test, &pebble, front.directory(), &[&http]);
    wait_until_trusted(&test, &server, "a.test");
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1), "{}", server.process.log());
}

#[test]
fn an_order_is_continued_after_term() {
    stopped_by(Signal::TERM);
}

#[test]
fn an_order_is_continued_after_int() {
    stopped_by(Signal::INT);
}

/// A server whose order waits in a call of the hook.
fn hanging_in(call: &str, test: &Test, pebble: &Pebble<'_>) -> Server {
    pebble.write_issuer_root();
    pebble.dns_hook();
    write_program(&test.path("hook"), HOOK);
    test.write(&format!("slow-{call}"), "");
    let server = serve(test, pebble, &pebble.directory(), &["--acme-dns-hook=./hook"]);
    eventually("the hook hangs", || test.path(format!("hangs-{call}")).exists().then_some(()));
    server
}

fn calls(test: &Test) -> Vec<String> {
    test.text("calls").lines().map(str::to_owned).collect()
}

#[test]
fn a_record_that_is_being_set_is_removed() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let mut server = hanging_in("present", &test, &pebble);
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.wait().code(), Some(0));
    assert_eq!(calls(&test), ["present", "cleanup"], "{}", server.process.log());

    fs::remove_file(test.path("slow-present")).unwrap();
    let server = serve(&test, &pebble, &pebble.directory(), &["--acme-dns-hook=./hook"]);
    wait_until_trusted(&test, &server, "a.test");
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1), "{}", server.process.log());
    assert_eq!(calls(&test), ["present", "cleanup", "present", "cleanup"]);
}

#[test]
fn a_hook_that_hangs_keeps_no_server_from_its_end() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let mut server = hanging_in("cleanup", &test, &pebble);
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.wait().code(), Some(0));
    assert!(server.process.log().contains("its answers are removed at the next start"));

    fs::remove_file(test.path("slow-cleanup")).unwrap();
    let server = serve(&test, &pebble, &pebble.directory(), &["--acme-dns-hook=./hook"]);
    wait_until_trusted(&test, &server, "a.test");
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1), "{}", server.process.log());
    assert_eq!(calls(&test), ["present", "cleanup", "cleanup"]);
}

#[test]
fn a_reload_leaves_an_order_alone() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let server = hanging_in("present", &test, &pebble);
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("certkit: reloaded");
    fs::remove_file(test.path("slow-present")).unwrap();
    wait_until_trusted(&test, &server, "a.test");
    eventually("the record is removed", || (calls(&test) == ["present", "cleanup"]).then_some(()));
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1), "{}", server.process.log());
}
