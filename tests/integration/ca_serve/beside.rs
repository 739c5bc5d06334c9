//! What the operator does beside the running server.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::json;

use super::killed::leaf;
use super::raw::{Answers, RawClient, answer_http};
use super::server::CaServer;
use crate::harness::Test;

/// A certificate that `certkit revoke` revokes is on the next list; while no list can be made, the last one is given.
#[test]
fn a_revocation_beside_the_server_is_on_its_list() {
    let test = Test::new();
    let server = CaServer::start(&test, &[]);
    let answers = Answers::default();
    answer_http(server.http_port, &answers);
    let client = RawClient::registered(server.port, &test.path("ca.crt"));
    client.obtain("127.0.0.7", &answers).unwrap();
    client.obtain("127.0.0.8", &answers).unwrap();
    let serials: Vec<_> =
        server.issued().iter().map(|line| line["serial"].as_str().unwrap().to_owned()).collect();
    let list = || {
        let reply = client.request("GET", "/ca.crl", "", &[]).unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    };
    let has = |list: &[u8], serial: &str| {
        let hex: String = list.iter().map(|byte| format!("{byte:02x}")).collect();
        hex.contains(serial)
    };
    assert!(!has(&list(), &serials[0]));
    test.certkit(&["revoke", &serials[0]]).exits(0);
    let first = list();
    assert!(has(&first, &serials[0]));

    test.certkit(&["revoke", &serials[1]]).exits(0);
    std::fs::remove_file(test.path("ca.crl")).unwrap();
    std::fs::create_dir_all(test.path("ca.crl/x")).unwrap();
    assert_eq!(list(), first);
    assert_eq!(list(), first);
    server.process.wait_for_log("no revocation list was made");
    assert_eq!(server.process.log().matches("no revocation list was made").count(), 1);
}

#[test]
fn a_renewed_intermediate_is_used_at_once() {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    let server = CaServer::start(&test, &[]);
    let answers = Answers::default();
    answer_http(server.http_port, &answers);
    let client = RawClient::registered(server.port, &test.path("ca.crt"));
    let old = test.text("intermediate.crt");
    assert!(client.obtain("127.0.0.7", &answers).unwrap().ends_with(&old));
    test.certkit(&["renew", "intermediate.crt"]).exits(0);
    let new = test.text("intermediate.crt");
    assert_ne!(new, old);
    assert!(client.obtain("127.0.0.8", &answers).unwrap().ends_with(&new));
    server.process.wait_for_log("was renewed");
    // Another CA is not.
    test.certkit(&["mkca", "--intermediate", "-o", "other"]).exits(0);
    std::fs::copy(test.path("other/intermediate.crt"), test.path("intermediate.crt")).unwrap();
    assert!(client.obtain("127.0.0.9", &answers).unwrap().ends_with(&new));
    server.process.wait_for_log("stays with the old one");
}

#[test]
fn the_end_of_the_ca_is_announced() {
    let test = Test::new();
    test.certkit(&["mkca", "--days", "29"]).exits(0);
    CaServer::start(&test, &[]).process.wait_for_log("and certificates with it");
    let test = Test::new();
    test.certkit(&["mkca", "--days", "31"]).exits(0);
    let server = CaServer::start(&test, &[]);
    RawClient::registered(server.port, &test.path("ca.crt"));
    assert!(!server.process.log().contains("and certificates with it"), "{}", server.process.log());
}

/// RFC 9773 section 5.
#[test]
fn a_certificate_is_replaced_once_also_by_the_next_process() {
    let test = Test::new();
    let mut server = CaServer::start(&test, &[]);
    let answers = Answers::default();
    answer_http(server.http_port, &answers);
    let client = RawClient::registered(server.port, &test.path("ca.crt"));
    let first = leaf(&client.obtain("127.0.0.7", &answers).unwrap());
    let id = format!(
        "{}.{}",
        BASE64URL.encode(first.authority_key_id.as_ref().unwrap()),
        BASE64URL.encode(&first.serial)
    );
    let payload = json!({"identifiers": [{"type": "ip", "value": "127.0.0.7"}], "replaces": id});
    let order = client.post("/acme/new-order", &payload).header("location").unwrap();
    client.finish(&client.path(&order.into()), "127.0.0.7", &answers).unwrap();
    for _ in 0..2 {
        assert_eq!(client.post("/acme/new-order", &payload).problem(), "alreadyReplaced");
        server.start_again();
    }
}
