//! `--forward-auth`: another server decides.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::{Site, mirror};
use crate::harness::{Test, certkit};
use crate::peers::peer;
use crate::process::{Process, free_port};

/// Lets those pass who have a cookie; what it is asked is in its log.
const AUTH: &str = "
import sys
def application(environ, start_response):
    names = ['REQUEST_METHOD', 'REQUEST_URI', 'HTTP_X_FORWARDED_METHOD', 'HTTP_X_FORWARDED_URI', 'HTTP_X_FORWARDED_HOST',
             'HTTP_X_FORWARDED_FOR', 'HTTP_X_FORWARDED_PROTO', 'CONTENT_LENGTH', 'HTTP_IF_NONE_MATCH', 'HTTP_REMOTE_USER']
    print('asked', '|'.join(environ.get(name, '-') for name in names), file=sys.stderr, flush=True)
    cookie = environ.get('HTTP_COOKIE', '')
    if cookie == 'who=anna':
        start_response('200 OK', [('Remote-User', 'anna'), ('X-Forwarded-Groups', 'a'), ('X-Forwarded-Groups', 'b')])
        return [b'yes']
    if cookie == 'who=failing':
        start_response('500 Oh', [])
        return [b'oh']
    start_response('302 Found', [('Location', 'http://login.example/'), ('Set-Cookie', 'back=1'),
                                 ('Content-Type', 'text/plain')])
    return [b'sign in']
";

const FIELDS: [&str; 4] =
    ["--forward-auth-header", "Remote-User", "--forward-auth-header", "X-Forwarded-Groups"];

#[test]
fn another_server_says_who_passes() {
    let test = Test::new();
    test.write("auth.py", AUTH);
    let (port, behind_port) = (free_port(), free_port());
    let listen = format!("http:127.0.0.1:{port}");
    let program = test.program(certkit());
    let listeners =
        ["serve", "--listen", &listen, "--listen", "http+unix:auth.sock", "--trust-proxy", "127.0.0.1,unix:"];
    let mut auth = Process::start(&test, program.args(listeners).args(["auth.py"]));
    auth.wait_for((Ipv4Addr::LOCALHOST, port).into());
    let behind = format!("http:127.0.0.1:{behind_port}");
    let mut backend =
        Process::start(&test, test.program(certkit()).args(["serve", "--listen", &behind, &mirror()]));
    backend.wait_for((Ipv4Addr::LOCALHOST, behind_port).into());
    let (by_tcp, by_socket) =
        (format!("/in=http://127.0.0.1:{port}/verify?a=b"), "/socket=http+unix:auth.sock:/verify");
    let upstream = format!("/in/http=http://127.0.0.1:{behind_port}");
    let args = ["--forward-auth", &by_tcp, "--forward-auth", by_socket, "--upstream", &upstream];
    let stats = ["--stats", "unix:stats"];
    let site = Site::start(&test, &[&args[..], &FIELDS, &stats, &[&mirror()]].concat());
    let (anna, forged) = ("Cookie: who=anna", ["Remote-User: root", "X-Forwarded-Groups: root"]);
    for path in ["/in", "/in/http", "/socket"] {
        let reply = site.get(path, &[&forged[..], &["Cookie: who=otto"]].concat());
        assert_eq!((reply.status, &reply.body[..]), (302, &b"sign in"[..]), "{path}: {reply:?}");
        assert_eq!(reply.fields("location"), ["http://login.example/"], "{path}");
        assert_eq!(reply.fields("set-cookie"), ["back=1"], "{path}");
        let fields = [&forged[..], &[anna, "Connection: close, Remote-User"]].concat();
        let reply = site.get(path, &fields);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        let environ = &reply.json()["environ"];
        assert_eq!(environ["HTTP_REMOTE_USER"], "anna", "{path}: {environ}");
        assert_eq!(environ["HTTP_X_FORWARDED_GROUPS"], "a, b", "{path}: {environ}");
    }
    // Nobody sends the fields where nobody is asked either.
    let environ = &site.get("/out", &forged).json()["environ"];
    assert_eq!(environ["HTTP_REMOTE_USER"], serde_json::Value::Null, "{environ}");
    // One path for all spellings, in the question too; and no body, and no condition.
    let sent = [
        "Content-Length: 3",
        "If-None-Match: \"x\"",
        "X-Forwarded-Uri: /out",
        "X-Forwarded-Method: HEAD",
        anna,
    ];
    let sent = crate::fronts::client::request("PUT", "/a/..//%69n/x%20y?c=%20", &sent, b"");
    let reply = crate::fronts::client::ask(site.port, &[&sent[..], b"abc"].concat());
    assert_eq!(reply.status, 200, "{reply:?}");
    auth.wait_for_log("asked GET|/verify?a=b|PUT|/in/x%20y?c=%20|front.example|127.0.0.1|http|-|-|-\n");
    let reply = site.get("/in", &["Cookie: who=failing"]);
    assert_eq!(reply.status, 502, "{reply:?}");
    site.process.wait_for_log("it answers with status 500; nobody can see /in until it works");
    let Some(curl) = peer("curl") else { return };
    let ran = test.run(&curl, &["-s", "--unix-socket", "stats", "http://localhost/metrics"]);
    assert!(
        ran.stdout().contains("certkit_requests_refused_total{by=\"forward-auth\"} 4\n"),
        "{}",
        ran.stdout()
    );
}

#[test]
fn without_a_yes_nobody_passes() {
    let test = Test::new();
    let nobody = format!("/=http://127.0.0.1:{}", free_port());
    let site = Site::start(&test, &["--forward-auth", &nobody, &mirror()]);
    assert_eq!(site.get("/", &[]).status, 502);
    site.process.wait_for_log("cannot be reached");
    // One that never says anything, and others that lie.
    for (said, status) in [
        ("", 504),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 502),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", 502),
        ("no HTTP\r\n\r\n", 502),
        ("HTTP/1.1 100 Continue\r\n\r\n", 504),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", 304),
        // What comes behind a yes does not matter.
        ("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc", 200),
    ] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let auth = format!("/=http://{}", listener.local_addr().unwrap());
        let held: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let kept = Arc::clone(&held);
        let says = said.to_owned();
        thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(says.as_bytes());
                kept.lock().unwrap().push(stream);
            }
        });
        let site = Site::start(&test, &["--forward-auth", &auth, "--upstream-timeout", "1", &mirror()]);
        assert_eq!(site.get("/", &[]).status, status, "{said:?}");
        drop(held);
    }
    test.certkit(&["serve", "--forward-auth", "/=uwsgi://127.0.0.1:1", &mirror()]).exits(2).says("/PATH=URL");
}
