//! Faults of the surroundings and of the worst applications: each costs at most the requests that it hit.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use rustix::process::Signal;

use crate::gateway::{Asked, Listener};
use crate::harness::{Test, certkit, eventually};
use crate::peers::peer;
use crate::process::{Process, free_port, send, wait_until_gone};

/// `/end?how=..` ends the process, `/stuck` never answers; everything else tells the process. What it prints goes to both
/// outputs.
const APP: &str = "import os, signal, sys, time
from release import RELEASE

def application(environ, start_response):
    path, query = environ['PATH_INFO'], environ['QUERY_STRING']
    print('to standard output', path, flush=True)
    print('to standard error', path, file=sys.stderr, flush=True)
    if path == '/end':
        how, number = query.split('=')
        os._exit(int(number)) if how == 'exit' else os.kill(os.getpid(), int(number))
        time.sleep(60)
    if path == '/stuck':
        time.sleep(600)
    if path == '/slow':
        time.sleep(0.01)
    start_response('200 OK', [])
    return [b'%d %s' % (os.getpid(), RELEASE.encode())]
";

fn get(path: &'static str, query: &'static str) -> Asked<'static> {
    Asked { method: "GET", path, query, body: b"" }
}

/// A server by HTTP.
struct Served {
    process: Process,
    listener: Listener,
}

impl Served {
    /// Starts it as `program ARGS...`, where `program` may be another that starts certkit.
    #[track_caller]
    fn start(test: &Test, program: &[&str], args: &[&str]) -> Self {
        test.write("app.py", APP);
        if !test.path("release.py").exists() {
            test.write("release.py", "RELEASE = 'one'\n");
        }
        let (certkit, port) = (certkit().display().to_string(), free_port());
        let listen = format!("http:127.0.0.1:{port}");
        let words = [program, &[&certkit, "serve", "--listen", &listen], args, &["app.py"]].concat();
        let process = Process::start(test, test.program(words[0]).args(&words[1..]));
        let served = Self { process, listener: Listener::parse(&listen) };
        eventually("a listener", || served.listener.accepts().then_some(()));
        served
    }

    /// The status, and what the application says of its process and release.
    #[track_caller]
    fn ask(&self, path: &'static str, query: &'static str) -> (u16, String) {
        let received = self.listener.ask(get(path, query)).unwrap();
        (received.status[..3].parse().unwrap(), received.body)
    }

    #[track_caller]
    fn pid(&self) -> u32 {
        let (status, body) = self.ask("/", "");
        assert_eq!(status, 200, "{body}");
        body.split(' ').next().unwrap().parse().unwrap()
    }
}

#[test]
fn a_worker_that_ends_in_any_way_costs_its_own_request() {
    let test = Test::new();
    let served = Served::start(&test, &[], &["--workers", "1"]);
    for query in ["exit=0", "exit=1", "exit=3", "exit=4", "signal=11", "signal=6", "signal=9", "signal=3"] {
        let before = served.pid();
        assert_eq!(served.ask("/end", query).0, 502, "{query}");
        wait_until_gone(&[before]);
        assert_ne!(served.pid(), before, "{query}");
    }
}

#[test]
fn an_exit_while_loading_stops_a_start_and_spoils_no_reload() {
    let test = Test::new();
    for code in [0, 1, 3] {
        test.write("gone.py", format!("import os\nos._exit({code})\n"));
        let listen = format!("http:127.0.0.1:{}", free_port());
        test.certkit(&["serve", "--listen", &listen, "gone.py"]).exits(1).says("application_failed");
    }
    let served = Served::start(&test, &[], &["--workers", "2"]);
    for code in [0, 1, 3] {
        test.write("app.py", format!("import os\nos._exit({code})\n"));
        let said = served.process.log().len();
        served.process.signal(Signal::HUP);
        eventually("the reason", || served.process.log()[said..].contains("reload failed").then_some(()));
        served.pid();
    }
}

#[test]
fn when_all_threads_of_all_workers_hang_each_client_gets_504() {
    let test = Test::new();
    let args = ["--workers", "2", "--threads", "2", "--request-timeout", "1", "--graceful-timeout", "1"];
    let served = Served::start(&test, &[], &args);
    let before: BTreeSet<_> = served.process.children().into_iter().collect();
    thread::scope(|scope| {
        let stuck: Vec<_> = (0..4).map(|_| scope.spawn(|| served.ask("/stuck", "").0)).collect();
        for client in stuck {
            assert_eq!(client.join().unwrap(), 504);
        }
    });
    served.pid();
    eventually("new workers", || {
        let now: BTreeSet<_> = served.process.children().into_iter().collect();
        (now.len() == 2 && now.is_disjoint(&before)).then_some(())
    });
}

#[test]
fn without_descriptors_clients_wait_and_the_server_lives_on() {
    let (Some(prlimit), test) = (peer("prlimit"), Test::new()) else { return };
    let limited = [prlimit.to_str().unwrap(), "--nofile=100:100", "--"];
    let served = Served::start(&test, &limited, &["--workers", "1"]);
    let pid = served.pid();
    let port = served.listener.port();
    for _ in 0..2 {
        // Twice as many as there can be.
        let crowd: Vec<_> = (0..200).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
        thread::scope(|scope| {
            let waits = scope.spawn(|| served.pid());
            drop(crowd);
            assert_eq!(waits.join().unwrap(), pid);
        });
        assert_eq!(served.pid(), pid);
    }
    served.process.signal(Signal::HUP);
    served.process.wait_for_log("reloaded");
    served.pid();
}

#[test]
fn outputs_that_take_nothing_disturb_nobody() {
    let test = Test::new();
    // All three are closed; the disk is full; somebody read the first line and went.
    for line in ["exec \"$@\" <&- >&- 2>&-", "exec \"$@\" >/dev/full 2>&1", "\"$@\" 2>&1 | head -n 1"] {
        let args = ["--workers", "1", "--pidfile", "pid"];
        let served = Served::start(&test, &["sh", "-c", line, "sh"], &args);
        let pid = served.pid();
        for _ in 0..20 {
            let (status, body) = served.ask("/", "");
            assert_eq!((status, body), (200, format!("{pid} one")), "{line}");
        }
        // What only the log would say, as that a worker died.
        assert_eq!(served.ask("/end", "exit=1").0, 502);
        let pid = served.pid();
        let server: u32 = eventually("the pid file", || test.text("pid").trim().parse().ok());
        send(server, Signal::HUP);
        eventually("a new worker", || (served.pid() != pid).then_some(()));
        send(server, Signal::TERM);
        wait_until_gone(&[server]);
    }
}

/// Requests all the while, by clients that note what they got.
struct Load {
    stopped: AtomicBool,
    /// When each was asked for, and what came.
    answers: Mutex<Vec<(Instant, String)>>,
}

/// Runs `play` under load. It gets a function that gives the answers to requests that are made after the call.
fn under_load(served: &Served, play: impl FnOnce(&dyn Fn(usize) -> Vec<String>)) {
    let load = Load { stopped: AtomicBool::new(false), answers: Mutex::default() };
    let run = || {
        while !load.stopped.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let received = served.listener.ask(get("/slow", ""));
            let said =
                received.map_or_else(|error| error.to_string(), |it| format!("{} {}", it.status, it.body));
            load.answers.lock().unwrap().push((begun, said));
        }
    };
    let next = |count: usize| {
        let called = Instant::now();
        eventually("answers", || {
            let answers = load.answers.lock().unwrap();
            let later: Vec<_> = answers.iter().filter(|(begun, _)| *begun > called).collect();
            (later.len() >= count).then(|| later.into_iter().map(|(_, said)| said.clone()).collect())
        })
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(run);
        }
        // A test that fails must end too.
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| play(&next)));
        load.stopped.store(true, Ordering::Relaxed);
        if let Err(panic) = played {
            std::panic::resume_unwind(panic);
        }
    });
    let answers = load.answers.into_inner().unwrap();
    let failed: Vec<_> = answers.iter().filter(|(_, said)| !said.starts_with("200 OK ")).collect();
    assert!(failed.is_empty(), "{} of {}: {failed:?}", failed.len(), answers.len());
}

#[test]
fn reloads_of_every_sort_under_load_fail_no_request() {
    let test = Test::new();
    let args = ["--workers", "3", "--threads", "2", "--control-fifo", "control", "--touch-reload", "touched"];
    test.write("touched", "");
    let served = Served::start(&test, &[], &args);
    under_load(&served, |next| {
        let ways: [(&str, &dyn Fn()); 5] = [
            ("HUP", &|| served.process.signal(Signal::HUP)),
            ("three times HUP", &|| (0..3).for_each(|_| served.process.signal(Signal::HUP))),
            ("r", &|| fs::write(test.path("control"), "r").unwrap()),
            ("c", &|| fs::write(test.path("control"), "c").unwrap()),
            ("touch", &|| test.write("touched", "again")),
        ];
        for (name, reload) in ways {
            let before: BTreeSet<_> = served.process.children().into_iter().collect();
            reload();
            eventually(name, || {
                let now: BTreeSet<_> = served.process.children().into_iter().collect();
                (now.len() == 3 && now.is_disjoint(&before)).then_some(())
            });
            next(10);
        }
    });
}

/// As the second document deploys: `www` is a symlink that is switched from release to release.
#[test]
fn a_release_is_switched_under_load_and_a_worker_killed_in_between() {
    let test = Test::new();
    for release in ["one", "two", "three"] {
        test.write(&format!("releases/{release}/release.py"), format!("RELEASE = '{release}'\n"));
        test.write(&format!("releases/{release}/app.py"), APP);
    }
    let point = |release: &str| {
        symlink(test.path("releases").join(release), test.path("new")).unwrap();
        fs::rename(test.path("new"), test.path("www")).unwrap();
    };
    point("one");
    let served = Served::start(&test, &[], &["--workers", "2", "--threads", "2", "--chdir", "www"]);
    under_load(&served, |next| {
        let says = |release: &str| {
            let answers = next(20);
            let others: Vec<_> = answers.iter().filter(|answer| !answer.ends_with(release)).collect();
            assert!(others.is_empty(), "expected {release}: {others:?}");
        };
        says("one");
        for (old, new) in [("one", "two"), ("two", "three")] {
            point(new);
            // A worker that is started now is still one of the old release.
            served.process.signal(Signal::TTIN);
            eventually("a third worker", || (served.process.children().len() == 3).then_some(()));
            says(old);
            served.process.signal(Signal::TTOU);
            eventually("two workers", || (served.process.children().len() == 2).then_some(()));
            let said = served.process.log().matches("certkit: reloaded").count();
            served.process.signal(Signal::HUP);
            eventually("the reload", || {
                (served.process.log().matches("certkit: reloaded").count() > said).then_some(())
            });
            says(new);
        }
    });
    // Killed while it runs requests, which alone are lost: the one after it is of the release that was loaded last.
    point("one");
    let worker = served.pid();
    send(worker, Signal::KILL);
    wait_until_gone(&[worker]);
    eventually("two workers", || (served.process.children().len() == 2).then_some(()));
    for _ in 0..10 {
        assert!(served.ask("/", "").1.ends_with("three"));
    }
}
