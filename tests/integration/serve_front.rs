//! Connections on several threads.

use std::thread;

use rustix::process::Signal;

use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::{python, script};
use crate::process::Server;

/// The threads of a process that drive connections, besides its first one.
fn front_threads(process: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let names =
        tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default());
    let mut names: Vec<_> = names.map(|name| name.trim().to_owned()).collect();
    names.retain(|name| name.starts_with("certkit-front-"));
    names.sort();
    names
}

#[test]
fn several_threads_serve_while_certificates_are_replaced() {
    let Some(python) = python(&["ssl"]) else { return };
    let test = Test::with_chain("localhost");
    let program = test.program(certkit()).env("PROBE_STARTED", test.path("started"));
    let app = repository().join("tests/apps/probe.py").display().to_string();
    let args = ["--cert", "chain.pem", "--key", "server.key", "--workers", "2", "--threads", "2"];
    let server = Server::start_with(&test, program, &[&args[..], &["--front-threads", "3", &app]].concat());
    assert_eq!(front_threads(server.process.id()), ["certkit-front-1", "certkit-front-2"]);
    let port = server.port.to_string();
    let load = script("load.py").display().to_string();
    let stop = test.path("stop");
    let started = || std::fs::read_to_string(test.path("started")).unwrap_or_default().lines().count();
    let ran = thread::scope(|scope| {
        scope.spawn(|| {
            for reload in 1..=3 {
                eventually("requests", || (started() > 300 * reload).then_some(()));
                server.process.signal(Signal::HUP);
                eventually("new certificates", || {
                    let replaced =
                        server.process.log().matches("certificates read again; they are in use").count();
                    (replaced >= reload).then_some(())
                });
            }
            eventually("more requests", || (started() > 1500).then_some(()));
            std::fs::write(&stop, "").unwrap();
        });
        test.run(&python, &[&load, &port, "ca.crt", "20", "/hello?", stop.to_str().unwrap()]).exits(0)
    });
    let printed = ran.stdout();
    let failed: Vec<_> = printed.lines().filter(|line| !line.ends_with(" 200")).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(printed.lines().count(), started());
}
