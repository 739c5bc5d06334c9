//! Clients that send what is not HTTP, half of it, or more than is wanted: refused on both versions, nothing of it reaches an
//! upstream, and others are served while it is held.

use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use super::balancing::{Counting, read_head};
use crate::fronts::client::{ask, connect, request};
use crate::harness::{Test, eventually};
use crate::peers::{python, script};
use crate::process::{Server, free_port};
use crate::serve_slow::held;

/// What a client sends behind the request line, and the status of the answer.
const HEADS: &[(&str, u16)] = &[
    // Framing, RFC 9112 section 6.
    ("Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("Host: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    ("Host: a\r\nContent-Length: 3, 4\r\n\r\nabcd", 400),
    ("Host: a\r\nContent-Length: +3\r\n\r\nabc", 400),
    ("Host: a\r\nContent-Length: -1\r\n\r\n", 400),
    ("Host: a\r\nContent-Length: 0x3\r\n\r\nabc", 400),
    ("Host: a\r\nContent-Length:\r\n\r\n", 400),
    ("Host: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
    ("Host: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ("Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    ("Host: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    ("Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("Host: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    ("Host: a\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", 400),
    // Fields.
    ("Host: a\r\nX: a\r\n b\r\n\r\n", 400),
    ("Host: a\r\n X: a\r\n\r\n", 400),
    ("Host: a\r\nX : a\r\n\r\n", 400),
    ("Host: a\r\nX\r\n\r\n", 400),
    ("Host: a\r\n: a\r\n\r\n", 400),
    ("Host: a\r\nX: a\0b\r\n\r\n", 400),
    ("Host: a\r\nX: a\rb\r\n\r\n", 400),
    ("Host: a\r\nX: a\nY: b\r\n\r\n", 400),
    ("Host: a\nX: a\n\n", 400),
    ("Host: a\r\nX(: a\r\n\r\n", 400),
    // Host.
    ("X: a\r\n\r\n", 400),
    ("Host: a\r\nHost: b\r\n\r\n", 400),
    ("Host: a b\r\n\r\n", 400),
    ("Host: a/b\r\n\r\n", 400),
    ("Host: a@b\r\n\r\n", 400),
    // Chunks.
    ("Host: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ("Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400),
    ("Host: a\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n", 400),
    ("Host: a\r\nTransfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n", 400),
    ("Host: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n0\n\n", 400),
    ("Host: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400),
    ("Host: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na\r\n", 400),
    ("Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX : a\r\n\r\n", 400),
    ("Host: a\r\nExpect: wonders\r\n\r\n", 417),
];

/// Whole request lines, and the status of the answer.
const LINES: &[(&str, u16)] = &[
    ("GET /up/ HTTP/2.0", 505),
    ("GET /up/ HTTP/1.9x", 400),
    ("GET /up/ http/1.1", 400),
    ("GET  /up/ HTTP/1.1", 400),
    ("GET /up/\tHTTP/1.1", 400),
    ("GET /up/ x HTTP/1.1", 400),
    ("GET /up/\x01 HTTP/1.1", 400),
    ("GET up/ HTTP/1.1", 400),
    ("GET /up/#x HTTP/1.1", 400),
    ("GET /up/%00 HTTP/1.1", 400),
    ("G(T /up/ HTTP/1.1", 400),
    ("CONNECT a:443 HTTP/1.1", 501),
    ("GET /up/", 400),
    ("\x16\x03\x01\x02", 400),
];

/// Remembers the first line of every request, and answers it.
fn recorder() -> (Counting, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&seen);
    let server = Counting::start(move |mut stream, _| {
        while let Some(head) = read_head(&mut stream) {
            lines.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.map_or(0, |length| length.parse().unwrap());
            let _ = stream.read_exact(&mut vec![0; length]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup");
        }
    });
    (server, seen)
}

/// A server with an upstream at `/up` and a folder at `/files`, over https and, at this port, over http.
fn site(test: &Test, upstream: &Counting) -> (Server, u16) {
    let port = free_port();
    test.write("files/a.txt", "a file");
    let args = [
        "--cert=chain.pem",
        "--key=server.key",
        "--static=/files=files",
        &format!("--upstream=/up=http://127.0.0.1:{}", upstream.port),
        &format!("--listen=http:127.0.0.1:{port}"),
        "--limit-post=1m",
    ];
    let mut server = Server::start(test, &args);
    server.process.wait_for((Ipv4Addr::LOCALHOST, port).into());
    (server, port)
}

fn serves(port: u16) {
    for (path, body) in [("/up/good", &b"up"[..]), ("/files/a.txt", b"a file")] {
        let reply = ask(port, &request("GET", path, &[], b""));
        assert_eq!((reply.status, &reply.body[..]), (200, body), "{reply:?}");
    }
}

#[test]
fn what_is_not_http_1_reaches_no_upstream() {
    let test = Test::with_chain("localhost");
    let (upstream, seen) = recorder();
    let (_server, port) = site(&test, &upstream);
    // What could be smuggled in.
    let next = "GET /up/smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let long = format!("Host: a\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    let many = format!("Host: a\r\n{}\r\n", "X: a\r\n".repeat(200));
    let large = format!("Host: a\r\nContent-Length: {}\r\n\r\n", 2 << 20);
    let extended =
        format!("Host: a\r\nTransfer-Encoding: chunked\r\n\r\n1;{}\r\na\r\n0\r\n\r\n", "x".repeat(20_000));
    let trailers =
        format!("Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{}\r\n", "X: a\r\n".repeat(20_000));
    let more = [(&*long, 431), (&*many, 431), (&*large, 413), (&*extended, 400), (&*trailers, 400)];
    for path in ["/up/bad", "/files/a.txt"] {
        for (head, status) in HEADS.iter().copied().chain(more) {
            let reply = ask(port, format!("POST {path} HTTP/1.1\r\n{head}{next}").as_bytes());
            let shown = head.get(..head.len().min(100)).unwrap();
            // A folder takes no POST, and need not read its body.
            let is_refused = path.starts_with("/files") && reply.status == 405;
            assert!(reply.status == status || is_refused, "{path} {shown:?}, expected {status}: {reply:?}");
            let all = String::from_utf8_lossy(&reply.body).into_owned();
            assert!(!all.contains("HTTP/1.1 200"), "{path} {shown:?}: {all}");
        }
    }
    let long = format!("GET /up/{} HTTP/1.1", "x".repeat(20_000));
    for (line, status) in LINES.iter().copied().chain([(&*long, 414)]) {
        let reply = ask(port, format!("{line}\r\nHost: a\r\n\r\n{next}").as_bytes());
        assert_eq!(reply.status, status, "{:?}: {reply:?}", line.get(..line.len().min(60)));
    }
    serves(port);
    let seen = seen.lock().unwrap();
    assert!(seen.iter().all(|line| line == "GET /up/good HTTP/1.1"), "{seen:?}");
}

#[test]
fn half_a_request_holds_nobody_else() {
    let test = Test::with_chain("localhost");
    let (upstream, seen) = recorder();
    let (server, port) = site(&test, &upstream);
    serves(port);
    let (_, few) = held(&server);
    let chunked = "POST /up/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let halves = [
        String::new(),
        "G".to_owned(),
        "GET /up/x HTTP/1.1\r\n".to_owned(),
        "GET /up/x HTTP/1.1\r\nHost: a\r\nX: ".to_owned(),
        "POST /up/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf".to_owned(),
        chunked.to_owned(),
        format!("{chunked}5"),
        format!("{chunked}5\r\nha"),
        format!("{chunked}5\r\nhalf.\r\n0\r\nX: "),
    ];
    let all: Vec<_> = (0..10)
        .flat_map(|_| &halves)
        .map(|half| {
            let mut stream = connect(port);
            stream.write_all(half.as_bytes()).unwrap();
            stream
        })
        .collect();
    eventually("all are held", || (held(&server).1 >= few + all.len() - 10).then_some(()));
    serves(port);
    drop(all);
    eventually("all descriptors are given back", || (held(&server).1 <= few + 2).then_some(()));
    let seen = seen.lock().unwrap();
    assert!(seen.iter().all(|line| line == "GET /up/good HTTP/1.1"), "{seen:?}");
}

/// Frames that break the rules of HTTP/2, or do too much: `tests/peers/frames.py` lists them.
#[test]
fn what_is_not_http_2_reaches_no_upstream() {
    let Some(python) = python(&["ssl"]) else { return };
    let test = Test::with_chain("localhost");
    let (upstream, seen) = recorder();
    let (server, port) = site(&test, &upstream);
    serves(port);
    let (_, few) = held(&server);
    let args = [script("frames.py").display().to_string(), server.port.to_string(), "ca.crt".to_owned()];
    let ran = test.program(python).args(args).run().exits(0);
    assert!(ran.stdout().ends_with("all as expected\n"), "{}", ran.all());
    eventually("all descriptors are given back", || (held(&server).1 <= few + 2).then_some(()));
    serves(port);
    let seen = seen.lock().unwrap();
    let is_good = |line: &&String| *line == "GET /up/good HTTP/1.1" || *line == "POST /up/good HTTP/1.1";
    let bad: Vec<_> = seen.iter().filter(|line| !is_good(line)).collect();
    assert!(bad.is_empty(), "{bad:?}");
}
