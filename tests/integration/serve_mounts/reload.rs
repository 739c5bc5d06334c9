//! New code and new settings of several applications.

use std::fs;
use std::thread;

use rustix::process::Signal;

use super::{BOTH, application, pid, said, serve, write_toml};
use crate::curl::Curl;
use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::{python, script};
use crate::process::{Server, wait_until_gone};

#[test]
fn all_change_their_code_or_none() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &BOTH);
    let before = ["/one/", "/two/"].map(|path| pid(&curl, &server, path));
    test.write("one.py", application("newer-one"));
    test.write("two.py", "import nothing_like_this\n");
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("reload failed");
    server.process.wait_for_log("--mount /two: the application failed to load");
    assert_eq!(["/one/", "/two/"].map(|path| pid(&curl, &server, path)), before);
    assert_eq!(said(&curl, &server, "/one/"), "one /one /", "the old code");
    // The new workers of the first one are gone.
    assert_eq!(server.workers(2), {
        let mut before = before;
        before.sort_unstable();
        before
    });

    test.write("two.py", application("newer-two"));
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("certkit: reloaded");
    assert_eq!(said(&curl, &server, "/one/"), "newer-one /one /");
    assert_eq!(said(&curl, &server, "/two/"), "newer-two /two /");
    wait_until_gone(&before);
}

#[test]
fn applications_come_and_go() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    write_toml(&test.folder(), &["/one=one.py"]);
    let server = serve(&test, &[]);
    curl.get(&server, "/two/").is(404);
    let first = pid(&curl, &server, "/one/");
    write_toml(&test.folder(), &["/two=two.py", "/one=one.py"]);
    server.process.signal(Signal::HUP);
    eventually("the second application", || (curl.get(&server, "/two/").status == 200).then_some(()));
    assert_eq!(said(&curl, &server, "/two/"), "two /two /");
    assert_eq!(said(&curl, &server, "/one/"), "one /one /");
    wait_until_gone(&[first]);
    let second = pid(&curl, &server, "/two/");
    write_toml(&test.folder(), &["/one=one.py"]);
    server.process.signal(Signal::HUP);
    eventually("its end", || (curl.get(&server, "/two/").status == 404).then_some(()));
    wait_until_gone(&[second]);
    server.workers(1);
    // What cannot be is not taken.
    write_toml(&test.folder(), &["/one=one.py", "/one=two.py"]);
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("there is an application at /one already");
    assert_eq!(said(&curl, &server, "/one/"), "one /one /");
}

#[test]
fn no_request_fails_while_both_are_reloaded() {
    let Some(python) = python(&["ssl"]) else { return };
    let test = Test::with_chain("localhost");
    let program = test.program(certkit()).env("PROBE_STARTED", test.path("started"));
    let app = repository().join("tests/apps/probe.py").display().to_string();
    let mounts = ["one", "two"].map(|name| format!("/{name}={app}"));
    let args = ["--cert", "chain.pem", "--key", "server.key", "--workers", "2", "--threads", "2"];
    let args = [&args[..], &["--mount", &mounts[0], "--mount", &mounts[1]]].concat();
    let server = Server::start_with(&test, program, &args);
    let old = server.workers(4);
    let port = server.port.to_string();
    let load = script("load.py").display().to_string();
    let stop = test.path("stop");
    let started = || fs::read_to_string(test.path("started")).unwrap_or_default().lines().count();
    let run = |path: &str| {
        test.run(&python, &[&load, &port, "ca.crt", "5", path, stop.to_str().unwrap()]).exits(0).stdout()
    };
    let printed = thread::scope(|scope| {
        let loads = ["/one/hello?", "/two/hello?"].map(|path| scope.spawn(move || run(path)));
        for reload in 1..=3 {
            eventually("requests", || (started() > 200 * reload).then_some(()));
            server.process.signal(Signal::HUP);
            eventually("the reload", || {
                (server.process.log().matches("certkit: reloaded").count() >= reload).then_some(())
            });
        }
        eventually("more requests", || (started() > 1000).then_some(()));
        fs::write(&stop, "").unwrap();
        loads.map(|load| load.join().unwrap()).concat()
    });
    let failed: Vec<_> = printed.lines().filter(|line| !line.ends_with(" 200")).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(printed.lines().count(), started());
    wait_until_gone(&old);
    server.workers(4);
}
