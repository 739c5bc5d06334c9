//! Unix sockets: their files, and who may use them.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use crate::harness::{Test, certkit, eventually, repository};
use crate::process::Process;

/// What a server says on a unix socket to a request by HTTP.
pub(super) fn by_http(socket: &Path, target: &str) -> String {
    by_http_with(socket, target, &[])
}

/// The same to a request with more header fields.
pub(super) fn by_http_with(socket: &Path, target: &str, fields: &[&str]) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    let request = format!("GET {target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

/// What a server says to a request by FastCGI, as far as it is text.
pub(super) fn fcgi_get(port: u16, path: &str) -> String {
    let pair = |name: &str, value: &str| {
        [&[name.len() as u8, value.len() as u8][..], name.as_bytes(), value.as_bytes()].concat()
    };
    let record = |record_type: u8, content: &[u8]| {
        [&[1, record_type, 0, 1, 0, content.len() as u8, 0, 0][..], content].concat()
    };
    let params = [pair("PATH_INFO", path), pair("REQUEST_METHOD", "GET")].concat();
    let sent =
        [record(1, &[0, 1, 0, 0, 0, 0, 0, 0]), record(4, &params), record(4, b""), record(5, b"")].concat();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let _ = stream.write_all(&sent);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

fn start(test: &Test, args: &[&str]) -> Process {
    let app = repository().join("tests/apps/mirror.py").display().to_string();
    Process::start(test, test.program(certkit()).args(["serve"]).args(args).args([app]))
}

#[test]
fn every_scheme_on_a_unix_socket() {
    let test = Test::with_certificate("localhost");
    let server = start(
        &test,
        &[
            "--listen",
            "http+unix:http.sock",
            "--listen",
            "https+unix://https.sock",
            "--listen",
            "uwsgi+unix:uwsgi.sock",
            "--listen",
            "fcgi+unix:fcgi.sock",
            "--listen",
            "scgi+unix:scgi.sock",
            "--cert",
            "server.crt",
            "--key",
            "server.key",
            "--force",
        ],
    );
    server.wait_for_log("certkit: serving");
    for name in ["http", "https", "uwsgi", "fcgi", "scgi"] {
        let file = fs::metadata(test.path(format!("{name}.sock"))).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o660, "{name}");
        assert!(UnixStream::connect(test.path(format!("{name}.sock"))).is_ok(), "{name}");
    }
    let said = by_http(&test.path("http.sock"), "/x");
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n") && said.contains("\"PATH_INFO\": \"/x\""), "{said}");
    drop(server);
    assert!(!test.names().iter().any(|name| name.ends_with(".sock")), "they are removed: {:?}", test.names());
}

#[test]
fn mode_owner_and_umask() {
    let test = Test::new();
    let mut args = vec!["--listen", "uwsgi+unix:app.sock", "--socket-mode", "0604", "--umask", "0027"];
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        args.extend(["--socket-owner", "nobody:7"]);
    }
    let server = start(&test, &[&args[..], &["--access-log", "access.log"]].concat());
    server.wait_for_log("certkit: serving");
    let file = fs::metadata(test.path("app.sock")).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o604);
    if is_root {
        assert_eq!((file.uid() > 0, file.gid()), (true, 7));
    }
    // The application has it too.
    let worker = server.children()[0];
    let status = fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
    assert!(status.contains("Umask:\t0027"), "{status}");
    drop(server);
    let mut server = start(&test, &["--listen", "uwsgi+unix:app.sock", "--socket-owner", "no-such-user"]);
    assert_eq!(server.wait().code(), Some(2));
    assert!(server.log().contains("there is no user `no-such-user`"), "{}", server.log());
}

#[test]
fn a_socket_is_replaced_only_if_nobody_listens() {
    let test = Test::new();
    let socket = test.path("app.sock");
    let args = ["--listen", "http+unix:app.sock"];
    let alive = UnixListener::bind(&socket).unwrap();
    let mut server = start(&test, &args);
    assert_eq!(server.wait().code(), Some(2));
    assert!(server.log().contains("already in use"), "{}", server.log());
    drop(alive);

    // Left behind by one that was killed.
    let mut server = start(&test, &args);
    server.wait_for_log("certkit: serving");
    server.signal(rustix::process::Signal::KILL);
    server.wait();
    assert!(socket.exists());
    let server = start(&test, &args);
    server.wait_for_log("certkit: serving");
    assert!(by_http(&socket, "/").starts_with("HTTP/1.1 200 OK"));

    // Another has taken its place meanwhile.
    fs::remove_file(&socket).unwrap();
    let _other = UnixListener::bind(&socket).unwrap();
    drop(server);
    eventually("its end", || Some(()));
    assert!(socket.exists());

    fs::remove_file(&socket).unwrap();
    fs::write(&socket, "precious").unwrap();
    let mut server = start(&test, &args);
    assert_eq!(server.wait().code(), Some(2));
    assert_eq!(test.text("app.sock"), "precious");
}
