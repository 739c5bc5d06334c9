//! Several servers of one upstream: who is asked, and what happens when one fails.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Front;
use crate::fronts::client::{ask, request};
use crate::harness::Test;
use crate::process::free_port;

/// A server that counts its connections and serves each in a thread of its own.
pub(super) struct Counting {
    pub(super) port: u16,
    count: Arc<AtomicUsize>,
}

impl Counting {
    pub(super) fn start(serve: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let count = Arc::new(AtomicUsize::new(0));
        let (counted, serve) = (Arc::clone(&count), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = counted.fetch_add(1, Ordering::Relaxed);
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(stream, number));
            }
        });
        Self { port, count }
    }

    pub(super) fn connections(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// Reads to the end of a request's head.
pub(super) fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// Reads a request, with the body `order` if it has one; whether one came.
fn read_request(stream: &mut TcpStream) -> bool {
    let Some(head) = read_head(stream) else { return false };
    head.starts_with("GET ") || stream.read_exact(&mut [0; 5]).is_ok()
}

fn answer(stream: &mut TcpStream, body: &str) {
    let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
}

/// Answers every request of each connection with its name.
fn named(name: &'static str) -> Counting {
    Counting::start(move |mut stream, _| {
        while read_head(&mut stream).is_some() {
            answer(&mut stream, name);
        }
    })
}

fn get(front: &Front) -> (u16, String) {
    let reply = ask(front.port, &request("GET", "/", &[], b""));
    (reply.status, String::from_utf8_lossy(&reply.body).into_owned())
}

#[test]
fn requests_are_shared_and_connections_kept() {
    let test = Test::new();
    let (one, two) = (named("one"), named("two"));
    let upstream = format!("/=http://{},{}", one.address(), two.address());
    let front = Front::start(&test, &["--upstream", &upstream]);
    let replies: Vec<_> = (0..20).map(|_| get(&front).1).collect();
    for name in ["one", "two"] {
        assert_eq!(replies.iter().filter(|reply| *reply == name).count(), 10, "{replies:?}");
    }
    assert!(one.connections() < 10 && two.connections() < 10, "each request has its own connection");
}

#[test]
fn a_server_that_is_gone_is_passed_over() {
    let test = Test::new();
    let one = named("one");
    let gone = free_port();
    let upstream = format!("/=http://127.0.0.1:{gone},{}", one.address());
    let front = Front::start(&test, &["--upstream", &upstream]);
    for _ in 0..10 {
        assert_eq!(get(&front), (200, "one".to_owned()));
    }
    // It was asked once, and then passed over for some seconds.
    assert_eq!(front.process.log().matches("cannot be reached").count(), 1, "{}", front.process.log());
    let alone = format!("/=uwsgi://127.0.0.1:{gone}");
    let front = Front::start(&test, &["--upstream", &alone]);
    let (status, body) = get(&front);
    assert_eq!(status, 502);
    assert!(!body.contains("127.0.0.1"), "clients do not learn where upstreams are: {body}");
    front.process.wait_for_log("connection refused");
}

/// A kept connection that the server closes while a request is under way, and a server that closes every one.
#[test]
fn only_requests_that_do_no_harm_are_repeated() {
    let test = Test::new();
    let closing = Counting::start(|mut stream, _| {
        let _ = read_head(&mut stream);
        let _ = stream.shutdown(Shutdown::Both);
    });
    let one = named("one");
    let upstream = format!("/=http://{},{}", closing.address(), one.address());
    let front = Front::start(&test, &["--upstream", &upstream]);
    assert_eq!(get(&front), (200, "one".to_owned()));
    assert_eq!(closing.connections(), 1);
    let front = Front::start(&test, &["--upstream", &upstream]);
    let sent = request("POST", "/", &[], b"order");
    assert_eq!(ask(front.port, &sent).status, 502, "a POST that a server may have seen is not repeated");
    assert_eq!(ask(front.port, &sent).status, 200, "the next one goes to the server that works");
}

/// As servers do with connections that were idle for too long, in the instant of the next request: with or without a
/// reset. Some, as uWSGI's http-socket, do it with every connection.
#[test]
fn a_kept_connection_that_is_closed_costs_no_request() {
    let test = Test::new();
    for is_reset in [false, true] {
        let server = Counting::start(move |mut stream, _| {
            if read_request(&mut stream) {
                answer(&mut stream, "once");
            }
            // What is left unread becomes a reset.
            let _ = if is_reset { stream.read(&mut [0]).is_ok() } else { read_request(&mut stream) };
        });
        let upstream = format!("/=http://{}", server.address());
        let front = Front::start(&test, &["--upstream", &upstream]);
        for number in 1..=6 {
            // What must not be repeated goes over a new one.
            let sent = if number % 2 == 1 {
                request("GET", "/", &[], b"")
            } else {
                request("POST", "/", &[], b"order")
            };
            let reply = ask(front.port, &sent);
            assert_eq!((reply.status, &reply.body[..]), (200, &b"once"[..]), "request {number}, {is_reset}");
            assert_eq!(server.connections(), number);
        }
    }
}

#[test]
fn a_server_that_does_not_answer_in_time_is_504() {
    let test = Test::new();
    let silent = Counting::start(|mut stream, _| {
        let mut space = Vec::new();
        let _ = stream.read_to_end(&mut space);
    });
    for scheme in ["http", "uwsgi", "scgi", "fcgi", "ajp"] {
        let upstream = format!("/={scheme}://{}", silent.address());
        let front = Front::start(&test, &["--upstream", &upstream, "--upstream-timeout", "1"]);
        assert_eq!(get(&front).0, 504, "{scheme}");
        front.process.wait_for_log("--upstream-timeout");
    }
}
