//! What hostile clients send: each gets its problem document, and nothing changes.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::client::{HOST, TestClient, TestServer, json_of, path, problem};

const JOSE: Option<&str> = Some("application/jose+json");

#[test]
fn a_request_counts_once_for_its_own_url_and_under_its_own_key() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let stranger = TestClient::registered(&mut server);
    let account = path(client.kid.as_ref().unwrap());
    let honest = client.header(&mut server, &account);
    let body = client.sign(&honest, "").to_string();
    assert_eq!(server.call("POST", &account, JOSE, body.as_bytes()).status, 200);
    let replayed = server.call("POST", &account, JOSE, body.as_bytes());
    assert_eq!(problem(&replayed), "badNonce");
    assert!(replayed.header("replay-nonce").is_some());

    let changed = |member: &str, value: Value, server: &mut TestServer| {
        let mut header = client.header(server, &account);
        if value.is_null() {
            header.as_object_mut().unwrap().remove(member);
        } else {
            header[member] = value;
        }
        let body = client.sign(&header, "").to_string();
        problem(&server.call("POST", &account, JOSE, body.as_bytes()))
    };
    for (member, value, class) in [
        ("nonce", json!("AAAA"), "badNonce"),
        ("nonce", Value::Null, "badNonce"),
        ("url", json!("https://other.test/acme"), "unauthorized"),
        ("url", Value::Null, "malformed"),
        ("alg", json!("none"), "badSignatureAlgorithm"),
        ("alg", json!("HS256"), "badSignatureAlgorithm"),
        ("alg", json!("ES384"), "badSignatureAlgorithm"),
        ("alg", json!("RS256"), "badSignatureAlgorithm"),
        ("jwk", client.jwk(), "malformed"),
        ("kid", Value::Null, "malformed"),
        ("kid", json!("https://other.test/acme/account/x"), "accountDoesNotExist"),
        ("kid", json!(format!("https://{HOST}/acme/account/../../etc/passwd")), "accountDoesNotExist"),
        ("kid", json!(stranger.kid.clone()), "malformed"),
        ("crit", json!(["b64"]), "malformed"),
    ] {
        assert_eq!(changed(member, value.clone(), &mut server), class, "{member}: {value}");
    }
    // Under the stranger's own key the account is still somebody else's.
    assert_eq!(problem(&stranger.post(&mut server, &account, "")), "unauthorized");
    let order = client.order(&mut server, "a.test");
    for path in
        [order.clone(), order.replace("/order/", "/authorization/") + "/0", format!("{order}/finalize")]
    {
        assert_eq!(stranger.post(&mut server, &path, "").status, 404, "{path}");
    }
}

#[test]
fn bodies_that_are_not_requests() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let account = path(client.kid.as_ref().unwrap());
    let header = client.header(&mut server, &account);
    let jws = client.sign(&header, "");
    for content_type in [None, Some("application/json"), Some("application/jose+json; charset=utf-8")] {
        let body = jws.to_string();
        assert_eq!(server.call("POST", &account, content_type, body.as_bytes()).status, 415);
    }
    let text = jws.to_string();
    let with = |member: &str| text.replacen('{', &format!("{{{member},"), 1);
    let padded = text.replace("\"signature\":\"", "\"signature\":\"AA==");
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "\"x\"",
        "{\"protected\":1}",
        &with("\"header\":{}"),
        &with("\"signatures\":[]"),
        &with("\"payload\":\"\""),
        &padded,
        &"[".repeat(60_000),
    ] {
        let reply = server.call("POST", &account, JOSE, body.as_bytes());
        assert_eq!(problem(&reply), "malformed", "{body:.80}");
    }
    let twice = BASE64URL.encode(r#"{"alg":"ES256","alg":"none"}"#);
    let body = json!({"protected": twice, "payload": "", "signature": ""}).to_string();
    assert_eq!(problem(&server.call("POST", &account, JOSE, body.as_bytes())), "malformed");
    // Its nonce was never used up by those.
    assert_eq!(server.call("POST", &account, JOSE, text.as_bytes()).status, 200);
}

#[test]
fn methods_and_paths_that_are_not_there() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    for path in ["/acme/new-order", "/acme/order/x", "/acme/certificate/x", "/acme/revoke-cert"] {
        for method in ["GET", "PUT", "DELETE"] {
            let reply = server.call(method, path, None, &[]);
            assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")), "{method} {path}");
        }
    }
    for path in
        ["/", "/acme", "/acme/", "/directory/", "/acme/order/../account", "//directory", "/directory?x"]
    {
        assert_eq!(server.call("GET", path, None, &[]).status, 404, "{path}");
    }
    for id in ["..", "%2e%2e", "x", "", "0", "\u{0}"] {
        for path in [format!("/acme/order/{id}"), format!("/acme/certificate/{id}")] {
            assert_eq!(client.post(&mut server, &path, "").status, 404, "{path}");
        }
    }
    let call = super::Call {
        method: "GET",
        authority: "other.test",
        path: "/directory",
        content_type: None,
        body: &[],
        client: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let super::Next::Reply(reply) = server.core.handle(&call, server.now).next else { panic!() };
    assert_eq!(reply.status, 421);
    assert!(json_of(&reply)["detail"].as_str().unwrap().contains("localhost:8444"));
    assert!(json_of(&server.call("GET", "/directory", None, &[]))["newOrder"].is_string());
}

#[test]
fn payloads_that_ask_for_what_there_is_not() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let account = path(client.kid.as_ref().unwrap());
    let order = client.order(&mut server, "a.test");
    let authorization = order.replace("/order/", "/authorization/") + "/0";
    let many: Vec<_> = (0..101).map(|n| json!({"type": "dns", "value": format!("{n}.test")})).collect();
    let one = json!([{"type": "dns", "value": "a.test"}]);
    for (path, payload, class) in [
        ("/acme/new-order", json!({}), "malformed"),
        ("/acme/new-order", json!({"identifiers": []}), "malformed"),
        ("/acme/new-order", json!({"identifiers": many}), "malformed"),
        ("/acme/new-order", json!({"identifiers": one, "notAfter": "2030-01-01T00:00:00Z"}), "malformed"),
        (
            "/acme/new-order",
            json!({"identifiers": [{"type": "dns", "value": "../../x"}]}),
            "rejectedIdentifier",
        ),
        (
            "/acme/new-order",
            json!({"identifiers": [{"type": "ip", "value": "169.254.169.254"}]}),
            "rejectedIdentifier",
        ),
        (
            "/acme/new-order",
            json!({"identifiers": [{"type": "email", "value": "a@b"}]}),
            "unsupportedIdentifier",
        ),
        (&account, json!({"status": "revoked"}), "malformed"),
        (&account, json!({"contact": ["mailto:../../x"]}), "invalidContact"),
        (&authorization, json!({"status": "valid"}), "malformed"),
        ("/acme/revoke-cert", json!({"certificate": "AAAA"}), "malformed"),
        ("/acme/revoke-cert", json!({"certificate": "../x"}), "malformed"),
        ("/acme/key-change", json!({"protected": "", "payload": "", "signature": ""}), "malformed"),
    ] {
        assert_eq!(problem(&client.post(&mut server, path, &payload.to_string())), class, "{path} {payload}");
    }
    assert_eq!(json_of(&client.post(&mut server, &order, ""))["status"], "pending");
    let gone = client.post(&mut server, &authorization, r#"{"status":"deactivated"}"#);
    assert_eq!(json_of(&gone)["status"], "deactivated");
    assert_eq!(json_of(&client.post(&mut server, &order, ""))["status"], "invalid");
}

proptest! {
    #[test]
    fn no_request_panics_or_is_believed(
        path in prop_oneof!["/(acme/)?[a-z-]{0,12}(/[A-Za-z0-9./%-]{0,20}){0,4}", "/acme/(new-order|key-change|revoke-cert)"],
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "\\{\"protected\":\"[A-Za-z0-9_-]{0,80}\",\"payload\":\"[A-Za-z0-9_-]{0,20}\",\"signature\":\"\"\\}"
                .prop_map(String::into_bytes),
        ],
        payload in "[\\[{}:,\"a-z01 ]{0,60}",
    ) {
        let mut server = TestServer::new();
        let status = server.call("POST", &path, JOSE, &body).status;
        prop_assert!((400..500).contains(&status), "{status}");
        let client = TestClient::registered(&mut server);
        let status = client.post(&mut server, &path, &payload).status;
        prop_assert!(status < 500, "{status}");
    }
}
