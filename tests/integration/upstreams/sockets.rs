//! WebSockets through certkit to Tornado, over HTTP/1.1 and HTTP/2.

use std::io::{Read, Write};

use super::Front;
use crate::fronts::client::{ask, connect, request};
use crate::harness::{Test, repository};
use crate::peers::{python, script};
use crate::process::{Process, Server, free_port};

/// Tornado, and its port.
fn tornado(test: &Test) -> Option<(Process, u16)> {
    let python = python(&["tornado", "h2"])?;
    let port = free_port();
    let app = repository().join("tests/apps/tornado_echo.py").display().to_string();
    let mut server = Process::start(test, test.program(python).args([app, port.to_string()]));
    server.wait_for(([127, 0, 0, 1], port).into());
    Some((server, port))
}

#[test]
fn over_http_1() {
    let test = Test::new();
    let Some((tornado, port)) = tornado(&test) else { return };
    let upstream = format!("/=http://127.0.0.1:{port}");
    let front = Front::start(&test, &["--upstream", &upstream]);
    let mut stream = connect(front.port);
    stream
        .write_all(
            b"GET /echo HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    // The value for this key in RFC 6455 section 1.3.
    assert!(
        head.to_ascii_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{head}"
    );
    for text in [&b"hello"[..], &[b'x'; 60_000]] {
        // Masked with zeros, which is allowed.
        let mut frame = vec![0x81];
        match u8::try_from(text.len()) {
            Ok(length @ ..126) => frame.push(0x80 | length),
            _ => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text);
        stream.write_all(&frame).unwrap();
        let header = if text.len() < 126 { 2 } else { 4 };
        let mut reply = vec![0; header + text.len()];
        stream.read_exact(&mut reply).unwrap();
        assert_eq!(&reply[header..], text);
    }
    drop(stream);
    tornado.wait_for_log("closed");
    // Other requests of the same upstream are answered meanwhile and afterwards.
    assert_eq!(ask(front.port, &request("GET", "/page", &[], b"")).body, b"a page");
    // Without an upgrade Tornado refuses, and says why.
    assert_eq!(ask(front.port, &request("GET", "/echo", &[], b"")).status, 400);
}

#[test]
fn over_http_2() {
    let test = Test::with_chain("test.example");
    let Some((tornado, port)) = tornado(&test) else { return };
    let upstream = format!("/ws=http://127.0.0.1:{port}/");
    let args =
        ["--cert", "chain.pem", "--key", "server.key", "--upstream", &upstream, "--static", "/files=."];
    let server = Server::start(&test, &args);
    let client = |path: &str| {
        let python = python(&["tornado", "h2"]).unwrap();
        let script = script("websocket_h2.py").display().to_string();
        let port = server.port.to_string();
        test.run(python, &[&script, &port, "ca.crt", "test.example", path, &"long ".repeat(100)])
    };
    let visit = client("/ws/echo");
    visit.exits(0).says("status 200").says(&format!("echo {}", "long ".repeat(100))).says("closed");
    tornado.wait_for_log("closed 1000");
    // A page is no WebSocket.
    client("/ws/page").exits(0).says("status 502");
    // Not where there are files.
    client("/files/x").exits(0).says("status 501");
}
