//! What servers behind certkit may send: clients get a whole answer, a broken one that looks broken, or 502.

use std::io::{Read, Write};
use std::net::Ipv4Addr;

use super::Front;
use super::balancing::{Counting, read_head};
use crate::curl::Curl;
use crate::fronts::client::{ask, request};
use crate::harness::Test;
use crate::process::{Server, free_port};

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
        "another coding",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Seen::BadGateway,
    ),
    ("only another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok", Seen::BadGateway),
    (
        "two codings",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Seen::BadGateway,
    ),
    (
        "several interim ones",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        Seen::Whole(204, 0),
    ),
    ("bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", Seen::Whole(200, 2)),
    (
        "both lengths",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Seen::Whole(200, 2),
    ),
    (
        "the same length twice",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        Seen::Whole(200, 2),
    ),
    ("a sign", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", Seen::BadGateway),
    ("a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok", Seen::BadGateway),
    ("an overflow", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok", Seen::BadGateway),
    ("NUL", "HTTP/1.1 200 OK\r\nX-A: b\0\r\nContent-Length: 2\r\n\r\nok", Seen::BadGateway),
    ("a bare CR", "HTTP/1.1 200 OK\r\nX-A: b\rX-B: c\r\nContent-Length: 2\r\n\r\nok", Seen::BadGateway),
    (
        "a space before the colon",
        "HTTP/1.1 200 OK\r\nX-C : b\r\nContent-Length: 2\r\n\r\nok",
        Seen::BadGateway,
    ),
    ("a folded line", "HTTP/1.1 200 OK\r\nX-C: b\r\n c\r\nContent-Length: 2\r\n\r\nok", Seen::BadGateway),
    (
        "a body that is forbidden",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok",
        Seen::Whole(304, 0),
    ),
    (
        "chunks that overflow",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nok\r\n0\r\n\r\n",
        Seen::Broken,
    ),
    (
        "trailers",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n2\r\nok\r\n0\r\nX-A: b\r\n\r\n",
        Seen::Whole(200, 2),
    ),
    ("a status that is none", "HTTP/1.1 99 Odd\r\nContent-Length: 2\r\n\r\nok", Seen::BadGateway),
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
    (
        "the same length twice",
        "Status: 200\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        Seen::Whole(200, 2),
    ),
    ("a length that is none", "Status: 200\r\nContent-Length: +2\r\n\r\nok", Seen::BadGateway),
    ("a status that is none", "Status: 99\r\n\r\nok", Seen::BadGateway),
    ("a status of letters", "Status: fine\r\n\r\nok", Seen::BadGateway),
    ("a body that is forbidden", "Status: 204\r\n\r\nok", Seen::Whole(204, 0)),
    ("NUL", "X-A: b\0\r\n\r\nok", Seen::BadGateway),
    ("a space before the colon", "X-C : b\r\n\r\nok", Seen::BadGateway),
    ("an empty head", "\r\nok", Seen::BadGateway),
    ("a bare CR", "A: b\rc\r\n\r\nok", Seen::BadGateway),
    ("no head", "Traceback (most recent call last):\n", Seen::BadGateway),
    ("interim", "HTTP/1.1 100 Continue\r\n\r\n", Seen::BadGateway),
    ("nothing", "", Seen::BadGateway),
];

impl Seen {
    fn of(status: u16, length: usize, is_whole: bool) -> Self {
        match (is_whole, status) {
            (true, 502) => Self::BadGateway,
            (true, status) => Self::Whole(status, length),
            (false, _) => Self::Broken,
        }
    }
}

fn check(
    scheme: &str,
    cases: &'static [(&'static str, &'static str, Seen)],
    read: fn(&mut std::net::TcpStream),
) {
    let test = Test::with_chain("localhost");
    let mut args = vec!["--cert=chain.pem".to_owned(), "--key=server.key".to_owned()];
    let mut servers = Vec::new();
    for (number, (_, response, _)) in cases.iter().enumerate() {
        let server = Counting::start(move |mut stream, _| {
            read(&mut stream);
            let _ = stream.write_all(response.as_bytes());
        });
        args.push(format!("--upstream=/{number}={scheme}://127.0.0.1:{}", server.port));
        servers.push(server);
    }
    let port = free_port();
    args.push(format!("--listen=http:127.0.0.1:{port}"));
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let mut front = Server::start(&test, &args);
    front.process.wait_for((Ipv4Addr::LOCALHOST, port).into());
    for (number, (name, _, expected)) in cases.iter().enumerate() {
        let reply = ask(port, &request("GET", &format!("/{number}/"), &[], b""));
        let seen = Seen::of(reply.status, reply.body.len(), reply.is_whole);
        assert_eq!(seen, *expected, "{scheme}: {name}: {reply:?}");
        assert!(
            reply.fields("x-a").is_empty() && reply.fields("connection") == ["close"],
            "{name}: {reply:?}"
        );
    }
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    for (number, (name, _, expected)) in cases.iter().enumerate() {
        let answer = curl.fetch(&front, &format!("/{number}/"), &["--http2"]);
        // A stream may be reset before its head is sent.
        assert!(answer.version == "2" || answer.status == 0, "{name}: {answer:?}");
        let seen = Seen::of(answer.status, answer.body.len(), answer.whole);
        assert_eq!(seen, *expected, "{scheme} over HTTP/2: {name}: {answer:?}");
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
