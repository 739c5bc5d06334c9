//! Commands that run beside the server: `attach-daemon` and its family.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use rustix::process::Signal;

use crate::harness::{Test, certkit, eventually};
use crate::peers::not_allowed_here;
use crate::process::{Process, children, free_port, is_running, send, wait_until_gone};

/// An id that nobody has.
const USER: &str = "54321";

/// Writes its process id to `ID`, runs what follows, and waits for ever.
fn waiting(id: &str, first: &str) -> String {
    format!("echo $$ >{id}.new; {first}; mv {id}.new {id}; exec sleep 1000")
}

/// A server of a folder, with these options.
fn start(test: &Test, args: &[&str]) -> Process {
    test.write("public/page", "a page");
    let port = free_port();
    let listen = format!("http:127.0.0.1:{port}");
    let program =
        test.program(certkit()).args(["serve", "--listen", &listen, "--static", "/=public"]).args(args);
    let mut server = Process::start(test, program);
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    server
}

/// The process id in a file, once it is there and differs from `before`.
fn id_in(test: &Test, file: &str, before: u32) -> u32 {
    eventually(&format!("a process id in {file}"), || {
        let id = fs::read_to_string(test.path(file)).ok()?.trim().parse().ok()?;
        (id != before).then_some(id)
    })
}

fn uid_of(id: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap();
    uids.split_whitespace().next().unwrap().to_owned()
}

/// Ends a process that outlives the server.
struct EndOf(u32);

impl Drop for EndOf {
    fn drop(&mut self) {
        send(self.0, Signal::KILL);
    }
}

#[test]
fn a_command_lives_as_long_as_the_server() {
    let test = Test::new();
    test.write("there/x", "");
    let first = "ls /proc/self/fd >fds; readlink /proc/self/fd/0 >stdin; echo $GREETING >greeting";
    let command = waiting("id", first);
    let options = ["--chdir", "there", "--env", "GREETING=hello", "--attach-daemon", &command];
    let mut server = start(&test, &options);
    let first = id_in(&test, "there/id", 0);
    // The standard streams, and what `ls` reads.
    assert_eq!(test.text("there/fds"), "0\n1\n2\n3\n");
    assert_eq!(
        (test.text("there/stdin"), test.text("there/greeting")),
        ("/dev/null\n".into(), "hello\n".into())
    );
    assert_ne!(group_of(first), group_of(server.id()));

    // As in uWSGI, a reload starts it again.
    server.signal(Signal::HUP);
    let second = id_in(&test, "there/id", first);
    assert!(!is_running(first));

    // So does its death.
    send(second, Signal::KILL);
    server.wait_for_log("starting it again in 1 s");
    let third = id_in(&test, "there/id", second);

    server.signal(Signal::TERM);
    assert!(server.wait().success());
    assert!(!is_running(third));
}

fn group_of(id: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().nth(2).unwrap().to_owned()
}

#[test]
fn nothing_is_left_when_the_server_is_killed() {
    let test = Test::new();
    let command = "sleep 1000 & echo $! >child; echo $$ >id.new; mv id.new id; wait";
    let mut server = start(&test, &["--attach-daemon", command]);
    let id = id_in(&test, "id", 0);
    let child = id_in(&test, "child", 0);
    let guards = children(server.id());
    assert_eq!(guards.len(), 1);
    server.signal(Signal::KILL);
    server.wait();
    wait_until_gone(&[id, child, guards[0]]);
}

#[test]
fn short_lives_make_pauses_grow() {
    let test = Test::new();
    let server = start(&test, &["--attach-daemon", "echo x >>lives; exit 7"]);
    server.wait_for_log("exit status: 7); starting it again in 1 s");
    server.wait_for_log("starting it again in 2 s");
    assert_eq!(test.text("lives"), "x\nx\n");
}

#[test]
fn the_end_of_a_control_command_stops_the_server() {
    let test = Test::new();
    let command = "while [ ! -e enough ]; do sleep 0.05; done";
    let mut server = start(&test, &["--attach-control-daemon", command]);
    test.write("enough", "");
    assert!(server.wait().success());
    assert!(server.log().contains("the server stops"), "{}", server.log());
}

#[test]
fn a_command_that_does_not_end_is_killed() {
    let test = Test::new();
    let command = waiting("id", "trap '' TERM; echo ready");
    let mut server = start(&test, &["--graceful-timeout", "1", "--attach-daemon", &command]);
    let id = id_in(&test, "id", 0);
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    assert!(!is_running(id));
    // Nor is it waited for when the server stops at once.
    let mut server = start(&test, &["--graceful-timeout", "1000", "--attach-daemon", &command]);
    let second = id_in(&test, "id", id);
    server.signal(Signal::QUIT);
    assert!(server.wait().success());
    assert!(!is_running(second));
}

/// As in a container, whose first process often waits for no other: what the command leaves behind is not gone then,
/// but has ended.
#[test]
fn the_end_of_a_command_needs_no_init() {
    let test = Test::new();
    let port = free_port();
    let first = "import ctypes, subprocess, sys\n\
                 assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER\n\
                 server = subprocess.Popen(sys.argv[1:])\n\
                 sys.exit(server.wait())\n";
    test.write("public/page", "a page");
    let listen = format!("http:127.0.0.1:{port}");
    let command = "sleep 1000 & echo $$ >id.new; mv id.new id; wait";
    let program = certkit();
    let program = test
        .program("python3")
        .args(["-c", first, program.to_str().unwrap()])
        .args(["serve", "--listen", &listen, "--static", "/=public"])
        .args(["--pidfile", "pid", "--graceful-timeout", "1000", "--attach-daemon", command]);
    let mut server = Process::start(&test, program);
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    id_in(&test, "id", 0);
    send(id_in(&test, "pid", 0), Signal::TERM);
    assert!(server.wait().success());
}

/// The order to stop comes while the command still ends because of a reload.
#[test]
fn a_server_that_stops_in_the_middle_of_a_reload() {
    let test = Test::new();
    let command = waiting("id", "trap 'touch ending; while [ ! -e go ]; do sleep 0.05; done; exit' TERM");
    let command = command.replace("exec sleep 1000", "while :; do sleep 0.05; done");
    let mut server = start(&test, &["--attach-daemon", &command]);
    let id = id_in(&test, "id", 0);
    server.signal(Signal::HUP);
    eventually("the command is asked to end", || test.path("ending").exists().then_some(()));
    server.signal(Signal::TERM);
    // Time for the order to come. One that comes later finds the command started again, and ends it.
    std::thread::sleep(std::time::Duration::from_millis(500));
    test.write("go", "");
    assert!(server.wait().success());
    wait_until_gone(&[id]);
}

#[test]
fn signals_and_touched_files() {
    let test = Test::new();
    let command = waiting("id", "trap 'echo reload >>heard' HUP; trap 'echo stop >>heard; exit' INT")
        .replace("exec sleep 1000", "while :; do sleep 0.05; done");
    let option = format!("cmd={},stopsignal=2,reloadsignal=1,touch=touched", command.replace(',', "\\,"));
    let mut server = start(&test, &["--attach-daemon2", &option]);
    let first = id_in(&test, "id", 0);
    test.write("touched", "");
    let second = id_in(&test, "id", first);
    assert_eq!(test.text("heard"), "stop\n");
    server.signal(Signal::HUP);
    id_in(&test, "id", second);
    let heard = test.text("heard");
    assert!(heard.starts_with("stop\nreload\n"), "{heard}");
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    assert!(test.text("heard").ends_with("stop\n"));
}

#[test]
fn commands_run_as_the_user() {
    if !rustix::process::geteuid().is_root() {
        not_allowed_here("becoming another user without root");
        return;
    }
    let test = Test::new();
    open_to_all(&test);
    let command = waiting("run/id", "id -u >run/uid");
    fs::create_dir(test.path("run")).unwrap();
    open_to(&test.path("run"), 0o777);
    let server = start(&test, &["--user", USER, "--group", USER, "--attach-daemon", &command]);
    let id = id_in(&test, "run/id", 0);
    assert_eq!((uid_of(id).as_str(), test.text("run/uid")), (USER, format!("{USER}\n")));
    drop(server);
    assert!(!is_running(id));

    // A server that stays root can give a command to another user.
    let option = format!("cmd={},uid={USER},gid={USER}", waiting("run/other", "true"));
    let server = start(&test, &["--attach-daemon2", &option]);
    let id = id_in(&test, "run/other", 0);
    assert_eq!(uid_of(id), USER);
    drop(server);
    assert!(!is_running(id));
}

fn open_to_all(test: &Test) {
    for folder in [test.folder().parent().unwrap(), &test.folder()] {
        open_to(folder, 0o755);
    }
}

fn open_to(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn smart_commands_outlive_the_server_and_are_not_started_twice() {
    let test = Test::new();
    let option = "smart.pid,2 echo x >>lives; exec sleep 1000";
    let mut server = start(&test, &["--log-file", "log", "--smart-attach-daemon2", option]);
    let lives = |text: &str| {
        eventually("the command runs", || {
            (fs::read_to_string(test.path("lives")).ok()? == text).then_some(())
        });
    };
    let id = id_in(&test, "smart.pid", 0);
    let _end = EndOf(id);
    lives("x\n");
    server.signal(Signal::HUP);
    eventually("a reload", || test.text("log").contains("reloaded").then_some(()));
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    assert!(is_running(id));

    let mut server = start(&test, &["--smart-attach-daemon2", option]);
    // When it is gone, another one is started.
    send(id, Signal::KILL);
    let second = id_in(&test, "smart.pid", id);
    let _end = EndOf(second);
    lives("x\nx\n");
    server.signal(Signal::KILL);
    server.wait();
    assert!(is_running(second));
}

#[test]
fn option_files_name_them() {
    let test = Test::new();
    let port = free_port();
    test.write("public/page", "");
    let ini = format!(
        "[uwsgi]\nhttp-socket = 127.0.0.1:{port}\nstatic-map = /=public\n\
         attach-daemon = echo $$ >one; exec sleep 1000\nattach-daemon2 = cmd=echo $$ >two; exec sleep 1000\n"
    );
    test.write("site.ini", ini);
    let server = Process::start(&test, test.program(certkit()).args(["serve", "site.ini"]));
    let ids = [id_in(&test, "one", 0), id_in(&test, "two", 0)];
    drop(server);
    wait_until_gone(&ids);
    test.write("wrong.ini", "[uwsgi]\nattach-daemon2 = cmd=a,ns_pid=1\n");
    test.certkit(&["serve", "wrong.ini"]).exits(2).says("wrong.ini, line 2").says("`ns_pid`");
}
