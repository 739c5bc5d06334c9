//! `--user`, `--group`, `--chroot`, and what stays root for them; `--umask` and `--limit-as`.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::curl::Curl;
use crate::harness::{Test, certkit, eventually};
use crate::peers::{not_allowed_here, peer};
use crate::process::{Server, free_port, is_running, wait_until_gone};

/// Ids that nobody has.
const USER: &str = "54321";
const GROUP: &str = "54322";
const FURTHER: &str = "54323";
pub(super) const IDS: [&str; 6] = ["--user", USER, "--group", GROUP, "--add-group", FURTHER];

/// Tries to reach what only root may.
const APP: &str = "import ctypes, os

def attempt(action):
    try:
        return repr(action())
    except Exception as error:
        return type(error).__name__

def application(environ, start_response):
    front, key = os.getppid(), environ['QUERY_STRING']
    tries = [
        lambda: (os.getresuid(), os.getresgid(), os.getgroups()),
        lambda: os.setuid(0),
        lambda: open(key).read(),
        lambda: open('/proc/%d/mem' % front, 'rb'),
        lambda: os.listdir('/proc/%d/fd' % front),
        lambda: ctypes.CDLL(None, use_errno=True).ptrace(16, front, 0, 0),
    ]
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return ['\\n'.join(attempt(one) for one in tries).encode()]
";

pub(super) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        not_allowed_here("becoming another user without root");
    }
    is_root
}

/// A folder that everybody may enter, with a certificate whose key only root may read, and folders of root's.
pub(super) fn test() -> Test {
    let test = Test::with_chain("test.example");
    for folder in [test.folder().parent().unwrap(), &test.folder()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for (folder, mode) in [("private", 0o700), ("run", 0o755)] {
        fs::create_dir(test.path(folder)).unwrap();
        fs::set_permissions(test.path(folder), fs::Permissions::from_mode(mode)).unwrap();
    }
    for file in ["chain.pem", "server.key"] {
        fs::rename(test.path(file), test.path("private").join(file)).unwrap();
    }
    test
}

/// Options that name files which only root may open.
pub(super) const FILES: [&str; 10] = [
    "--cert",
    "private/chain.pem",
    "--key",
    "private/server.key",
    "--log-file",
    "private/server.log",
    "--access-log",
    "private/access.log",
    "--pidfile",
    "run/pid",
];

/// A field of /proc/ID/task/THREAD/status of each thread.
fn of_threads(id: u32, field: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok())
        .filter_map(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            Some(line.split_whitespace().collect::<Vec<_>>().join(" "))
        })
        .collect()
}

/// The process that stays root, and all the others.
fn keeper_and_workers(server: &Server, workers: usize) -> (u32, Vec<u32>) {
    let all = server.workers(workers + 1);
    let is_keeper = |id: &u32| {
        fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| line.starts_with(b"certkit-keeper"))
    };
    let (keepers, others): (Vec<u32>, Vec<u32>) = all.into_iter().partition(is_keeper);
    assert_eq!(keepers.len(), 1);
    (keepers[0], others)
}

pub(super) fn log_has(test: &Test, file: &str, text: &str) {
    eventually(&format!("{text:?} in {file}"), || {
        fs::read_to_string(test.path(file)).unwrap_or_default().contains(text).then_some(())
    });
}

/// Puts a certificate for another name, of a key that only root may read, in the place of the first one.
pub(super) fn replace_certificate(test: &Test, name: &str) {
    test.certkit(&["mkcert", name, "-o", name]).exits(0);
    test.certkit(&["merge", &format!("{name}.crt"), "ca-bundle.ca", "-o", "new.pem"]).exits(0);
    let key = test.path(format!("{name}.key"));
    assert_eq!((key.metadata().unwrap().mode() & 0o777, key.metadata().unwrap().uid()), (0o600, 0));
    fs::rename(key, test.path("private/server.key")).unwrap();
    fs::rename(test.path("new.pem"), test.path("private/chain.pem")).unwrap();
}

/// Moves both logs away and has them opened again.
fn rotate(test: &Test, server: &Server, to: &str) {
    let logs = ["private/server.log", "private/access.log"];
    for file in logs {
        fs::rename(test.path(file), test.path(format!("{file}.{to}"))).unwrap();
    }
    server.process.signal(Signal::USR1);
    for file in logs {
        eventually(file, || test.path(file).exists().then_some(()));
    }
}

#[test]
fn no_worker_and_no_thread_of_the_front_is_root() {
    if !is_root() || peer("python3").is_none() {
        return;
    }
    let test = test();
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write("app.py", APP);
    let args = ["--listen", "http+unix:run/socket", "--workers", "2", "--front-threads", "2", "app.py"];
    let mut server = Server::start(&test, &[&IDS[..], &FILES, &args].concat());
    curl.get(&server, "/").is(200);
    let (keeper, workers) = keeper_and_workers(&server, 2);
    let same = |id: &str| [id; 4].join(" ");
    for id in workers.iter().copied().chain([server.process.id()]) {
        let threads = of_threads(id, "Uid:");
        assert!(threads.iter().all(|uid| *uid == same(USER)), "{id}: {threads:?}");
        assert!(of_threads(id, "Gid:").iter().all(|gid| *gid == same(GROUP)), "{id}");
        assert!(
            of_threads(id, "Groups:").iter().all(|groups| *groups == format!("{GROUP} {FURTHER}")),
            "{id}"
        );
        assert!(
            of_threads(id, "CapEff:").iter().all(|rights| rights.bytes().all(|digit| digit == b'0')),
            "{id}"
        );
    }
    assert!(of_threads(server.process.id(), "Uid:").len() > 1);
    // The keeper: root, one thread, the socket to the front and no other.
    assert_eq!(of_threads(keeper, "Uid:"), [same("0")]);
    let open: Vec<_> = fs::read_dir(format!("/proc/{keeper}/fd"))
        .unwrap()
        .map(|one| fs::read_link(one.unwrap().path()).unwrap().display().to_string())
        .collect();
    assert_eq!(open.iter().filter(|target| target.starts_with("socket:")).count(), 1, "{open:?}");

    // What an application gets at.
    let key = test.path("private/server.key");
    let tried = curl.get(&server, &format!("/?{}", key.display())).is(200).text();
    let ids = format!("(({USER}, {USER}, {USER}), ({GROUP}, {GROUP}, {GROUP}), [{GROUP}, {FURTHER}])");
    let denied = "PermissionError";
    assert_eq!(tried.lines().collect::<Vec<_>>(), [&*ids, denied, denied, denied, denied, "-1"]);

    // The socket is the user's, though its folder is not.
    let socket = test.path("run/socket").symlink_metadata().unwrap();
    let owner = (socket.uid().to_string(), socket.gid().to_string());
    assert_eq!((owner.0.as_str(), owner.1.as_str()), (USER, GROUP));

    server.process.signal(Signal::TERM);
    assert!(server.process.wait().success());
    assert!(!test.path("run/pid").exists() && !test.path("run/socket").exists());
    wait_until_gone(&[keeper]);
}

#[test]
fn new_keys_of_root_are_taken_and_logs_opened_again() {
    if !is_root() {
        return;
    }
    let test = test();
    let (Some(curl), Some(other), Some(third)) =
        (Curl::new(&test, "test.example"), Curl::new(&test, "b.example"), Curl::new(&test, "c.example"))
    else {
        return;
    };
    test.write("public/page", "a page");
    let server = Server::start(&test, &[&IDS[..], &FILES, &["--static", "/=public"]].concat());
    curl.get(&server, "/page").is(200);
    rotate(&test, &server, "1");
    replace_certificate(&test, "b.example");
    server.process.signal(Signal::HUP);
    log_has(&test, "private/server.log", "certificates read again; they are in use");
    other.get(&server, "/page").is(200);
    log_has(&test, "private/access.log", "GET /page ");

    // By itself, as soon as the files have changed.
    rotate(&test, &server, "2");
    replace_certificate(&test, "c.example");
    log_has(&test, "private/server.log", "certificates read again; they are in use");
    third.get(&server, "/page").is(200);

    // A wrong one is refused as ever.
    fs::write(test.path("private/server.key"), "nothing").unwrap();
    log_has(&test, "private/server.log", "the new certificates cannot be used");
    third.get(&server, "/page").is(200);
}

#[test]
fn a_keeper_that_is_killed_takes_nothing_with_it() {
    if !is_root() {
        return;
    }
    let test = test();
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write("public/page", "a page");
    let args = ["--static", "/=public"];
    let mut server = Server::start(&test, &[&IDS[..], &FILES, &args].concat());
    let (keeper, _) = keeper_and_workers(&server, 0);
    let kill = |signal| kill_process(Pid::from_raw(keeper.cast_signed()).unwrap(), signal).unwrap();
    // What a service manager and a terminal send to all processes of a service.
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        kill(signal);
    }
    rotate(&test, &server, "1");
    kill(Signal::KILL);
    eventually("its end", || (!is_running(keeper)).then_some(()));
    server.process.signal(Signal::HUP);
    log_has(&test, "private/server.log", "the process that opens files as root has ended");
    curl.get(&server, "/page").is(200);
    server.process.signal(Signal::TERM);
    assert!(server.process.wait().success());
}

#[test]
fn in_another_root_folder() {
    if !is_root() {
        return;
    }
    let test = test();
    let (Some(curl), Some(other)) = (Curl::new(&test, "test.example"), Curl::new(&test, "b.example")) else {
        return;
    };
    test.write("jail/pub/page", "a page");
    test.write("certkit.toml", "[serve]\nhsts = 60\n");
    let args = ["--chroot", "jail", "--static", "/=/pub", "--listen", "http+unix:run/socket"];
    let manager = UnixDatagram::bind(test.path("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let program = test.program(certkit()).env("NOTIFY_SOCKET", test.path("notify"));
    let mut server = Server::start_with(&test, program, &[&IDS[..], &FILES, &args].concat());
    assert_eq!(curl.get(&server, "/page").is(200).text(), "a page");
    let mut told = [0; 7];
    manager.recv(&mut told).unwrap();
    assert_eq!(&told, b"READY=1");
    let front = server.process.id();
    let leads_to = |link: &str| fs::read_link(format!("/proc/{front}/{link}")).unwrap();
    let jail = test.path("jail").canonicalize().unwrap();
    assert_eq!([leads_to("root"), leads_to("cwd")], [jail.clone(), jail]);

    rotate(&test, &server, "1");
    replace_certificate(&test, "b.example");
    test.write("jail/new/page", "a new page");
    fs::rename(test.path("jail/pub"), test.path("jail/old")).unwrap();
    fs::rename(test.path("jail/new"), test.path("jail/pub")).unwrap();
    server.process.signal(Signal::HUP);
    log_has(&test, "private/server.log", "certificates read again; they are in use");
    log_has(&test, "private/server.log", "`certkit.toml` is out of reach");
    log_has(&test, "private/server.log", "reloaded");
    let page = other.get(&server, "/page").is(200);
    assert_eq!(
        (page.text().as_str(), page.header("strict-transport-security")),
        ("a new page", Some("max-age=60"))
    );

    server.process.signal(Signal::TERM);
    assert!(server.process.wait().success());
    assert!(!test.path("run/pid").exists() && !test.path("run/socket").exists());
}

#[test]
fn a_user_has_its_own_groups() {
    if !is_root() {
        return;
    }
    let test = test();
    if peer("python3").is_none() {
        return;
    }
    let said = test.run("sh", &["-c", "id -u nobody && id -g nobody && id -G nobody"]);
    if !said.succeeded() {
        not_allowed_here("becoming `nobody`, whom this machine does not know,");
        return;
    }
    let said = said.stdout();
    let mut ids = said.lines();
    let (user, group, groups) = (ids.next().unwrap(), ids.next().unwrap(), ids.next().unwrap());
    test.write("app.py", APP);
    let has = |args: &[&str], groups: &str| {
        let server = Server::start(&test, &[&FILES[..], args, &["--workers", "1", "app.py"]].concat());
        let (_, workers) = keeper_and_workers(&server, 1);
        for id in [server.process.id(), workers[0]] {
            assert!(of_threads(id, "Uid:").iter().all(|uid| uid.starts_with(user)), "{args:?}");
            assert!(of_threads(id, "Gid:").iter().all(|gid| gid.starts_with(group)), "{args:?}");
            let found = of_threads(id, "Groups:");
            assert!(found.iter().all(|found| found == groups), "{args:?}: {found:?}");
        }
    };
    has(&["--user", "nobody"], groups);
    has(&["--user", user], groups);
    has(&["--user", "nobody", "--no-initgroups"], "");
    has(&["--user", "nobody", "--no-initgroups", "--add-group", FURTHER], FURTHER);
    // The same in uWSGI's words.
    test.write(
        "uwsgi.ini",
        format!("[uwsgi]\nuid = nobody\ngid = {group}\nno-initgroups = true\nadd-gid = {FURTHER}\n"),
    );
    test.write("two.ini", format!("{}wsgi-file = app.py\nprocesses = 1\n", test.text("uwsgi.ini")));
    let server = Server::start(&test, &[&FILES[..], &["two.ini"]].concat());
    let (_, workers) = keeper_and_workers(&server, 1);
    assert!(of_threads(workers[0], "Uid:").iter().all(|uid| uid.starts_with(user)));
    assert!(of_threads(workers[0], "Groups:").iter().all(|found| found == FURTHER));
}

#[test]
fn the_start_is_refused_where_the_rights_cannot_be_given_up() {
    if !is_root() {
        return;
    }
    let test = test();
    let refused = |args: &[&str], part: &str| {
        let ran = test.certkit(&[&["serve", "--listen", "http:127.0.0.1:0"], args].concat()).exits(2);
        assert!(ran.stderr().contains(part), "{args:?}: {}", ran.stderr());
    };
    refused(&["--user", "no-such-user"], "there is no user `no-such-user`");
    refused(&["--group", "no-such-group"], "there is no group `no-such-group`");
    refused(&["--user", USER], "--group");
    refused(&["--chroot", "nowhere"], "nowhere");

    let program = test.copy_certkit();
    let by_user = |args: &[&str]| {
        let ids = format!("--reuid={USER}");
        let group = format!("--regid={GROUP}");
        let user = [&*ids, &*group, "--clear-groups"];
        let serve = ["serve", "--listen", "http:127.0.0.1:0"];
        let words = test.program("setpriv").args(user).args([&program]).args(serve);
        words.env("HOME", "/nonexistent").env("XDG_CONFIG_HOME", "/nonexistent").args(args)
    };
    for (option, value) in [("--user", "0"), ("--group", "0"), ("--add-group", FURTHER), ("--chroot", "/")] {
        let ran = by_user(&[option, value]).run().exits(2);
        assert!(ran.stderr().contains(&format!("{option} needs root")), "{}", ran.stderr());
    }
    // Who is that user already needs nothing, as in uWSGI.
    let ran = by_user(&["--user", USER, "--group", GROUP, "--pidfile", "private/pid"]).run().exits(2);
    assert!(ran.stderr().contains("cannot write the pid file"), "{}", ran.stderr());
}

#[test]
fn the_certificate_for_localhost_stays_in_use() {
    if !is_root() {
        return;
    }
    let test = test();
    test.write("public/page", "a page");
    let server = Server::start(&test, &[&IDS[..], &["--static", "/=public"]].concat());
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("certificates read again; they are in use");
    server.process.wait_for_log("reloaded");
    let log = server.process.log();
    assert!(!log.contains("error") && !log.contains("warning"), "{log}");
}

#[test]
fn in_the_background_as_another_user() {
    if !is_root() {
        return;
    }
    let test = test();
    test.write("public/page", "a page");
    let port = free_port();
    let listen = format!("http:127.0.0.1:{port}");
    let background = [
        "serve",
        "--listen",
        &listen,
        "--daemonize",
        "private/log",
        "--pidfile",
        "run/pid",
        "--static",
        "/=public",
    ];
    test.certkit(&[&background[..], &IDS].concat()).exits(0);
    let pid: i32 = fs::read_to_string(test.path("run/pid")).unwrap().trim().parse().unwrap();
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    client.write_all(b"GET /page HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    let uids = of_threads(pid.cast_unsigned(), "Uid:");
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    wait_until_gone(&[pid.cast_unsigned()]);
    assert!(answer.ends_with("a page"), "{answer}");
    assert!(uids.iter().all(|uid| uid.starts_with(USER)), "{uids:?}");
    assert!(!test.path("run/pid").exists());
}

#[test]
fn a_log_file_that_became_a_link_is_not_opened() {
    if !is_root() {
        return;
    }
    let test = test();
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write("public/page", "a page");
    // A folder of the user's own.
    fs::create_dir(test.path("logs")).unwrap();
    chown(test.path("logs"), USER.parse().ok(), GROUP.parse().ok()).unwrap();
    test.write("private/precious", "root's\n");
    let logs = ["--log-file", "private/server.log", "--access-log", "logs/access.log"];
    let pair = &FILES[..4];
    let server = Server::start(&test, &[&IDS[..], pair, &logs, &["--static", "/=public"]].concat());
    let precious = test.path("private/precious");
    let links: [fn(&Path, &Path) -> std::io::Result<()>; 2] =
        [|from, to| std::os::unix::fs::symlink(from, to), |from, to| fs::hard_link(from, to)];
    for (link, reason) in links.into_iter().zip(["symbolic links", "too many links"]) {
        fs::remove_file(test.path("logs/access.log")).unwrap();
        link(&precious, &test.path("logs/access.log")).unwrap();
        server.process.signal(Signal::USR1);
        log_has(&test, "private/server.log", reason);
        curl.get(&server, "/page").is(200);
    }
    drop(server);
    assert_eq!(fs::read_to_string(precious).unwrap(), "root's\n");
}

#[test]
fn limits_of_files_and_of_memory() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    if peer("python3").is_none() {
        return;
    }
    let app = "import os

def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    open('made', 'w').close()
    try:
        return [b'%d' % len(bytearray(1 << 30))]
    except MemoryError:
        return [b'MemoryError']
";
    test.write("app.py", app);
    let args = ["--cert", "chain.pem", "--key", "server.key", "--workers", "1", "app.py"];
    let limits = ["--umask", "027", "--limit-as", "900", "--access-log", "access.log"];
    let server = Server::start(&test, &[&args[..], &limits].concat());
    assert_eq!(curl.get(&server, "/").is(200).text(), "MemoryError");
    assert_eq!([test.mode("made"), test.mode("access.log")], [0o640, 0o640]);
    let limit = |id: u32| {
        let limits = fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max address space")).unwrap().to_owned();
        line.split_whitespace().skip(3).take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let worker = server.workers(1)[0];
    assert_eq!(limit(worker), [(900u64 << 20).to_string(), (900u64 << 20).to_string()]);
    assert_eq!(limit(server.process.id()), limit(std::process::id()));
    drop(server);
    let server = Server::start(&test, &args);
    assert_eq!(curl.get(&server, "/").is(200).text(), (1 << 30).to_string());
}
