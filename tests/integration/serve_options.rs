//! Options of uWSGI, one effect each: limits, the environment, locks, reloads, sockets, certificates by name.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use crate::curl::Curl;
use crate::harness::{Test, certkit, eventually};
use crate::peers::{not_allowed_here, peer};
use crate::process::{Process, Server, free_port, wait_until_gone};

/// Evaluates its query.
const APP: &str = "import os, resource, sys, time
from urllib.parse import unquote

def application(environ, start_response):
    answer = eval(unquote(environ['QUERY_STRING']))
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [str(answer).encode()]
";

/// Streams without end, hangs, or gives its process id.
const STREAM: &str = "import os, time

def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    if environ['QUERY_STRING'] == 'hang':
        time.sleep(1000)
    if environ['QUERY_STRING'] != 'stream':
        return [str(os.getpid()).encode()]
    return (time.sleep(0.05) or b'x' for _ in range(1000000))
";

/// A server of `app.py` on an http port.
struct Running {
    process: Process,
    port: u16,
}

fn start(test: &Test, args: &[&str]) -> Running {
    let port = free_port();
    let listen = format!("http:127.0.0.1:{port}");
    if !test.path("app.py").exists() {
        test.write("app.py", APP);
    }
    let args = [&["serve", "--listen", &listen, "--workers", "1", "app.py"], args].concat();
    let mut process = Process::start(test, test.program(certkit()).args(args));
    process.wait_for((Ipv4Addr::LOCALHOST, port).into());
    Running { process, port }
}

impl Running {
    fn send(&self, expression: &str) -> TcpStream {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let query = expression.replace(' ', "%20");
        write!(stream, "GET /?{query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        stream
    }

    /// What the application makes of an expression.
    fn value(&self, expression: &str) -> String {
        let mut answer = String::new();
        self.send(expression).read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn worker(&self) -> u32 {
        self.value("os.getpid()").parse().unwrap()
    }

    fn another_worker(&self, before: u32) {
        eventually("another worker", || (self.worker() != before).then_some(()));
    }
}

fn has_python() -> bool {
    peer("python3").is_some()
}

#[test]
fn limits_and_the_environment() {
    if !has_python() {
        return;
    }
    let test = Test::new();
    for (name, value) in [("ONE", "from a file\n"), ("TWO", ""), ("LANG", "")] {
        test.write(&format!("variables/{name}"), value);
    }
    let args =
        ["--max-fd", "200", "--env", "TWO=2", "--envdir", "variables", "--unenv", "USER", "--optimize", "2"];
    let server = start(&test, &args);
    assert_eq!(server.value("resource.getrlimit(resource.RLIMIT_NOFILE)[0]"), "200");
    assert_eq!(server.value("sys.flags.optimize"), "2");
    for (name, value) in [("ONE", "from a file"), ("TWO", "None"), ("LANG", "None"), ("USER", "None")] {
        assert_eq!(server.value(&format!("os.environ.get('{name}')")), value, "{name}");
    }
}

#[test]
fn workers_that_grow_or_fail_are_replaced() {
    if !has_python() {
        return;
    }
    let test = Test::new();
    let server = start(&test, &["--reload-on-as", "1", "--min-worker-lifetime", "0"]);
    server.another_worker(server.worker());
    drop(server);
    let server = start(&test, &["--evil-reload-on-as", "1"]);
    server.process.wait_for_log("MiB");
    drop(server);
    let server = start(&test, &["--reload-on-exception"]);
    let worker = server.worker();
    assert_eq!(server.worker(), worker);
    server.send("1/0").read_to_string(&mut String::new()).unwrap();
    server.another_worker(worker);
}

#[test]
fn a_worker_with_a_request_that_takes_too_long_has_its_own_grace() {
    if !has_python() {
        return;
    }
    let test = Test::new();
    let args = ["--threads", "2", "--request-timeout", "0.5", "--graceful-timeout", "1000"];
    let more = ["--harakiri-graceful-timeout", "1"];
    test.write("app.py", STREAM);
    let server = start(&test, &[&args[..], &more].concat());
    let worker = server.worker();
    // Each piece of a stream shows that this request is alive: it could go on for the graceful timeout.
    let mut stream = server.send("stream");
    stream.read_exact(&mut [0; 100]).unwrap();
    let _hanging = server.send("hang");
    wait_until_gone(&[worker]);
}

#[test]
fn a_reload_can_be_a_stop() {
    let test = Test::new();
    test.write("public/page", "");
    let port = free_port();
    let listen = format!("http:127.0.0.1:{port}");
    let args = ["serve", "--listen", &listen, "--static", "/=public", "--exit-on-reload"];
    let mut server = Process::start(&test, test.program(certkit()).args(args));
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    server.signal(Signal::HUP);
    assert!(server.wait().success());
}

#[test]
fn a_locked_file_is_one_servers() {
    let test = Test::new();
    test.write("public/page", "");
    test.write("lock", "");
    let ports = [free_port(), free_port()];
    let listen = ports.map(|port| format!("http:127.0.0.1:{port}"));
    let start = |listen: &str, word: &str| {
        let args = ["serve", "--listen", listen, "--static", "/=public", word, "lock"];
        Process::start(&test, test.program(certkit()).args(args))
    };
    let mut first = start(&listen[0], "--flock");
    first.wait_for((Ipv4Addr::LOCALHOST, ports[0]).into());
    let args = ["serve", "--listen", &listen[1], "--static", "/=public", "--flock"];
    test.certkit(&[&args[..], &["lock"]].concat()).exits(2).says("another process has locked");
    test.certkit(&[&args[..], &["missing"]].concat()).exits(2).says("cannot lock");
    let mut second = start(&listen[1], "--flock-wait");
    first.signal(Signal::TERM);
    first.wait();
    second.wait_for((Ipv4Addr::LOCALHOST, ports[1]).into());
}

#[test]
fn changes_of_ignored_modules_do_not_count() {
    if !has_python() {
        return;
    }
    let test = Test::new();
    test.write("ignored.py", "");
    test.write("used.py", "");
    test.write("app.py", format!("import ignored, used\n{APP}"));
    let port = free_port();
    let listen = format!("http:127.0.0.1:{port}");
    let args = ["-v", "serve", "--listen", &listen, "--pythonpath", ".", "--reload-on-change=0.05"];
    let more = ["--py-auto-reload-ignore", "ignored", "--workers", "1", "app.py"];
    let mut server = Process::start(&test, test.program(certkit()).args([&args[..], &more].concat()));
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    let touch = |name: &str, seconds: u64| {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        File::options().append(true).open(test.path(name)).unwrap().set_modified(time).unwrap();
    };
    // The first look is not for changes yet, and nobody knows when that is.
    let mut seconds = 1000;
    eventually("a change is seen", || {
        seconds += 1;
        touch("ignored.py", seconds);
        touch("used.py", seconds);
        server.log().contains("used.py has changed").then_some(())
    });
    assert!(!server.log().contains("ignored.py has changed"), "{}", server.log());
}

#[test]
fn two_servers_share_a_port() {
    let test = Test::new();
    test.write("public/page", "");
    let port = free_port();
    let listen = format!("http:127.0.0.1:{port}");
    let args = ["serve", "--listen", &listen, "--static", "/=public", "--reuse-port"];
    let start = || {
        let mut server = Process::start(&test, test.program(certkit()).args(args));
        server.wait_for((Ipv4Addr::LOCALHOST, port).into());
        server
    };
    let first = start();
    let second = start();
    second.wait_for_log("curl http");
    drop((first, second));
    // An address of nobody (RFC 5737).
    let args = ["serve", "--listen", "http:192.0.2.1:8099", "--static", "/=public"];
    test.certkit(&args).exits(2).says("no such address");
    let server = Process::start(&test, test.program(certkit()).args([&args[..], &["--freebind"]].concat()));
    server.wait_for_log("curl http");
}

#[test]
fn unix_sockets_have_what_the_umask_leaves() {
    let test = Test::new();
    test.write("public/page", "");
    for (more, mode) in [("", 0o750), ("umask = 022\n", 0o755), ("umask = 002\nchmod-socket = 664\n", 0o664)]
    {
        let ini = format!("[uwsgi]\nhttp-socket = socket\nstatic-map = /=public\n{more}");
        test.write("site.ini", ini);
        let program = test.program(certkit()).umask("027").args(["serve", "site.ini"]);
        let server = Process::start(&test, program);
        server.wait_for_log("certkit: serving");
        let found = test.path("socket").symlink_metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{more}");
    }
}

#[test]
fn certificates_by_name() {
    let test = Test::with_chain("a.example");
    test.certkit(&["mkcert", "b.example", "-o", "b"]).exits(0);
    test.certkit(&["merge", "b.crt", "ca-bundle.ca", "-o", "b.pem"]).exits(0);
    let (Some(a), Some(b)) = (Curl::new(&test, "a.example"), Curl::new(&test, "b.example")) else { return };
    test.write("public/page", "a page");
    let port = free_port();
    let ini = format!(
        "[uwsgi]\nhttps-socket = 127.0.0.1:{port},chain.pem,server.key\nsni = b.example b.pem,b.key\n\
         static-map = /=public\n"
    );
    test.write("site.ini", ini);
    let mut process = Process::start(&test, test.program(certkit()).args(["serve", "site.ini"]));
    process.wait_for((Ipv4Addr::LOCALHOST, port).into());
    let server = Server { process, port };
    a.get(&server, "/page").is(200);
    b.get(&server, "/page").is(200);
}

#[test]
fn a_proxy_header_is_believed_from_named_proxies_only() {
    let test = Test::new();
    test.write("public/page", "");
    let ini = "[uwsgi]\nhttp-socket = 127.0.0.1:0\nstatic-map = /=public\nenable-proxy-protocol = true\n";
    test.write("site.ini", ini);
    test.certkit(&["serve", "site.ini"]).exits(2).says("--trust-proxy");
    let server = Process::start(
        &test,
        test.program(certkit()).args(["serve", "--trust-proxy", "127.0.0.1", "site.ini"]),
    );
    server.wait_for_log("http://127.0.0.1:");
}

#[test]
fn a_secret_of_roots_is_read_for_a_user() {
    if !rustix::process::geteuid().is_root() {
        not_allowed_here("becoming another user without root");
        return;
    }
    let test = Test::new();
    for folder in [test.folder().parent().unwrap(), &test.folder()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    test.write("public/page", "");
    test.write("secret", "swordfish\n");
    fs::set_permissions(test.path("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    let listen = format!("ajp:127.0.0.1:{}", free_port());
    let args = ["serve", "--listen", &listen, "--ajp-secret-file", "secret", "--static", "/=public"];
    let ids = ["--user", "54321", "--group", "54321"];
    let server = Process::start(&test, test.program(certkit()).args([&args[..], &ids].concat()));
    server.wait_for_log("serving the files in");
    server.signal(Signal::HUP);
    server.wait_for_log("reloaded");
}

#[test]
fn uwsgis_words_on_the_command_line_make_its_module() {
    if !has_python() {
        return;
    }
    let test = Test::new();
    let import = "__import__('uwsgi').opt";
    let server = start(&test, &["--master", "--set", "who=me"]);
    let options = server.value(import);
    assert!(options.contains("'master': b'true'") && options.contains("'set'"), "{options}");
    drop(server);
    let server = start(&test, &[]);
    assert_eq!(server.value("__import__('importlib.util').util.find_spec('uwsgi')"), "None");
}
