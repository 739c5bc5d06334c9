//! The WSGI contract (PEP 3333) from outside: environ, bodies both ways, wsgiref.validate.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::curl::Curl;
use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::peer;
use crate::process::Server;

fn app(name: &str) -> String {
    repository().join("tests/apps").join(name).display().to_string()
}

fn server(test: &Test, args: &[&str]) -> Server {
    let program = test.program(certkit()).env("PROBE_STARTED", test.path("started"));
    let app = app("probe.py");
    Server::start_with(
        test,
        program,
        &[&["--cert", "chain.pem", "--key", "server.key"], args, &[&app]].concat(),
    )
}

/// The size of a large body; far more than anybody may hold in memory.
const LARGE: u64 = 64 * 1024 * 1024;

#[test]
fn wsgiref_validate_finds_nothing() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let app = app("validated.py");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key", &app]);
    for version in ["--http1.1", "--http2"] {
        let fetch = |path: &str, options: &[&str]| curl.fetch(&server, path, &[&[version], options].concat());
        assert_eq!(fetch("/", &[]).is(200).text(), "0 bytes\n");
        assert_eq!(fetch("/?a=b&c=%20", &["-H", "X-Two: a", "-H", "X-Two: b"]).is(200).text(), "0 bytes\n");
        assert_eq!(fetch("/", &["-d", "hello"]).is(200).text(), "5 bytes\n");
        assert_eq!(
            fetch("/", &["-d", "hello", "-H", "Transfer-Encoding: chunked"]).is(200).text(),
            "5 bytes\n"
        );
        assert_eq!(fetch("/pieces", &[]).is(200).text(), "a b c\n");
        assert!(fetch("/", &["--head"]).is(200).whole);
        assert_eq!(fetch("/nothing", &[]).is(204).text(), "");
    }
    let log = server.process.log();
    assert!(!log.contains("AssertionError") && !log.contains("Traceback"), "{log}");
    server.process.wait_for_log("seen GET /pieces");
}

#[test]
fn what_the_application_sees() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = server(&test, &["--workers", "2"]);
    for (option, protocol) in [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2")] {
        let options =
            [option, "-H", "X-Seen: one", "-H", "X_Hidden: two", "-H", "Proxy: evil", "-H", "Cookie: a=b"];
        let path = "/environ?x=%C3%A9&y=1";
        let answer = curl.fetch(&server, path, &options).is(200);
        let environ: Value = serde_json::from_slice(&answer.body).unwrap();
        let is = |name: &str, value: &str| assert_eq!(environ[name], value, "{name} in {environ}");
        is("REQUEST_METHOD", "GET");
        is("SCRIPT_NAME", "");
        is("PATH_INFO", "/environ");
        is("QUERY_STRING", "x=%C3%A9&y=1");
        is("REQUEST_URI", path);
        is("REMOTE_ADDR", "127.0.0.1");
        is("SERVER_NAME", "test.example");
        is("SERVER_PORT", &server.port.to_string());
        is("HTTPS", "on");
        is("wsgi.url_scheme", "https");
        is("HTTP_HOST", &format!("test.example:{}", server.port));
        is("HTTP_X_SEEN", "one");
        is("HTTP_COOKIE", "a=b");
        assert_eq!(environ["wsgi.version"], serde_json::json!([1, 0]));
        assert_eq!(environ["wsgi.multiprocess"], true);
        assert_eq!(environ["wsgi.run_once"], false);
        assert!(environ["SERVER_PROTOCOL"].as_str().unwrap().starts_with(protocol), "{environ}");
        for name in ["HTTP_PROXY", "HTTP_X_HIDDEN", "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"] {
            assert_eq!(environ[name], Value::Null, "{name} in {environ}");
        }
    }
    let answer = curl.fetch(&server, "/environ/%E2%9C%93%20a%2Fb", &["--path-as-is"]);
    assert_eq!(answer.status, 404);
}

#[test]
fn answers_of_every_kind() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = server(&test, &[]);
    for version in ["--http1.1", "--http2"] {
        let fetch = |path: &str, options: &[&str]| curl.fetch(&server, path, &[&[version], options].concat());
        assert_eq!(fetch("/write", &[]).is(200).text(), "written, twice, returned\n");
        let source = std::fs::read_to_string(app("probe.py")).unwrap();
        assert_eq!(fetch("/file", &[]).is(200).text(), source);
        assert_eq!(fetch("/file?from=100", &[]).is(200).text(), source[100..]);
        let nothing = fetch("/nothing", &[]).is(204);
        assert_eq!((nothing.text().as_str(), nothing.header("content-length")), ("", None));
        assert_eq!(nothing.header("transfer-encoding"), None);
        let head = fetch("/hello", &["--head"]).is(200);
        assert_eq!(head.header("content-length"), Some("14"));
        assert_eq!(fetch("/recover", &[]).is(503).text(), "recovered\n");
        assert_eq!(fetch("/unread", &["-d", "not read"]).is(200).text(), "not interested\n");
        let _ = std::fs::remove_file(test.path("started"));
        assert_eq!(fetch("/close", &[]).is(200).text(), "one\ntwo\n");
        // The worker creates the file before it writes the line.
        let said = || std::fs::read_to_string(test.path("started")).ok().filter(|text| text.ends_with('\n'));
        assert_eq!(eventually("close() is called", said), "closed\n");
    }
}

#[test]
fn a_generator_reaches_the_client_piece_by_piece() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = server(&test, &[]);
    let first_came = test.path("first-came");
    let program = curl.program(&server, &format!("/steps?until={}", first_came.display())).args(["-N"]);
    let mut child = program.command().stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    // The second piece is made only once the first is here; curl gives up if that does not come.
    let mut first = [0; 4];
    output.read_exact(&mut first).unwrap();
    std::fs::write(&first_came, "").unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!((&first, rest.as_str()), (b"one\n", "two\n"));
}

#[test]
fn a_large_upload_arrives_byte_for_byte() {
    let test = Test::with_chain("test.example");
    let (Some(curl), Some(sha256sum)) = (Curl::new(&test, "test.example"), peer("sha256sum")) else { return };
    let server = server(&test, &[]);
    let file = test.path("large");
    // Not all alike: a piece at the wrong place must show.
    let mut bytes = Vec::with_capacity(LARGE as usize);
    for number in 0..LARGE / 8 {
        bytes.extend_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    }
    std::fs::write(&file, bytes).unwrap();
    let digest = test.run(&sha256sum, &["large"]).exits(0).stdout();
    let wanted = format!("{LARGE} {}", digest.split(' ').next().unwrap());
    for options in [
        &["--http1.1", "-T", "large"][..],
        &["--http1.1", "-T", "large", "-H", "Transfer-Encoding: chunked"],
        &["--http2", "-T", "large"],
    ] {
        assert_eq!(curl.fetch(&server, "/digest", options).is(200).text(), wanted);
    }
    assert_memory(&server);
}

#[test]
fn a_large_answer_arrives_byte_for_byte() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = server(&test, &[]);
    for version in ["--http1.1", "--http2"] {
        let answer = curl.fetch(&server, &format!("/stream?bytes={LARGE}"), &[version]).is(200);
        assert!(answer.whole);
        assert_eq!(answer.body.len() as u64, LARGE);
        assert!(answer.body.iter().enumerate().all(|(index, byte)| *byte == index as u8));
    }
    // A client that reads slowly does not make the server hold the answer.
    let program = curl.program(&server, &format!("/stream?bytes={LARGE}"));
    let mut slow = program
        .args(["--limit-rate", "1M", "-o", "/dev/null"])
        .command()
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert_memory(&server);
    let _ = slow.kill();
    let _ = slow.wait();
    curl.get(&server, "/").is(200);
}

/// The front must never have held a large body: its peak stays far below one. Pages of the program's own file are not
/// counted; a test build has some 50 MiB of them.
#[track_caller]
fn assert_memory(server: &Server) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process.id())).unwrap();
    let kib = |field: &str| -> u64 {
        let value = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        value.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let held = kib("VmHWM:").saturating_sub(kib("RssFile:"));
    assert!(held < 20 * 1024, "the front has held {held} KiB");
}
