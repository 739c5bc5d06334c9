//! The server as a process: signals, log files, the pid file, commands from outside, the background.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::curl::Curl;
use crate::harness::{Test, certkit, eventually};
use crate::process::{Server, free_port};

const APP: &str = "import os, sys

print('loaded', file=sys.stderr, flush=True)

def application(environ, start_response):
    print('asked for ' + environ['PATH_INFO'], flush=True)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [str(os.getpid()).encode()]
";

fn serve(test: &Test, args: &[&str]) -> Server {
    test.write("app.py", APP);
    let all = [&["--cert", "chain.pem", "--key", "server.key", "--workers", "1", "app.py"], args].concat();
    Server::start(test, &all)
}

/// Ends a process that the test did not start itself.
struct EndOf<'a>(&'a str);

impl Drop for EndOf<'_> {
    fn drop(&mut self) {
        let _ = kill_process(process(self.0), Signal::KILL);
    }
}

fn process(pid: &str) -> Pid {
    Pid::from_raw(pid.trim().parse().unwrap()).unwrap()
}

#[test]
fn no_signal_of_a_log_rotation_or_of_uwsgi_ends_the_server() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &[]);
    for signal in [Signal::USR1, Signal::USR2, Signal::TTIN, Signal::TTOU, Signal::PIPE, Signal::WINCH] {
        server.process.signal(signal);
        curl.get(&server, "/").is(200);
    }
}

#[test]
fn logs_are_opened_again_when_they_were_moved_away() {
    let args = ["--log-file", "server.log", "--access-log", "access.log", "--touch-logreopen", "touched"];
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &args);
    let read = |file: &str| fs::read_to_string(test.path(file)).unwrap_or_default();
    let has = |file: &str, text: &str| {
        eventually(&format!("{text:?} in {file}"), || read(file).contains(text).then_some(()));
    };
    has("server.log", "loaded");
    has("server.log", "serving app.py");
    curl.get(&server, "/one").is(200);
    has("server.log", "asked for /one");
    has("access.log", "GET /one ");

    let move_away = |to: &str| {
        for file in ["server.log", "access.log"] {
            fs::rename(test.path(file), test.path(format!("{file}.{to}"))).unwrap();
        }
    };
    let opened_again = || {
        for file in ["server.log", "access.log"] {
            eventually("the new file", || test.path(file).exists().then_some(()));
        }
    };
    move_away("1");
    server.process.signal(Signal::USR1);
    opened_again();
    curl.get(&server, "/two").is(200);
    // The same worker, which was not started again, writes to the new file.
    has("server.log", "asked for /two");
    has("access.log", "GET /two ");
    assert!(!read("server.log.1").contains("/two") && !read("access.log.1").contains("/two"));

    move_away("2");
    test.write("touched", "");
    opened_again();
    assert!(server.process.log().is_empty(), "{}", server.process.log());
}

#[test]
fn log_files_are_moved_away_when_they_have_grown() {
    let args = ["--log-file", "server.log", "--access-log", "access.log", "--log-max-size", "2000"];
    let more = ["--log-backup-name", "old.log"];
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &[&args[..], &more[..]].concat());
    let size = |file: &str| test.path(file).metadata().map(|file| file.len()).unwrap_or_default();
    eventually("both moved away", || {
        curl.get(&server, "/a/path/that/is/long/enough").is(200);
        let names: Vec<_> =
            fs::read_dir(test.path(".")).unwrap().map(|file| file.unwrap().file_name()).collect();
        let access = names.iter().any(|name| name.to_string_lossy().starts_with("access.log."));
        (access && size("old.log") > 0).then_some(())
    });
    assert!(size("old.log") <= 2000 && size("access.log") <= 2000 && size("server.log") <= 2000);
}

#[test]
fn a_full_disk_stops_no_service() {
    let args = ["--log-file", "/dev/full", "--access-log", "/dev/full"];
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &args);
    for _ in 0..3 {
        curl.get(&server, "/").is(200);
    }
    assert!(server.process.log().is_empty());
}

#[test]
fn one_server_for_each_pid_file() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &["--pidfile", "pid"]);
    let pid = fs::read_to_string(test.path("pid")).unwrap();
    assert_eq!(pid, format!("{}\n", server.process.id()));
    let listen = format!("http:127.0.0.1:{}", free_port());
    let second = test.certkit(&["serve", "--listen", &listen, "--pidfile", "pid", "app.py"]).exits(2);
    assert!(second.stderr().contains(&format!("process {}", pid.trim())), "{}", second.stderr());
    curl.get(&server, "/").is(200);
    drop(server);
    assert!(!test.path("pid").exists());
}

#[test]
fn commands_from_a_named_pipe_and_from_touched_files() {
    let args = ["--control-fifo", "control", "--touch-reload", "touched"];
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let mut server = serve(&test, &args);
    let worker = || curl.get(&server, "/").is(200).text();
    let first = worker();
    fs::write(test.path("control"), "?\n").unwrap();
    server.process.wait_for_log("the command `?` is not known");
    fs::write(test.path("control"), "r").unwrap();
    let second = eventually("a new worker", || Some(worker()).filter(|pid| *pid != first));
    test.write("touched", "");
    eventually("another worker", || Some(worker()).filter(|pid| *pid != second));
    fs::write(test.path("control"), "q").unwrap();
    assert!(server.process.wait().success());
    assert!(!test.path("control").exists());
}

#[test]
fn a_file_that_is_not_a_pipe_takes_no_commands() {
    let test = Test::new();
    test.write("control", "mine");
    let args = ["serve", "--listen", "http:127.0.0.1:0", "--control-fifo", "control"];
    assert!(test.certkit(&args).exits(2).stderr().contains("not a named pipe"));
    assert_eq!(fs::read_to_string(test.path("control")).unwrap(), "mine");
}

#[test]
fn in_the_background_the_command_returns_when_the_application_is_loaded() {
    let test = Test::new();
    test.write("app.py", APP);
    test.write("site.ini", "[uwsgi]\nwsgi-file = app.py\nvaccum = true\n");
    let port = free_port();
    let listen = format!("http:127.0.0.1:{port}");
    let args = ["serve", "--listen", &listen, "--daemonize", "log", "--pidfile", "pid", "site.ini"];
    let said = test.certkit(&args).exits(0).stderr();
    assert_eq!(said.matches("did you mean `vacuum`?").count(), 1, "{said}");
    let pid = fs::read_to_string(test.path("pid")).unwrap();
    let _end = EndOf(&pid);
    assert!(said.contains(&format!("as process {}", pid.trim())), "{said}");
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    client.write_all(b"GET /x HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK"), "{answer}");
    let log = || fs::read_to_string(test.path("log")).unwrap();
    eventually("the log", || log().contains("asked for /x").then_some(()));
    kill_process(process(&pid), Signal::TERM).unwrap();
    eventually("its end", || test_kill_process(process(&pid)).is_err().then_some(()));
    assert!(!test.path("pid").exists());
}

#[test]
fn in_the_background_a_failure_is_shown_and_returned() {
    let test = Test::new();
    test.write("app.py", "raise ValueError('broken')\n");
    test.write("log", "from before\n");
    let args = ["serve", "--listen", "http:127.0.0.1:0", "--daemonize", "log", "--pidfile", "pid", "app.py"];
    let ran = test.certkit(&args).exits(1);
    assert!(ran.stderr().contains("ValueError: broken"), "{}", ran.stderr());
    assert!(!ran.stderr().contains("from before"));
    assert!(fs::read_to_string(test.path("log")).unwrap().contains("ValueError: broken"));
    assert!(!test.path("pid").exists());
}

#[test]
fn a_service_manager_is_told() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write("app.py", format!("{APP}\nassert 'NOTIFY_SOCKET' not in os.environ\n"));
    let path = test.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let told = |what: &str| {
        eventually(what, || {
            let mut message = [0; 4096];
            let length = socket.recv(&mut message).unwrap();
            let text = String::from_utf8(message[..length].to_vec()).unwrap();
            text.lines().any(|line| line.starts_with(what)).then_some(text)
        })
    };
    let program =
        test.program(certkit()).env("NOTIFY_SOCKET", path.to_str().unwrap()).env("WATCHDOG_USEC", "200000");
    let args = ["--cert", "chain.pem", "--key", "server.key", "app.py"];
    let mut server = Server::start_with(&test, program, &args);
    assert!(told("READY=1").contains("STATUS=serving app.py"));
    told("WATCHDOG=1");
    server.process.signal(Signal::HUP);
    assert!(told("RELOADING=1").contains("MONOTONIC_USEC="));
    told("READY=1");
    test.write("app.py", "raise ValueError('broken')\n");
    server.process.signal(Signal::HUP);
    told("RELOADING=1");
    told("READY=1");
    curl.get(&server, "/").is(200);
    server.process.signal(Signal::TERM);
    told("STOPPING=1");
    assert!(server.process.wait().success());
}
