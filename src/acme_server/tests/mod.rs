//! The protocol from the outside: honest clients, hostile ones, and a process that ends in between.

pub(super) mod client;
mod dns;
mod hostile;
mod requests;

use std::collections::HashMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::json;
use time::Duration;

use self::client::{HOST, TestClient, TestServer, csr, json_of, path, problem, text};
use super::*;
use crate::x509::{Certificate, KeyKind, PrivateKey};

fn certificate(server: &mut TestServer, client: &TestClient, reply: &Reply) -> Certificate {
    let url = json_of(reply)["certificate"].as_str().unwrap_or_else(|| panic!("{}", text(reply))).to_owned();
    let reply = client.post(server, &path(&url), "");
    assert_eq!(reply.header("content-type"), Some("application/pem-certificate-chain"));
    Certificate::from_der(crate::pem::scan(&reply.body).blocks[0].der.to_vec()).unwrap()
}

#[test]
fn from_an_account_to_a_revoked_certificate() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let order = client.order(&mut server, "a.test");
    let early = client.finalize(&mut server, &order, &["a.test"]);
    assert_eq!((problem(&early).as_str(), early.status), ("orderNotReady", 403));
    let order = client.ready_order(&mut server, "a.test");
    assert_eq!(json_of(&client.post(&mut server, &order, ""))["status"], "ready");
    let reply = client.finalize(&mut server, &order, &["a.test"]);
    assert_eq!(json_of(&reply)["status"], "valid");
    assert!(reply.header("replay-nonce").is_some());
    assert_eq!(reply.header("link"), Some(format!("<https://{HOST}/directory>;rel=\"index\"").as_str()));
    assert_eq!(problem(&client.finalize(&mut server, &order, &["a.test"])), "orderNotReady");

    let leaf = certificate(&mut server, &client, &reply);
    let id = format!(
        "{}.{}",
        BASE64URL.encode(leaf.authority_key_id.as_ref().unwrap()),
        BASE64URL.encode(&leaf.serial)
    );
    let info = server.call("GET", &format!("/acme/renewal-info/{id}"), None, &[]);
    let start = json_of(&info)["suggestedWindow"]["start"].as_str().unwrap().to_owned();
    assert!(start.starts_with("2027-01-2"), "{start}");
    assert!(info.header("retry-after").is_some());

    let revoke = json!({"certificate": BASE64URL.encode(&leaf.der), "reason": 1}).to_string();
    let stranger = TestClient::registered(&mut server);
    let refused = stranger.post(&mut server, "/acme/revoke-cert", &revoke);
    assert_eq!((problem(&refused).as_str(), refused.status), ("unauthorized", 403));
    let odd = revoke.replace("\"reason\":1", "\"reason\":2");
    assert_eq!(problem(&client.post(&mut server, "/acme/revoke-cert", &odd)), "badRevocationReason");
    assert_eq!(client.post(&mut server, "/acme/revoke-cert", &revoke).status, 200);
    assert_eq!(problem(&client.post(&mut server, "/acme/revoke-cert", &revoke)), "alreadyRevoked");
    let info = server.call("GET", &format!("/acme/renewal-info/{id}"), None, &[]);
    assert_eq!(json_of(&info)["suggestedWindow"]["end"], "2026-11-28T11:00:00Z");
}

#[test]
fn an_order_replaces_a_certificate_once() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let order = client.ready_order(&mut server, "a.test");
    let reply = client.finalize(&mut server, &order, &["a.test"]);
    let leaf = certificate(&mut server, &client, &reply);
    let issuer = BASE64URL.encode(leaf.authority_key_id.as_ref().unwrap());
    let id = format!("{issuer}.{}", BASE64URL.encode(&leaf.serial));
    let payload = |name: &str, id: &str| {
        json!({"identifiers": [{"type": "dns", "value": name}], "replaces": id}).to_string()
    };
    let stranger = TestClient::registered(&mut server);
    let new_order = "/acme/new-order";
    assert_eq!(problem(&stranger.post(&mut server, new_order, &payload("a.test", &id))), "unauthorized");
    for (name, id) in [("b.test", id.as_str()), ("a.test", "x"), ("a.test", &format!("{issuer}.AAAA"))] {
        assert_eq!(problem(&client.post(&mut server, new_order, &payload(name, id))), "malformed");
    }
    let reply = client.post(&mut server, new_order, &payload("a.test", &id));
    assert_eq!(reply.status, 201);
    let order = path(reply.header("location").unwrap());
    let challenge = order.replace("/order/", "/challenge/") + "/0/http-01";
    client.post(&mut server, &challenge, "{}");
    server.validate(Ok(()));
    assert_eq!(json_of(&client.finalize(&mut server, &order, &["a.test"]))["status"], "valid");
    let again = client.post(&mut server, new_order, &payload("a.test", &id));
    assert_eq!((problem(&again).as_str(), again.status), ("alreadyReplaced", 409));
}

#[test]
fn a_failed_validation_ends_the_order_and_says_why() {
    let mut server = TestServer::with(&[], None, 30);
    let client = TestClient::registered(&mut server);
    for _ in 0..3 {
        let order = client.order(&mut server, "a.test");
        client.post(&mut server, &(order.replace("/order/", "/challenge/") + "/0/http-01"), "{}");
        server.validate(Err(Problem::new(ProblemType::Connection, "no answer")));
        let state = json_of(&client.post(&mut server, &order, ""));
        assert_eq!(
            (state["status"].as_str(), state["error"]["detail"].as_str()),
            (Some("invalid"), Some("no answer"))
        );
        assert_eq!(problem(&client.finalize(&mut server, &order, &["a.test"])), "orderNotReady");
    }
    let payload = json!({"identifiers": [{"type": "dns", "value": "a.test"}]}).to_string();
    let limited = client.post(&mut server, "/acme/new-order", &payload);
    assert_eq!((problem(&limited).as_str(), limited.status), ("rateLimited", 429));
    assert!(limited.header("retry-after").is_some());
    server.now += Duration::hours(1);
    assert_eq!(client.post(&mut server, "/acme/new-order", &payload).status, 201);
}

#[test]
fn what_a_request_may_ask_for() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let order = client.ready_order(&mut server, "a.test");
    for names in [&["b.test"][..], &["a.test", "b.test"], &[], &["me@a.test"]] {
        assert_eq!(problem(&client.finalize(&mut server, &order, names)), "badCSR", "{names:?}");
    }
    let finalize = format!("{order}/finalize");
    for payload in [r#"{"csr":"AAAA"}"#, r#"{"csr":"=="}"#] {
        assert_eq!(problem(&client.post(&mut server, &finalize, payload)), "badCSR");
    }
    // The order is as ready as before.
    assert_eq!(json_of(&client.finalize(&mut server, &order, &["A.test"]))["status"], "valid");
}

#[test]
fn names_outside_of_the_policy_are_refused_one_by_one() {
    let mut server = TestServer::with(&["corp.test"], None, 1000);
    let client = TestClient::registered(&mut server);
    let payload = json!({"identifiers": [
        {"type": "dns", "value": "a.corp.test"},
        {"type": "dns", "value": "a.example"},
        {"type": "ip", "value": "8.8.8.8"},
    ]});
    let reply = client.post(&mut server, "/acme/new-order", &payload.to_string());
    assert_eq!(problem(&reply), "rejectedIdentifier");
    let subproblems = json_of(&reply)["subproblems"].clone();
    assert_eq!(subproblems[0]["identifier"]["value"], "a.example");
    assert_eq!(subproblems[1]["identifier"]["value"], "8.8.8.8");
}

#[test]
fn a_wildcard_is_proved_by_dns_alone() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let order = client.order(&mut server, "*.a.test");
    let authorization = order.replace("/order/", "/authorization/") + "/0";
    let json = json_of(&client.post(&mut server, &authorization, ""));
    assert_eq!(
        (json["wildcard"].as_bool(), json["identifier"]["value"].as_str()),
        (Some(true), Some("a.test"))
    );
    let types: Vec<_> =
        json["challenges"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["dns-01", "dns-account-01", "dns-persist-01"]);
    let http = order.replace("/order/", "/challenge/") + "/0/http-01";
    assert_eq!(client.post(&mut server, &http, "{}").status, 404);
}

#[test]
fn accounts_are_found_changed_rekeyed_and_deactivated() {
    let mut server = TestServer::new();
    let mut client = TestClient::new();
    let only = r#"{"onlyReturnExisting":true}"#;
    assert_eq!(problem(&client.post(&mut server, "/acme/new-account", only)), "accountDoesNotExist");
    let reply = client.post(&mut server, "/acme/new-account", r#"{"contact":["mailto:a@b.test"]}"#);
    let kid = reply.header("location").unwrap().to_owned();
    assert_eq!(client.post(&mut server, "/acme/new-account", only).header("location"), Some(kid.as_str()));
    for (contact, class) in [("tel:1", "unsupportedContact"), ("mailto:a@b,c@d", "invalidContact")] {
        let payload = json!({"contact": [contact]}).to_string();
        let other = TestClient::new();
        assert_eq!(problem(&other.post(&mut server, "/acme/new-account", &payload)), class);
    }
    client.kid = Some(kid.clone());

    let mut new = TestClient::new();
    let url = format!("https://{HOST}/acme/key-change");
    let inner = |key: &TestClient, old: &serde_json::Value| {
        let header = json!({"alg": "ES256", "jwk": key.jwk(), "url": url});
        key.sign(&header, &json!({"account": kid, "oldKey": old}).to_string()).to_string()
    };
    let wrong = client.post(&mut server, "/acme/key-change", &inner(&new, &new.jwk()));
    assert_eq!(problem(&wrong), "malformed");
    assert_eq!(client.post(&mut server, "/acme/key-change", &inner(&new, &client.jwk())).status, 200);
    assert_eq!(problem(&client.post(&mut server, &path(&kid), "")), "malformed");
    new.kid = Some(kid.clone());
    let renamed = new;
    assert_eq!(json_of(&renamed.post(&mut server, &path(&kid), ""))["contact"][0], "mailto:a@b.test");

    let gone = renamed.post(&mut server, &path(&kid), r#"{"status":"deactivated"}"#);
    assert_eq!(json_of(&gone)["status"], "deactivated");
    let refused = renamed.post(&mut server, &path(&kid), "");
    assert_eq!((problem(&refused).as_str(), refused.status), ("unauthorized", 401));
    let mut server = server.restarted();
    assert_eq!(problem(&renamed.post(&mut server, &path(&kid), "")), "unauthorized");
}

#[test]
fn an_external_account_is_proved_by_its_key() {
    let accounts = HashMap::from([("kid-1".to_owned(), vec![7; 32])]);
    let mut server = TestServer::with(&[], Some(accounts), 1000);
    let client = TestClient::new();
    let new_account = "/acme/new-account";
    assert_eq!(problem(&client.post(&mut server, new_account, "{}")), "externalAccountRequired");
    let bind = |kid: &str, secret: &[u8], key: &serde_json::Value, alg: &str| {
        let header = json!({"alg": alg, "kid": kid, "url": format!("https://{HOST}{new_account}")});
        let (protected, payload) = (BASE64URL.encode(header.to_string()), BASE64URL.encode(key.to_string()));
        let mac = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let tag = hmac::sign(&mac, format!("{protected}.{payload}").as_bytes());
        let binding = json!({"protected": protected, "payload": payload, "signature": BASE64URL.encode(tag)});
        json!({"externalAccountBinding": binding}).to_string()
    };
    let jwk = client.jwk();
    for (payload, class) in [
        (bind("kid-2", &[7; 32], &jwk, "HS256"), "unauthorized"),
        (bind("kid-1", &[8; 32], &jwk, "HS256"), "unauthorized"),
        (bind("kid-1", &[7; 32], &TestClient::new().jwk(), "HS256"), "malformed"),
        (bind("kid-1", &[7; 32], &jwk, "none"), "badSignatureAlgorithm"),
    ] {
        assert_eq!(problem(&client.post(&mut server, new_account, &payload)), class);
    }
    let reply = client.post(&mut server, new_account, &bind("kid-1", &[7; 32], &jwk, "HS256"));
    assert_eq!(
        (reply.status, json_of(&reply)["externalAccountBinding"]["kid"].as_str()),
        (201, Some("kid-1"))
    );

    // The file has changed: its account is gone.
    let mut bound = client;
    bound.kid = reply.header("location").map(str::to_owned);
    let account = path(bound.kid.as_ref().unwrap());
    assert_eq!(bound.post(&mut server, &account, "").status, 200);
    let other = HashMap::from([("kid-2".to_owned(), vec![7; 32])]);
    let mut server = server.restarted_with(&[], Some(other));
    assert_eq!(problem(&bound.post(&mut server, &account, "")), "unauthorized");
    bound.kid = None;
    assert_eq!(problem(&bound.post(&mut server, new_account, "{}")), "unauthorized");
}

#[test]
fn orders_and_accounts_of_before_follow_the_new_settings() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let order = client.ready_order(&mut server, "a.test");
    let mut server = server.restarted_with(&["b.test"], None);
    assert_eq!(problem(&client.finalize(&mut server, &order, &["a.test"])), "rejectedIdentifier");
    let accounts = HashMap::from([("kid-1".to_owned(), vec![7; 32])]);
    let mut server = server.restarted_with(&[], Some(accounts));
    assert_eq!(problem(&client.finalize(&mut server, &order, &["a.test"])), "externalAccountRequired");
    let mut server = server.restarted();
    assert_eq!(json_of(&client.finalize(&mut server, &order, &["a.test"]))["status"], "valid");
}

#[test]
fn the_next_process_continues_where_the_last_one_ended() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let ready = client.ready_order(&mut server, "a.test");
    let issued = client.ready_order(&mut server, "c.test");
    let validating = client.order(&mut server, "b.test");
    client.post(&mut server, &(validating.replace("/order/", "/challenge/") + "/0/http-01"), "{}");
    // Ended between finalization and certificate.
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let header = client.header(&mut server, &format!("{issued}/finalize"));
    let body = client.sign(&header, &csr(&key, &["c.test"])).to_string();
    let path = format!("{issued}/finalize");
    let call = Call {
        method: "POST",
        authority: HOST,
        path: &path,
        content_type: Some("application/jose+json"),
        body: body.as_bytes(),
        client: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let step = server.core.handle(&call, server.now);
    assert!(matches!(step.next, Next::Issue(_)));
    server.records.extend(step.records);

    let mut server = server.restarted();
    assert_eq!(server.validations.len(), 1);
    assert_eq!(server.validations[0].identifier, Identifier::Dns("b.test".into()));
    server.validate(Ok(()));
    for order in [&ready, &validating, &issued] {
        assert_eq!(json_of(&client.post(&mut server, order, ""))["status"], "ready", "{order}");
    }
    // A nonce of the process before is not one any more, which clients get over.
    assert_eq!(server.call("POST", &path, Some("application/jose+json"), body.as_bytes()).status, 400);
    assert_eq!(json_of(&client.finalize(&mut server, &issued, &["c.test"]))["status"], "valid");
    let server = server.restarted();
    assert!(server.core.unpublished().is_empty());
}

#[test]
fn a_certificate_that_was_made_is_not_made_again() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let order = client.ready_order(&mut server, "a.test");
    client.finalize(&mut server, &order, &["a.test"]);
    // The last record says that it is in the ledger; the process ended before.
    server.records.pop();
    let mut server = server.restarted();
    let [unpublished] = server.core.unpublished().try_into().unwrap();
    assert_eq!(json_of(&client.post(&mut server, &order, ""))["status"], "processing");
    assert_eq!(problem(&client.finalize(&mut server, &order, &["a.test"])), "orderNotReady");
    let certificate = Certificate::from_der(unpublished.certificate).unwrap();
    server.core.published(&unpublished.order, &certificate, server.now);
    assert_eq!(json_of(&client.post(&mut server, &order, ""))["status"], "valid");
}

#[test]
fn old_orders_are_dropped() {
    let mut server = TestServer::with(&[], None, 100_000);
    let client = TestClient::registered(&mut server);
    let open = client.order(&mut server, "a.test");
    let finished = client.ready_order(&mut server, "b.test");
    client.finalize(&mut server, &finished, &["b.test"]);
    server.now += Duration::hours(2);
    client.order(&mut server, "c.test");
    assert_eq!(client.post(&mut server, &finished, "").status, 404);
    assert_eq!(client.post(&mut server, &open, "").status, 200);
    server.now += Duration::hours(23);
    client.order(&mut server, "c.test");
    assert_eq!(client.post(&mut server, &open, "").status, 404);
    let accounts = path(client.kid.as_ref().unwrap()) + "/orders";
    assert_eq!(json_of(&client.post(&mut server, &accounts, ""))["orders"].as_array().unwrap().len(), 2);
}
