//! Compressed responses: what clients that decode them by other programs see, over every protocol.

use std::fs;

use crate::curl::{Answer, Curl};
use crate::fronts::Site;
use crate::fronts::client::{ask, request};
use crate::fronts::nginx::Nginx;
use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

const VERSIONS: [&str; 2] = ["--http1.1", "--http2"];
const CODINGS: [(&str, &str); 2] = [("gzip", "gzip"), ("zstd", "zstd")];

fn app() -> String {
    repository().join("tests/apps/compressible.py").display().to_string()
}

/// The text of the application's pages.
fn page() -> String {
    (0..60).map(|number| format!("line {number} of a page that is text\n")).collect()
}

/// A server that compresses, with a folder and an upstream, which does not.
fn start(test: &Test, args: &[&str]) -> (Server, Process) {
    let port = free_port();
    let listen = format!("http:127.0.0.1:{port}");
    let program =
        test.program(certkit()).env("EVENTS", test.folder()).args(["serve", "--listen", &listen, &app()]);
    let mut behind = Process::start(test, program);
    behind.wait_for(([127, 0, 0, 1], port).into());
    let css: String = (0..9000).map(|number| format!(".c{number} {{ color: red }}\n")).collect();
    test.write("files/large.css", &css);
    test.write("files/small.css", &css[..3000]);
    test.write("files/ready.css", &css[..3000]);
    test.write("files/ready.css.gz", "compressed before");
    test.write("files/image.png", &css[..3000]);
    let upstream = format!("/up=http://127.0.0.1:{port}/");
    let usual =
        ["--cert", "chain.pem", "--key", "server.key", "--static", "/static=files", "--upstream", &upstream];
    let files = ["--precompressed", "ending:ready.css", "--expires", "/static=60"];
    let program = test.program(certkit()).env("EVENTS", test.folder());
    (Server::start_with(test, program, &[&usual[..], &files, args, &[&app()]].concat()), behind)
}

/// A body as the program of this name decodes it.
fn decoded(test: &Test, program: &str, body: &[u8]) -> Option<String> {
    let program = peer(program)?;
    let ran = test.program(program).args(["-dc"]).stdin(body).run();
    Some(ran.exits(0).stdout())
}

#[track_caller]
fn get(curl: &Curl<'_>, server: &Server, path: &str, version: &str, accept: &str) -> Answer {
    curl.fetch(server, path, &[version, "-H", &format!("Accept-Encoding: {accept}")])
}

#[test]
fn text_is_compressed_whatever_it_comes_from() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let (server, _behind) = start(&test, &["--gzip", "--zstd"]);
    let css = test.text("files/large.css");
    for version in VERSIONS {
        for (path, expected) in [
            ("/page", page()),
            ("/large", page().repeat(2000)),
            ("/up/page", page()),
            ("/up/large", page().repeat(2000)),
            ("/static/large.css", css.clone()),
            ("/static/small.css", css[..3000].to_owned()),
        ] {
            for (coding, program) in CODINGS {
                let answer = get(&curl, &server, path, version, coding).is(200);
                assert_eq!(answer.header("content-encoding"), Some(coding), "{path} {version}");
                assert_eq!(answer.header("vary"), Some("Accept-Encoding"), "{path} {version}");
                assert!(answer.whole && answer.body.len() * 4 < expected.len(), "{path} {version} {coding}");
                if let Some(text) = decoded(&test, program, &answer.body) {
                    assert!(text == expected, "{path} {version} {coding}: {} bytes", text.len());
                }
                let head = curl
                    .fetch(&server, path, &[version, "-I", "-H", &format!("Accept-Encoding: {coding}")])
                    .is(200);
                for field in
                    ["content-encoding", "vary", "etag", "content-type", "cache-control", "accept-ranges"]
                {
                    assert_eq!(head.header(field), answer.header(field), "{path} {version} {field}");
                }
                assert_eq!(head.header("content-length"), None, "{path} {version}");
            }
            let answer = curl.fetch(&server, path, &[version, "--compressed"]).is(200);
            assert!(
                answer.whole && answer.text() == expected,
                "{path} {version}: {} bytes",
                answer.body.len()
            );
            let plain = curl.fetch(&server, path, &[version]).is(200);
            assert!(
                plain.text() == expected && plain.header("content-encoding").is_none(),
                "{path} {version}"
            );
            assert_eq!(plain.header("vary"), Some("Accept-Encoding"), "{path} {version}");
        }
        // What breaks off must not look whole to a client that decodes it.
        let broken = curl.fetch(&server, "/broken", &[version, "--compressed"]);
        assert!(!broken.whole && broken.text() == page(), "{broken:?}");
    }
    // The page has a length, also for clients of HTTP/1.0.
    let old = curl.fetch(&server, "/page", &["--http1.0", "--no-alpn", "--compressed"]).is(200);
    assert!(old.whole && old.text() == page() && old.header("content-length").is_some(), "{old:?}");
    let old = curl.fetch(&server, "/large", &["--http1.0", "--no-alpn", "--compressed"]).is(200);
    assert!(old.whole && old.text() == page().repeat(2000));
}

#[test]
fn what_must_stay_as_it_is() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let (server, _behind) = start(&test, &["--gzip"]);
    for version in VERSIONS {
        for (path, own) in [
            ("/short", None),
            ("/image", None),
            ("/untouched", None),
            ("/coded", Some("x-own")),
            ("/up/untouched", None),
            ("/static/image.png", None),
        ] {
            let answer = get(&curl, &server, path, version, "gzip, zstd").is(200);
            assert_eq!((answer.header("content-encoding"), answer.header("vary")), (own, None), "{path}");
        }
        let answer = get(&curl, &server, "/page", version, "zstd").is(200);
        assert_eq!(answer.header("content-encoding"), None, "--gzip alone");
        let ready = get(&curl, &server, "/static/ready.css", version, "gzip").is(200);
        assert_eq!(ready.text(), "compressed before");
        let ready = curl.fetch(&server, "/static/ready.css", &[version, "-r", "0-9", "--compressed"]);
        assert_eq!(ready.header("content-encoding"), Some("gzip"));

        let file = get(&curl, &server, "/static/small.css", version, "gzip").is(200);
        let plain = get(&curl, &server, "/static/small.css", version, "br").is(200);
        let (weak, strong) = (file.header("etag").unwrap(), plain.header("etag").unwrap());
        assert_eq!(weak, format!("W/{strong}"));
        assert_eq!((file.header("accept-ranges"), plain.header("accept-ranges")), (None, Some("bytes")));
        assert_eq!(file.header("cache-control"), Some("max-age=60"));
        for (tag, accept) in [(weak, "gzip"), (strong, "br"), (strong, "gzip"), (weak, "br")] {
            let (known, accept) = (format!("If-None-Match: {tag}"), format!("Accept-Encoding: {accept}"));
            let answer = curl.fetch(&server, "/static/small.css", &[version, "-H", &known, "-H", &accept]);
            assert_eq!(answer.header("etag"), Some(tag));
            assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
            answer.is(304);
        }
        let part =
            curl.fetch(&server, "/static/small.css", &[version, "-r", "5-9", "-H", "Accept-Encoding: gzip"]);
        assert_eq!((part.header("content-encoding"), part.header("vary")), (None, Some("Accept-Encoding")));
        assert_eq!(part.text().as_str(), &test.text("files/small.css")[5..10]);
        part.is(206);
        // A part of the compressed variant cannot be had: its ETag is weak.
        let (range, accept) = (format!("If-Range: {weak}"), "Accept-Encoding: gzip");
        curl.fetch(&server, "/static/small.css", &[version, "-r", "5-9", "-H", &range, "-H", accept]).is(200);
    }
    let (off, _behind) = start(&test, &[]);
    let answer = get(&curl, &off, "/page", "--http2", "gzip, zstd").is(200);
    assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, None));
    assert_eq!(answer.header("etag"), Some("\"page\""));
}

/// The application sends the next event only when the client has decoded the one before.
#[test]
fn events_arrive_at_once() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let (server, _behind) = start(&test, &["--gzip", "--zstd"]);
    for (prefix, version, (coding, _)) in ["", "/up"].into_iter().flat_map(|prefix| {
        VERSIONS
            .into_iter()
            .flat_map(move |version| CODINGS.into_iter().map(move |coding| (prefix, version, coding)))
    }) {
        let name = format!("{}{version}-{coding}", if prefix.is_empty() { "own" } else { "up" });
        fs::create_dir(test.path(&name)).unwrap();
        let (output, accept) = (test.path(format!("{name}/output")), format!("Accept-Encoding: {coding}"));
        let program = curl.program(&server, &format!("{prefix}/events/{name}"));
        let program = program.args([version, "-N", "--compressed", "-H", &accept, "-o"]).args([&output]);
        let mut client = Process::start(&test, program);
        for number in 0..3 {
            let event = format!("data: event {number}\n\n");
            eventually(&format!("event {number} of {name}"), || {
                fs::read_to_string(&output).is_ok_and(|text| text.ends_with(&event)).then_some(())
            });
            test.write(&format!("{name}/seen-{number}"), "");
        }
        assert!(client.wait().success(), "{}", client.log());
        let answer = get(&curl, &server, &format!("{prefix}/events/{name}"), version, coding).is(200);
        assert_eq!(answer.header("content-encoding"), Some(coding));
    }
}

#[test]
fn the_coding_passes_through_nginx() {
    let Some(nginx) = Nginx::find() else { return };
    let test = Test::new();
    test.write("files/large.css", page().repeat(100));
    let files = format!("/static={}", test.path("files").display());
    let site = Site::start_with(&test, &nginx, &["--gzip", "--zstd", "--static", &files], "compressible.py");
    for way in &site.ways {
        for (path, expected) in
            [("/page", page()), ("/large", page().repeat(2000)), ("/static/large.css", page().repeat(100))]
        {
            for (coding, program) in CODINGS {
                let accept = format!("Accept-Encoding: {coding}");
                let reply = ask(way.port, &request("GET", path, &[&accept], b""));
                assert!(reply.status == 200 && reply.is_whole, "{way:?} {path}: {reply:?}");
                assert_eq!(reply.fields("content-encoding"), [coding], "{way:?} {path}: {reply:?}");
                assert_eq!(reply.fields("vary"), ["Accept-Encoding"], "{way:?} {path}");
                if let Some(text) = decoded(&test, program, &reply.body) {
                    assert!(text == expected, "{way:?} {path} {coding}: {} bytes", text.len());
                }
                let head = ask(way.port, &request("HEAD", path, &[&accept], b""));
                assert_eq!(head.fields("content-encoding"), [coding], "{way:?} {path}: {head:?}");
            }
            let plain = ask(way.port, &request("GET", path, &[], b""));
            assert!(plain.is_whole && plain.body == expected.as_bytes(), "{way:?} {path}");
        }
    }
}

#[test]
fn the_log_knows_both_lengths_and_the_times() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let (server, _behind) = start(&test, &["--gzip", "--access-log", "access.log", "--log-format", "json"]);
    for (path, length, has_backend) in [
        ("/page", page().len(), true),
        ("/large", page().len() * 2000, true),
        ("/up/large", page().len() * 2000, true),
        ("/static/large.css", test.text("files/large.css").len(), false),
        ("/static/small.css", 3000, false),
    ] {
        for accept in ["gzip", "br"] {
            let target = format!("{path}?{accept}");
            let answer = get(&curl, &server, &target, "--http2", accept).is(200);
            let line = eventually(&format!("the line of {target}"), || {
                let log = fs::read_to_string(test.path("access.log")).ok()?;
                let line = log.lines().find(|line| line.contains(&format!("\"{target}\"")))?.to_owned();
                serde_json::from_str::<serde_json::Value>(&line).ok()
            });
            assert_eq!(line["coding"].as_str(), (accept == "gzip").then_some("gzip"), "{line}");
            assert_eq!(line["bytes"], answer.body.len(), "{line}");
            assert_eq!(line["raw_bytes"], length, "{line}");
            assert_eq!(line["tls"], "TLSv1.3", "{line}");
            assert!(line["cipher"].as_str().unwrap().starts_with("TLS_"), "{line}");
            assert!(line["site"].is_null(), "{line}");
            match line["seconds_in_backend"].as_f64() {
                Some(seconds) => {
                    assert!(has_backend && seconds <= line["seconds"].as_f64().unwrap(), "{line}")
                }
                None => assert!(!has_backend, "{line}"),
            }
        }
    }
}
