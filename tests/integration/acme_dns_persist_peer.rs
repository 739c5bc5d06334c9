//! dns-persist-01 at a stranger's server: acme2certifier, which has draft 01, where the record names the account itself.

use std::fs;
use std::net::Ipv4Addr;

use serde_json::Value;

use crate::harness::{Test, certkit};
use crate::peers::{peer, python, script};
use crate::process::{Process, Server, free_port};

#[test]
fn a_strangers_server_takes_the_record() {
    let test = Test::with_certificate("localhost");
    let Some(python) = python(&["acme2certifier"]) else { return };
    let (Some(stub), Some(curl)) = (peer("pebble-challtestsrv"), peer("curl")) else { return };
    let [dns, control]: [u16; 2] = std::array::from_fn(|_| free_port());
    let (address, management) = (format!("127.0.0.1:{dns}"), format!("127.0.0.1:{control}"));
    let program = test
        .program(stub)
        .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", &address])
        .args(["-management", &management, "-http01", "", "-https01", "", "-tlsalpn01", ""]);
    let mut stub = Process::start(&test, program);
    stub.wait_for((Ipv4Addr::LOCALHOST, control).into());
    let server = start(&test, &python.display().to_string(), dns);

    let directory = server.url("localhost", "/directory");
    let acme = |command: &str, args: &[&str]| {
        let common = ["--server", &directory, "--ca-roots", "ca.crt", "--state", "state", "--agree-tos"];
        let account = ["--email", "ops@example.com"];
        test.certkit(&[&["acme", command], args, &common, &account].concat())
    };
    let ran = acme("dns-record", &["*.a.test", "--format", "json"]).exits(0);
    let json: Value = serde_json::from_str(&ran.stdout()).unwrap();
    let value = json["result"]["records"][0]["value"].as_str().unwrap().to_owned();
    // Draft 01: the account's URL, and the CA by its name for CAA.
    assert!(value.starts_with("ca.a2c.test; accounturi=https://localhost:"), "{value}");
    assert!(value.contains("/acme/acct/") && !value.contains("sha-256"), "{value}");

    let persist = format!("--dns-persist=127.0.0.1:{dns}");
    acme("obtain", &["*.a.test", &persist]).exits(1).says("there is no TXT record for ca.a2c.test");
    let record = serde_json::json!({"host": "_validation-persist.a.test.", "value": value}).to_string();
    let url = format!("http://127.0.0.1:{control}/set-txt");
    test.run(curl, &["-sSf", "-d", &record, &url]).exits(0);
    acme("obtain", &["*.a.test", &persist]).exits(0);
    test.certkit(&["acme", "renew", "--force", "--state", "state"]).exits(0);
}

/// acme2certifier with the test's own CA, which asks the name server at `dns`.
fn start(test: &Test, python: &str, dns: u16) -> Server {
    let path = |name: &str| test.path(name).display().to_string();
    let config = format!(
        "[DEFAULT]\ndebug: False\n\
         [CAhandler]\nhandler_module: acme2certifier.cahandlers.openssl_ca_handler\nissuing_ca_key: {}\n\
         issuing_ca_cert: {}\nissuing_ca_crl: {}\ncert_validity_days: 45\ncert_save_path: {}\n\
         [DBhandler]\nhandler: wsgi\ndbfile: {}\n\
         [Directory]\ncaaidentities: [\"ca.a2c.test\"]\n\
         [Challenge]\ndns_persist_01_support: True\ndns_persist_allow_policy_wildcard: True\n\
         dns_server_list: [\"127.0.0.1\"]\n",
        path("ca.key"),
        path("ca.crt"),
        path("a2c/ca.crl"),
        path("a2c/certificates"),
        path("a2c/acme.db"),
    );
    test.write("a2c/acme_srv.cfg", config);
    fs::create_dir(test.path("a2c/certificates")).unwrap();
    let program = test.program(certkit());
    let program =
        program.env("ACME_SRV_CONFIGFILE", path("a2c/acme_srv.cfg")).env("DNS_PORT", dns.to_string());
    let app = script("acme2certifier_app.py").display().to_string();
    let args = ["--cert", "server.crt", "--key", "server.key", "--python", python, "--workers", "1", &app];
    Server::start_with(test, program, &args)
}
