//! What a request to finalize or to revoke may ask for, and until when.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::json;
use time::Duration;

use super::client::{TestClient, TestServer, csr, csr_with, json_of, problem, text};
use super::{Reply, certificate};
use crate::ca::Subject;
use crate::x509::{Certificate, KeyKind, PrivateKey};

const REVOKE: &str = "/acme/revoke-cert";

fn key() -> PrivateKey {
    PrivateKey::generate(KeyKind::EcdsaP256).unwrap()
}

fn revocation(certificate: &Certificate, reason: u8) -> String {
    json!({"certificate": BASE64URL.encode(&certificate.der), "reason": reason}).to_string()
}

fn finalize(server: &mut TestServer, client: &TestClient, order: &str, csr: &str) -> Reply {
    client.post(server, &format!("{order}/finalize"), csr)
}

fn issue(server: &mut TestServer, client: &TestClient, key: &PrivateKey, name: &str) -> Certificate {
    let order = client.ready_order(server, name);
    let reply = finalize(server, client, &order, &csr(key, &[name]));
    certificate(server, client, &reply)
}

#[test]
fn a_compromised_key_gets_no_certificate() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let key = key();
    let leaf = issue(&mut server, &client, &key, "a.test");
    let other = issue(&mut server, &client, &key, "b.test");
    // Any other reason says nothing about the key.
    assert_eq!(client.post(&mut server, REVOKE, &revocation(&other, 4)).status, 200);
    issue(&mut server, &client, &key, "c.test");
    assert_eq!(client.post(&mut server, REVOKE, &revocation(&leaf, 1)).status, 200);
    let order = client.ready_order(&mut server, "a.test");
    assert_eq!(problem(&finalize(&mut server, &client, &order, &csr(&key, &["a.test"]))), "badCSR");
    assert_eq!(json_of(&client.finalize(&mut server, &order, &["a.test"]))["status"], "valid");
}

#[test]
fn a_key_of_the_ledger_that_was_compromised_gets_no_certificate() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let key = key();
    let sha256 = crate::x509::spki_sha256(&issue(&mut server, &client, &key, "a.test").spki);
    server.core.know_compromised([sha256]);
    let order = client.ready_order(&mut server, "a.test");
    assert_eq!(problem(&finalize(&mut server, &client, &order, &csr(&key, &["a.test"]))), "badCSR");
}

#[test]
fn what_is_revoked_beside_the_server_is_known_to_it() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let key = key();
    let leaf = issue(&mut server, &client, &key, "a.test");
    assert!(server.core.learn([], [(leaf.serial_hex(), true), ("0a".to_owned(), true)]));
    assert!(!server.core.learn([], [(leaf.serial_hex(), true)]));
    assert_eq!(problem(&client.post(&mut server, REVOKE, &revocation(&leaf, 4))), "alreadyRevoked");
    let order = client.ready_order(&mut server, "a.test");
    assert_eq!(problem(&finalize(&mut server, &client, &order, &csr(&key, &["a.test"]))), "badCSR");
}

#[test]
fn the_key_says_that_it_was_compromised_after_another_revocation() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let key = key();
    let leaf = issue(&mut server, &client, &key, "a.test");
    assert_eq!(client.post(&mut server, REVOKE, &revocation(&leaf, 4)).status, 200);
    let holder = TestClient::with_key(&key);
    assert_eq!(problem(&holder.post(&mut server, REVOKE, &revocation(&leaf, 5))), "alreadyRevoked");
    let reply = holder.post(&mut server, REVOKE, &revocation(&leaf, 1));
    assert_eq!(reply.status, 200, "{}", text(&reply));
    assert_eq!(problem(&holder.post(&mut server, REVOKE, &revocation(&leaf, 1))), "alreadyRevoked");
    let order = client.ready_order(&mut server, "a.test");
    assert_eq!(problem(&finalize(&mut server, &client, &order, &csr(&key, &["a.test"]))), "badCSR");
}

#[test]
fn a_compromise_is_learned_after_another_revocation() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let leaf = issue(&mut server, &client, &key(), "a.test");
    assert!(server.core.learn([], [(leaf.serial_hex(), false)]));
    assert!(server.core.learn([], [(leaf.serial_hex(), true)]), "the list has the old reason");
}

#[test]
fn who_has_only_proved_the_names_does_not_end_all_certificates_of_the_key() {
    let mut server = TestServer::new();
    let [owner, other] = std::array::from_fn(|_| TestClient::registered(&mut server));
    let key = key();
    let leaf = issue(&mut server, &owner, &key, "a.test");
    let shared = issue(&mut server, &other, &key, "b.test");
    let prover = TestClient::registered(&mut server);
    prover.ready_order(&mut server, "a.test");
    for (client, certificate) in [(&prover, &leaf), (&owner, &leaf), (&other, &shared)] {
        let refused = client.post(&mut server, REVOKE, &revocation(certificate, 1));
        assert_eq!(problem(&refused), "badRevocationReason");
    }
    assert_eq!(prover.post(&mut server, REVOKE, &revocation(&leaf, 5)).status, 200);
    let holder = TestClient::with_key(&key);
    let reply = holder.post(&mut server, REVOKE, &revocation(&shared, 1));
    assert_eq!(reply.status, 200, "{}", text(&reply));
}

#[test]
fn a_name_may_be_in_the_subject_or_among_the_alternative_names() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    for (common_name, names) in [
        ("a.test", &[][..]),
        ("A.test", &["a.test"]),
        ("A web server", &["a.test"]),
        ("me@a.test", &["a.test"]),
    ] {
        let order = client.ready_order(&mut server, "a.test");
        let csr = csr_with(&Subject::common_name(common_name), &key(), names);
        let reply = finalize(&mut server, &client, &order, &csr);
        assert_eq!(json_of(&reply)["status"], "valid", "{common_name}: {}", text(&reply));
    }
    for (common_name, names) in [("b.test", &["a.test"][..]), ("b.test", &[]), ("10.0.0.1", &["a.test"])] {
        let order = client.ready_order(&mut server, "a.test");
        let csr = csr_with(&Subject::common_name(common_name), &key(), names);
        assert_eq!(problem(&finalize(&mut server, &client, &order, &csr)), "badCSR", "{common_name}");
    }
}

#[test]
fn every_form_of_the_name_is_taken_and_the_directory_has_the_named_one() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let account = super::path(client.kid.as_ref().unwrap());
    for (host, authority) in [
        ("localhost:8444", "LOCALHOST.:8444"),
        ("Localhost.:8444", "localhost:8444"),
        ("127.0.0.1:8444", "127.0.0.1:8444"),
    ] {
        let mut header = client.header(&mut server, &account);
        header["url"] = format!("https://{host}{account}").into();
        let body = client.sign(&header, "").to_string();
        let jose = Some("application/jose+json");
        let reply = server.call_at(authority, "POST", &account, jose, body.as_bytes());
        assert_eq!(reply.status, 200, "{}", text(&reply));
        let directory = server.call_at(authority, "GET", "/directory", None, &[]);
        assert_eq!(json_of(&directory)["newOrder"], "https://localhost:8444/acme/new-order");
    }
}

#[test]
fn a_validation_whose_order_has_ended_is_awaited_no_more() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    for is_given_up in [false, true] {
        let order = client.order(&mut server, "a.test");
        client.post(&mut server, &(order.replace("/order/", "/challenge/") + "/0/http-01"), "{}");
        let validation = server.validations.pop().unwrap();
        assert!(server.core.is_awaited(&validation, server.now));
        if is_given_up {
            let authorization = order.replace("/order/", "/authorization/") + "/0";
            client.post(&mut server, &authorization, r#"{"status":"deactivated"}"#);
            assert!(!server.core.is_awaited(&validation, server.now));
        }
        assert!(!server.core.is_awaited(&validation, server.now + Duration::hours(24)));
    }
}

#[test]
fn orders_of_one_account_are_not_in_the_way_of_another() {
    let mut server = TestServer::with(&[], None, 30);
    let [noisy, quiet, third] = std::array::from_fn(|_| TestClient::registered(&mut server));
    let payload = json!({"identifiers": [{"type": "dns", "value": "a.test"}]}).to_string();
    let statuses = [0; 4].map(|_| noisy.post(&mut server, "/acme/new-order", &payload).status);
    assert_eq!(statuses, [201, 201, 201, 429]);
    for _ in 0..3 {
        let order = quiet.ready_order(&mut server, "a.test");
        assert_eq!(json_of(&quiet.finalize(&mut server, &order, &["a.test"]))["status"], "valid");
    }
    // What was issued counts for everybody.
    assert_eq!(third.post(&mut server, "/acme/new-order", &payload).status, 429);
}

#[test]
fn what_could_not_be_kept_is_taken_back() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let account = super::path(client.kid.as_ref().unwrap());
    let orders = format!("{account}/orders");
    let ready = client.ready_order(&mut server, "a.test");
    let payload = json!({"identifiers": [{"type": "dns", "value": "b.test"}]}).to_string();
    let new = super::path(client.post(&mut server, "/acme/new-order", &payload).header("location").unwrap());
    server.core.take_back();
    assert_eq!(client.post(&mut server, &new, "").status, 404);
    assert_eq!(json_of(&client.post(&mut server, &orders, ""))["orders"].as_array().unwrap().len(), 1);

    let authorization = ready.replace("/order/", "/authorization/") + "/0";
    client.post(&mut server, &authorization, r#"{"status":"deactivated"}"#);
    server.core.take_back();
    assert_eq!(json_of(&client.post(&mut server, &ready, ""))["status"], "ready");
    // It is not among the finished ones, which are dropped after an hour.
    server.now += Duration::hours(2);
    client.order(&mut server, "c.test");
    assert_eq!(json_of(&client.post(&mut server, &ready, ""))["status"], "ready");

    assert_eq!(client.post(&mut server, &account, r#"{"status":"deactivated"}"#).status, 200);
    server.core.take_back();
    assert_eq!(client.post(&mut server, &account, "").status, 200);
    let mut stranger = TestClient::new();
    let reply = stranger.post(&mut server, "/acme/new-account", "{}");
    server.core.take_back();
    stranger.kid = reply.header("location").map(str::to_owned);
    assert_eq!(problem(&stranger.post(&mut server, &account, "")), "accountDoesNotExist");
}

#[test]
fn an_order_that_has_expired_says_so() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let order = client.ready_order(&mut server, "a.test");
    let pending = client.order(&mut server, "b.test");
    server.now += Duration::hours(24);
    for order in [&order, &pending] {
        let shown = json_of(&client.post(&mut server, order, ""));
        assert_eq!(shown["status"], "invalid");
        assert_eq!(shown["error"]["detail"], "the order has expired");
        let refused = client.finalize(&mut server, order, &["a.test"]);
        assert_eq!(problem(&refused), "orderNotReady");
        assert_eq!(json_of(&refused)["detail"], "the order has expired");
    }
    client.post(&mut server, &(pending.replace("/order/", "/challenge/") + "/0/http-01"), "{}");
    assert!(server.validations.is_empty());
}
