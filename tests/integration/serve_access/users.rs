//! `--basic-auth`: who gets in, and what the application, the log and the metrics see of it.

use std::fs;
use std::net::Ipv4Addr;

use rustix::process::Signal;

use super::addresses::SPELLINGS;
use super::{Site, mirror};
use crate::curl::Curl;
use crate::fronts::client::{ask, request};
use crate::gateway::{Asked, Listener};
use crate::harness::{Test, certkit};
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

/// `anna:right`, as base64.
const ANNA: &str = "Authorization: Basic YW5uYTpyaWdodA==";
/// `anna:wrong`.
const WRONG: &str = "Authorization: Basic YW5uYTp3cm9uZw==";

/// A line of a file with users.
fn line(name: &str, password: &str) -> String {
    format!("{name}:{}\n", bcrypt::hash(password, 4).unwrap())
}

#[test]
fn a_password_opens_every_spelling_of_a_path() {
    let test = Test::with_chain("front.example");
    let Some(curl) = Curl::new(&test, "front.example") else { return };
    test.write("users", line("anna", "right"));
    test.write("private/file.txt", "a file\n");
    let uwsgi = free_port();
    let listen = format!("uwsgi:127.0.0.1:{uwsgi}");
    let application = mirror();
    let routes = ["--static", "/private=private", "--basic-auth", "/private=users", &application];
    let pair = ["--cert", "chain.pem", "--key", "server.key"];
    let mut server = Server::start(&test, &[&["--listen", &listen][..], &pair, &routes].concat());
    server.process.wait_for((Ipv4Addr::LOCALHOST, uwsgi).into());
    let front = Listener::parse(&listen);
    for target in SPELLINGS {
        let options = ["--http2", "--path-as-is"];
        let answer = curl.fetch(&server, target, &options);
        assert_eq!(answer.status, 401, "{target}: {answer:?}");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, Some("Basic realm=\"/private\", charset=\"UTF-8\""), "{target}");
        for (credentials, expected) in
            [("anna:wrong", [401; 3]), ("otto:right", [401; 3]), ("anna:right", [200, 308, 404])]
        {
            let answer = curl.fetch(&server, target, &[&options[..], &["--user", credentials]].concat());
            assert!(expected.contains(&answer.status), "{credentials} {target}: {answer:?}");
        }
        let asked =
            Asked { method: "GET", path: target.split('?').next().unwrap_or_default(), query: "", body: b"" };
        if !target.contains('%') {
            let received = front.ask(asked).unwrap();
            assert!(received.status.starts_with("401"), "{target}: {received:?}");
        }
    }
    curl.get(&server, "/public").is(200);
    // The connection is of use for the next try.
    let answer = curl.fetch(&server, "/private/file.txt", &["--http1.1"]);
    assert_eq!(answer.header("connection"), None, "{answer:?}");
}

#[test]
fn applications_learn_the_user_by_every_protocol() {
    let test = Test::new();
    test.write("users", line("anna", "right"));
    let mut behind = Vec::new();
    let mut args = vec!["--basic-auth".to_owned(), "/=users".to_owned()];
    for scheme in ["http", "uwsgi", "fcgi", "scgi", "ajp"] {
        let port = free_port();
        let address = format!("{scheme}:127.0.0.1:{port}");
        let mut server = Process::start(
            &test,
            test.program(certkit()).args(["serve", "--listen", &address]).args([mirror()]),
        );
        server.wait_for((Ipv4Addr::LOCALHOST, port).into());
        behind.push(server);
        args.push(format!("--upstream=/{scheme}={scheme}://127.0.0.1:{port}"));
    }
    args.extend(["--mount".to_owned(), format!("/app={}", mirror())]);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let site = Site::start(&test, &args);
    let forged =
        ["Remote-User: root", "REMOTE_USER: root", "X-Forwarded-User: root", "X_Forwarded_User: root", ANNA];
    for path in ["app", "uwsgi", "fcgi", "scgi", "ajp", "http"] {
        let reply = site.get(&format!("/{path}"), &forged);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        let environ = &reply.json()["environ"];
        if path != "http" {
            assert_eq!(environ["REMOTE_USER"], "anna", "{path}: {environ}");
            assert_eq!(environ["AUTH_TYPE"], "Basic", "{path}: {environ}");
        }
        if path != "app" {
            assert_eq!(environ["HTTP_X_FORWARDED_USER"], "anna", "{path}: {environ}");
        }
    }
    site.process.wait_for_log(" - anna [");
    assert_eq!(site.get("/app", &["Remote-User: root"]).status, 401);
    // Where nobody is asked, nobody is named.
    let open = Site::start(&test, &[&mirror()]);
    let environ = &open.get("/", &forged).json()["environ"];
    assert_eq!(environ["REMOTE_USER"], serde_json::Value::Null, "{environ}");
}

#[test]
fn the_longest_path_counts_and_files_are_read_again() {
    let test = Test::new();
    test.write("users", line("anna", "right"));
    test.write("others", line("otto", "right"));
    let args = ["--basic-auth", "/=users", "--basic-auth", "/inner=others", "--stats", "unix:stats"];
    let site = Site::start(&test, &[&args[..], &[&mirror()]].concat());
    let status = |target: &str, field: &str| site.get(target, &[field]).status;
    assert_eq!([status("/", ANNA), status("/inner/x", ANNA), status("/", WRONG)], [200, 401, 401]);
    let Some(curl) = peer("curl") else { return };
    let ran = test.run(&curl, &["-s", "--unix-socket", "stats", "http://localhost/metrics"]);
    assert!(ran.stdout().contains("certkit_requests_refused_total{by=\"password\"} 2\n"), "{}", ran.stdout());
    // A file that cannot be used changes nothing.
    test.write("users", format!("{}# a line\nbob:$apr1$x$y\n", line("anna", "new")));
    site.process.signal(Signal::HUP);
    site.process.wait_for_log("line 3");
    assert_eq!(status("/", ANNA), 200);
    test.write("users", line("anna", "new"));
    site.process.signal(Signal::HUP);
    site.process.wait_for_log("certkit: reloaded");
    assert_eq!(status("/", ANNA), 401, "nothing is remembered");
    let log = site.process.log();
    assert!(!log.contains("right") && !log.contains("$2") && !log.contains("$apr1"), "{log}");
}

#[test]
fn files_that_protect_nothing_are_refused() {
    let test = Test::new();
    let start = |text: Option<&str>| {
        match text {
            Some(text) => test.write("users", text),
            None => fs::remove_file(test.path("users")).unwrap(),
        }
        test.certkit(&["serve", "--listen", "http:127.0.0.1:0", "--basic-auth", "/=users", &mirror()])
            .exits(2)
    };
    let good = line("anna", "right");
    start(Some(&format!("{good}bob:$apr1$mEZUXoVl$xyz\n")))
        .says("users, line 2")
        .says("MD5")
        .says("htpasswd -B");
    start(Some("bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")).says("SHA-1").keeps_quiet_about("5en6G6");
    start(Some("a secret\n")).says("line 1").keeps_quiet_about("a secret");
    start(Some("# nobody\n")).says("there is no user in it");
    start(None).says("no such file").says("htpasswd -B -c");
}

#[test]
fn what_htpasswd_writes_is_read() {
    let Some(htpasswd) = peer("htpasswd") else { return };
    let test = Test::new();
    test.run(&htpasswd, &["-bcB", "users", "anna", "right"]).exits(0);
    test.run(&htpasswd, &["-bB", "-C", "4", "users", "otto", "p\u{e4}ss w:rd"]).exits(0);
    let site = Site::start(&test, &["--basic-auth", "/=users", &mirror()]);
    let Some(curl) = peer("curl") else { return };
    let url = format!("http://127.0.0.1:{}/", site.port);
    for (credentials, status) in
        [("anna:right", "200"), ("otto:p\u{e4}ss w:rd", "200"), ("otto:right", "401")]
    {
        let args = ["-s", "-o", "body", "-w", "%{http_code}", "--user", credentials, &url];
        assert_eq!(test.run(&curl, &args).stdout(), status, "{credentials}");
    }
    assert_eq!(ask(site.port, &request("GET", "/", &[], b"")).status, 401);
}
