//! Clients that are slow: they hold no worker, and cost the server little memory and no descriptors.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::curl::Curl;
use crate::disk::SmallDisk;
use crate::harness::{Program, Test, certkit, eventually, repository};
use crate::peers::{python, script};
use crate::process::{Process, Server};

/// Two workers of four threads.
fn server(test: &Test, program: Program<'_>, args: &[&str]) -> Server {
    let app = repository().join("tests/apps/probe.py").display().to_string();
    let usual = ["--cert", "chain.pem", "--key", "server.key", "--workers", "2", "--threads", "4"];
    let program = program.env("PROBE_STARTED", test.path("started"));
    Server::start_with(test, program, &[&usual[..], args, &[&app]].concat())
}

/// Slow clients that wait for each other, and then until they may end.
pub(crate) struct SlowClients {
    process: Process,
    stop: PathBuf,
}

impl SlowClients {
    pub(crate) fn start(
        test: &Test,
        server: &Server,
        python: &PathBuf,
        kind: &str,
        count: usize,
        path: &str,
    ) -> Self {
        Self::start_named(test, server, python, (kind, kind), count, path)
    }

    fn start_named(
        test: &Test,
        server: &Server,
        python: &PathBuf,
        (kind, name): (&str, &str),
        count: usize,
        path: &str,
    ) -> Self {
        let stop = test.path(format!("{name}-may-end"));
        let program = test.program(python).args([script("slow.py")]);
        let (port, count) = (server.port.to_string(), count.to_string());
        let program = program.args([&port, "ca.crt", kind, &count, path]).args([&stop]);
        let process = Process::start(test, program);
        process.wait_for_log("all wait\n");
        Self { process, stop }
    }

    /// How each of them ended.
    pub(crate) fn end(mut self) -> Vec<String> {
        fs::write(&self.stop, "").unwrap();
        assert!(self.process.wait().success(), "{}", self.process.log());
        self.process.log().lines().skip(1).map(str::to_owned).collect()
    }
}

/// Others are served meanwhile, however often they ask.
fn others_are_served(curl: &Curl<'_>, server: &Server) {
    for _ in 0..10 {
        curl.get(server, "/").is(200);
        thread::sleep(Duration::from_millis(100));
    }
}

/// The front's memory now, in KiB, and its descriptors.
pub(crate) fn held(server: &Server) -> (u64, usize) {
    let of = format!("/proc/{}", server.process.id());
    let status = fs::read_to_string(format!("{of}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let descriptors = fs::read_dir(format!("{of}/fd")).map_or(0, Iterator::count);
    (resident.trim().trim_end_matches(" kB").parse().unwrap(), descriptors)
}

const MIB: u64 = 1024;

/// The length and digest of what slow senders send.
const DIGEST: &str = "1000000 26c6e62f1fce427765660fb56f8ac8c166979bc7944c3b1a9fb26a0dec272835";

#[test]
fn slow_readers_hold_no_worker() {
    let (Some(python), test) = (python(&["ssl"]), Test::with_chain("localhost")) else { return };
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    let server = server(&test, test.program(certkit()), &[]);
    let (before, few) = held(&server);
    let slow = SlowClients::start(&test, &server, &python, "read", 24, "/stream?bytes=8000000");
    others_are_served(&curl, &server);
    let (now, descriptors) = held(&server);
    assert!(now < before + 100 * MIB, "{before} KiB before, {now} KiB now");
    assert!(descriptors <= few + 24 + 4, "{few} descriptors before, {descriptors} now");
    assert_eq!(slow.end(), ["whole 8000000"; 24]);
}

#[test]
fn the_memory_of_slow_readers_is_given_back() {
    let (Some(python), test) = (python(&["ssl"]), Test::with_chain("localhost")) else { return };
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    let server = server(&test, test.program(certkit()), &[]);
    curl.get(&server, "/").is(200);
    let (before, _) = held(&server);
    let slow = SlowClients::start(&test, &server, &python, "read", 60, "/stream?bytes=8000000");
    eventually("much memory is held", || (held(&server).0 > before + 40 * MIB).then_some(()));
    assert_eq!(slow.end(), ["whole 8000000"; 60]);
    // Far fewer than a crowd of connections, but their bodies had much.
    eventually("most of it is given back", || (held(&server).0 < before + 20 * MIB).then_some(()));
}

#[test]
fn slow_senders_hold_no_worker() {
    let (Some(python), test) = (python(&["ssl"]), Test::with_chain("localhost")) else { return };
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    let server = server(&test, test.program(certkit()), &[]);
    let (before, few) = held(&server);
    let slow = SlowClients::start(&test, &server, &python, "post", 24, "/digest?id=begun");
    others_are_served(&curl, &server);
    assert!(!test.path("started").exists(), "the application is called when the body is complete");
    let (now, descriptors) = held(&server);
    assert!(now < before + 50 * MIB, "{before} KiB before, {now} KiB now");
    assert!(descriptors <= few + 24 + 4, "{few} descriptors before, {descriptors} now");
    assert_eq!(slow.end(), [DIGEST; 24]);
}

#[test]
fn without_buffering_the_application_reads_from_its_client() {
    let (Some(python), test) = (python(&["ssl"]), Test::with_chain("localhost")) else { return };
    let server = server(&test, test.program(certkit()), &["--no-buffering", "/digest"]);
    let slow = SlowClients::start(&test, &server, &python, "post", 1, "/digest?id=begun");
    eventually("the application is called", || test.path("started").exists().then_some(()));
    assert_eq!(slow.end(), [DIGEST]);
}

#[test]
fn a_chunked_body_has_a_length_when_it_is_complete() {
    let test = Test::with_chain("localhost");
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    let server = server(&test, test.program(certkit()), &["--limit-post", "300k"]);
    fs::write(test.path("large"), vec![b'x'; 200_000]).unwrap();
    fs::write(test.path("too-large"), vec![b'x'; 400_000]).unwrap();
    for version in ["--http1.1", "--http2"] {
        let send = |path: &str, file: &str| {
            curl.fetch(&server, path, &[version, "-T", file, "-H", "Transfer-Encoding: chunked"])
        };
        let environ: Value = serde_json::from_slice(&send("/environ", "large").is(200).body).unwrap();
        assert_eq!(environ["CONTENT_LENGTH"], "200000", "{environ}");
        assert!(send("/digest", "large").is(200).text().starts_with("200000 "));
        send("/digest?id=begun", "too-large").is(413);
    }
    assert!(!test.path("started").exists(), "the application is not called");
}

#[test]
fn streams_without_a_window_hold_no_worker() {
    let (Some(python), test) = (python(&["ssl"]), Test::with_chain("localhost")) else { return };
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    let server = server(&test, test.program(certkit()), &[]);
    let (before, few) = held(&server);
    // Whole answers, then streamed ones: 128 MB each.
    let whole = SlowClients::start(&test, &server, &python, "window", 20, "/whole?bytes=64000");
    others_are_served(&curl, &server);
    let streamed = SlowClients::start(&test, &server, &python, "window", 2, "/stream?bytes=1000000");
    others_are_served(&curl, &server);
    let (now, descriptors) = held(&server);
    assert!(now < before + 120 * MIB, "{before} KiB before, {now} KiB now");
    assert!(descriptors <= few + 22 + 4, "{few} descriptors before, {descriptors} now");
    assert_eq!(whole.end(), ["closed after 100 heads"; 20]);
    assert_eq!(streamed.end(), ["closed after 100 heads"; 2]);
}

#[test]
fn a_crowd_without_a_window_holds_no_worker_and_few_files() {
    let (Some(python), test) = (python(&["ssl"]), Test::with_chain("localhost")) else { return };
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    fs::create_dir(test.path("files")).unwrap();
    fs::write(test.path("files/large"), vec![b'x'; 1 << 20]).unwrap();
    fs::write(test.path("files/medium"), vec![b'x'; 50_000]).unwrap();
    let server = server(&test, test.program(certkit()), &["--static", "/files=files"]);
    let (before, few) = held(&server);
    let paths = ["/whole?bytes=60000", "/whole?bytes=10", "/files/large", "/files/medium"];
    let crowd = |path: &&str| {
        // Each kind has files of its own, by which it is told to end.
        let kind = Path::new(path).file_name().unwrap().to_str().unwrap();
        SlowClients::start_named(&test, &server, &python, ("window", kind), 5, path)
    };
    let crowds: Vec<_> = paths.iter().map(crowd).collect();
    others_are_served(&curl, &server);
    curl.get(&server, "/files/medium").is(200);
    let (now, descriptors) = held(&server);
    assert!(now < before + 80 * MIB, "{before} KiB before, {now} KiB now");
    // 1,000 streams wait for files; 256 of those stay open.
    assert!(descriptors <= few + 20 + 256 + 4, "{few} descriptors before, {descriptors} now");
    for crowd in crowds {
        assert_eq!(crowd.end(), ["closed after 100 heads"; 5]);
    }
}

#[test]
fn an_event_stream_waits_for_its_client() {
    let (Some(python), test) = (python(&["ssl"]), Test::with_chain("localhost")) else { return };
    let server = server(&test, test.program(certkit()), &[]);
    let slow = SlowClients::start(&test, &server, &python, "read", 1, "/events?id=begun");
    let noted = || fs::read_to_string(test.path("started")).unwrap_or_default().lines().count();
    // What sockets hold is a few MiB; a buffered response would come to hundreds.
    let mut last = 0;
    eventually("the application waits", || {
        let now = noted();
        let is_same = now > 0 && now == last;
        last = now;
        thread::sleep(Duration::from_secs(1));
        is_same.then_some(())
    });
    assert!(last < 60, "{last} MiB were made");
    drop(slow);
}

#[test]
fn an_application_is_stopped_when_its_slow_client_leaves() {
    let (Some(python), test) = (python(&["ssl"]), Test::with_chain("localhost")) else { return };
    let server = server(&test, test.program(certkit()), &[]);
    let slow = SlowClients::start(&test, &server, &python, "read", 1, "/endless?id=begun");
    let noted = || fs::read_to_string(test.path("started")).unwrap_or_default();
    eventually("the request runs", || (noted() == "begun\n").then_some(()));
    drop(slow);
    eventually("the generator is closed", || (noted() == "begun\nclosed\n").then_some(()));
}

#[test]
fn a_full_disk_makes_the_application_wait_and_breaks_nothing() {
    let (Some(python), test) = (python(&["ssl"]), Test::with_chain("localhost")) else { return };
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    let disk = SmallDisk::new(&test, "small", 4096);
    disk.leave_kib(1200);
    let program = disk.program().args([certkit()]).env("TMPDIR", test.path("small"));
    let server = server(&test, program, &[]);
    let slow = SlowClients::start(&test, &server, &python, "read", 2, "/stream?bytes=32000000");
    server.process.wait_for_log("cannot write bodies to a temporary file");
    others_are_served(&curl, &server);
    fs::write(test.path("large"), vec![b'x'; 8_000_000]).unwrap();
    curl.fetch(&server, "/digest", &["-T", "large"]).is(503);
    assert_eq!(slow.end(), ["whole 32000000"; 2]);
    let log = server.process.log();
    assert_eq!(log.matches("cannot write bodies").count(), 1, "{log}");
}
