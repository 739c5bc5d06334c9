//! An account that was closed at the server, by another machine or by the server itself.

use std::fs;

use serde_json::json;

use crate::acme_front::{Class, Fault, Front, RenewalInfo};
use crate::harness::Test;
use crate::pebble::Pebble;

/// Closes the account of `state` from a copy of it.
#[track_caller]
fn close_elsewhere(test: &Test) {
    let (from, to) = (test.path("state"), test.path("other"));
    test.run("cp", &["-r", &from.display().to_string(), &to.display().to_string()]).exits(0);
    test.certkit(&["acme", "account", "deactivate", "--state", "other"]).exits(0);
}

/// The files of keys in the account's folder, with their contents.
fn keys(test: &Test) -> Vec<(String, String)> {
    let folder = fs::read_dir(test.path("state/accounts")).unwrap().next().unwrap().unwrap().path();
    let mut keys: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, _)| name.ends_with(".pem"))
        .map(|(name, path)| (name, fs::read_to_string(path).unwrap()))
        .collect();
    keys.sort();
    keys
}

#[test]
fn a_closed_account_is_said_and_replaced_by_force() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::due());
    front.obtain(&["a.test"]).exits(0);
    close_elsewhere(&test);
    let before = keys(&test);
    for args in [&["b.test"][..], &["b.test", "--email", "me@example.org"]] {
        let ran = front.obtain(args).exits(1).says("has closed the account").says("--force");
        ran.keeps_quiet_about("AAAA");
    }
    let renew = |args: &[&str]| test.certkit(&[&["acme", "renew", "--state", "state"], args].concat());
    renew(&[]).exits(1).says("has closed the account").says("--force");
    assert_eq!(keys(&test), before);

    renew(&["--force"]).exits(0);
    let after = keys(&test);
    assert_eq!(after.len(), 2, "{after:?}");
    assert!(after.iter().any(|(name, key)| name != "key.pem" && *key == before[0].1), "{after:?}");
    assert!(after.iter().any(|(name, key)| name == "key.pem" && *key != before[0].1), "{after:?}");
    assert_eq!((pebble.accounts(), pebble.certificates()), (2, 2));
    // The new account did not order the certificate that is replaced.
    assert!(front.payloads(Class::NewOrder).last().unwrap()["replaces"].is_null());
    front.obtain(&["b.test"]).exits(0);
    assert_eq!(pebble.accounts(), 2);
}

#[test]
fn a_server_that_only_says_so_when_asked_is_understood() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    front.on(Class::NewOrder, Fault::problem(403, "unauthorized", "no"));
    front.always(
        Class::Account,
        Fault::Answer {
            status: 200,
            content_type: "application/json",
            body: json!({"status": "revoked"}).to_string(),
            retry_after: None,
        },
    );
    front.obtain(&["b.test"]).exits(1).says("has closed the account");
    // An account that is fine is not closed by a refusal.
    front.be_kind();
    front.on(Class::NewOrder, Fault::problem(403, "unauthorized", "no"));
    front.obtain(&["b.test", "--force"]).exits(1).keeps_quiet_about("has closed the account");
    assert_eq!(pebble.accounts(), 1);
}

#[test]
fn the_account_command_says_that_it_is_closed() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    close_elsewhere(&test);
    let ran = test.certkit(&["acme", "account", "show", "--state", "state"]).exits(1);
    ran.says("has closed the account").says("--force").keeps_quiet_about("AAAA");
    front.obtain(&["a.test", "--force"]).exits(0);
    assert_eq!(pebble.accounts(), 2);
    test.certkit(&["acme", "account", "show", "--state", "state"]).exits(0).says("valid");
}
