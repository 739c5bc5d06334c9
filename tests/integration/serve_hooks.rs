//! Hooks: what the settings ask for at moments of the server's life, as uWSGI's `hook-...` and `exec-...`.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::harness::{Test, certkit, eventually};
use crate::peers::{not_allowed_here, peer};
use crate::process::{Process, free_port};

const USER: &str = "54321";

const APP: &str = "import os
print('loading', file=open('../run/said', 'a'), flush=True)

def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [os.getcwd().encode()]
";

/// An application in `site`, options in `site.ini`, and a folder that all may write to.
fn test(options: &str) -> (Test, u16) {
    let test = Test::new();
    let port = free_port();
    test.write("site/app.py", APP);
    test.write("run/said", "");
    let parent = test.folder().parent().unwrap().to_owned();
    let paths =
        [(parent, 0o755), (test.folder(), 0o755), (test.path("run"), 0o777), (test.path("run/said"), 0o666)];
    for (path, mode) in paths {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let ini = "[uwsgi]\nenv = RUN=%d/run\nchdir = %dsite\nwsgi-file = app.py\n";
    test.write("site.ini", format!("{ini}http-socket = 127.0.0.1:{port}\n{options}"));
    (test, port)
}

fn start(test: &Test, port: u16) -> Process {
    let mut server = Process::start(test, test.program(certkit()).args(["serve", "site.ini"]));
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    server
}

fn get(port: u16) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A command that says which hook it is, as whom and where it runs.
fn says(phase: &str) -> String {
    format!("echo {phase} $(id -u) $(basename $PWD) >>$RUN/said\n")
}

#[test]
fn each_hook_runs_at_its_moment() {
    if peer("python3").is_none() {
        return;
    }
    let is_root = rustix::process::geteuid().is_root();
    let mut options = String::new();
    // Written in another order than they run in.
    for phase in
        ["as-user-atexit", "post-app", "pre-app", "as-user", "as-root", "in-jail", "pre-jail", "asap"]
    {
        options += &format!("exec-{phase} = {}", says(phase));
        options += &format!("hook-{phase} = exec:{}", says(&format!("hook-{phase}")));
    }
    options += &format!("hook-post-fork = exec:{}", says("post-fork"));
    options += "hook-post-fork = chdir:%d/run\n";
    options += &format!("hook-master-start = exec:{}", says("master-start"));
    options += "hook-master-start = unix_signal:15 gracefully_kill_them_all\n";
    if is_root {
        options += &format!("uid = {USER}\ngid = {USER}\n");
    } else {
        not_allowed_here("becoming another user without root");
    }
    let (test, port) = test(&options);
    let mut server = start(&test, port);
    assert!(get(port).ends_with("/run"), "the worker has changed its folder");
    let before_reload = test.text("run/said");
    server.signal(Signal::HUP);
    server.wait_for_log("reloaded");
    eventually("the hook behind a reload", || {
        test.text("run/said")[before_reload.len()..].contains("\nhook-post-app").then_some(())
    });
    let after_reload = test.text("run/said");
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    let at_the_end = test.text("run/said");

    let own = rustix::process::geteuid().as_raw().to_string();
    let user = if is_root { USER.to_owned() } else { own.clone() };
    let twice = |phase: &str, uid: &str, folder: &str| {
        // As they stand in the file.
        format!("{phase} {uid} {folder}\nhook-{phase} {uid} {folder}\n")
    };
    let mut expected =
        [twice("asap", &own, "work"), twice("pre-jail", &own, "work"), twice("in-jail", &own, "work")]
            .concat();
    if is_root {
        expected += &[twice("as-root", &own, "work"), twice("as-user", &user, "work")].concat();
    }
    let loading = format!("loading\npost-fork {user} site\n");
    let reload = [twice("pre-app", &user, "site"), loading, twice("post-app", &user, "site")].concat();
    expected += &reload;
    expected += &format!("master-start {user} site\n");
    assert_eq!(before_reload, expected);
    assert_eq!(&after_reload[before_reload.len()..], reload);
    assert_eq!(&at_the_end[after_reload.len()..], twice("as-user-atexit", &user, "site"));
}

#[test]
fn a_hook_that_fails_stops_the_start() {
    if peer("python3").is_none() {
        return;
    }
    let root = if rustix::process::geteuid().is_root() { &["as-root", "as-user"][..] } else { &[] };
    for phase in ["asap", "pre-jail", "in-jail", "pre-app", "post-app"].iter().chain(root) {
        let (test, _) = test(&format!("exec-{phase} = exit 7\nexec-as-user-atexit = {}", says("exit")));
        let said = test.certkit(&["serve", "site.ini"]).exits(2);
        let expected = format!("the hook `exec:exit 7` ({phase}) failed: it ended with exit status: 7");
        assert!(said.stderr().contains(&expected), "{}", said.stderr());
    }
    for hook in ["hook-post-fork = exec:exit 7", "hook-post-fork = chdir:/no/such/folder"] {
        let (test, _) = test(hook);
        test.certkit(&["serve", "site.ini"]).exits(1).says("(post-fork) failed: ");
    }
    let (test, port) = test("hook-asap = safeexec:exit 7\nhook-pre-app = write:note text\n");
    start(&test, port);
    assert_eq!(test.text("site/note"), "text");
}

#[test]
fn what_certkit_cannot_do_stops_the_start() {
    for (line, part) in [
        ("hook-asap = rpc:x", "no action `rpc`"),
        ("hook-pre-app = chdir:/", "post-fork only"),
        ("hook-master-start = unix_signal:1 end_me", "no other signal"),
        ("hook-asap = exec", "expected ACTION:ARGUMENT"),
    ] {
        let (test, _) = test(line);
        test.certkit(&["serve", "site.ini"]).exits(2).says(part).says("site.ini, line 6");
    }
}

#[test]
fn a_hook_that_fails_at_a_reload_keeps_the_old_code() {
    if peer("python3").is_none() {
        return;
    }
    let (test, port) = test("exec-pre-app = test ! -e ../broken\n");
    let server = start(&test, port);
    test.write("broken", "");
    server.signal(Signal::HUP);
    server.wait_for_log("the previous ones stay in use");
    server.wait_for_log("(pre-app) failed");
    assert_eq!(test.text("run/said"), "loading\n");
    assert!(get(port).contains("200 OK"));
}
