//! Processes that run beside a test: certkit serve, nginx, an ACME server.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::harness::{Program, Test, certkit, eventually};

/// A process in the background. It is ended by its id when the value goes: TERM, then KILL.
pub(crate) struct Process {
    child: Child,
    line: String,
    log: PathBuf,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts a program; what it says on both outputs goes to one log.
    #[track_caller]
    pub(crate) fn start(test: &Test, program: Program<'_>) -> Self {
        static NUMBER: AtomicU16 = AtomicU16::new(0);
        let line = program.line();
        let log = test.home().join(format!("log-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let file = File::create(&log).unwrap();
        let child = program
            .command()
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {line}: {error}"));
        test.note(&format!("$ {line} &"));
        Self { child, line, log, status: None }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.status.is_none() {
            send(self.id(), signal);
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        eventually(&format!("{} ends", self.line), || self.ended())
    }

    /// Its exit status, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().unwrap();
        }
        self.status
    }

    /// Waits until something accepts connections at `address`.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, address: SocketAddr) {
        let line = self.line.clone();
        eventually(&format!("{line} accepts connections at {address}"), || {
            assert!(self.ended().is_none(), "{line} ended: {}", self.log());
            TcpStream::connect(address).ok()
        });
    }

    /// Waits until the log holds `text`.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, text: &str) {
        eventually(&format!("{} says {text:?}", self.line), || self.log().contains(text).then_some(()));
    }

    /// The processes that it started and that still run, by parent id in /proc.
    pub(crate) fn children(&self) -> Vec<u32> {
        children(self.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let start = Instant::now();
        while self.ended().is_none() {
            if start.elapsed() > Duration::from_secs(10) {
                self.signal(Signal::KILL);
                let _ = self.child.wait();
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        if thread::panicking() {
            eprintln!("--- {} said ---\n{}---", self.line, self.log());
        }
    }
}

/// A running `certkit serve` on an https port of its own.
pub(crate) struct Server {
    /// The process in front.
    pub(crate) process: Process,
    /// The port on 127.0.0.1.
    pub(crate) port: u16,
}

impl Server {
    /// Starts `certkit serve --listen https:127.0.0.1:PORT ARGS...` and waits until it accepts connections.
    #[track_caller]
    pub(crate) fn start(test: &Test, args: &[&str]) -> Self {
        Self::start_with(test, test.program(certkit()), args)
    }

    /// The same from a program with variables of its own; `serve` and its arguments are added here.
    #[track_caller]
    pub(crate) fn start_with(test: &Test, program: Program<'_>, args: &[&str]) -> Self {
        let port = free_port();
        let listen = format!("https:127.0.0.1:{port}");
        let program = program.args(["serve", "--listen", &listen]).args(args);
        let mut process = Process::start(test, program);
        process.wait_for((Ipv4Addr::LOCALHOST, port).into());
        Self { process, port }
    }

    /// The worker processes, as soon as there are as many as there must be.
    #[track_caller]
    pub(crate) fn workers(&self, count: usize) -> Vec<u32> {
        eventually(&format!("{count} workers"), || {
            let workers = self.process.children();
            (workers.len() == count).then_some(workers)
        })
    }

    /// The address of a page under this name.
    pub(crate) fn url(&self, name: &str, path: &str) -> String {
        format!("https://{name}:{}{path}", self.port)
    }

    /// `NAME:PORT:127.0.0.1`, as curl's `--resolve` wants it.
    pub(crate) fn resolve(&self, name: &str) -> String {
        format!("{name}:{}:127.0.0.1", self.port)
    }
}

/// certkit on plain HTTP with these arguments, and its port.
#[track_caller]
pub(crate) fn start_plain(test: &Test, args: &[&str]) -> (Process, u16) {
    let port = free_port();
    let listen = format!("http:127.0.0.1:{port}");
    let program = test.program(certkit()).args(["serve", "--listen", &listen]).args(args);
    let mut process = Process::start(test, program);
    process.wait_for(([127, 0, 0, 1], port).into());
    (process, port)
}

/// A port of 127.0.0.1 that nothing listens on, below those that the system gives to outgoing connections.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Tests of several processes at once start at places far apart.
    let start = (std::process::id().wrapping_mul(7919) % 10_000) as u16;
    eventually("a free port", || {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(port)
    })
}

/// Sends a signal to a process by its id; one that is gone already is no error.
pub(crate) fn send(id: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Whether a process runs. A dead one that its parent has not buried yet does not.
pub(crate) fn is_running(id: u32) -> bool {
    state_and_parent(id).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

/// The running processes that `parent` started.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.parse::<u32>().ok()
    });
    let mut found: Vec<_> = numbers
        .filter(|id| state_and_parent(*id).is_some_and(|(state, of)| of == parent && state != 'Z'))
        .collect();
    found.sort_unstable();
    found
}

/// Waits until none of these processes runs.
#[track_caller]
pub(crate) fn wait_until_gone(ids: &[u32]) {
    eventually(&format!("processes {ids:?} end"), || ids.iter().all(|id| !is_running(*id)).then_some(()));
}

/// From `/proc/ID/stat`: the name in brackets may hold anything, so the fields count from its end.
fn state_and_parent(id: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
