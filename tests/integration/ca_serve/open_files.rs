//! A server at the limit of open files: it waits, says so once, and loses nothing.

use std::fs;
use std::net::TcpStream;
use std::time::Instant;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::raw::{Answers, RawClient, answer_http};
use super::server::CaServer;
use crate::harness::{Test, certkit};
use crate::process::{Process, free_port};

const SHORTAGE: &str = "cannot accept connections, retrying: ";

fn open_files(process: &Process) -> u64 {
    fs::read_dir(format!("/proc/{}/fd", process.id())).unwrap().count() as u64
}

/// Connections that say nothing.
fn hold(port: u16, count: usize) -> Vec<TcpStream> {
    (0..count).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect()
}

#[test]
fn at_the_limit_of_open_files_nothing_is_lost() {
    let test = Test::new();
    let mut server = CaServer::start(&test, &[]);
    let answers = Answers::default();
    answer_http(server.http_port, &answers);
    let root = test.path("ca.crt");
    let client = RawClient::registered(server.port, &root);
    client.obtain("127.6.0.1", &answers).unwrap();
    let ready = client.ready("127.6.0.2", &answers).unwrap();
    let pending = client.new_order("127.6.0.3").unwrap();

    // Room for a few more files than it has open.
    let begun = Instant::now();
    let few = Some(open_files(&server.process) + 6);
    let pid = Pid::from_raw(server.process.id().cast_signed());
    let was = prlimit(pid, Resource::Nofile, Rlimit { current: few, maximum: few }).unwrap();
    assert!(was.current > few, "{was:?}");
    let held = hold(server.port, 20);
    server.process.wait_for_log(SHORTAGE);
    assert!(server.process.log().contains("too many open files"), "{}", server.process.log());
    // Those that come now wait behind the others.
    let certificate = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.finish(&ready, "127.6.0.2", &answers));
        drop(held);
        waiting.join().unwrap()
    });
    // It may have been told to try again.
    certificate.or_else(|_| client.finish(&ready, "127.6.0.2", &answers)).unwrap();
    client.finish(&pending, "127.6.0.3", &answers).unwrap();
    client.obtain("127.6.0.4", &answers).unwrap();
    let said = server.process.log().matches(SHORTAGE).count() as u64;
    let most = 1 + begun.elapsed().as_secs() / 60;
    assert!((1..=most).contains(&said), "{}", server.process.log());

    // Each order has one certificate, also for the next process.
    for _ in 0..2 {
        for (order, address) in [(&ready, "127.6.0.2"), (&pending, "127.6.0.3")] {
            client.finish(order, address, &answers).unwrap();
        }
        assert_eq!(server.issued().len(), 4);
        server.start_again();
    }
}

/// With a limit as low as this from the start there are fewer connections and validations, and no shortage.
#[test]
fn a_low_limit_of_open_files_is_enough() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let [port, http_port] = std::array::from_fn(|_| free_port());
    let serve = [format!("--listen=https:127.0.0.1:{port}"), format!("--http-01-port={http_port}")];
    let script = "ulimit -n 64 && exec \"$@\"";
    let program = test.program("sh").args(["-c", script, "sh"]).args([certkit()]);
    let mut process = Process::start(&test, program.args(["ca", "serve"]).args(serve));
    process.wait_for(([127, 0, 0, 1], port).into());
    let answers = Answers::default();
    answer_http(http_port, &answers);
    let root = test.path("ca.crt");
    let held = hold(port, 100);
    let clients: Vec<_> = std::thread::scope(|scope| {
        let register = || scope.spawn(|| RawClient::registered(port, &root));
        let waiting: Vec<_> = (0..4).map(|_| register()).collect();
        drop(held);
        waiting.into_iter().map(|client| client.join().unwrap()).collect()
    });
    std::thread::scope(|scope| {
        for number in 0..40_usize {
            let (client, answers) = (&clients[number % clients.len()], &answers);
            scope.spawn(move || client.obtain(&format!("127.7.0.{}", number + 1), answers).unwrap());
        }
    });
    let log = process.log();
    assert!(!log.contains(SHORTAGE) && !log.contains("open files"), "{log}");
}
