//! Its options, its start and its end.

use rustix::process::Signal;
use serde_json::json;

use super::raw::{Answers, RawClient, answer_http};
use super::server::CaServer;
use crate::harness::Test;

#[test]
fn it_stops_by_term_and_its_state_is_for_one_server() {
    let test = Test::new();
    test.certkit(&["ca", "serve"]).exits(2).says("mkca");
    let mut server = CaServer::start(&test, &[]);
    test.certkit(&["ca", "serve", "--listen=https:127.0.0.1:0"]).exits(2).says("another `certkit ca serve`");
    let taken = format!("https:127.0.0.1:{}", server.port);
    test.certkit(&["ca", "serve", "--listen", &taken]).exits(2).says("--listen");
    test.certkit(&["ca", "serve", "--listen=http:127.0.0.1:0"]).exits(2).says("https");
    let client = RawClient::registered(server.port, &test.path("ca.crt"));
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.wait().code(), Some(0));
    assert!(client.nonce().is_err());
    test.write("acme-server/state.jsonl", "{}\n");
    test.certkit(&["ca", "serve", "--listen=https:127.0.0.1:0"]).exits(2).says("line 1").says("state.jsonl");
}

#[test]
fn external_accounts_are_required_where_they_are_named() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
    for (text, says) in
        [("", "no account"), ("kid\n", "line 1"), ("# x\nkid AAAA\n", "line 2"), ("kid ??", "line 1")]
    {
        test.write("eab.txt", text);
        let ran = test.certkit(&["ca", "serve", "--eab-file", "eab.txt", "--listen=https:127.0.0.1:0"]);
        let _ = if text.is_empty() { ran.exits(2) } else { ran.exits(2).says(says) };
    }
    test.write("eab.txt", format!("# colleagues\nalice {secret}\n"));
    test.write("secret", secret);
    let server = CaServer::start(&test, &["--eab-file", "eab.txt"]);
    let stranger = RawClient::new(server.port, &test.path("ca.crt"));
    assert_eq!(stranger.post("/acme/new-account", &json!({})).problem(), "externalAccountRequired");
    let (directory, http) = (server.directory(), format!("--http=127.0.0.1:{}", server.http_port));
    let obtain = |extra: &[&str]| {
        let args = [
            "acme",
            "obtain",
            "127.0.0.1",
            "--server",
            &directory,
            "--ca-roots",
            "ca.crt",
            "--state=s",
            &http,
        ];
        test.certkit(&[&args, extra].concat())
    };
    obtain(&["--eab-kid", "bob", "--eab-hmac-file", "secret"]).exits(1).says("external account");
    obtain(&["--eab-kid", "alice", "--eab-hmac-file", "secret"]).exits(0);
    assert!(test.text("acme-server/state.jsonl").contains("\"external\":\"alice\""));
}

#[test]
fn who_asks_too_often_is_asked_to_wait() {
    let test = Test::new();
    let server = CaServer::start(&test, &["--rate-limit=30"]);
    let answers = Answers::default();
    answer_http(server.http_port, &answers);
    let root = test.path("ca.crt");
    let client = RawClient::registered(server.port, &root);
    let payload = json!({"identifiers": [{"type": "ip", "value": "127.0.0.9"}]});
    for _ in 0..3 {
        assert_eq!(client.post("/acme/new-order", &payload).status, 201);
    }
    let reply = client.post("/acme/new-order", &payload);
    assert_eq!((reply.status, reply.problem().as_str()), (429, "rateLimited"));
    assert!(reply.header("retry-after").is_some());
    client.obtain("127.0.0.8", &answers).unwrap();
    RawClient::registered(server.port, &root);
    RawClient::registered(server.port, &root);
    let reply = RawClient::new(server.port, &root).post("/acme/new-account", &json!({}));
    assert_eq!(reply.problem(), "rateLimited");
}

/// A CA that may issue for a domain alone cannot make a certificate for localhost: its server needs a name.
#[test]
fn the_server_has_the_names_that_its_ca_may_give_it() {
    let test = Test::new();
    test.certkit(&["mkca", "--permit", "corp.test"]).exits(0);
    test.certkit(&["ca", "serve", "--listen=https:127.0.0.1:0"]).exits(2);
    let server = CaServer::start(&test, &["--name=ca.corp.test"]);
    server.process.wait_for_log(&format!("https://ca.corp.test:{}/directory", server.port));
}
