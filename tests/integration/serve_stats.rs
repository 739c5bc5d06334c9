//! `--stats`: the JSON that uwsgitop reads, and the text for Prometheus.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use rustix::process::Signal;
use serde_json::Value;

use crate::curl::Curl;
use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::{not_allowed_here, peer, python};
use crate::process::{Process, Server, free_port, send};

const APP: &str = "import time

def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/slow':
        time.sleep(60)
    if path == '/fail':
        raise ValueError('on purpose')
    start_response('404 Not Found' if path == '/none' else '200 OK', [('Content-Type', 'text/plain')])
    return [b'hello']
";

fn serve(test: &Test, args: &[&str]) -> Server {
    test.write("app.py", APP);
    let all = ["--cert", "chain.pem", "--key", "server.key", "--workers", "2", "--threads", "2", "app.py"];
    Server::start(test, &[&all[..], &["--stats", "unix:stats.sock"], args].concat())
}

/// All that comes back on the stats socket.
fn ask(test: &Test, request: &str) -> String {
    let mut client = UnixStream::connect(test.path("stats.sock")).unwrap();
    client.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer
}

fn document(test: &Test) -> Value {
    let text = ask(test, "");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The body of a page, which must have this status.
fn page(test: &Test, path: &str, status: u16) -> String {
    let answer = ask(test, &format!("GET {path} HTTP/1.1\r\nHost: test.example\r\n\r\n"));
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// The value of a sample, with its labels; 0 if there is none.
fn sample(test: &Test, name: &str) -> f64 {
    let text = page(test, "/metrics", 200);
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0.0, |value| value.parse().unwrap())
}

fn sum(document: &Value, field: &str) -> u64 {
    document["workers"].as_array().unwrap().iter().map(|worker| worker[field].as_u64().unwrap()).sum()
}

/// A client that connects by TCP and asks at once, again and again.
#[test]
fn prometheus_gets_its_page_each_time() {
    let test = Test::new();
    test.write("app.py", APP);
    let (port, stats) = (free_port(), free_port());
    let listen = format!("http:127.0.0.1:{port}");
    let stats_address = format!("127.0.0.1:{stats}");
    let args = ["serve", "--listen", &listen, "--stats", &stats_address, "app.py"];
    let mut server = Process::start(&test, test.program(certkit()).args(args));
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    for number in 0..50 {
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, stats)).unwrap();
        client.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "request {number}: {answer}");
    }
}

#[test]
fn the_document_follows_the_workers() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &["--request-timeout", "1"]);
    let first = document(&test);
    assert_eq!(first["pid"], server.process.id());
    assert_eq!((sum(&first, "requests"), sum(&first, "respawn_count"), sum(&first, "accepting")), (0, 2, 2));
    for _ in 0..5 {
        curl.get(&server, "/").is(200);
    }
    curl.get(&server, "/fail").is(500);
    let second = document(&test);
    assert_eq!((sum(&second, "requests"), sum(&second, "delta_requests")), (6, 6));
    assert_eq!(sum(&second, "exceptions"), 1);
    assert!(sum(&second, "tx") >= 25, "{second}");
    assert!(sum(&second, "rss") > 1_000_000 && sum(&second, "vsz") > sum(&second, "rss"), "{second}");
    let workers: BTreeSet<_> =
        second["workers"].as_array().unwrap().iter().map(|worker| worker["pid"].as_u64().unwrap()).collect();
    assert_eq!(workers, server.workers(2).into_iter().map(u64::from).collect());

    // One that is ended has its place and its past kept.
    for worker in server.workers(2) {
        send(worker, Signal::KILL);
    }
    let third = eventually("two others", || {
        let document = document(&test);
        (sum(&document, "respawn_count") == 4).then_some(document)
    });
    assert_eq!((sum(&third, "requests"), sum(&third, "delta_requests")), (6, 0));

    let slow = std::thread::scope(|scope| {
        let slow = scope.spawn(|| curl.get(&server, "/slow").status);
        eventually("a busy worker", || {
            let document = document(&test);
            let busy =
                document["workers"].as_array()?.iter().find(|worker| worker["status"] == "busy")?.clone();
            busy["cores"].as_array()?.iter().find(|core| core["in_request"] == 1).map(drop)
        });
        slow.join().unwrap()
    });
    assert_eq!(slow, 504);
    eventually("its count", || (sum(&document(&test), "harakiri_count") == 1).then_some(()));
}

/// Every field of the real one, on every level, has the same name and kind of value here.
#[test]
fn the_document_has_the_fields_of_uwsgi() {
    fn compare(theirs: &Value, ours: &Value, at: &str) {
        match (theirs, ours) {
            (Value::Object(theirs), Value::Object(ours)) => {
                for (key, value) in theirs {
                    let ours = ours.get(key).unwrap_or_else(|| panic!("{at} has no {key}"));
                    compare(value, ours, &format!("{at}.{key}"));
                }
            }
            (Value::Array(theirs), Value::Array(ours)) => {
                if let (Some(theirs), Some(ours)) = (theirs.first(), ours.first()) {
                    compare(theirs, ours, &format!("{at}[]"));
                }
            }
            _ => assert_eq!(
                std::mem::discriminant(theirs),
                std::mem::discriminant(ours),
                "{at}: {theirs} there, {ours} here"
            ),
        }
    }
    let Some(uwsgi) = peer("uwsgi") else { return };
    let test = Test::with_chain("test.example");
    let _server = serve(&test, &[]);
    let port = free_port();
    let http = format!("127.0.0.1:{port}");
    let args =
        ["--plugin", "python3", "--master", "--die-on-term", "--http-socket", &http, "--wsgi-file", "app.py"];
    let args = [&args[..], &["--stats", "theirs.sock"]].concat();
    let _uwsgi = Process::start(&test, test.program(uwsgi).args(args));
    let theirs = eventually("uWSGI's document", || {
        let mut text = String::new();
        UnixStream::connect(test.path("theirs.sock")).ok()?.read_to_string(&mut text).ok()?;
        let document: Value = serde_json::from_str(&text).ok()?;
        document["workers"].get(0)?["apps"].get(0)?;
        Some(document)
    });
    compare(&theirs, &document(&test), "document");
}

#[test]
fn uwsgitop_shows_it() {
    let Some(python) = python(&["importlib.metadata as m; m.version('uwsgitop')"]) else { return };
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &[]);
    for _ in 0..3 {
        curl.get(&server, "/").is(200);
    }
    let script = repository().join("tests/peers/uwsgitop_screen.py");
    let socket = test.path("stats.sock");
    let shown = test.run(python, &[script.to_str().unwrap(), socket.to_str().unwrap()]).exits(0).stdout();
    assert!(shown.contains("req: 3 - RPS:"), "{shown}");
    assert!(shown.contains(&format!("masterpid: {}", server.process.id())), "{shown}");
    let workers = server.workers(2);
    assert!(workers.iter().all(|worker| shown.contains(&format!("\t{worker}\t"))), "{shown}");
    // The view of threads.
    assert!(shown.contains("\n  :0\t") || shown.contains("\n  :1\t"), "{shown}");
}

#[test]
fn prometheus_finds_what_it_asks_for() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &["--stats-http"]);
    curl.get(&server, "/").is(200);
    curl.get(&server, "/none").is(404);
    curl.get(&server, "/fail").is(500);
    // Neither TLS nor HTTP.
    TcpStream::connect(("127.0.0.1", server.port)).unwrap().write_all(b"\x16\x03\x01\0\x01x").unwrap();
    let is = |name: &str, value: f64| {
        eventually(&format!("{name} {value}"), || ((sample(&test, name) - value).abs() < 1e-9).then_some(()));
    };
    for status in [200, 404, 500] {
        is(&format!("certkit_requests_total{{status=\"{status}\"}}"), 1.0);
    }
    is("certkit_request_duration_seconds_count", 3.0);
    is("certkit_request_duration_seconds_bucket{le=\"+Inf\"}", 3.0);
    is("certkit_tls_handshakes_total", 3.0);
    is("certkit_tls_handshake_failures_total", 1.0);
    is("certkit_tls_handshake_failure_reasons_total{reason=\"closed\"}", 1.0);
    is("certkit_connections_open", 0.0);
    is("certkit_workers{application=\"0\",state=\"idle\"}", 2.0);
    is("certkit_reloads_total{outcome=\"done\"}", 0.0);
    server.process.signal(Signal::HUP);
    is("certkit_reloads_total{outcome=\"done\"}", 1.0);
    is("certkit_certificate_reloads_total{outcome=\"done\"}", 1.0);
    test.write("app.py", "broken(");
    server.process.signal(Signal::HUP);
    is("certkit_reloads_total{outcome=\"failed\"}", 1.0);
    assert!(sample(&test, "process_resident_memory_bytes") > 1e6);
    assert!(sample(&test, "certkit_response_body_bytes_total") >= 10.0);

    let json = test.certkit(&["show", "chain.pem", "--format", "json"]).exits(0).stdout();
    assert!(
        sample(&test, "certkit_certificate_not_after_seconds{certificate=\"1\",name=\"test.example\"}")
            > 1.7e9,
        "{json}"
    );

    // Each line is a comment or a sample, and each sample belongs to the comment before it.
    let (mut name, mut seen) = (String::new(), BTreeSet::new());
    for line in page(&test, "/metrics", 200).lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            name = help.split(' ').next().unwrap().to_owned();
            assert!(seen.insert(name.clone()), "{name} comes twice");
        } else if !line.starts_with("# TYPE ") {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            assert!(sample.starts_with(&name) && value.parse::<f64>().is_ok(), "{line}");
        }
    }

    serde_json::from_str::<Value>(&page(&test, "/", 200)).unwrap();
    page(&test, "/nowhere", 404);
    assert!(
        ask(&test, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").starts_with("HTTP/1.1 405 ")
    );
    assert!(ask(&test, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

#[test]
fn http_needs_no_option_where_the_client_asks_at_once() {
    let test = Test::with_chain("test.example");
    let _server = serve(&test, &["--stats-min", "--stats-no-cores"]);
    // On a machine that is busy the document may be quicker than the request.
    eventually("an answer by HTTP", || {
        ask(&test, "GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 200 ").then_some(())
    });
    let text = ask(&test, "");
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    assert!(!text.contains("\"cores\""), "{text}");
}

#[test]
fn clients_that_do_not_read_hold_up_nobody() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &[]);
    let silent: Vec<_> = (0..40).map(|_| UnixStream::connect(test.path("stats.sock")).unwrap()).collect();
    curl.get(&server, "/").is(200);
    assert_eq!(sum(&document(&test), "requests"), 1);
    drop(silent);
}

#[test]
fn it_is_bound_before_rights_are_given_up_and_outlives_reloads() {
    if !rustix::process::geteuid().is_root() {
        return not_allowed_here("becoming another user without root");
    }
    let test = Test::with_chain("test.example");
    for folder in [test.folder().parent().unwrap(), &test.folder()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::create_dir(test.path("run")).unwrap();
    test.write("app.py", APP);
    let args =
        ["--cert", "chain.pem", "--key", "server.key", "--stats", "unix:run/stats.sock", "--workers", "1"];
    let mut server =
        Server::start(&test, &[&args[..], &["--user", "54321", "--group", "54321", "app.py"]].concat());
    let uid = || {
        let mut text = String::new();
        UnixStream::connect(test.path("run/stats.sock")).unwrap().read_to_string(&mut text).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["uid"].clone()
    };
    assert_eq!(uid(), 54321);
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("reloaded");
    assert_eq!(uid(), 54321);
    server.process.signal(Signal::TERM);
    assert!(server.process.wait().success());
    assert!(!test.path("run/stats.sock").exists(), "it is removed at the end");
}

#[test]
fn an_address_that_is_taken_is_refused() {
    let test = Test::with_chain("test.example");
    let _server = serve(&test, &[]);
    let listen = "http+unix:other.sock";
    let said = test.certkit(&["serve", "--listen", listen, "--stats", "unix:stats.sock"]).exits(2).stderr();
    assert!(said.contains("stats.sock") && said.contains("already in use"), "{said}");
    let said = test.certkit(&["serve", "--listen", listen, "--stats", "unix:other.sock"]).exits(2).stderr();
    assert!(said.contains("same unix socket"), "{said}");
}

#[test]
fn a_certificate_that_expires_soon_is_in_the_log() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "test.example", "--days", "20"]).exits(0);
    test.write("app.py", APP);
    let server =
        Server::start(&test, &["--cert", "server.crt", "--key", "server.key", "--workers", "1", "app.py"]);
    let said = || server.process.log().matches("the certificate for test.example expires on ").count();
    eventually("a warning at the start", || (said() == 1).then_some(()));
    // Of a new one too, at once.
    test.certkit(&["mkcert", "test.example", "--days", "10", "--force"]).exits(0);
    server.process.signal(Signal::HUP);
    eventually("a warning of the new one", || (said() == 2).then_some(()));
}

/// What is served without an application is counted too.
#[test]
fn a_folder_has_statistics() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    fs::create_dir(test.path("public")).unwrap();
    test.write("public/a.txt", "text");
    let args = ["--cert", "chain.pem", "--key", "server.key", "--stats", "unix:stats.sock"];
    let server = Server::start(&test, &args);
    curl.get(&server, "/a.txt").is(200);
    let document = document(&test);
    assert_eq!((sum(&document, "requests"), sum(&document, "tx")), (1, 4));
}
