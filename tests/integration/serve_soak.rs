//! Many requests of every kind, with memory that stays where it was.

use std::process::Stdio;
use std::thread;

use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::{python, script};
use crate::process::{Process, free_port};

/// `make soak` has 500,000.
fn requests() -> String {
    std::env::var("CERTKIT_SOAK_REQUESTS").unwrap_or_else(|_| "20000".to_owned())
}

/// What the process in front and its workers hold, in KiB.
type Held = [u64; 2];

fn held(said: &str, name: &str) -> Held {
    let line =
        said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {said}"));
    let mut numbers = line.split_whitespace().map(|number| number.parse().unwrap());
    [numbers.next().unwrap(), numbers.next().unwrap()]
}

#[test]
fn mixed_requests_leave_memory_flat() {
    let Some(python) = python(&["h2"]) else { return };
    let test = Test::with_certificate("localhost");
    let ports: Vec<_> = (0..5).map(|_| free_port()).collect();
    let listeners = ["https", "http", "uwsgi", "fcgi", "scgi"]
        .iter()
        .zip(&ports)
        .flat_map(|(scheme, port)| ["--listen".to_owned(), format!("{scheme}:127.0.0.1:{port}")]);
    let app = repository().join("tests/apps/probe.py").display().to_string();
    let program = test.program(certkit()).args(["serve"]).args(listeners).args([
        "--cert",
        "server.crt",
        "--key",
        "server.key",
        "--workers",
        "2",
        "--threads",
        "4",
        "--access-log",
        "off",
        &app,
    ]);
    let mut server = Process::start(&test, program);
    for port in &ports {
        server.wait_for(([127, 0, 0, 1], *port).into());
    }
    // The ports are open before the workers are there.
    let workers = eventually("two workers", || Some(server.children()).filter(|workers| workers.len() == 2));
    let args =
        [script("mixed.py").display().to_string(), "ca.crt".into(), server.id().to_string(), requests()];
    let client = test.program(&python).args(args).args(ports.iter().map(ToString::to_string));
    // It may take longer than what the harness waits for.
    let child = client.command().stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let output = thread::spawn(|| child.wait_with_output().unwrap()).join().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && !said.contains("wrong:"), "{said}");
    assert_eq!(server.children(), workers, "no worker was replaced");
    for (tenth, end) in held(&said, "tenth").into_iter().zip(held(&said, "end")) {
        // The allocators of a small run are still on their way to what they keep.
        assert!(end < tenth + tenth / 4 + 8 * 1024, "{said}");
    }
}
