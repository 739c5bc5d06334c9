//! Several `certkit serve --acme` on one state, behind a balancer: any of them answers a challenge, one of them orders,
//! all of them serve the new certificate.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::acme_front::{Class, Fault, Front, RenewalInfo};
use crate::harness::{Test, eventually};
use crate::pebble::Pebble;
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

const APP: &str =
    "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hello']\n";
const IN_USE: &str = "certificates read again; they are in use";

/// From a new version in the state to the first client that gets it, at each of the servers.
const SWAP_TIME: Duration = Duration::from_secs(5);

/// One of the servers.
struct Node {
    server: Server,
    /// Where it answers http-01, if it does.
    http: Option<u16>,
}

impl Node {
    /// Starts one; with `has_http` it answers http-01 too.
    fn start(test: &Test, pebble: &Pebble<'_>, directory: &str, has_http: bool) -> Self {
        test.write("app.py", APP);
        let http = has_http.then(free_port);
        let mut args = vec![
            "--acme=a.test".to_owned(),
            format!("--acme-server={directory}"),
            format!("--acme-ca-roots={}", pebble.https_ca().display()),
            "--acme-state=state".to_owned(),
            "--agree-tos".to_owned(),
            "--workers=1".to_owned(),
        ];
        args.extend(http.map(|port| format!("--redirect-http=127.0.0.1:{port}")));
        args.push("app.py".to_owned());
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        Self { server: Server::start(test, &args), http }
    }

    /// The certificate that clients get, once they trust it.
    fn certificate(&self, test: &Test) -> Option<String> {
        let curl = peer("curl")?;
        let server = &self.server;
        let args = ["-sS", "--max-time", "60", "--cacert", "issuer-root.pem", "-w", "%{certs}", "--resolve"];
        let ran =
            test.program(curl).args(args).args([server.resolve("a.test"), server.url("a.test", "/")]).run();
        ran.succeeded().then(|| ran.stdout())
    }

    fn wait_until_trusted(&self, test: &Test) -> String {
        eventually("the certificate is trusted", || self.certificate(test))
    }

    /// Waits until clients get another certificate than `before`.
    fn wait_until_swapped(&self, test: &Test, before: &str) -> String {
        eventually("another certificate", || self.certificate(test).filter(|now| now != before))
    }

    fn has_ordered(&self) -> usize {
        self.server.process.log().matches("ordered a certificate").count()
    }
}

/// HAProxy in front of servers: plain HTTP and, inside TLS, HTTPS, each in turn.
struct Balancer {
    process: Process,
    /// Where clients ask in plain HTTP; the servers are asked by HTTPS with a verified certificate.
    port: u16,
}

impl Balancer {
    /// Begins to pass on what comes to `challenge_port`: to the ports of `challenged` in turn.
    fn start(test: &Test, challenge_port: u16, challenged: &[u16], nodes: &[&Node]) -> Option<Self> {
        let haproxy = peer("haproxy")?;
        let port = free_port();
        let servers = |ports: &[u16], options: &str| -> String {
            let line = |(number, port)| format!("    server s{number} 127.0.0.1:{port}{options}\n");
            ports.iter().enumerate().map(line).collect()
        };
        let https: Vec<_> = nodes.iter().map(|node| node.server.port).collect();
        // Without checks of its own, whose time on a busy machine may be over: a server that is gone refuses connections, and
        // the next one is asked.
        let verified = " ssl verify required ca-file issuer-root.pem sni str(a.test) verifyhost a.test";
        let config = format!(
            "global\n    log stderr local0 warning\ndefaults\n    timeout connect 10s\n    timeout client 60s\n    \
             timeout server 60s\n    balance roundrobin\n    retries 5\n    option redispatch 1\n\
             listen challenges\n    mode tcp\n    bind 127.0.0.1:{challenge_port}\n{}\
             listen clients\n    mode http\n    retry-on all-retryable-errors\n    bind 127.0.0.1:{port}\n    \
             http-request set-header host a.test\n{}",
            servers(challenged, ""),
            servers(&https, verified),
        );
        test.write("haproxy.cfg", config);
        let mut process = Process::start(test, test.program(haproxy).args(["-db", "-f", "haproxy.cfg"]));
        process.wait_for((Ipv4Addr::LOCALHOST, port).into());
        process.wait_for((Ipv4Addr::LOCALHOST, challenge_port).into());
        Some(Self { process, port })
    }
}

/// Asks again and again, on a new connection each time; gives what came back instead of a 200.
fn ask_until(stop: &AtomicBool, port: u16, asked: &AtomicUsize) -> Vec<String> {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let mut failed = Vec::new();
    while !stop.load(Relaxed) {
        match ask() {
            Ok(answer) if answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello") => {}
            Ok(answer) => failed.push(answer),
            Err(error) => failed.push(error.to_string()),
        }
        asked.fetch_add(1, Relaxed);
    }
    failed
}

/// Ends what waits for it, also when the test fails.
struct Raised<'a>(&'a AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Waits until another version than `before` is in use in the state; the moment when that was seen.
fn wait_for_another_version(test: &Test, before: &Path) -> Instant {
    let link = test.path("state/live/a.test");
    eventually("another version in the state", || {
        fs::read_link(&link).is_ok_and(|version| version != before).then(Instant::now)
    })
}

/// The answers to challenges that lie in the state.
pub(crate) fn shared_answers(test: &Test) -> Vec<String> {
    let folders = ["http-01", "tls-alpn-01"].map(|kind| test.path("state/challenges").join(kind));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with('.')).collect()
}

#[test]
fn the_first_certificate_is_ordered_once_whoever_is_asked_for_the_answer() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    let nodes = [(); 3].map(|()| Node::start(&test, &pebble, &pebble.directory(), true));
    let all: Vec<_> = nodes.iter().collect();
    // Pebble looks from three places at once: each of the servers is asked.
    let challenged: Vec<_> = nodes.iter().filter_map(|node| node.http).collect();
    let Some(_balancer) = Balancer::start(&test, pebble.http_port, &challenged, &all) else { return };
    // A first try may have been before there was a balancer.
    nodes.iter().for_each(|node| node.server.process.signal(Signal::HUP));
    let certificates: Vec<_> = nodes.iter().map(|node| node.wait_until_trusted(&test)).collect();
    assert!(certificates.iter().all(|one| *one == certificates[0]));
    assert_eq!(pebble.certificates(), 1);
    eventually("the answers are gone", || shared_answers(&test).is_empty().then_some(()));
}

#[test]
fn a_renewal_under_load_is_ordered_once_and_survives_its_server() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::not_due());
    pebble.write_issuer_root();
    // The first one by a port of its own, so that no try fails before there is a balancer.
    front.obtain(&["a.test"]).exits(0);
    let mut one = Node::start(&test, &pebble, front.directory(), true);
    let other = Node::start(&test, &pebble, front.directory(), true);
    let challenged = [one.http.unwrap(), other.http.unwrap()];
    let Some(balancer) = Balancer::start(&test, pebble.http_port, &challenged, &[&one, &other]) else {
        return;
    };
    let first = one.wait_until_trusted(&test);
    assert_eq!(other.wait_until_trusted(&test), first);

    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let failed: Vec<_> = thread::scope(|scope| {
        let load = || scope.spawn(|| ask_until(&stop, balancer.port, &asked));
        let loads: Vec<_> = (0..4).map(|_| load()).collect();
        let _raised = Raised(&stop);
        let version = fs::read_link(test.path("state/live/a.test")).unwrap();
        front.set_renewal_info(RenewalInfo::due());
        let swaps = [&one, &other].map(|node| {
            let (test, first) = (&test, &first);
            scope.spawn(move || (node.wait_until_swapped(test, first), Instant::now()))
        });
        // A server looks when it is told to, whatever was said of when.
        one.server.process.signal(Signal::HUP);
        let changed = wait_for_another_version(&test, &version);
        let [(second, at), (at_other, later)] = swaps.map(|swap| swap.join().unwrap());
        for seen in [at, later] {
            let time = seen.saturating_duration_since(changed);
            test.note(&format!("a new certificate was served after {} ms", time.as_millis()));
            assert!(time < SWAP_TIME, "a new certificate was served after {time:?}");
        }
        assert_eq!(at_other, second);
        assert_eq!((pebble.certificates(), one.has_ordered(), other.has_ordered()), (2, 1, 0));

        front.on(Class::Finalize, Fault::HoldRequest);
        one.server.process.signal(Signal::HUP);
        front.wait_until_held();
        other.server.process.signal(Signal::HUP);
        other.server.process.wait_for_log("another process is working on this certificate");
        one.server.process.signal(Signal::KILL);
        let third = other.wait_until_swapped(&test, &second);
        assert_ne!(third, first);
        let before = asked.load(Relaxed);
        eventually("more requests", || (asked.load(Relaxed) > before + 50).then_some(()));
        stop.store(true, Relaxed);
        loads.into_iter().flat_map(|load| load.join().unwrap()).collect()
    });
    one.server.process.wait();
    assert!(failed.is_empty(), "{failed:?}\n{}", balancer.process.log());
    // Those of the killed one were taken over, with the answers that it has left.
    eventually("the answers are gone", || shared_answers(&test).is_empty().then_some(()));
    assert_eq!((pebble.orders(), pebble.certificates(), other.has_ordered()), (3, 3, 0));
}

#[test]
fn a_certificate_that_another_program_renewed_is_served_by_all() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    pebble.obtain(&["a.test"]).exits(0);
    let nodes = [(); 2].map(|()| Node::start(&test, &pebble, &pebble.directory(), true));
    let before = nodes[0].wait_until_trusted(&test);
    pebble.obtain(&["a.test", "--force"]).exits(0);
    for node in &nodes {
        node.wait_until_swapped(&test, &before);
        node.server.process.wait_for_log(IN_USE);
    }
    assert_eq!(pebble.certificates(), 2);
}

#[test]
fn tls_listeners_show_the_proofs_of_each_other() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    let nodes = [(); 2].map(|()| Node::start(&test, &pebble, &pebble.directory(), false));
    let challenged: Vec<_> = nodes.iter().map(|node| node.server.port).collect();
    let all: Vec<_> = nodes.iter().collect();
    let Some(_balancer) = Balancer::start(&test, pebble.tls_port, &challenged, &all) else { return };
    nodes.iter().for_each(|node| node.server.process.signal(Signal::HUP));
    let certificates: Vec<_> = nodes.iter().map(|node| node.wait_until_trusted(&test)).collect();
    assert_eq!((&certificates[0], pebble.certificates()), (&certificates[1], 1));
    eventually("the answers are gone", || shared_answers(&test).is_empty().then_some(()));
}

/// What lies in `state/challenges` for a token.
fn answer_file(certificate: &str, host: &str, token: &str) -> String {
    serde_json::json!({
        "schema": 1, "certificate": certificate, "host": host, "token": token,
        "key_authorization": format!("{token}.thumb"),
    })
    .to_string()
}

#[test]
fn answers_are_given_for_own_hosts_only_and_those_of_killed_runs_removed() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    pebble.obtain(&["a.test"]).exits(0);
    test.write("state/challenges/http-01/left", answer_file("a.test", "a.test", "left"));
    let node = Node::start(&test, &pebble, &pebble.directory(), true);
    eventually("what a killed run left is gone", || shared_answers(&test).is_empty().then_some(()));

    // Of another certificate with this name: what is left of its own, the server removes more than once.
    test.write("state/challenges/http-01/here", answer_file("both.test", "a.test", "here"));
    test.write("state/challenges/http-01/there", answer_file("b.test", "b.test", "there"));
    let get = |token: &str| {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, node.http.unwrap())).unwrap();
        let path = format!("/.well-known/acme-challenge/{token}");
        let request = format!("GET {path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(get("here").ends_with("here.thumb"), "{}", get("here"));
    let was_asked = |token: &str| test.path(format!("state/challenges/asked/http-01.{token}")).exists();
    assert!(was_asked("here"));
    for token in ["there", "none", "..%2fhttp-01%2fhere", "../http-01/here", ".swap", ""] {
        assert!(!get(token).contains("thumb"), "{}", get(token));
    }
    assert!(!was_asked("there"));
}
