//! What the server says and keeps for dns-persist-01 and dns-account-01.

use serde_json::json;
use time::Duration;

use super::client::{HOST, TestClient, TestServer, json_of, path, problem};
use super::*;

fn begun(server: &mut TestServer, client: &TestClient, name: &str, method: &str) -> (String, Validation) {
    let order = client.order(server, name);
    let challenge = order.replace("/order/", "/challenge/") + "/0/" + method;
    client.post(server, &challenge, "{}");
    (order, server.validations.last().unwrap().clone())
}

#[test]
fn the_directory_and_the_challenge_say_how_records_name_the_ca() {
    let mut server = TestServer::new();
    let host = HOST.split(':').next().unwrap();
    let meta = json_of(&server.call("GET", "/directory", None, &[]))["meta"].clone();
    assert_eq!(meta["issuerDomainNames"], json!([host]));
    assert_eq!(meta["accountHashPrefix"], format!("https://{HOST}/acme/account-hash/"));

    let client = TestClient::registered(&mut server);
    let order = client.order(&mut server, "a.test");
    let authorization = order.replace("/order/", "/authorization/") + "/0";
    let json = json_of(&client.post(&mut server, &authorization, ""));
    let challenges = json["challenges"].as_array().unwrap();
    let persist = challenges.iter().find(|one| one["type"] == "dns-persist-01").unwrap();
    assert_eq!(persist["issuerDomainNames"], json!([host]));
    assert_eq!(persist["accounturi"].as_str(), client.kid.as_deref());
    assert!(persist["token"].is_null());
    assert!(challenges.iter().find(|one| one["type"] == "dns-account-01").unwrap()["token"].is_string());
    // An address has no TXT record.
    let payload = json!({"identifiers": [{"type": "ip", "value": "127.0.0.1"}]}).to_string();
    let reply = client.post(&mut server, "/acme/new-order", &payload);
    let authorization = path(reply.header("location").unwrap()).replace("/order/", "/authorization/") + "/0";
    assert_eq!(
        json_of(&client.post(&mut server, &authorization, ""))["challenges"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn records_of_earlier_keys_hold_also_after_a_restart() {
    let mut server = TestServer::new();
    let mut client = TestClient::registered(&mut server);
    let (_, before) = begun(&mut server, &client, "*.a.test", "dns-persist-01");
    assert!(before.is_wildcard);
    assert_eq!(before.thumbprints.len(), 1);
    let urls: Vec<_> = before.account_urls.iter().map(|account| account.url.clone()).collect();
    assert!(urls.contains(client.kid.as_ref().unwrap()), "{urls:?}");

    let mut new = TestClient::new();
    let url = format!("https://{HOST}/acme/key-change");
    let header = json!({"alg": "ES256", "jwk": new.jwk(), "url": url});
    let inner = json!({"account": client.kid, "oldKey": client.jwk()}).to_string();
    let inner = new.sign(&header, &inner).to_string();
    assert_eq!(client.post(&mut server, "/acme/key-change", &inner).status, 200);
    new.kid = client.kid.take();
    let mut server = server.restarted();
    let (_, after) = begun(&mut server, &new, "b.test", "dns-persist-01");
    assert_eq!(after.thumbprints.len(), 2);
    assert_eq!(after.thumbprints[1], before.thumbprints[0]);
}

#[test]
fn nothing_is_issued_after_the_end_of_a_record() {
    let mut server = TestServer::new();
    let client = TestClient::registered(&mut server);
    let (order, validation) = begun(&mut server, &client, "a.test", "dns-persist-01");
    server.validate(Ok(()));
    let until = server.now + Duration::minutes(5);
    let kept = server.core.limit_proof(&validation, until.unix_timestamp());
    assert_eq!(kept.len(), 1);
    assert!(json_of(&client.post(&mut server, &order, ""))["expires"].as_str().unwrap().contains(":05:00"));
    server.now += Duration::minutes(6);
    let late = client.finalize(&mut server, &order, &["a.test"]);
    assert!(late.status >= 400, "{} {}", late.status, problem(&late));
    // What ends later changes nothing.
    let (_, validation) = begun(&mut server, &client, "b.test", "dns-persist-01");
    assert!(server.core.limit_proof(&validation, i64::MAX).is_empty());
}
