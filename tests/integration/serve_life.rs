//! How many workers there are, how long each serves, how long a request may take, and what applications do to the
//! process that they run in.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::curl::{Answer, Curl};
use crate::harness::{Test, eventually};
use crate::peers::python;
use crate::process::Server;

/// `/stuck` never answers, `/together` when as many requests have come as its query says.
const APP: &str = "import os, time

def application(environ, start_response):
    path = environ['PATH_INFO']
    with open('log', 'a') as log:
        log.write(path + '\\n')
    headers = [('Content-Type', 'text/event-stream'), ('Connection', 'close' if path == '/close' else 'keep-alive')]
    if path == '/stuck':
        stay_here()
    if path == '/together':
        deadline = time.monotonic() + 60
        while open('log').read().count('/together') < int(environ['QUERY_STRING']):
            if time.monotonic() > deadline:
                start_response('503 Service Unavailable', [])
                return [b'']
            time.sleep(0.05)
    start_response('200 OK', headers)
    return [str(os.getpid()).encode()]

def stay_here():
    time.sleep(600)
";

fn serve(test: &Test, app: &str, args: &[&str]) -> Server {
    test.write("app.py", app);
    let all = [&["--cert", "chain.pem", "--key", "server.key"], args, &["app.py"]].concat();
    Server::start(test, &all)
}

#[test]
fn workers_come_and_leave_by_signal_and_by_command() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, APP, &["--workers", "1", "--control-fifo", "control"]);
    let first = curl.get(&server, "/").is(200).text();
    server.workers(1);
    server.process.signal(Signal::TTIN);
    server.workers(2);
    fs::write(test.path("control"), "+").unwrap();
    server.workers(3);
    server.process.signal(Signal::TTOU);
    server.workers(2);
    fs::write(test.path("control"), "--").unwrap();
    server.workers(1);
    server.process.signal(Signal::TTOU);
    curl.get(&server, "/").is(200);
    assert_eq!(server.workers(1), [first.parse::<u32>().unwrap()]);
}

#[test]
fn a_request_that_takes_too_long_is_answered_504() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, APP, &["--workers", "1", "--request-timeout", "0.5"]);
    let first = curl.get(&server, "/").is(200).text();
    for version in ["--http1.1", "--http2"] {
        curl.fetch(&server, "/stuck", &[version]).is(504);
        assert_ne!(curl.get(&server, "/").is(200).text(), first);
    }
    server.process.wait_for_log("did not finish GET /stuck within 0.5 s (--request-timeout)");
    server.process.wait_for_log("in stay_here\n    time.sleep(600)");
    server.workers(1);
}

#[test]
fn limits_as_uwsgi_names_them() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write("app.py", APP);
    let ini = "[uwsgi]\nwsgi-file = app.py\nprocesses = 2\nharakiri = 1\nmax-requests = 5\nmin-worker-lifetime = 0\n\
               max-requests-delta = 1\nmax-worker-lifetime = 3600\nreload-on-rss = 2000\nevil-reload-on-rss = 3000\n";
    test.write("site.ini", ini);
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key", "site.ini"]);
    let processes: BTreeSet<_> = (0..40).map(|_| curl.get(&server, "/").is(200).text()).collect();
    assert!(processes.len() > 2, "{processes:?}");
    curl.get(&server, "/stuck").is(504);
    assert!(!server.process.log().contains("not known"), "{}", server.process.log());
}

/// Asks as often as `count` says, at the same time.
fn together(curl: &Curl<'_>, server: &Server, count: usize) {
    let clients: Vec<_> = (0..count)
        .map(|_| {
            let client = curl.program(server, &format!("/together?{count}")).args([
                "-w",
                "%{http_code}\n",
                "-o",
                "/dev/null",
            ]);
            client.command().stdout(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for client in clients {
        let output = client.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "200\n");
    }
}

fn python_with_gevent(test: &Test) -> Option<String> {
    let python = python(&["gevent"])?;
    test.note(&format!("with {}", python.display()));
    Some(path_text(&python))
}

fn path_text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_monkey_patched_application_answers_with_all_its_threads() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let Some(python) = python_with_gevent(&test) else { return };
    let app = format!("from gevent import monkey\nmonkey.patch_all()\n{APP}");
    let server = serve(&test, &app, &["--workers", "1", "--threads", "4", "--python", &python]);
    together(&curl, &server, 4);
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("reloaded");
    curl.get(&server, "/").is(200);
}

#[test]
fn headers_of_an_event_stream_example() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, APP, &["--workers", "1"]);
    let connection = |answer: Answer| answer.is(200).header("connection").map(str::to_owned);
    for (version, expected) in [("--http1.1", Some("close")), ("--http2", None)] {
        assert_eq!(connection(curl.fetch(&server, "/close", &[version])).as_deref(), expected);
        assert_eq!(connection(curl.fetch(&server, "/", &[version])), None);
    }
    // curl says that it uses a connection again, or that it has opened another.
    let both = |path: &str| {
        let (url, options) = (server.url("test.example", path), ["--http1.1", "-v"]);
        curl.program(&server, path).args(options).args([url]).run().exits(0).stderr()
    };
    assert!(both("/").contains("Re-using existing connection"));
    assert!(!both("/close").contains("Re-using existing connection"));
    server.process.wait_for_log("the header Connection of the application is dropped");
}

#[test]
fn a_hundred_requests_in_greenlets_of_one_worker() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let Some(python) = python_with_gevent(&test) else { return };
    let args = ["--workers", "1", "--gevent", "100", "--gevent-monkey-patch", "--request-timeout", "60"];
    let server = serve(&test, APP, &[&args[..], &["--python", &python]].concat());
    together(&curl, &server, 100);
    // Bodies that are asked for, and answers in pieces, wait without holding up the others.
    test.write("large", vec![b'l'; 3 * 1024 * 1024]);
    curl.fetch(&server, "/", &["-T", "large"]).is(200);
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("reloaded");
    curl.get(&server, "/").is(200);
    server.workers(1);
}

#[test]
fn a_changed_file_is_loaded_again() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let app = |text: &str| APP.replace("str(os.getpid()).encode()", &format!("b'{text}'"));
    let server = serve(&test, &app("old"), &["--workers", "2", "--reload-on-change=0.1"]);
    assert_eq!(curl.get(&server, "/").is(200).text(), "old");
    test.write("app.py", "broken(");
    server.process.wait_for_log("SyntaxError");
    assert_eq!(curl.get(&server, "/").is(200).text(), "old");
    test.write("app.py", app("newer"));
    eventually("the new code", || (curl.get(&server, "/").is(200).text() == "newer").then_some(()));
}

#[test]
fn modules_of_uwsgi_with_an_option_file() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write(
        "app.py",
        "import uwsgi\n\ndef application(environ, start_response):\n    start_response('200 OK', [])\n    \
                          return [uwsgi.opt['module'], b' ', str(uwsgi.masterpid()).encode()]\n",
    );
    test.write("site.ini", "[uwsgi]\nmodule = app\nprocesses = 1\ncheaper = 1\ncheaper-algo = spare\n");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key", "site.ini"]);
    assert_eq!(curl.get(&server, "/").is(200).text(), format!("app {}", server.process.id()));
    assert!(!server.process.log().contains("no effect"), "{}", server.process.log());
}
