//! A client that says exactly what it is told, and sees how an answer ends.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
    /// Whether the answer ended as its head said: at its length, with the last chunk, or else with a proper end of
    /// the connection.
    pub(crate) is_whole: bool,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.body.get(..self.body.len().min(300)).unwrap_or_default();
        let (whole, length) = (if self.is_whole { "whole" } else { "broken" }, self.body.len());
        write!(f, "{whole}, {}{} ({length} bytes)", self.head, String::from_utf8_lossy(shown))
    }
}

impl Reply {
    /// The values of a header field.
    pub(crate) fn fields(&self, name: &str) -> Vec<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim_end())
            .collect()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {} {}{}", self.status, self.head, String::from_utf8_lossy(&self.body))
        })
    }
}

pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Sends a request and reads its answer to the end of the connection, which the request must ask for.
pub(crate) fn ask(port: u16, request: &[u8]) -> Reply {
    let mut stream = connect(port);
    // A server may answer before it has everything.
    let _ = stream.write_all(request);
    let is_head = request.starts_with(b"HEAD ");
    read(&mut stream, is_head)
}

/// `METHOD target`, further lines, and a body.
pub(crate) fn request(method: &str, target: &str, fields: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: front.example\r\nConnection: close\r\n");
    for field in fields {
        head += field;
        head += "\r\n";
    }
    if !body.is_empty() {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

fn read(stream: &mut TcpStream, is_head: bool) -> Reply {
    let mut received = Vec::new();
    let ended_well = stream.read_to_end(&mut received).is_ok();
    let at = received.windows(4).position(|four| four == b"\r\n\r\n").map_or(received.len(), |at| at + 4);
    let head = String::from_utf8_lossy(&received[..at]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let mut reply = Reply { status, head, body: received.split_off(at), is_whole: ended_well };
    if is_head || status == 204 || status == 304 {
        return reply;
    }
    if reply.fields("transfer-encoding") == ["chunked"] {
        let (body, is_whole) = dechunked(&reply.body);
        (reply.body, reply.is_whole) = (body, is_whole);
    } else if let [length] = reply.fields("content-length")[..] {
        reply.is_whole = reply.body.len() == length.parse::<usize>().unwrap();
    }
    reply
}

/// The content of chunks, and whether the last one was there.
fn dechunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(at) = rest.windows(2).position(|two| two == b"\r\n") else { return (body, false) };
        let line = String::from_utf8_lossy(&rest[..at]).into_owned();
        let Ok(length) = usize::from_str_radix(line.trim(), 16) else { return (body, false) };
        rest = &rest[at + 2..];
        if length == 0 {
            return (body, rest == b"\r\n");
        }
        body.extend_from_slice(&rest[..length.min(rest.len())]);
        let Some(after) = rest.get(length + 2..) else { return (body, false) };
        rest = after;
    }
}
