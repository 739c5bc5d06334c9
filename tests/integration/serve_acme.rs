//! `certkit serve --acme`: a server that gets its certificates by itself, from a real ACME server.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use rustix::process::Signal;

use crate::acme_front::{Class, Fault, Front, RenewalInfo};
use crate::harness::{Test, certkit, eventually};
use crate::pebble::Pebble;
use crate::peers::{peer, python, script};
use crate::process::{Process, Server};

pub(crate) const APP: &str =
    "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hello']\n";

/// What `serve` needs for the server at `directory`.
pub(crate) fn acme(pebble: &Pebble<'_>, directory: &str) -> Vec<String> {
    vec![
        format!("--acme-server={directory}"),
        format!("--acme-ca-roots={}", pebble.https_ca().display()),
        "--acme-state=state".into(),
        "--agree-tos".into(),
    ]
}

/// A server for these names; challenges are answered on a plain listener.
fn serve(test: &Test, pebble: &Pebble<'_>, directory: &str, names: &[&str], args: &[&str]) -> Server {
    test.write("app.py", APP);
    let redirect = format!("127.0.0.1:{}", pebble.http_port);
    let names = names.iter().flat_map(|name| ["--acme", name]);
    let mut all: Vec<&str> = vec!["--redirect-http", &redirect, "--workers", "1"];
    all.extend(names);
    let acme = acme(pebble, directory);
    all.extend(acme.iter().map(String::as_str));
    all.extend(args);
    all.push("app.py");
    Server::start(test, &all)
}

/// What curl gets by this name when it trusts the ACME server's certificates only.
fn fetch(test: &Test, server: &Server, name: &str) -> (bool, String) {
    let curl = peer("curl").unwrap();
    let args = ["-sS", "--max-time", "60", "--cacert", "issuer-root.pem", "--resolve"];
    let program = test.program(curl).args(args).args([server.resolve(name), server.url(name, "/")]);
    let ran = program.run();
    (ran.succeeded(), ran.stdout().to_owned())
}

pub(crate) fn wait_until_trusted(test: &Test, server: &Server, name: &str) {
    eventually(&format!("{name} is trusted"), || fetch(test, server, name).0.then_some(()));
    assert_eq!(fetch(test, server, name).1, "hello");
}

#[test]
fn two_names_from_nothing_and_none_asked_for_at_the_next_start() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    let start = || serve(&test, &pebble, &pebble.directory(), &["a.test", "b.test,www.b.test"], &[]);
    let mut server = start();
    for name in ["a.test", "b.test", "www.b.test"] {
        wait_until_trusted(&test, &server, name);
    }
    assert_eq!((pebble.accounts(), pebble.orders(), pebble.certificates()), (1, 2, 2));
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.wait().code(), Some(0));

    let requests = pebble.requests();
    let server = start();
    for name in ["a.test", "b.test"] {
        assert_eq!(fetch(&test, &server, name), (true, "hello".into()), "{}", server.process.log());
    }
    assert_eq!(pebble.certificates(), 2);
    // One question a day is allowed: when to renew.
    assert!(pebble.requests() <= requests + 2 * 2, "{}", server.process.log());
}

#[test]
fn the_https_listener_answers_where_there_is_no_other() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    test.write("app.py", APP);
    let listen = format!("https:127.0.0.1:{}", pebble.tls_port);
    let mut args = vec!["--listen".to_owned(), listen, "--acme=a.test".into(), "--workers=1".into()];
    args.extend(acme(&pebble, &pebble.directory()));
    args.push("app.py".into());
    let server = Server::start(&test, &args.iter().map(String::as_str).collect::<Vec<_>>());
    wait_until_trusted(&test, &server, "a.test");
}

#[test]
fn an_address_has_a_certificate_beside_that_of_a_name() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    let server = serve(&test, &pebble, &pebble.directory(), &["a.test", "127.0.0.1"], &[]);
    for name in ["a.test", "127.0.0.1"] {
        wait_until_trusted(&test, &server, name);
    }
}

#[test]
fn a_renewal_under_load_fails_no_request() {
    let Some(python) = python(&["ssl"]) else { return };
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::not_due());
    pebble.write_issuer_root();
    let server = serve(&test, &pebble, front.directory(), &["a.test"], &[]);
    wait_until_trusted(&test, &server, "a.test");

    let (port, stop) = (server.port.to_string(), test.path("stop"));
    let load = script("load.py").display().to_string();
    let ran = thread::scope(|scope| {
        scope.spawn(|| {
            for certificates in 2..=4 {
                front.set_renewal_info(RenewalInfo::due());
                // The server looks when it is told to, whatever was said of when.
                server.process.signal(Signal::HUP);
                eventually("a new certificate", || (pebble.certificates() == certificates).then_some(()));
                eventually("it is in use", || {
                    let said =
                        server.process.log().matches("certificates read again; they are in use").count();
                    (said > certificates).then_some(())
                });
            }
            std::fs::write(&stop, "").unwrap();
        });
        let args = [load.as_str(), &port, "issuer-root.pem", "8", "/?x=1", stop.to_str().unwrap(), "a.test"];
        test.run(&python, &args).exits(0)
    });
    let printed = ran.stdout();
    let failed: Vec<_> = printed.lines().filter(|line| !line.ends_with(" 200")).collect();
    assert!(failed.is_empty() && printed.lines().count() > 100, "{failed:?}");
    let replaced: Vec<_> =
        front.payloads(Class::NewOrder).into_iter().map(|order| order["replaces"].is_string()).collect();
    assert_eq!(replaced, [false, true, true, true]);
}

#[test]
fn until_the_first_certificate_clients_get_a_local_one_or_none() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let Some(curl) = peer("curl") else { return };
    let front = Front::start(&test, &pebble);
    front.always(Class::NewOrder, Fault::unavailable());
    for (how, works) in [("local", true), ("refuse", false)] {
        let server = serve(&test, &pebble, front.directory(), &["a.test"], &["--acme-missing", how]);
        let program = test.program(&curl).args(["-sSk", "--max-time", "60", "--resolve"]);
        let ran = program.args([server.resolve("a.test"), server.url("a.test", "/")]).run();
        assert_eq!(ran.succeeded(), works, "{how}: {}", ran.stderr());
    }
}

#[test]
fn what_cannot_be_had_stops_the_start() {
    let test = Test::new();
    let serve = |args: &[&str]| test.certkit(&[&["serve", "--acme-state=state"], args].concat());
    serve(&["--acme", "a.test"]).exits(2).says("terms of service").says("--agree-tos");
    serve(&["--acme", "*.a.test", "--agree-tos"]).exits(2).says("*.a.test").says("--dns-hook");
    serve(&["--acme", "a b", "--agree-tos"]).exits(2);
    serve(&["--acme", "a.test", "--agree-tos", "--listen", "http:127.0.0.1:0"]).exits(2).says("--listen");
    serve(&["--acme", "a.test", "--cert", "x", "--key", "x"]).exits(2);
    serve(&["--acme", "a.test", "--acme", "a.test,b.test", "--agree-tos"]).exits(2).says("`a.test` twice");
    assert!(!test.path("state").exists());
    // Whoever may write there may have put a key of their own in place.
    std::fs::create_dir(test.path("state")).unwrap();
    std::fs::set_permissions(test.path("state"), Permissions::from_mode(0o777)).unwrap();
    serve(&["--acme", "a.test", "--agree-tos"]).exits(2).says("other users may write");
}

#[test]
fn a_closed_account_is_none() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.obtain(&["a.test"]).exits(0);
    test.certkit(&["acme", "account", "deactivate", "--state", "state"]).exits(0);
    let mut args: Vec<_> = ["serve", "--acme", "b.test"].map(str::to_owned).to_vec();
    args.extend(acme(&pebble, &pebble.directory()).into_iter().filter(|arg| arg != "--agree-tos"));
    test.certkit(&args.iter().map(String::as_str).collect::<Vec<_>>()).exits(2).says("--agree-tos");
}

#[test]
fn a_hook_that_fails_and_a_revocation_are_told() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    pebble.obtain(&["a.test", "--deploy-hook", "echo not ready; exit 7"]).exits(3);
    let server = serve(&test, &pebble, &pebble.directory(), &["a.test"], &[]);
    server.process.wait_for_log("| not ready");

    test.certkit(&["acme", "revoke", "a.test", "--state", "state"]).exits(0);
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("a.test: the certificate is revoked");
    assert_eq!(pebble.certificates(), 1);
    // Whoever says it again knows, and wants another one.
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("new certificate, valid until");
    assert_eq!(pebble.certificates(), 2);
}

#[test]
fn files_that_cannot_be_read_any_more_take_nothing_from_clients() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    pebble.obtain(&["a.test"]).exits(0);
    pebble.obtain(&["b.test"]).exits(0);
    let server = serve(&test, &pebble, &pebble.directory(), &["a.test", "b.test"], &[]);
    test.write("state/certs/a.test/1/privkey.pem", "no key");
    let alpn = format!("--tls-alpn=127.0.0.1:{}", pebble.tls_port);
    pebble.obtain_by(&["b.test", "--force", &alpn]).exits(0);
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("certificates read again; they are in use");
    server.process.wait_for_log("a.test/privkey.pem");
    for name in ["a.test", "b.test"] {
        assert_eq!(fetch(&test, &server, name), (true, "hello".into()), "{}", server.process.log());
    }

    // All of them gone: the old ones are shown until there are new ones.
    std::fs::rename(test.path("state"), test.path("away")).unwrap();
    std::fs::write(test.path("state"), "in the way").unwrap();
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("the previous ones stay in use");
    for name in ["a.test", "b.test"] {
        assert_eq!(fetch(&test, &server, name), (true, "hello".into()), "{}", server.process.log());
    }
}

#[test]
fn a_failure_is_told_and_the_server_runs_on() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    test.write("app.py", APP);
    // A plain listener that the ACME server does not find, and an https one that it does.
    let listen = format!("https:127.0.0.1:{}", pebble.tls_port);
    let mut args: Vec<_> = ["--redirect-http=127.0.0.1:0", "--acme=a.test", "--workers=1", "--listen"]
        .map(str::to_owned)
        .to_vec();
    args.push(listen);
    args.extend(acme(&pebble, &pebble.directory()));
    args.push("app.py".into());
    let mut process = Process::start(&test, test.program(certkit()).args(["serve"]).args(&args));
    process.wait_for_log("retrying at");
    assert!(process.log().contains("a.test"), "{}", process.log());
    assert!(process.ended().is_none());
    assert_eq!(pebble.certificates(), 0);
    // Somebody who has opened a port need not wait; the next try is by the other listener.
    process.signal(Signal::HUP);
    process.wait_for_log("new certificate, valid until");
    assert_eq!(pebble.certificates(), 1);
}
