//! Hostile clients over real connections: each gets its problem document and nothing else, and the server lives on.

use serde_json::{Value, json};

use super::raw::{Answers, RawClient, answer_http};
use super::server::CaServer;
use crate::harness::Test;
use crate::process::free_port;

#[test]
fn each_gets_its_problem_and_the_server_lives_on() {
    let test = Test::new();
    let server = CaServer::start(&test, &[]);
    let root = test.path("ca.crt");
    let client = RawClient::registered(server.port, &root);
    let stranger = RawClient::registered(server.port, &root);
    let account = client.path(&client.kid.clone().unwrap().into());
    let before = test.text("ledger.jsonl");

    let body = client.sign(&client.header(&account).unwrap(), &Value::Null);
    assert_eq!(client.post_body(&account, &body).unwrap().status, 200);
    assert_eq!(client.post_body(&account, &body).unwrap().problem(), "badNonce");
    for (member, value, class) in [
        ("nonce", json!("../../nonce"), "badNonce"),
        ("url", json!("https://localhost/../../etc/passwd"), "unauthorized"),
        ("kid", json!("../../etc/passwd"), "accountDoesNotExist"),
        ("kid", json!(stranger.kid.clone()), "malformed"),
        ("alg", json!("none"), "badSignatureAlgorithm"),
        ("alg", json!("HS256"), "badSignatureAlgorithm"),
    ] {
        let mut header = client.header(&account).unwrap();
        header[member] = value;
        let reply = client.post_body(&account, &client.sign(&header, &Value::Null)).unwrap();
        assert_eq!(reply.problem(), class, "{member}");
    }
    assert_eq!(stranger.post(&account, &Value::Null).problem(), "unauthorized");
    for path in [
        "/acme/order/..%2f..%2fetc",
        "/../../etc/passwd",
        "/acme/certificate/%00",
        "/acme/challenge/x/99999999999999999999/http-01",
    ] {
        assert_eq!(client.post(path, &Value::Null).problem(), "malformed", "{path}");
    }
    let huge = vec![b'{'; 100_000];
    let reply = client.request("POST", &account, "Content-Type: application/jose+json\r\n", &huge).unwrap();
    assert_eq!((reply.status, reply.problem().as_str()), (413, "malformed"));
    let deep = "[".repeat(60_000);
    assert_eq!(client.post_body(&account, &deep).unwrap().problem(), "malformed");
    let reply = client.request("GET", &account, "", &[]).unwrap();
    assert_eq!((reply.status, reply.header("allow").as_deref()), (405, Some("POST")));
    assert_eq!(client.request("POST", &account, "", b"{}").unwrap().status, 415);
    let other_host = b"GET /directory HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n";
    assert_eq!(client.send(other_host).unwrap().status, 421);
    for garbage in [&b"\x00\xff\r\n\r\n"[..], b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"] {
        let _ = client.send(garbage);
    }
    assert_eq!(client.post(&account, &Value::Null).status, 200, "it lives on");
    assert_eq!(test.text("ledger.jsonl"), before, "nothing was issued");
    assert!(!test.text("acme-server/state.jsonl").contains(".."), "nothing of theirs was kept");
    assert_eq!((test.mode("acme-server"), test.mode("acme-server/state.jsonl")), (0o700, 0o600));
}

#[test]
fn no_request_leaves_what_is_allowed() {
    let test = Test::new();
    let server = CaServer::start(&test, &["--allow=127.5.0.0/16"]);
    let answers = Answers::default();
    answer_http(server.http_port, &answers);
    let client = RawClient::registered(server.port, &test.path("ca.crt"));
    for address in ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1"] {
        let payload = json!({"identifiers": [{"type": "ip", "value": address}]});
        assert_eq!(client.post("/acme/new-order", &payload).problem(), "rejectedIdentifier");
    }
    // A name whose address is outside: it is resolved, and nobody is asked.
    let payload = json!({"identifiers": [{"type": "dns", "value": "localhost"}]});
    let order = client.post("/acme/new-order", &payload);
    let path = client.path(&order.header("location").unwrap().into());
    let challenge = path.replace("/order/", "/challenge/") + "/0/http-01";
    assert_eq!(client.post(&challenge, &json!({})).status, 200);
    let error = client.wait(&path, "ready").unwrap_err();
    assert!(error.contains("outside of --allow"), "{error}");
    client.obtain("127.5.0.1", &answers).unwrap();
}

#[test]
fn redirects_are_not_followed_and_wrong_answers_are_named() {
    let test = Test::new();
    let server = CaServer::start(&test, &[]);
    let client = RawClient::registered(server.port, &test.path("ca.crt"));
    let (listener, trap) =
        (std::net::TcpListener::bind(("127.0.0.1", server.http_port)).unwrap(), free_port());
    let trapped = std::net::TcpListener::bind(("127.0.0.1", trap)).unwrap();
    trapped.set_nonblocking(true).unwrap();
    let replies = [
        format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{trap}/\r\nContent-Length: 0\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong".to_owned(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n{}", "x".repeat(99_999)),
        "\u{0}\u{0}\r\n\r\n".to_owned(),
    ];
    let count = replies.len();
    let answering = std::thread::spawn(move || {
        for reply in replies {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 2048];
            let _ = std::io::Read::read(&mut stream, &mut head);
            let _ = std::io::Write::write_all(&mut stream, reply.as_bytes());
        }
    });
    let reasons = ["redirects are not followed", "expected ", "length limit", "http-01"];
    for reason in reasons.iter().take(count) {
        let payload = json!({"identifiers": [{"type": "ip", "value": "127.0.0.1"}]});
        let order = client.post("/acme/new-order", &payload);
        let path = client.path(&order.header("location").unwrap().into());
        client.post(&(path.replace("/order/", "/challenge/") + "/0/http-01"), &json!({}));
        let error = client.wait(&path, "ready").unwrap_err();
        assert!(error.contains(reason) || *reason == "http-01", "{reason}: {error}");
    }
    answering.join().unwrap();
    assert!(trapped.accept().is_err(), "the redirect was followed");
}
