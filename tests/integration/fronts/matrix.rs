//! What an application sees through each front server, by each protocol, over TCP and over a unix socket; and what its
//! client gets.
//!
//! What a front server spoils itself is in `spoils`, by name.

use std::net::Shutdown;
use std::thread;

use serde_json::Value;

use super::apache::Apache;
use super::caddy::Caddy;
use super::client::{ask, connect, request};
use super::haproxy::Haproxy;
use super::itself::Certkit;
use super::lighttpd::Lighttpd;
use super::nginx::Nginx;
use super::{FrontServer, Protocol, Site, Way};
use crate::harness::{Test, eventually};

#[test]
fn nginx() {
    if let Some(front) = Nginx::find() {
        matrix("nginx", &front);
    }
}

#[test]
fn apache() {
    if let Some(front) = Apache::find() {
        matrix("Apache", &front);
    }
}

#[test]
fn lighttpd() {
    if let Some(front) = Lighttpd::find() {
        matrix("lighttpd", &front);
    }
}

#[test]
fn haproxy() {
    if let Some(front) = Haproxy::find() {
        matrix("HAProxy", &front);
    }
}

#[test]
fn certkit_itself() {
    matrix("certkit", &Certkit);
}

#[test]
fn caddy() {
    if let Some(front) = Caddy::find() {
        matrix("Caddy", &front);
    }
}

/// A front server that is tested, and one way through it.
struct Case<'a> {
    front: &'static str,
    way: &'a Way,
}

fn matrix<F: FrontServer>(name: &'static str, front: &F) {
    let test = Test::new();
    let site = Site::start(&test, front, &[]);
    // Each way says for itself what is wrong.
    thread::scope(|scope| {
        for way in &site.ways {
            let case = Case { front: name, way };
            let test = &test;
            scope.spawn(move || {
                case.environ();
                case.methods();
                case.paths();
                case.repeated_fields();
                case.uploads();
                case.old_clients();
                case.responses();
                case.gone_clients(test);
            });
        }
    });
}

impl Case<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.front, self.way.name())
    }

    /// Whether the front server itself spoils this, whatever is behind it.
    fn spoils(&self, what: &str) -> bool {
        let word = self.way.protocol.word();
        SPOILED.iter().any(|(front, protocol, spoiled)| {
            *front == self.front && (*protocol == word || *protocol == "*") && *spoiled == what
        })
    }

    /// What the application says that it was asked.
    #[track_caller]
    fn mirrored(&self, sent: &[u8]) -> Value {
        let reply = ask(self.way.port, sent);
        let line = String::from_utf8_lossy(sent).lines().next().unwrap_or_default().to_owned();
        assert_eq!((reply.status, reply.is_whole), (200, true), "{}: {line}: {reply:?}", self.name());
        assert_eq!(reply.fields("x-twice").join(", "), "1, 2", "{}", self.name());
        reply.json()
    }

    fn environ(&self) {
        let answer = self.mirrored(&request("GET", "/x", &["User-Agent: test"], b""));
        let environ = &answer["environ"];
        for (name, expected) in [
            ("REQUEST_METHOD", "GET"),
            ("SCRIPT_NAME", ""),
            ("PATH_INFO", "/x"),
            ("QUERY_STRING", ""),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("HTTP_HOST", "front.example"),
            ("HTTP_USER_AGENT", "test"),
            ("wsgi.url_scheme", "http"),
        ] {
            if !self.spoils(name) {
                assert_eq!(environ[name], expected, "{}: {name} in {environ}", self.name());
            }
        }
        if self.way.protocol != Protocol::Http {
            assert_eq!(environ["REMOTE_ADDR"], "127.0.0.1", "{}: {environ}", self.name());
        }
        for name in ["HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_PROXY", "HTTP_TRANSFER_ENCODING"] {
            assert_eq!(environ[name], Value::Null, "{}: {environ}", self.name());
        }
        for name in ["SERVER_NAME", "SERVER_PORT"] {
            assert!(
                environ[name].as_str().is_some_and(|value| !value.is_empty()),
                "{}: {environ}",
                self.name()
            );
        }
        assert_eq!(answer["length"], 0, "{}", self.name());
        let proxy = self.mirrored(&request("GET", "/x", &["Proxy: http://evil"], b""));
        assert_eq!(proxy["environ"]["HTTP_PROXY"], Value::Null, "{}", self.name());
    }

    fn methods(&self) {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "REPORT", "QUERY"] {
            let body: &[u8] =
                if matches!(method, "POST" | "PUT" | "PATCH" | "REPORT") { b"a body" } else { b"" };
            let sent = request(method, "/m", &["Content-Type: text/plain"], body);
            if self.spoils(method) {
                assert_ne!(ask(self.way.port, &sent).status, 200, "{}: {method} works", self.name());
                continue;
            }
            let answer = self.mirrored(&sent);
            assert_eq!(answer["environ"]["REQUEST_METHOD"], method, "{}", self.name());
            assert_eq!(answer["length"], body.len(), "{}: {method}", self.name());
            assert_eq!(answer["environ"]["CONTENT_TYPE"], "text/plain", "{}", self.name());
        }
        let head = ask(self.way.port, &request("HEAD", "/m", &[], b""));
        assert_eq!((head.status, head.body.len()), (200, 0), "{}", self.name());
    }

    fn paths(&self) {
        for (target, path, query) in [
            ("/a%20b", "/a b", ""),
            // UTF-8, as latin-1 characters.
            ("/%C3%A9/%e2%82%ac", "/\u{c3}\u{a9}/\u{e2}\u{82}\u{ac}", ""),
            ("/x?a=%20b&c=%C3%A9&d", "/x", "a=%20b&c=%C3%A9&d"),
            ("/x??", "/x", "?"),
            ("/a+b/;c=d", "/a+b/;c=d", ""),
            ("/100%25", "/100%", ""),
        ] {
            if self.spoils(target) {
                continue;
            }
            let answer = self.mirrored(&request("GET", target, &[], b""));
            let environ = &answer["environ"];
            let found = (environ["PATH_INFO"].as_str().unwrap(), environ["QUERY_STRING"].as_str().unwrap());
            assert_eq!(found, (path, query), "{}: {target}: {environ}", self.name());
        }
    }

    fn repeated_fields(&self) {
        let fields = ["X-Twice: a", "X-Twice: b", "Cookie: a=1", "Cookie: b=2", "Accept: x, y"];
        let answer = self.mirrored(&request("GET", "/", &fields, b""));
        let environ = &answer["environ"];
        let twice = environ["HTTP_X_TWICE"].as_str().unwrap_or_default().replace(' ', "");
        if !self.spoils("repeated fields") {
            assert_eq!(twice, "a,b", "{}: {environ}", self.name());
            let cookie = environ["HTTP_COOKIE"].as_str().unwrap_or_default();
            let separator = if self.spoils("Cookie") { ", " } else { "; " };
            assert_eq!(cookie, format!("a=1{separator}b=2"), "{}", self.name());
        }
        assert_eq!(environ["HTTP_ACCEPT"], "x, y", "{}", self.name());
    }

    fn uploads(&self) {
        let large = if self.spoils("large uploads") { 1 << 18 } else { 10 << 20 };
        for length in [1, 65_536, large] {
            let body: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let answer = self.mirrored(&request("POST", "/up", &[], &body));
            assert_eq!(answer["length"], length, "{}", self.name());
            assert_eq!(answer["sha256"], digest(&body), "{}: {length} bytes", self.name());
            assert_eq!(answer["environ"]["CONTENT_LENGTH"], length.to_string(), "{}", self.name());
        }
        let mut sent = request("POST", "/up", &["Transfer-Encoding: chunked"], b"");
        let piece = vec![b'c'; 30_000];
        for _ in 0..20 {
            sent.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            sent.extend_from_slice(&piece);
            sent.extend_from_slice(b"\r\n");
        }
        sent.extend_from_slice(b"0\r\n\r\n");
        if self.spoils("chunked upload") {
            assert_ne!(ask(self.way.port, &sent).status, 200, "{}", self.name());
        } else {
            let answer = self.mirrored(&sent);
            assert_eq!(answer["length"], 600_000, "{}", self.name());
        }
        // Not read by the application.
        let unread = ask(self.way.port, &request("POST", "/?do=unread", &[], &vec![b'u'; large / 10]));
        assert_eq!((unread.status, &unread.body[..]), (200, &b"not interested\n"[..]), "{}", self.name());
    }

    fn old_clients(&self) {
        let reply = ask(self.way.port, b"GET /old HTTP/1.0\r\nHost: front.example\r\n\r\n");
        assert_eq!((reply.status, reply.is_whole), (200, true), "{}", self.name());
        assert_eq!(reply.json()["environ"]["PATH_INFO"], "/old", "{}", self.name());
        let reply = ask(self.way.port, b"GET /?do=stream&pieces=300 HTTP/1.0\r\nHost: front.example\r\n\r\n");
        assert_eq!((reply.body.len(), reply.is_whole), (300_000, true), "{}", self.name());
    }

    fn responses(&self) {
        let reply = ask(self.way.port, &request("GET", "/?do=stream&pieces=2000", &[], b""));
        assert_eq!(
            (reply.status, reply.is_whole, reply.body.len()),
            (203, true, 2_000_000),
            "{}",
            self.name()
        );
        assert!(reply.body.chunks(1000).enumerate().all(|(at, piece)| piece == [(at % 256) as u8; 1000]));
        let empty = ask(self.way.port, &request("GET", "/?do=stream&pieces=0", &[], b""));
        assert_eq!((empty.status, empty.is_whole, empty.body.len()), (203, true, 0), "{}", self.name());
        // Connections that a front server keeps take one request after the other.
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..10 {
                        let target = format!("/{number}");
                        let answer = self.mirrored(&request("GET", &target, &[], b""));
                        assert_eq!(answer["environ"]["PATH_INFO"], target, "{}", self.name());
                    }
                });
            }
        });
    }

    fn gone_clients(&self, test: &Test) {
        let note = test.path(format!("gone-{}", self.way.port));
        let target = format!("/?do=endless&note={}", note.display());
        let mut stream = connect(self.way.port);
        std::io::Write::write_all(&mut stream, &request("GET", &target, &[], b"")).unwrap();
        let mut space = [0; 1000];
        std::io::Read::read_exact(&mut stream, &mut space).unwrap();
        let _ = stream.shutdown(Shutdown::Both);
        drop(stream);
        let name = self.name();
        eventually(&format!("close() of an application whose client has gone: {name}"), || {
            std::fs::read_to_string(&note).ok()
        });
    }
}

fn digest(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What front servers spoil themselves: server, protocol or `*`, what.
const SPOILED: &[(&str, &str, &str)] = &[
    // 411: it does not wait for the length.
    ("Apache", "uwsgi", "chunked upload"),
    ("Apache", "scgi", "chunked upload"),
    // 400: it decodes twice.
    ("Apache", "*", "/100%25"),
    // It joins all fields alike.
    ("Apache", "*", "Cookie"),
    ("Caddy", "fcgi", "Cookie"),
    // 400: it takes what fits into its buffer.
    ("HAProxy", "fcgi", "chunked upload"),
    // 400: the protocol has a number for each method, and lighttpd no other way to name one.
    ("lighttpd", "ajp", "PATCH"),
    ("lighttpd", "ajp", "QUERY"),
    // It sends header and content of each packet apart, and waits 40 ms in between.
    ("lighttpd", "ajp", "large uploads"),
    // It sends the first segment of a path alone, and decoded.
    ("lighttpd", "ajp", "/%C3%A9/%e2%82%ac"),
    ("lighttpd", "ajp", "/a+b/;c=d"),
    // What it speaks with the server behind it, unless told otherwise.
    ("nginx", "http", "SERVER_PROTOCOL"),
];
