//! What servers behind certkit may send: clients get a whole answer, a broken one that looks broken, or 502.

use std::io::{Read, Write};

use super::Front;
use super::balancing::{Counting, read_head};
use crate::fronts::client::{ask, request};
use crate::harness::Test;

/// What a client sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Whole(u16, usize),
    Broken,
    BadGateway,
}

/// By HTTP.
const HTTP: &[(&str, &str, Seen)] = &[
    ("whole", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Seen::Whole(200, 2)),
    ("until the end", "HTTP/1.0 200 OK\r\n\r\nok", Seen::Whole(200, 2)),
    (
        "interim",
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Seen::Whole(200, 2),
    ),
    ("more than its length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more", Seen::Whole(200, 2)),
    ("less than its length", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", Seen::Broken),
    ("chunks without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", Seen::Broken),
    (
        "chunks that are none",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n",
        Seen::Broken,
    ),
    ("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", Seen::BadGateway),
    ("no number", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nok", Seen::BadGateway),
    ("no protocol", "hello\r\n\r\n", Seen::BadGateway),
    ("TLS", "\x15\x03\x01\x00\x02\x02\x16", Seen::BadGateway),
    ("nothing", "", Seen::BadGateway),
    ("half a head", "HTTP/1.1 200 OK\r\nContent-Le", Seen::BadGateway),
    (
        "a protocol that nobody asked for",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        Seen::BadGateway,
    ),
];

/// By uwsgi and SCGI.
const CGI: &[(&str, &str, Seen)] = &[
    ("a status line", "HTTP/1.1 404 Not Found\r\n\r\nok", Seen::Whole(404, 2)),
    ("a status", "Status: 201 Created\nContent-Type: text/plain\n\nok", Seen::Whole(201, 2)),
    ("more than its length", "Status: 200\r\nContent-Length: 2\r\n\r\nok and more", Seen::Whole(200, 2)),
    ("less than its length", "Status: 200\r\nContent-Length: 9\r\n\r\nok", Seen::Broken),
    (
        "hop by hop",
        "Status: 200\r\nConnection: close, X-A\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\nok",
        Seen::Whole(200, 2),
    ),
    ("two lengths", "Status: 200\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", Seen::BadGateway),
    ("an empty head", "\r\nok", Seen::BadGateway),
    ("a bare CR", "A: b\rc\r\n\r\nok", Seen::BadGateway),
    ("no head", "Traceback (most recent call last):\n", Seen::BadGateway),
    ("interim", "HTTP/1.1 100 Continue\r\n\r\n", Seen::BadGateway),
    ("nothing", "", Seen::BadGateway),
];

fn check(
    scheme: &str,
    cases: &'static [(&'static str, &'static str, Seen)],
    read: fn(&mut std::net::TcpStream),
) {
    let test = Test::new();
    let mut args = Vec::new();
    let mut servers = Vec::new();
    for (number, (_, response, _)) in cases.iter().enumerate() {
        let server = Counting::start(move |mut stream, _| {
            read(&mut stream);
            let _ = stream.write_all(response.as_bytes());
        });
        args.push(format!("--upstream=/{number}={scheme}://127.0.0.1:{}", server.port));
        servers.push(server);
    }
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let front = Front::start(&test, &args);
    for (number, (name, _, expected)) in cases.iter().enumerate() {
        let reply = ask(front.port, &request("GET", &format!("/{number}/"), &[], b""));
        let seen = match (reply.is_whole, reply.status) {
            (true, 502) => Seen::BadGateway,
            (true, status) => Seen::Whole(status, reply.body.len()),
            (false, _) => Seen::Broken,
        };
        assert_eq!(seen, *expected, "{scheme}: {name}: {reply:?}");
        assert!(
            reply.fields("x-a").is_empty() && reply.fields("connection") == ["close"],
            "{name}: {reply:?}"
        );
    }
    assert_eq!(ask(front.port, &request("GET", "/0/", &[], b"")).status / 100, cases[0].2.status() / 100);
}

impl Seen {
    fn status(self) -> u16 {
        match self {
            Self::Whole(status, _) => status,
            Self::Broken | Self::BadGateway => 502,
        }
    }
}

#[test]
fn responses_by_http() {
    check("http", HTTP, |stream| drop(read_head(stream)));
}

/// Until the head must have come.
fn read_some(stream: &mut std::net::TcpStream) {
    let _ = stream.read(&mut [0; 65536]);
}

#[test]
fn responses_by_uwsgi() {
    check("uwsgi", CGI, read_some);
}

#[test]
fn responses_by_scgi() {
    check("scgi", CGI, read_some);
}

#[test]
fn records_and_packets_that_are_none() {
    let test = Test::new();
    for (scheme, response) in [
        ("fcgi", &b"\x01\x06\x00\x01\xff\xff\x00\x00short"[..]),
        ("fcgi", b"\x02\x06\x00\x01\x00\x00\x00\x00"),
        ("fcgi", b"\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00"),
        ("fcgi", b"\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("fcgi", b""),
        ("ajp", b"AB\xff\xffshort"),
        ("ajp", b"\x12\x34\x00\x01\x09"),
        ("ajp", b"AB\x00\x02\x05\x01"),
        ("ajp", b"AB\x00\x04\x03\x00\x01x"),
        ("ajp", b"AB\x00\x00"),
        ("ajp", b"AB\x00\x0a\x04\x00\xc8\x00\x02OK\x00\x00\x07"),
        ("ajp", b""),
    ] {
        let server = Counting::start(move |mut stream, _| {
            read_some(&mut stream);
            let _ = stream.write_all(response);
        });
        let upstream = format!("/={scheme}://127.0.0.1:{}", server.port);
        let front = Front::start(&test, &["--upstream", &upstream]);
        let reply = ask(front.port, &request("GET", "/", &[], b""));
        assert_eq!((reply.status, reply.is_whole), (502, true), "{scheme} {response:?}: {reply:?}");
    }
}
