//! A disk that takes nothing more for a while: what a client was told is kept, and what could not be written was not told.

use serde_json::json;

use super::killed::{Thread, start};
use super::raw::{Answers, RawClient, answer_http};
use super::server::CaServer;
use crate::harness::Test;
use crate::peers::peer;

/// A server that is not running, whose first writes to a file will fail.
fn options(test: &Test, file: &str) -> [String; 8] {
    let path = test.path(file).display().to_string();
    let [trace, inject] = ["trace=write", "inject=write:error=ENOSPC:when=1"].map(str::to_owned);
    ["-o".into(), "/dev/null".into(), "-P".into(), path, "-e".into(), trace, "-e".into(), inject]
}

#[test]
fn accounts_and_orders_that_cannot_be_written_do_not_exist() {
    let Some(strace) = peer("strace") else { return };
    let test = Test::new();
    let mut server = CaServer::start(&test, &[]);
    server.process.signal(rustix::process::Signal::TERM);
    server.process.wait();
    let options = options(&test, "acme-server/state.jsonl");
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let Some(mut traced) = start(&server, Thread::First, &strace, &options) else { return };
    let mut client = RawClient::new(server.port, &test.path("ca.crt"));
    let refused = client.post("/acme/new-account", &json!({}));
    assert_eq!((refused.problem().as_str(), refused.status), ("serverInternal", 500));
    traced.server.wait_for_log("cannot be written");
    let only_known = client.post("/acme/new-account", &json!({"onlyReturnExisting": true}));
    assert_eq!(only_known.problem(), "accountDoesNotExist");
    // There is room again.
    let made = client.post("/acme/new-account", &json!({}));
    assert_eq!(made.status, 201, "{made:?}");
    client.kid = made.header("location");
    traced.end();
    server.start_again();
    client.new_order("127.0.0.7").unwrap();
}

#[test]
fn a_certificate_that_cannot_be_recorded_is_not_given_away() {
    let Some(strace) = peer("strace") else { return };
    for file in ["acme-server/state.jsonl", "ledger.jsonl"] {
        let test = Test::new();
        let mut server = CaServer::start(&test, &[]);
        let answers = Answers::default();
        answer_http(server.http_port, &answers);
        let client = RawClient::registered(server.port, &test.path("ca.crt"));
        let order = client.ready("127.0.0.7", &answers).unwrap();
        server.process.signal(rustix::process::Signal::TERM);
        server.process.wait();
        let options = options(&test, file);
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        let Some(mut traced) = start(&server, Thread::Registrar, &strace, &options) else { return };
        let refused = client.finalize(&order, "127.0.0.7").unwrap_err();
        assert!(refused.contains("serverInternal"), "{file}: {refused}");
        assert!(server.issued().is_empty(), "{file}");
        traced.server.wait_for_log("could not be written");
        // The order is ready as before, for this process and the next one.
        client.finish(&order, "127.0.0.7", &answers).unwrap();
        assert_eq!(server.issued().len(), 1, "{file}");
        traced.end();
        server.start_again();
        client.finish(&order, "127.0.0.7", &answers).unwrap();
        assert_eq!(server.issued().len(), 1, "{file}");
    }
}
