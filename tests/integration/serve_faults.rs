//! What goes wrong while serving: applications that fail, workers that die, a server that is told to stop.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::curl::Curl;
use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::{python, script};
use crate::process::{Server, send, wait_until_gone};

fn server(test: &Test, args: &[&str]) -> Server {
    let program = test.program(certkit()).env("PROBE_STARTED", test.path("started"));
    let app = repository().join("tests/apps/probe.py").display().to_string();
    Server::start_with(
        test,
        program,
        &[&["--cert", "chain.pem", "--key", "server.key"], args, &[&app]].concat(),
    )
}

/// Requests that an application has begun, by their `id=`.
fn started(test: &Test) -> Vec<String> {
    let text = std::fs::read_to_string(test.path("started")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn an_application_that_fails_is_answered_500() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = server(&test, &[]);
    let before = test.files();
    for version in ["--http1.1", "--http2"] {
        for path in ["/raise", "/raise_started", "/str", "/twice", "/split", "/system_exit"] {
            let answer = curl.fetch(&server, path, &[version]).is(500);
            assert!(answer.whole, "{path}");
            // What went wrong is for the log, not for strangers.
            assert!(!answer.text().contains("Traceback") && !answer.text().contains("purpose"), "{path}");
            assert_eq!(answer.header("x-injected"), None);
        }
        // After output there is no status left to change: the client must see a broken message.
        let answer = curl.fetch(&server, "/raise_late", &[version]).is(200);
        assert!(!answer.whole, "an answer that broke off looks whole: {answer:?}");
        curl.fetch(&server, "/", &[version]).is(200);
    }
    for words in ["ValueError: on purpose", "ValueError: on purpose, after output", "Traceback"] {
        server.process.wait_for_log(words);
    }
    assert_eq!(test.files().keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
}

#[test]
fn a_crash_is_answered_502_and_the_worker_replaced() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = server(&test, &["--workers", "1"]);
    let before: u32 = curl.get(&server, "/pid").is(200).text().parse().unwrap();
    curl.get(&server, "/exit").is(502);
    wait_until_gone(&[before]);
    // The next request waits for the new worker.
    let after: u32 = curl.get(&server, "/pid").is(200).text().parse().unwrap();
    assert_ne!(before, after);
    assert_eq!(server.workers(1), [after]);
}

#[test]
fn a_killed_worker_costs_only_what_it_had_started() {
    let Some(python) = python(&["ssl"]) else { return };
    let test = Test::with_chain("localhost");
    let server = server(&test, &["--workers", "2", "--threads", "1"]);
    let port = server.port.to_string();
    let load = script("load.py").display().to_string();
    let stop = test.path("stop");
    let ran = thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..4 {
                let seen = started(&test).len();
                eventually("more requests", || (started(&test).len() > seen + 50).then_some(()));
                let workers = server.workers(2);
                send(workers[0], Signal::KILL);
                wait_until_gone(&workers[..1]);
            }
            let seen = started(&test).len();
            eventually("more requests", || (started(&test).len() > seen + 50).then_some(()));
            std::fs::write(&stop, "").unwrap();
        });
        let args = [load.as_str(), &port, "ca.crt", "16", "/sleep?seconds=0.005", stop.to_str().unwrap()];
        test.run(&python, &args).exits(0)
    });
    let begun = started(&test);
    let once: BTreeSet<_> = begun.iter().collect();
    assert_eq!(begun.len(), once.len(), "a request was begun twice");
    let printed = ran.stdout();
    let answers: Vec<_> = printed.lines().map(|line| line.split_once(' ').unwrap()).collect();
    let failed: Vec<_> = answers.iter().filter(|(_, status)| *status != "200").collect();
    assert!(answers.len() > 200, "only {} requests", answers.len());
    assert!(failed.iter().all(|(_, status)| *status == "502"), "{failed:?}");
    // One request at a time in each worker, so four kills cost at most four: the one that ran, or that had been taken
    // for the application to run. All that waited behind were served, by the other worker or the new one.
    assert!(failed.len() <= 4, "{failed:?}");
    let served =
        answers.iter().filter(|(id, status)| *status == "200" && once.contains(&(*id).to_owned())).count();
    assert_eq!(served + failed.len(), answers.len());
}

#[test]
fn a_running_request_is_finished_when_told_to_stop() {
    for signal in [Signal::TERM, Signal::INT] {
        let test = Test::with_chain("test.example");
        let Some(curl) = Curl::new(&test, "test.example") else { return };
        let mut server = server(&test, &["--workers", "2"]);
        let workers = server.workers(2);
        let program = curl.program(&server, "/sleep?seconds=2&id=slow");
        let child = program.command().stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        eventually("the request runs", || (started(&test) == ["slow"]).then_some(()));
        server.process.signal(signal);
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "rested\n", "{}", server.process.log());
        assert_eq!(server.process.wait().code(), Some(0));
        wait_until_gone(&workers);
        assert!(
            server.process.log().contains("\"GET /sleep?seconds=2&id=slow HTTP/"),
            "{}",
            server.process.log()
        );
    }
}

#[test]
fn the_graceful_timeout_is_spent_once() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let mut server = server(&test, &["--graceful-timeout", "5"]);
    let program = curl.program(&server, "/sleep?seconds=60&id=slow");
    let mut child = program.command().stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    eventually("the request runs", || (started(&test) == ["slow"]).then_some(()));
    let start = std::time::Instant::now();
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.wait().code(), Some(0));
    let took = start.elapsed();
    child.wait().unwrap();
    assert!(took > Duration::from_secs(4) && took < Duration::from_secs(9), "{took:?}");
}

#[test]
fn an_idle_connection_does_not_hold_the_stop() {
    let test = Test::with_chain("test.example");
    let mut server = server(&test, &[]);
    let idle = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let start = std::time::Instant::now();
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.wait().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    drop(idle);
}

#[test]
fn no_orphans_when_the_front_is_killed() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let mut server = server(&test, &["--workers", "2"]);
    let workers = server.workers(2);
    // One of them is busy and sees no end of file by itself.
    let program = curl.program(&server, "/sleep?seconds=60&id=busy");
    let mut child = program.command().stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    eventually("the request runs", || (started(&test) == ["busy"]).then_some(()));
    server.process.signal(Signal::KILL);
    server.process.wait();
    wait_until_gone(&workers);
    let _ = child.wait();
}

#[test]
fn many_clients_at_once() {
    let Some(python) = python(&["ssl"]) else { return };
    let test = Test::with_chain("localhost");
    let server = server(&test, &["--workers", "2", "--threads", "4"]);
    let port = server.port.to_string();
    let load = script("load.py").display().to_string();
    let stop = test.path("stop");
    let ran = thread::scope(|scope| {
        scope.spawn(|| {
            eventually("requests", || (started(&test).len() > 3000).then_some(()));
            std::fs::write(&stop, "").unwrap();
        });
        test.run(&python, &[&load, &port, "ca.crt", "50", "/hello?", stop.to_str().unwrap()]).exits(0)
    });
    let printed = ran.stdout();
    let failed: Vec<_> = printed.lines().filter(|line| !line.ends_with(" 200")).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(printed.lines().count(), started(&test).len());
}
