//! Renewal information (RFC 9773), profiles and `replaces` at a stranger's server: acme2certifier, a WSGI application that
//! `certkit serve` runs, behind the front.

use std::fs;
use std::path::Path;

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::acme_front::{Class, Front};
use crate::harness::{Ran, Test, certkit, eventually};
use crate::peers::{python, script};
use crate::process::{Server, free_port};

const DAYS: i64 = 45;

#[test]
fn a_strangers_server_says_when_to_renew() {
    let test = Test::with_certificate("localhost");
    let Some(python) = python(&["acme2certifier"]) else { return };
    let server = start(&test, &python, false);
    let front = front(&test, &server);
    front.obtain(&["a.a2c.test", "--email", "ops@example.com"]).exits(0);
    renew(&test, &[]).exits(0).says("renews after");
    assert_eq!((front.count(Class::RenewalInfo), front.count(Class::NewOrder)), (1, 1));

    // That server suggests the last 15 % of the lifetime.
    let record = record(&test);
    let window = &record["window"];
    let time = |name: &str| -> OffsetDateTime {
        OffsetDateTime::parse(window[name].as_str().unwrap(), &Rfc3339).unwrap()
    };
    let (start, end, chosen) = (time("start"), time("end"), time("chosen"));
    assert!((start..end).contains(&chosen), "{window}");
    let expected = Duration::days(DAYS) * 15 / 100;
    let difference: Duration = end - start - expected;
    assert!(difference.abs() < Duration::hours(1), "{window}");
    // It wants to be asked again after a day, and is left alone until then.
    let requests = front.requests();
    renew(&test, &[]).exits(0);
    assert_eq!(front.requests(), requests);
    renew(&test, &["--refresh-ari"]).exits(0);
    assert_eq!((self::record(&test)["window"].clone(), front.count(Class::RenewalInfo)), (window.clone(), 2));
}

#[test]
fn a_renewal_that_a_strangers_server_wants_names_what_it_replaces() {
    let test = Test::with_certificate("localhost");
    let Some(python) = python(&["acme2certifier"]) else { return };
    let server = start(&test, &python, true);
    let front = front(&test, &server);
    front.obtain(&["a.a2c.test", "--email", "ops@example.com"]).exits(0);
    let first = test.text("state/live/a.a2c.test/cert.pem");
    test.run("cp", &["-a", "state", "backup"]).exits(0);
    renew_what_is_due(&test);
    assert_ne!(test.text("state/live/a.a2c.test/cert.pem"), first);
    let orders = front.payloads(Class::NewOrder);
    assert!(orders[0].get("replaces").is_none());
    let replaced = orders[1]["replaces"].as_str().unwrap();
    let asked = front.exchanges().into_iter().find(|seen| seen.class == Class::RenewalInfo).unwrap();
    assert!(asked.path.ends_with(replaced), "{} is not about {replaced}", asked.path);

    // A machine that was restored from a backup wants to replace the first one again: refused, and ordered without.
    fs::rename(test.path("state"), test.path("later")).unwrap();
    fs::rename(test.path("backup"), test.path("state")).unwrap();
    renew_what_is_due(&test);
    let orders: Vec<_> =
        front.exchanges().into_iter().filter(|seen| seen.class == Class::NewOrder).skip(2).collect();
    let replaces = |at: usize| orders[at].payload["replaces"].as_str();
    assert_eq!((orders.len(), replaces(0), orders[0].status), (2, Some(replaced), Some(409)));
    assert_eq!((replaces(1), orders[1].status), (None, Some(201)));
}

#[test]
fn a_profile_of_a_strangers_server_is_asked_for() {
    let test = Test::with_certificate("localhost");
    let Some(python) = python(&["acme2certifier"]) else { return };
    let server = start(&test, &python, false);
    let front = front(&test, &server);
    let email = ["--email", "ops@example.com"];
    let ran = front.obtain(&[&["a.a2c.test", "--profile", "nonsense"], &email[..]].concat());
    ran.exits(2).says("classic").says("shortlived");
    assert_eq!(front.count(Class::NewOrder), 0);
    front.obtain(&[&["a.a2c.test", "--profile", "classic"], &email[..]].concat()).exits(0);
    assert_eq!(front.payloads(Class::NewOrder)[0]["profile"], "classic");
}

/// acme2certifier with the test's own CA; it takes every name under a2c.test as validated. `force`: its renewal
/// information says that everything is due.
fn start(test: &Test, python: &Path, force: bool) -> Server {
    let path = |name: &str| test.path(name).display().to_string();
    let config = format!(
        "[DEFAULT]\ndebug: False\n\
         [CAhandler]\nhandler_module: acme2certifier.cahandlers.openssl_ca_handler\nissuing_ca_key: {}\n\
         issuing_ca_cert: {}\nissuing_ca_crl: {}\ncert_validity_days: {DAYS}\ncert_save_path: {}\n\
         [DBhandler]\nhandler: wsgi\ndbfile: {}\n\
         [Order]\nprofiles: {{\"classic\": \"https://ca.test/classic\", \"shortlived\": \"https://ca.test/short\"}}\n\
         [Renewalinfo]\nrenewal_force: {force}\n\
         [Authorization]\nprevalidated_domainlist: [\"*.a2c.test\"]\n",
        path("ca.key"),
        path("ca.crt"),
        path("a2c/ca.crl"),
        path("a2c/certificates"),
        path("a2c/acme.db"),
    );
    test.write("a2c/acme_srv.cfg", config);
    fs::create_dir(test.path("a2c/certificates")).unwrap();
    let program = test.program(certkit()).env("ACME_SRV_CONFIGFILE", path("a2c/acme_srv.cfg"));
    let (python, app) = (python.display().to_string(), script("acme2certifier_app.py").display().to_string());
    let args = ["--cert", "server.crt", "--key", "server.key", "--python", &python, "--workers", "1", &app];
    Server::start_with(test, program, &args)
}

fn front<'a>(test: &'a Test, server: &Server) -> Front<'a> {
    test.write("front.pem", test.text("server.crt"));
    test.write("front.key", test.text("server.key"));
    let args = vec![
        format!("--http=127.0.0.1:{}", free_port()),
        format!("--ca-roots={}", test.path("ca.crt").display()),
        "--state=state".into(),
    ];
    Front::before(test, &server.url("localhost", "/directory"), &test.path("ca.crt"), "front", args)
}

fn renew(test: &Test, args: &[&str]) -> Ran {
    test.certkit(&[&["acme", "renew", "--state", "state"], args].concat())
}

/// The window that this server gives for what is due begins a year ago and ends tomorrow, and any point of it may be
/// chosen: one that lies ahead is forgotten, and another chosen.
fn renew_what_is_due(test: &Test) {
    eventually("the certificate is renewed", || {
        let ran = renew(test, &["--refresh-ari", "--exit-code-if-renewed", "9"]);
        if ran.succeeded() {
            let mut record = record(test);
            record["window"] = Value::Null;
            test.write("state/certs/a.a2c.test/renew.json", record.to_string());
            return None;
        }
        ran.exits(9).says("renewed");
        Some(())
    });
}

fn record(test: &Test) -> Value {
    serde_json::from_str(&test.text("state/certs/a.a2c.test/renew.json")).unwrap()
}
