//! Many at once, and a server that is killed meanwhile.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;

use super::raw::{Answers, RawClient, answer_http};
use super::server::CaServer;
use crate::harness::Test;

#[test]
fn two_hundred_orders_at_once() {
    let test = Test::new();
    let server = CaServer::start(&test, &["--rate-limit=100000"]);
    let answers = Answers::default();
    answer_http(server.http_port, &answers);
    let root = test.path("ca.crt");
    let clients: Vec<_> = (0..4).map(|_| RawClient::registered(server.port, &root)).collect();
    std::thread::scope(|scope| {
        for number in 0..200_usize {
            let (client, answers) = (&clients[number % clients.len()], &answers);
            scope.spawn(move || {
                let chain = client.obtain(&format!("127.1.0.{}", number + 1), answers).unwrap();
                assert!(chain.starts_with("-----BEGIN CERTIFICATE-----"));
            });
        }
    });
    let issued = server.issued();
    assert_eq!(issued.len(), 200);
    let serials: BTreeSet<_> = issued.iter().map(|line| line["serial"].as_str().unwrap()).collect();
    assert_eq!(serials.len(), 200);
}

/// Every certificate that a client got is in the ledger, no order has two, accounts are known, and orders that were
/// ready can be finalized.
#[test]
fn killed_while_it_issues() {
    let test = Test::new();
    let mut server = CaServer::start(&test, &["--rate-limit=100000"]);
    let answers = Answers::default();
    answer_http(server.http_port, &answers);
    let root = test.path("ca.crt");
    let client = RawClient::registered(server.port, &root);
    let port = server.port;
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let got = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !stopped.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let address = format!("127.2.{}.{}", number / 200, number % 200 + 1);
                    if let Ok(chain) = client.obtain(&address, &answers) {
                        got.lock().unwrap().push((address, chain));
                    }
                    // Nobody is there for a moment.
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
            });
        }
        for round in 1..=6_usize {
            let start = next.load(Ordering::Relaxed);
            while next.load(Ordering::Relaxed) < start + 5 * round {
                std::thread::sleep(std::time::Duration::from_millis(3));
            }
            server.start_again();
        }
        stopped.store(true, Ordering::Relaxed);
    });
    let got = got.into_inner().unwrap();
    let issued = server.issued();
    let names: Vec<_> = issued.iter().map(|line| line["names"][0].as_str().unwrap()).collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "each name was ordered once, so none has two certificates");
    for (address, _) in &got {
        assert!(names.contains(&address.as_str()), "{address} is not in the ledger");
    }
    // Orders that are ready after all: they can be finalized.
    let orders =
        client.post(&format!("{}/orders", client.path(&client.kid.clone().unwrap().into())), &Value::Null);
    for url in orders.json()["orders"].as_array().unwrap() {
        let path = client.path(url);
        let order = client.post(&path, &Value::Null).json();
        let status = order["status"].as_str().unwrap();
        assert!(["pending", "ready", "valid", "invalid"].contains(&status), "{order}");
        if status == "ready" {
            client.finalize(&path, order["identifiers"][0]["value"].as_str().unwrap()).unwrap();
        }
    }
    let again = RawClient::registered(port, &root);
    again.obtain("127.3.0.1", &answers).unwrap();
}
