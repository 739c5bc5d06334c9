//! Where logs go besides files, and which requests are in the access log.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::Signal;

use crate::curl::Curl;
use crate::harness::{Test, certkit, eventually};
use crate::process::Server;

const APP: &str = "import time

print('loaded', flush=True)

def application(environ, start_response):
    path = environ['PATH_INFO']
    print('asked for ' + path, flush=True)
    if path == '/slow':
        time.sleep(0.3)
    if path == '/fail':
        raise ValueError('on purpose')
    start_response('404 Not Found' if path == '/none' else '200 OK', [('Content-Type', 'text/plain')])
    return {'/zero': [], '/big': [b'x' * 5000]}.get(path, [b'hello'])
";

fn serve(test: &Test, args: &[&str]) -> Server {
    test.write("app.py", APP);
    let all = [&["--cert", "chain.pem", "--key", "server.key", "--workers", "1"], args].concat();
    Server::start(test, &if args.contains(&"site.ini") { all } else { [&all[..], &["app.py"]].concat() })
}

/// All pages that the application treats differently.
fn ask_for_all(curl: &Curl<'_>, server: &Server) {
    for path in ["/", "/none", "/fail", "/zero", "/big", "/slow"] {
        curl.get(server, path);
    }
}

/// The paths in the access log, once `last` is there.
fn logged(test: &Test, last: &str) -> Vec<String> {
    let read = || fs::read_to_string(test.path("access.log")).unwrap_or_default();
    let lines =
        eventually(&format!("{last} in the log"), || Some(read()).filter(|lines| lines.contains(last)));
    lines.lines().map(|line| line.split(' ').nth(6).unwrap().to_owned()).collect()
}

/// As in uWSGI: a rule that holds is enough, and without disable-logging all requests are logged.
#[test]
fn only_chosen_requests_are_logged() {
    for (rules, expected) in [
        ("disable-logging = true\nlog-4xx = true\nlog-5xx = true", &["/none", "/fail"][..]),
        ("disable-logging = true\nlog-zero = true\nlog-big = 5000", &["/zero", "/big"]),
        ("disable-logging = true\nlog-slow = 300 ; ms", &["/slow"]),
        ("log-4xx = true", &["/", "/none", "/fail", "/zero", "/big", "/slow"]),
    ] {
        let test = Test::with_chain("test.example");
        let Some(curl) = Curl::new(&test, "test.example") else { return };
        test.write(
            "site.ini",
            format!("[uwsgi]\nwsgi-file = app.py\nreq-logger = file:access.log\n{rules}\n"),
        );
        let mut server = serve(&test, &["site.ini"]);
        ask_for_all(&curl, &server);
        let last = expected.last().unwrap();
        assert_eq!(logged(&test, &format!("GET {last} ")), expected, "{rules}");
        server.process.signal(Signal::TERM);
        assert!(server.process.wait().success());
        assert_eq!(logged(&test, last), expected, "{rules}: nothing came later");
    }
}

#[test]
fn dates_have_the_format_of_log_date() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let ini = "[uwsgi]\nwsgi-file = app.py\nreq-logger = file:access.log\nlog-date = on %%d. at %%H\n\
               log-format = %(ftime) %(uri)\nlog-format-strftime = true\n";
    test.write("site.ini", ini);
    let server = serve(&test, &["site.ini"]);
    curl.get(&server, "/x").is(200);
    let read = || fs::read_to_string(test.path("access.log")).ok().filter(|line| line.ends_with('\n'));
    let line = eventually("a line", read);
    let words: Vec<_> = line.split_whitespace().collect();
    assert!(
        matches!(words[..], ["on", day, "at", hour, "/x"] if day.len() == 3 && hour.len() == 2),
        "{line}"
    );
}

/// What comes to a socket until a datagram contains `text`.
fn until(text: &str, mut receive: impl FnMut(&mut [u8]) -> std::io::Result<usize>) -> String {
    let mut bytes = vec![0; 65536];
    loop {
        let length = receive(&mut bytes).unwrap_or_else(|error| panic!("{error}: no {text}"));
        let datagram = String::from_utf8_lossy(&bytes[..length]).into_owned();
        if datagram.contains(text) {
            return datagram;
        }
    }
}

#[test]
fn lines_are_sent_to_syslog_elsewhere() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let port = receiver.local_addr().unwrap().port();
    let log = format!("rsyslog:127.0.0.1:{port},site");
    let access = format!("socket:127.0.0.1:{port},access ");
    let server = serve(&test, &["--log-file", &log, "--access-log", &access]);
    curl.get(&server, "/one").is(200);
    let line = until("asked for /one", |bytes| receiver.recv(bytes));
    assert!(line.starts_with("<29>1 20") && line.contains("Z ") && line.contains(" site "), "{line}");
    assert!(line.ends_with(" - - asked for /one"), "{line}");
    curl.get(&server, "/two").is(200);
    let line = until("GET /two ", |bytes| receiver.recv(bytes));
    assert!(line.starts_with("access 127.0.0.1 - - [") && line.ends_with('\n'), "{line}");
    assert!(!server.process.log().contains("asked for"), "{}", server.process.log());
}

#[test]
fn a_receiver_that_is_gone_or_reads_nothing_stops_no_service() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let args = ["--log-file", "socket:./log.sock", "--access-log", "socket:./access.sock"];
    let server = serve(&test, &args);
    for _ in 0..3 {
        curl.get(&server, "/before").is(200);
    }
    server.process.wait_for_log("cannot write the log ");
    let bind = |name: &str| {
        let socket = UnixDatagram::bind(test.path(name)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        socket
    };
    let receivers = [bind("log.sock"), bind("access.sock")];
    for (receiver, text) in receivers.iter().zip(["asked for /now", "GET /now "]) {
        // It is looked for once a second.
        eventually(text, || {
            curl.get(&server, "/now").is(200);
            let mut bytes = [0; 65536];
            let length = receiver.recv(&mut bytes).ok()?;
            String::from_utf8_lossy(&bytes[..length]).contains(text).then_some(())
        });
    }
    assert_eq!(server.process.log().matches("cannot write the log ").count(), 1, "{}", server.process.log());

    // Their queues are short, and nobody reads on.
    for _ in 0..100 {
        curl.get(&server, "/full").is(200);
    }
    drop(receivers);
    curl.get(&server, "/after").is(200);
}

#[test]
fn closed_outputs_stop_no_service() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write("app.py", APP);
    let script = "exec \"$0\" \"$@\" >&- 2>&-";
    let program = test.program("sh").args(["-c", script]).args([certkit()]);
    let args = ["--cert", "chain.pem", "--key", "server.key", "--workers", "1", "app.py"];
    let server = Server::start_with(&test, program, &args);
    for path in ["/", "/fail", "/"] {
        curl.get(&server, path);
    }
    curl.get(&server, "/").is(200);
}

#[test]
fn files_are_begun_anew_on_request() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write("server.log", "from before\n");
    let args = ["--log-file", "server.log", "--access-log", "access.log", "--log-truncate", "--log-reopen"];
    let more = ["--log-backup-name", "old.log", "--touch-logrotate", "touched"];
    let server = serve(&test, &[&args[..], &more[..]].concat());
    let read = |file: &str| fs::read_to_string(test.path(file)).unwrap_or_default();
    let has = |file: &str, text: &str| {
        eventually(&format!("{text:?} in {file}"), || read(file).contains(text).then_some(()));
    };
    has("server.log", "loaded");
    assert!(!read("server.log").contains("from before"));
    curl.get(&server, "/one").is(200);
    has("server.log", "asked for /one");
    has("access.log", "GET /one ");

    test.write("touched", "");
    has("old.log", "asked for /one");
    curl.get(&server, "/two").is(200);
    has("server.log", "asked for /two");
    has("access.log", "GET /two ");
    assert!(!read("server.log").contains("/one") && !read("access.log").contains("/one"));

    fs::rename(test.path("access.log"), test.path("moved.log")).unwrap();
    server.process.signal(Signal::HUP);
    eventually("the new file", || test.path("access.log").exists().then_some(()));
    curl.get(&server, "/three").is(200);
    has("access.log", "GET /three ");
}
