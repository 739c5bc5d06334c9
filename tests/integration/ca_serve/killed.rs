//! SIGKILL at every call that changes the file system while `ca serve` starts, issues, revokes and makes its list. The
//! next process knows the accounts, goes on with the orders, and gives no order a second certificate.
//!
//! Two threads write: the first one requests, accounts and orders; the registrar certificates and the ledger. strace(1)
//! sees one of them at a time, so that it counts the calls of that one alone.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use certkit::internals::pem;
use certkit::internals::x509::Certificate;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::raw::{Answers, RawClient, answer_http};
use super::server::CaServer;
use crate::ca_killed::{fits, ledger_is_whole};
use crate::harness::{Test, certkit, eventually};
use crate::peers::{not_allowed_here, peer};
use crate::process::Process;

const CALLS: &str =
    "openat,write,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,ftruncate,fchmod";
/// Other writes wake threads, as often as it happens.
const WRITTEN: [&str; 3] = ["ledger.jsonl", "acme-server/state.jsonl", "acme-server/state.jsonl.new"];

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Thread {
    First,
    Registrar,
}

/// What a client does, as far as it has come.
struct Progress {
    client: RawClient,
    /// A ready order from before.
    ready: String,
    newcomer: RawClient,
    /// Its order, once it knows that.
    order: Option<String>,
    is_revoked: bool,
    got: Vec<String>,
}

const FIRST: &str = "127.4.0.1";
const SECOND: &str = "127.4.0.2";

#[test]
fn the_first_thread_is_killed_at_every_call() {
    killed_at_every_call(Thread::First);
}

#[test]
fn the_registrar_is_killed_at_every_call() {
    killed_at_every_call(Thread::Registrar);
}

#[track_caller]
fn killed_at_every_call(thread: Thread) {
    let (Some(strace), Some(cp)) = (peer("strace"), peer("cp")) else { return };
    let test = Test::new();
    let mut server = CaServer::start(&test, &["--rate-limit=100000"]);
    let answers = Answers::default();
    answer_http(server.http_port, &answers);
    let root = test.path("ca.crt");
    let client = RawClient::registered(server.port, &root);
    let ready = client.ready(FIRST, &answers).unwrap();
    server.process.signal(Signal::TERM);
    server.process.wait();
    let port = server.port;
    let kept = test.home().join("kept");
    copy(&cp, &test.folder(), &kept);
    let begin = || {
        fs::remove_dir_all(test.folder()).unwrap();
        copy(&cp, &kept, &test.folder());
        Progress {
            client: client.copy(),
            ready: ready.clone(),
            newcomer: RawClient::new(port, &root),
            order: None,
            is_revoked: false,
            got: Vec::new(),
        }
    };

    let log = test.home().join("trace");
    let mut progress = begin();
    let trace = format!("trace=?{}", CALLS.replace(',', ",?"));
    let to_log = ["-y", "-e", &trace, "-o", log.to_str().unwrap()];
    let Some(mut traced) = start(&server, thread, &strace, &to_log) else { return };
    progress.go_on(&answers).unwrap();
    traced.end();
    let points = points(&fs::read_to_string(&log).unwrap());
    assert!(points.len() > 8, "{points:?}");

    let mut killed = 0;
    for (call, number) in &points {
        let mut progress = begin();
        let before = test.files();
        let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when={number}"));
        let mut args = vec!["-o", "/dev/null", "-e", &trace, "-e", &inject];
        let written: Vec<_> = WRITTEN.iter().map(|file| test.path(file).display().to_string()).collect();
        if call == "write" {
            args.extend(written.iter().flat_map(|file| ["-P", file]));
        }
        let Some(mut traced) = start(&server, thread, &strace, &args) else { return };
        let ended = progress.go_on(&answers);
        test.note(&format!("killed at {call} {number}: {ended:?}"));
        match ended {
            Ok(()) => traced.end(),
            Err(_) => {
                killed += 1;
                traced.server.wait();
            }
        }

        server.start_again();
        progress.go_on(&answers).unwrap_or_else(|error| panic!("{call} {number}: {error}"));
        fits(&test, &before);
        ledger_is_whole(&test);
        let issued = server.issued();
        for address in [FIRST, SECOND] {
            let count = issued.iter().filter(|line| line["names"][0] == address).count();
            assert_eq!(count, 1, "{call} {number}: certificates for {address}");
        }
        for chain in &progress.got {
            let serial = leaf(chain).serial_hex();
            assert!(issued.iter().any(|line| line["serial"] == serial.as_str()), "{call} {number}: {serial}");
        }
        let left: Vec<_> = test.files().into_keys().map(|path| path.display().to_string()).collect();
        let is_left = |path: &String| path.contains(".certkit-") || path.ends_with(".new");
        assert!(!left.iter().any(is_left), "{call} {number}: {left:?}");
        server.process.signal(Signal::TERM);
        server.process.wait();
    }
    // How often a thread opens its files depends on what comes together.
    assert!(killed * 3 >= points.len() * 2, "killed at {killed} of {points:?}");
}

impl Progress {
    /// Does what is left to do; the error says where it ended.
    fn go_on(&mut self, answers: &Answers) -> Result<(), String> {
        let chain = self.client.finish(&self.ready, FIRST, answers)?;
        self.got.push(chain);
        let account = self.newcomer.register()?;
        if let Some(known) = self.newcomer.kid.replace(account.clone()) {
            assert_eq!(known, account, "the account is lost");
        }
        let order = match self.order.clone() {
            Some(order) => order,
            None => self.order.insert(self.newcomer.new_order(SECOND)?).clone(),
        };
        let chain = self.newcomer.finish(&order, SECOND, answers)?;
        self.got.push(chain);
        let revoked = leaf(&self.got[0]);
        let payload = json!({"certificate": BASE64URL.encode(&revoked.der), "reason": 4});
        let reply = self
            .client
            .try_post("/acme/revoke-cert", &payload)
            .map_err(|error| format!("revoke: {error}"))?;
        if reply.status != 200 {
            assert_eq!(reply.problem(), "alreadyRevoked");
        } else if self.is_revoked {
            panic!("the revocation is lost");
        }
        self.is_revoked = true;
        let list =
            self.client.request("GET", "/ca.crl", "", &[]).map_err(|error| format!("list: {error}"))?;
        let hex: String = list.body.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(hex.contains(&revoked.serial_hex()), "it is not on the list: {list:?}");
        Ok(())
    }
}

/// A server with a thread of it under strace.
pub(super) struct Traced {
    pub(super) server: Process,
    /// Where that is another process.
    strace: Option<Process>,
}

impl Traced {
    pub(super) fn end(&mut self) {
        match &mut self.strace {
            Some(strace) => {
                self.server.signal(Signal::TERM);
                self.server.wait();
                strace.wait();
            }
            None => {
                // strace hands on no signal: its child is the server.
                for child in self.server.children() {
                    crate::process::send(child, Signal::TERM);
                }
                self.server.wait();
            }
        }
    }
}

/// Starts the server with one thread under strace, and waits until it serves or is dead. `None`: tracing is not allowed.
pub(super) fn start(
    server: &CaServer<'_>,
    thread: Thread,
    strace: &Path,
    options: &[&str],
) -> Option<Traced> {
    let test = server.test;
    let wait = |process: &mut Process| {
        eventually("the server", || {
            let is_up = TcpStream::connect(("127.0.0.1", server.port)).is_ok();
            (is_up || process.ended().is_some()).then_some(())
        });
    };
    if thread == Thread::First {
        let program = test.program(strace).args(["-qq"]).args(options).args([certkit()]).args(server.args());
        let mut process = Process::start(test, program);
        wait(&mut process);
        if process.ended().is_some() && process.log().contains("ptrace") {
            not_allowed_here("tracing");
            return None;
        }
        return Some(Traced { server: process, strace: None });
    }
    let mut process = Process::start(test, test.program(certkit()).args(server.args()));
    wait(&mut process);
    let task = eventually("the registrar", || {
        let tasks = fs::read_dir(format!("/proc/{}/task", process.id())).ok()?;
        let mut paths = tasks.flatten().map(|task| task.path());
        let is_it = |path: &std::path::PathBuf| {
            fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "registrar")
        };
        let path = paths.find(is_it)?;
        path.file_name().and_then(|name| name.to_str()).map(str::to_owned)
    });
    let mut strace = Process::start(test, test.program(strace).args(options).args(["-p", &task]));
    eventually("strace", || (strace.log().contains("attached") || strace.ended().is_some()).then_some(()));
    if strace.ended().is_some() {
        not_allowed_here("tracing");
        return None;
    }
    Some(Traced { server: process, strace: Some(strace) })
}

/// The calls of a trace that change files: each with its number of that name.
fn points(log: &str) -> BTreeSet<(String, usize)> {
    let mut counts = std::collections::HashMap::<String, usize>::new();
    let mut points = BTreeSet::new();
    for line in log.lines() {
        let Some((call, arguments)) = line.split_once('(') else { continue };
        let target =
            arguments.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(file, _)| file);
        let is_ours =
            call != "write" || WRITTEN.iter().any(|file| target.is_some_and(|path| path.ends_with(file)));
        if !is_ours || call.contains(' ') {
            continue;
        }
        let count = counts.entry(call.to_owned()).or_default();
        *count += 1;
        if call != "openat" || arguments.contains("O_CREAT") {
            points.insert((call.to_owned(), *count));
        }
    }
    points
}

pub(super) fn leaf(chain: &str) -> Certificate {
    Certificate::from_der(pem::scan(chain.as_bytes()).blocks[0].der.to_vec()).unwrap()
}

#[track_caller]
fn copy(cp: &Path, from: &Path, to: &Path) {
    assert!(Command::new(cp).arg("-a").arg(from).arg(to).status().unwrap().success());
}

impl RawClient {
    /// The URL of its account, new or not.
    fn register(&self) -> Result<String, String> {
        let mut by_key = self.copy();
        by_key.kid = None;
        let reply =
            by_key.try_post("/acme/new-account", &json!({})).map_err(|error| format!("account: {error}"))?;
        reply.header("location").ok_or_else(|| format!("account: {reply:?}"))
    }

    /// From wherever the order is to its certificate.
    pub(super) fn finish(&self, order: &str, address: &str, answers: &Answers) -> Result<String, String> {
        let get = |path: &str| {
            let reply = self.try_post(path, &Value::Null).map_err(|error| format!("{path}: {error}"))?;
            assert_eq!(reply.status, 200, "{path} is lost: {reply:?}");
            Ok::<_, String>(reply)
        };
        let mut state = get(order)?.json();
        if state["status"] == "pending" {
            self.prove(&self.path(&state["authorizations"][0]), answers)?;
            self.wait(order, "ready")?;
            state = get(order)?.json();
        }
        if state["status"] == "ready" {
            return self.finalize(order, address);
        }
        assert_eq!(state["status"], "valid", "{state}");
        let chain = get(&self.path(&state["certificate"]))?;
        Ok(String::from_utf8_lossy(&chain.body).into_owned())
    }

    /// A ready order for an address.
    pub(super) fn ready(&self, address: &str, answers: &Answers) -> Result<String, String> {
        let order = self.new_order(address)?;
        let state = self.try_post(&order, &Value::Null).map_err(|error| error.to_string())?.json();
        self.prove(&self.path(&state["authorizations"][0]), answers)?;
        self.wait(&order, "ready")?;
        Ok(order)
    }
}
