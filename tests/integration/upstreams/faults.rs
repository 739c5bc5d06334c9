//! Servers behind certkit that stall or never end, a full disk, no descriptors: each costs its own requests alone, and what
//! was held for them is given back.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::Front;
use super::balancing::{Counting, read_head};
use crate::curl::Curl;
use crate::disk::SmallDisk;
use crate::fronts::client::{ask, connect, request};
use crate::harness::{Program, Test, certkit, eventually};
use crate::peers::{peer, python};
use crate::process::Server;
use crate::serve_slow::{SlowClients, held};

/// How each protocol begins a response, with these lines of its head.
fn head(scheme: &str, status: u16, lines: &str) -> Vec<u8> {
    let text = match scheme {
        "http" => format!("HTTP/1.1 {status} Status\r\nConnection: close\r\n{lines}"),
        _ => format!("Status: {status}\r\n{lines}"),
    };
    piece(scheme, text.as_bytes())
}

/// Bytes of a response, in a record where there are records.
fn piece(scheme: &str, bytes: &[u8]) -> Vec<u8> {
    if scheme != "fcgi" {
        return bytes.to_vec();
    }
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[1, 6, 0, 1, length[0], length[1], 0, 0], bytes].concat()
}

const SCHEMES: [&str; 4] = ["http", "uwsgi", "scgi", "fcgi"];

/// A server that calls `serve` once a request has begun, and counts how many of these calls have ended.
fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> (Counting, Arc<AtomicUsize>) {
    let ended = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ended);
    let server = Counting::start(move |mut stream, _| {
        let _ = stream.read(&mut [0; 4096]);
        serve(stream);
        counted.fetch_add(1, Ordering::Relaxed);
    });
    (server, ended)
}

/// Writes `bytes` until nobody takes them.
fn write_without_end(mut stream: TcpStream, bytes: &[u8]) {
    while stream.write_all(bytes).is_ok() {}
}

#[test]
fn a_response_may_come_before_the_whole_request() {
    let test = Test::new();
    for scheme in SCHEMES {
        let (refusing, _) = server(move |mut stream| {
            let _ = stream.write_all(&head(scheme, 413, "Content-Length: 3\r\n\r\nno\n"));
            // The rest is neither read nor refused.
            thread::sleep(Duration::from_secs(60));
        });
        let front =
            Front::start(&test, &["--upstream", &format!("/={scheme}://127.0.0.1:{}", refusing.port)]);
        let reply = ask(front.port, &request("POST", "/", &[], &vec![b'x'; 16 << 20]));
        assert_eq!(
            (reply.status, reply.is_whole, &reply.body[..]),
            (413, true, &b"no\n"[..]),
            "{scheme}: {reply:?}"
        );
    }
}

#[test]
fn a_head_without_end_is_cut() {
    let test = Test::new();
    for scheme in SCHEMES {
        let line = format!("X-Line: {}\r\n", "x".repeat(1000));
        let (endless, ended) = server(move |mut stream| {
            let _ = stream.write_all(&head(scheme, 200, ""));
            write_without_end(stream, &piece(scheme, line.as_bytes()));
        });
        let front = Front::start(&test, &["--upstream", &format!("/={scheme}://127.0.0.1:{}", endless.port)]);
        assert_eq!(ask(front.port, &request("GET", "/", &[], b"")).status, 502, "{scheme}");
        eventually("the connection is closed", || (ended.load(Ordering::Relaxed) > 0).then_some(()));
    }
    // Interim responses are no response, however many there are.
    let (interim, ended) = server(|stream| write_without_end(stream, b"HTTP/1.1 100 Continue\r\n\r\n"));
    let upstream = format!("/=http://127.0.0.1:{}", interim.port);
    let front = Front::start(&test, &["--upstream", &upstream, "--upstream-timeout", "1"]);
    assert_eq!(ask(front.port, &request("GET", "/", &[], b"")).status, 504);
    eventually("the connection is closed", || (ended.load(Ordering::Relaxed) > 0).then_some(()));
}

#[test]
fn when_a_client_leaves_its_upstream_may_stop() {
    let test = Test::new();
    for scheme in SCHEMES {
        let (endless, ended) = server(move |mut stream| {
            let _ = stream.write_all(&head(scheme, 200, "\r\n"));
            write_without_end(stream, &piece(scheme, &[b'x'; 16_000]));
        });
        let front = Front::start(&test, &["--upstream", &format!("/={scheme}://127.0.0.1:{}", endless.port)]);
        let mut client = connect(front.port);
        client.write_all(&request("GET", "/", &[], b"")).unwrap();
        client.read_exact(&mut [0; 100_000]).unwrap();
        drop(client);
        eventually("the connection is closed", || (ended.load(Ordering::Relaxed) > 0).then_some(()));
    }
}

/// An upstream that begins each response and does not end it, one that answers at once, and a folder.
struct Site<'a> {
    curl: Curl<'a>,
    server: Server,
    stalled: (Counting, Arc<AtomicUsize>),
    _quick: Counting,
}

impl<'a> Site<'a> {
    fn start(test: &'a Test, program: Program<'a>) -> Option<Self> {
        let curl = Curl::new(test, "localhost")?;
        let stalled = server(|mut stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nx");
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let quick = Counting::start(|mut stream, _| {
            while read_head(&mut stream).is_some() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nquick");
            }
        });
        test.write("files/a.txt", "a file");
        let upstreams = [
            format!("--upstream=/stalled=http://127.0.0.1:{}", stalled.0.port),
            format!("--upstream=/quick=http://127.0.0.1:{}", quick.port),
        ];
        let args =
            ["--cert=chain.pem", "--key=server.key", "--static=/files=files", &upstreams[0], &upstreams[1]];
        let server = Server::start_with(test, program, &args);
        Some(Self { curl, server, stalled, _quick: quick })
    }

    fn serves(&self) {
        for (path, body) in [("/quick/", "quick"), ("/files/a.txt", "a file")] {
            for version in ["--http1.1", "--http2"] {
                let answer = self.curl.fetch(&self.server, path, &[version]).is(200);
                assert_eq!(answer.text(), body, "{version} {path}");
            }
        }
    }
}

#[test]
fn a_crowd_that_waits_for_an_upstream_holds_nobody_else() {
    let (Some(python), test) = (python(&["ssl"]), Test::with_chain("localhost")) else { return };
    let Some(site) = Site::start(&test, test.program(certkit())) else { return };
    site.serves();
    let (_, few) = held(&site.server);
    // 200 streams on two connections.
    let crowd = SlowClients::start(&test, &site.server, &python, "window", 2, "/stalled/");
    assert_eq!(site.stalled.0.connections(), 200);
    site.serves();
    crowd.end();
    eventually("the upstream's connections are closed", || {
        (site.stalled.1.load(Ordering::Relaxed) == 200).then_some(())
    });
    eventually("all descriptors are given back", || (held(&site.server).1 <= few + 2).then_some(()));
    site.serves();
}

#[test]
fn without_descriptors_for_upstreams_the_server_lives_on() {
    let (Some(python), Some(prlimit)) = (python(&["ssl"]), peer("prlimit")) else { return };
    let test = Test::with_chain("localhost");
    let program = test.program(prlimit).args(["--nofile=100:100", "--"]).args([certkit()]);
    let Some(site) = Site::start(&test, program) else { return };
    site.serves();
    let (_, few) = held(&site.server);
    // More streams than descriptors: those without one are answered as well.
    let crowd = SlowClients::start(&test, &site.server, &python, "window", 2, "/stalled/");
    assert!(site.stalled.0.connections() < 100);
    site.server.process.wait_for_log("no file descriptor is left");
    assert!(!site.server.process.log().contains("cannot be reached"));
    crowd.end();
    eventually("all descriptors are given back", || (held(&site.server).1 <= few + 2).then_some(()));
    site.serves();
}

#[test]
fn a_full_disk_makes_the_upstream_wait_and_breaks_nothing() {
    let (Some(python), test) = (python(&["ssl"]), Test::with_chain("localhost")) else { return };
    let disk = SmallDisk::new(&test, "small", 4096);
    disk.leave_kib(1200);
    let pattern: Vec<u8> = (0..=255).cycle().take(1_000_000 / 256 * 256).collect();
    let large = Counting::start(move |mut stream, _| {
        if read_head(&mut stream).is_some_and(|head| head.starts_with("GET ")) {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", pattern.len() * 32);
            (0..32).for_each(|_| drop(stream.write_all(&pattern)));
        }
    });
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    let program = disk.program().args([certkit()]).env("TMPDIR", test.path("small"));
    let upstream = format!("--upstream=/=http://127.0.0.1:{}", large.port);
    test.write("files/a.txt", "a file");
    let args = ["--cert=chain.pem", "--key=server.key", "--static=/files=files", &upstream];
    let server = Server::start_with(&test, program, &args);
    let slow = SlowClients::start(&test, &server, &python, "read", 2, "/");
    server.process.wait_for_log("cannot write bodies to a temporary file");
    curl.get(&server, "/files/a.txt").is(200);
    test.write("large", vec![b'x'; 8_000_000]);
    curl.fetch(&server, "/", &["-T", "large"]).is(503);
    let whole = format!("whole {}", 1_000_000 / 256 * 256 * 32);
    assert_eq!(slow.end(), [whole.clone(), whole]);
}
