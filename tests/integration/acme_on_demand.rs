//! `certkit serve --acme-ask` and `--acme-on-demand`: certificates for names that a client asks for first, and nothing for
//! all other names.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::process::Signal;
use serde_json::Value;

use crate::acme_front::{Class, Front, RenewalInfo};
use crate::harness::{Test, eventually};
use crate::pebble::Pebble;
use crate::peers::peer;
use crate::process::Server;
use crate::serve_acme::{APP, acme};

/// Answers about names: yes for those that it was given, and counts the questions. It ends with its value.
struct AskServer {
    port: u16,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl AskServer {
    fn start(granted: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, stop) =
            (Arc::<Mutex<BTreeMap<String, usize>>>::default(), Arc::new(AtomicBool::new(false)));
        let (counts, ends) = (Arc::clone(&asked), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for stream in listener.incoming().map_while(|stream| (!ends.load(Relaxed)).then_some(stream)) {
                let mut stream = stream.unwrap();
                let mut request = Vec::new();
                let mut space = [0; 1024];
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut space) {
                        Ok(length @ 1..) => request.extend_from_slice(&space[..length]),
                        _ => break,
                    }
                }
                let request = String::from_utf8(request).unwrap();
                let name = request.split("?key=1&domain=").nth(1).and_then(|rest| rest.split(' ').next());
                let name = name.unwrap_or_default().to_owned();
                let status = if granted.contains(&name.as_str()) { "200 OK" } else { "403 Forbidden" };
                *counts.lock().unwrap().entry(name).or_default() += 1;
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { port, asked, stop, thread: Some(thread) }
    }

    fn option(&self) -> String {
        format!("--acme-ask=http://127.0.0.1:{}/ask?key=1", self.port)
    }

    fn asked(&self) -> BTreeMap<String, usize> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for AskServer {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(test: &Test, pebble: &Pebble<'_>, args: &[&str]) -> Server {
    serve_at(pebble.http_port, test, pebble, args)
}

/// The same with another port for challenges.
fn serve_at(http_port: u16, test: &Test, pebble: &Pebble<'_>, args: &[&str]) -> Server {
    serve_from(&pebble.directory(), http_port, test, pebble, args)
}

/// The same with another address of the ACME server.
fn serve_from(directory: &str, http_port: u16, test: &Test, pebble: &Pebble<'_>, args: &[&str]) -> Server {
    test.write("app.py", APP);
    let mut all = vec![
        "--acme=a.test".to_owned(),
        format!("--acme-server={directory}"),
        format!("--acme-ca-roots={}", pebble.https_ca().display()),
        format!("--redirect-http=127.0.0.1:{http_port}"),
    ];
    all.extend(["--acme-state=state", "--agree-tos", "--workers=1"].map(str::to_owned));
    all.extend(args.iter().map(|arg| (*arg).to_owned()));
    all.push("app.py".to_owned());
    Server::start(test, &all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Whether a client that asks for this name trusts what it gets, and gets the page.
fn is_trusted(test: &Test, server: &Server, name: &str) -> bool {
    let curl = peer("curl").unwrap();
    let args = ["-sS", "--max-time", "60", "--cacert", "issuer-root.pem", "--resolve"];
    let ran = test.program(curl).args(args).args([server.resolve(name), server.url(name, "/")]).run();
    ran.succeeded() && ran.stdout() == "hello"
}

fn wait_until_trusted(test: &Test, server: &Server, name: &str) {
    eventually(&format!("{name} is trusted"), || is_trusted(test, server, name).then_some(()));
}

#[test]
fn a_name_that_may_gets_one_certificate_and_others_nothing() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    let ask = AskServer::start(&["b.test", "c.test"]);
    let mut server = serve(&test, &pebble, &[&ask.option()]);
    wait_until_trusted(&test, &server, "a.test");

    // Eight clients at once, and those who come later.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| wait_until_trusted(&test, &server, "b.test"));
        }
    });
    assert!(is_trusted(&test, &server, "b.test"));
    for _ in 0..4 {
        for name in ["x.test", "y.test", "single", "127.0.0.1"] {
            assert!(!is_trusted(&test, &server, name), "{name}");
        }
    }
    let once = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 1)).collect::<BTreeMap<_, _>>();
    assert_eq!(ask.asked(), once(&["b.test", "x.test", "y.test"]), "{}", server.process.log());
    assert_eq!((pebble.orders(), pebble.certificates()), (2, 2), "{}", server.process.log());

    // It is there after a restart, and nobody is asked about it.
    server.process.signal(Signal::TERM);
    server.process.wait();
    let server = serve(&test, &pebble, &[&ask.option()]);
    for name in ["a.test", "b.test"] {
        assert!(is_trusted(&test, &server, name), "{name}: {}", server.process.log());
    }
    wait_until_trusted(&test, &server, "c.test");
    assert_eq!(ask.asked(), once(&["b.test", "c.test", "x.test", "y.test"]));
    assert_eq!(pebble.certificates(), 3);
}

#[test]
fn the_list_and_the_orders_of_an_hour_are_limits() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    let names = ["--acme-on-demand=b.test", "--acme-on-demand=c.test", "--acme-on-demand-limit=1"];
    let server = serve(&test, &pebble, &names);
    wait_until_trusted(&test, &server, "a.test");
    assert!(!is_trusted(&test, &server, "d.test"));
    wait_until_trusted(&test, &server, "b.test");
    assert!(!is_trusted(&test, &server, "c.test"));
    server.process.wait_for_log("--acme-on-demand-limit is 1 an hour");
    assert_eq!((pebble.orders(), pebble.certificates()), (2, 2), "{}", server.process.log());
}

#[test]
fn an_order_that_fails_is_not_repeated_by_the_next_client() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    pebble.obtain(&["a.test"]).exits(0);
    let ask = AskServer::start(&["b.test"]);
    // Nobody answers where Pebble looks.
    let server = serve_at(0, &test, &pebble, &[&ask.option()]);
    for _ in 0..3 {
        assert!(!is_trusted(&test, &server, "b.test"));
    }
    server.process.wait_for_log("b.test: the validation failed");
    assert!(!is_trusted(&test, &server, "b.test"));
    assert_eq!((pebble.orders(), ask.asked()["b.test"]), (2, 1), "{}", server.process.log());
}

#[test]
fn tls_alpn_01_proves_a_name_while_its_client_waits() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    test.write("app.py", APP);
    let listen = format!("--listen=https:127.0.0.1:{}", pebble.tls_port);
    let mut args = vec!["--acme=a.test".to_owned(), "--workers=1".into(), listen];
    args.push("--acme-on-demand=b.test".to_owned());
    args.extend(acme(&pebble, &pebble.directory()));
    args.push("app.py".into());
    let server = Server::start(&test, &args.iter().map(String::as_str).collect::<Vec<_>>());
    for name in ["a.test", "b.test"] {
        wait_until_trusted(&test, &server, name);
    }
    assert_eq!((pebble.orders(), pebble.certificates()), (2, 2), "{}", server.process.log());
}

#[test]
fn two_servers_on_one_state_order_a_name_once() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    pebble.obtain(&["a.test"]).exits(0);
    let ask = AskServer::start(&["b.test", "c.test"]);
    // Whoever orders, it is the second that is asked for the answer.
    let one = serve_at(0, &test, &pebble, &[&ask.option()]);
    let other = serve(&test, &pebble, &[&ask.option()]);
    wait_until_trusted(&test, &one, "b.test");
    wait_until_trusted(&test, &other, "b.test");
    thread::scope(|scope| {
        for server in [&one, &other, &one, &other] {
            scope.spawn(|| wait_until_trusted(&test, server, "c.test"));
        }
    });
    let logs = || format!("{}{}", one.process.log(), other.process.log());
    assert_eq!((pebble.orders(), pebble.certificates()), (3, 3), "{}", logs());
    assert!(ask.asked().values().all(|asked| *asked <= 2), "{:?}", ask.asked());
    assert!(!logs().contains("retrying at"), "{}", logs());
}

/// The record of a certificate in the state.
fn record(test: &Test, name: &str) -> Value {
    serde_json::from_str(&test.text(&format!("state/certs/{name}/renew.json"))).unwrap()
}

#[test]
fn what_still_may_have_a_certificate_is_renewed_and_the_new_one_served() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::not_due());
    pebble.write_issuer_root();
    let before = AskServer::start(&["b.test", "c.test"]);
    let serve =
        |ask: &AskServer| serve_from(front.directory(), pebble.http_port, &test, &pebble, &[&ask.option()]);
    let mut server = serve(&before);
    for name in ["a.test", "b.test", "c.test"] {
        wait_until_trusted(&test, &server, name);
    }
    server.process.signal(Signal::TERM);
    server.process.wait();
    // The next one asks the ACME server when to renew, which says at once.
    front.set_renewal_info(RenewalInfo::due());
    let after = AskServer::start(&["b.test"]);
    let server = serve(&after);
    eventually("b.test is renewed", || (record(&test, "b.test")["version"] == 2).then_some(()));
    eventually("the new one is served", || {
        let ran = test.run(
            peer("curl").unwrap(),
            &[
                "-sS",
                "--cacert",
                "issuer-root.pem",
                "-w",
                "%{certs}",
                "-o",
                "page",
                "--resolve",
                &server.resolve("b.test"),
                &server.url("b.test", "/"),
            ],
        );
        let served = ran.stdout().replace("\r", "");
        let leaf = test.text("state/live/b.test/cert.pem");
        served.contains(leaf.trim()).then_some(())
    });
    // Nobody answers for c.test any more, whose certificate stays until it ends.
    eventually("c.test is asked about", || after.asked().contains_key("c.test").then_some(()));
    assert!(is_trusted(&test, &server, "c.test"));
    let orders = front.payloads(Class::NewOrder);
    let ordered = |name: &str| orders.iter().filter(|order| order["identifiers"][0]["value"] == name).count();
    assert_eq!((ordered("b.test"), ordered("c.test")), (2, 1), "{}", server.process.log());
}

#[test]
fn what_would_let_anybody_order_stops_the_start() {
    let test = Test::new();
    let serve = |args: &[&str]| {
        let all = [
            "serve",
            "--acme-state=state",
            "--acme-server=https://127.0.0.1:1/dir",
            "--acme=a.test",
            "--agree-tos",
        ];
        test.certkit(&[&all, args].concat())
    };
    serve(&["--acme-on-demand", "*.b.test"]).exits(2).says("--acme-ask");
    serve(&["--acme-on-demand", "b b"]).exits(2).says("b b");
    serve(&["--acme-ask", "ask.test"]).exits(2).says("http://127.0.0.1:8000/ask");
}
