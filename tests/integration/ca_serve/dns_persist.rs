//! dns-persist-01 and dns-account-01, which are drafts: certkit's client with certkit's server.

use serde_json::Value;

use super::server::{CaServer, Dns};
use crate::harness::{Ran, Test};
use crate::process::Server;
use crate::serve_acme::APP;
use crate::testing::write_program;

/// A server, its DNS, and the client's options for both.
struct Both<'a> {
    test: &'a Test,
    dns: Dns,
    server: CaServer<'a>,
}

impl<'a> Both<'a> {
    fn start(test: &'a Test) -> Option<Self> {
        let dns = Dns::start(test)?;
        let server = CaServer::start(test, &[&dns.option(), "--allow=test"]);
        Some(Self { test, dns, server })
    }

    #[track_caller]
    fn acme(&self, command: &str, args: &[&str]) -> Ran {
        let directory = self.server.directory();
        let common = ["--server", &directory, "--ca-roots", "ca.crt", "--state", "state", "--agree-tos"];
        self.test.certkit(&[&["acme", command], args, &common].concat())
    }

    #[track_caller]
    fn obtain(&self, args: &[&str]) -> Ran {
        let persist = format!("--dns-persist=127.0.0.1:{}", self.dns.port);
        self.acme("obtain", &[args, &[&persist]].concat())
    }

    /// The only record that the command prints.
    #[track_caller]
    fn record(&self, args: &[&str]) -> (String, String) {
        let ran = self.acme("dns-record", &[args, &["--format", "json"]].concat()).exits(0);
        let json: Value = serde_json::from_str(&ran.stdout()).unwrap();
        let record = json["result"]["records"][0].clone();
        assert_eq!(json["result"]["records"].as_array().unwrap().len(), 1, "{json}");
        let text = |name: &str| record[name].as_str().unwrap().to_owned();
        assert_eq!(record["strings"][0], record["value"]);
        (text("name"), text("value"))
    }
}

#[test]
fn a_record_that_was_set_once_proves_its_names_again_and_again() {
    let test = Test::new();
    let Some(both) = Both::start(&test) else { return };
    let (name, value) = both.record(&["*.a.test", "a.test"]);
    assert_eq!(name, "_validation-persist.a.test");
    let prefix = format!("https://localhost:{}/acme/account-hash/sha-256/", both.server.port);
    assert!(value.starts_with(&format!("localhost; accounturi={prefix}")), "{value}");
    assert!(value.ends_with("; policy=wildcard"), "{value}");
    let text =
        both.acme("dns-record", &["*.a.test"]).exits(0).says("certkit acme obtain '*.a.test' --dns-persist");
    assert!(text.stdout().contains(&format!("{name}. IN TXT \"{value}\"\n")), "{}", text.stdout());

    // It is missed before the server looks, and the order continues.
    let names = ["*.a.test", "a.test"];
    both.obtain(&names)
        .exits(1)
        .says("there is no TXT record for localhost")
        .says(&format!("{name}. IN TXT"));
    both.dns.set_txt(&test, &name, &value);
    both.obtain(&names).exits(0);
    let renew = ["acme", "renew", "--force", "--state", "state"];
    test.certkit(&renew).exits(0);
    // A record that was made with a key before holds.
    test.certkit(&["acme", "account", "rollover", "--state", "state"]).exits(0);
    test.certkit(&renew).exits(0);
    assert_eq!(both.server.issued().len(), 3);
    // A restart forgets neither accounts nor their keys.
    let mut both = both;
    both.server.start_again();
    test.certkit(&renew).exits(0);

    // Closed: the account's records prove nothing for the one after it.
    test.certkit(&["acme", "account", "deactivate", "--state", "state"]).exits(0);
    both.obtain(&["a.test", "*.a.test", "--force"]).exits(1).says("names another account");
}

#[test]
fn a_record_is_for_its_names_and_its_time_alone() {
    let test = Test::new();
    let Some(both) = Both::start(&test) else { return };
    let (name, value) = both.record(&["a.test"]);
    both.dns.set_txt(&test, &name, "other.example; unreadable");
    both.dns.set_txt(&test, &name, &value);
    both.obtain(&["a.test"]).exits(0);
    both.obtain(&["*.a.test"]).exits(1).says("not for wildcards");
    // That of a.test is no record of b.test, wherever it is.
    both.dns.set_txt(&test, "_validation-persist.b.test", &value);
    both.obtain(&["b.test"]).exits(1).says("names another account");
    // One value for all names is.
    let (_, one_value) = both.record(&["x.test", "--one-value"]);
    both.dns.set_txt(&test, "_validation-persist.c.test", &one_value);
    both.obtain(&["c.test"]).exits(0);

    // Draft 01 has the account itself.
    let account = test.certkit(&["acme", "account", "show", "--state", "state", "--format", "json"]).exits(0);
    let account: Value = serde_json::from_str(&account.stdout()).unwrap();
    let url = account["result"]["account"].as_str().unwrap();
    both.dns.set_txt(&test, "_validation-persist.d.test", &format!("localhost; accounturi={url}"));
    both.obtain(&["d.test"]).exits(0);

    // What has ended proves nothing; what ends soon is told.
    both.dns.set_txt(&test, "_validation-persist.e.test", &format!("{one_value}; persistUntil=1000000000"));
    both.obtain(&["e.test"]).exits(1).says("has ended on 2001-09-09");
    let (name, value) = both.record(&["f.test", "--days", "5"]);
    assert!(value.contains("; persistUntil="), "{value}");
    both.dns.set_txt(&test, &name, &value);
    both.obtain(&["f.test"]).exits(0).says("a TXT record that proves these names ends on");
    test.certkit(&["acme", "renew", "f.test", "--state", "state"]).exits(0).says("certkit acme dns-record");
}

#[test]
fn an_external_account_is_bound_before_anything_is_ordered() {
    const SECRET: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
    let test = Test::new();
    let Some(dns) = Dns::start(&test) else { return };
    test.write("eab.txt", format!("alice {SECRET}\n"));
    test.write("secret", SECRET);
    let server = CaServer::start(&test, &[&dns.option(), "--allow=test", "--eab-file", "eab.txt"]);
    let both = Both { test: &test, dns, server };
    both.acme("dns-record", &["a.test"]).exits(2).says("--eab-kid");
    both.acme("dns-record", &["a.test", "--eab-kid", "bob", "--eab-hmac-file", "secret"]).exits(1);
    let (name, value) = both.record(&["a.test", "--eab-kid", "alice", "--eab-hmac-file", "secret"]);
    assert!(test.text("acme-server/state.jsonl").contains("\"external\":\"alice\""));
    // The account is known from now on.
    both.dns.set_txt(&test, &name, &value);
    assert_eq!(both.record(&["a.test"]), (name, value));
    both.obtain(&["a.test"]).exits(0);
}

#[test]
fn what_cannot_be_a_persistent_record_is_refused() {
    let test = Test::new();
    let Some(both) = Both::start(&test) else { return };
    both.acme("dns-record", &["192.0.2.7"]).exits(2).says("192.0.2.7, which is an IP address");
    both.acme("dns-record", &["a b"]).exits(2);
    both.acme("obtain", &["a.test", "--dns-persist=nowhere"])
        .exits(2)
        .says("`nowhere` is not the address of a resolver");
    both.acme("obtain", &["a.test", "--dns-account"]).exits(2).says("--dns-account").says("--dns-hook");
}

#[test]
fn an_account_has_a_record_of_its_own_beside_those_of_others() {
    let test = Test::new();
    let Some(both) = Both::start(&test) else { return };
    let hook = both.dns.hook(&test);
    write_program(
        &test.path("logged-hook"),
        &format!("#!/bin/sh\necho \"$@\" >> hook.log\nexec {hook} \"$@\"\n"),
    );
    both.acme("obtain", &["*.a.test", "a.test", "--dns-account", "--dns-hook=./logged-hook"]).exits(0);
    let log = test.text("hook.log");
    let label = log.split(' ').nth(1).unwrap().split('.').next().unwrap().to_owned();
    assert_eq!((label.len(), label.starts_with('_')), (17, true), "{log}");
    assert!(log.lines().all(|line| line.contains(&format!(" {label}._acme-challenge.a.test. "))), "{log}");
    test.certkit(&["acme", "renew", "--force", "--state", "state"]).exits(0);
    assert_eq!(both.server.issued().len(), 2);
}

#[test]
fn a_server_proves_its_wildcard_by_the_record() {
    let test = Test::new();
    let Some(both) = Both::start(&test) else { return };
    let (name, value) = both.record(&["*.a.test"]);
    both.dns.set_txt(&test, &name, &value);
    test.write("app.py", APP);
    let (directory, resolver) = (both.server.directory(), both.dns.port);
    let server = Server::start(
        &test,
        &[
            "--acme=*.a.test",
            &format!("--acme-server={directory}"),
            "--acme-ca-roots=ca.crt",
            "--acme-state=state",
            &format!("--acme-dns-persist=127.0.0.1:{resolver}"),
            "--workers=1",
            "app.py",
        ],
    );
    server.process.wait_for_log("new certificate, valid until");
    assert_eq!(both.server.issued()[0]["names"], serde_json::json!(["*.a.test"]));
}
