//! `certkit acme` beside the orders: hooks around them, the failure hook, keys from one renewal to the
//! next, the list as a picture, the command that comes next.

use std::fs;

use certkit::internals::acme::storage::Storage;
use certkit::internals::acme::{Caller, Candidate, Progress, Remark, RenewalOutcome, Renewer, Urgency};
use certkit::internals::finding::Finding;
use serde_json::{Value, json};
use time::Duration;
use time::format_description::well_known::Rfc3339;

use crate::acme_import::{LEGO, lego_folder};
use crate::harness::{Ran, Test};
use crate::pebble::Pebble;
use crate::process::free_port;

fn lines(test: &Test, file: &str) -> Vec<String> {
    fs::read_to_string(test.path(file)).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn record(test: &Test, name: &str) -> Value {
    serde_json::from_str(&test.text(&format!("state/certs/{name}/renew.json"))).unwrap()
}

fn acme(test: &Test, args: &[&str]) -> Ran {
    test.certkit(&[&["acme"], args, &["--state", "state"]].concat())
}

#[test]
fn hooks_run_around_an_order_however_it_ends() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let hooks = [
        "--pre-hook=echo pre $CERTKIT_NAMES >> log",
        "--post-hook=echo post $CERTKIT_NAME >> log",
        "--deploy-hook=echo deploy >> log",
    ];
    pebble
        .obtain(&[&["a.test", "b.test"], &hooks[..]].concat())
        .exits(0)
        .says("certkit acme install-timer --");
    assert_eq!(lines(&test, "log"), ["pre a.test b.test", "deploy", "post a.test"]);
    // What is not due needs none.
    pebble.obtain(&["a.test", "b.test"]).exits(0).says("nothing to do");
    assert_eq!(lines(&test, "log").len(), 3);
    acme(&test, &["renew", "--force"]).exits(0);
    assert_eq!(lines(&test, "log").len(), 6, "they are kept for renewals");

    // Nobody answers the challenge there: the order fails, and the second hook runs all the same.
    let orders = pebble.orders();
    let elsewhere = format!("--http=127.0.0.1:{}", free_port());
    pebble.obtain_by(&["a.test", "b.test", "unproved.test", &elsewhere]).exits(1);
    assert_eq!(pebble.orders(), orders + 1);
    assert_eq!(lines(&test, "log")[6..], ["pre a.test b.test unproved.test", "post a.test"]);

    let orders = pebble.orders();
    let ran = pebble.obtain(&[
        "c.test",
        "--pre-hook",
        "echo no such port; exit 3",
        "--post-hook",
        "echo never >> log",
    ]);
    ran.exits(2).says("exited with status 3").says("no such port").says("nothing was ordered");
    assert_eq!((pebble.orders(), lines(&test, "log").len()), (orders, 8));
    // A certificate that is in place stays so.
    pebble.obtain(&["d.test", "--post-hook", "exit 4"]).exits(0).says("exited with status 4");
    assert!(test.path("state/live/d.test").exists());
}

#[test]
fn keys_stay_or_are_known_ahead() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let key = |name: &str| test.text(&format!("state/live/{name}/privkey.pem"));
    let tlsa = |name: &str| {
        let list = acme(&test, &["list", "--format", "json"]).exits(0).report();
        let all = list["certificates"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["tlsa"].clone()
    };
    let ran = pebble.obtain(&["a.test", "--reuse-key"]).exits(0);
    let first = key("a.test");
    assert!(ran.stderr().contains("TLSA record of this key: 3 1 1 "), "{}", ran.stderr());
    acme(&test, &["renew", "--force"]).exits(0);
    assert_eq!(key("a.test"), first);
    assert_eq!(tlsa("a.test").as_array().unwrap().len(), 1);
    // Another kind of key is another key.
    pebble.obtain(&["a.test", "-k", "p384"]).exits(0);
    let second = key("a.test");
    assert_ne!(second, first);
    pebble.obtain(&["a.test", "-k", "p384", "--reuse-key=no", "--force"]).exits(0);
    assert_ne!(key("a.test"), second);
    assert_eq!(tlsa("a.test"), Value::Null);

    pebble.obtain(&["b.test", "--prepare-key"]).exits(0).says("TLSA record of the next key: 3 1 1 ");
    let before = tlsa("b.test");
    assert_eq!(test.mode("state/certs/b.test/next.key.pem") & 0o777, 0o600);
    acme(&test, &["renew", "b.test", "--force"]).exits(0);
    let after = tlsa("b.test");
    assert_eq!(after[0], before[1], "the key that was announced");
    assert_ne!(after[1], before[1]);
    // A certificate that is in place already gets one too.
    pebble.obtain(&["c.test"]).exits(0);
    let ran = pebble.obtain(&["c.test", "--prepare-key"]).exits(0).says("nothing to do");
    ran.says("TLSA record of the next key: 3 1 1 ");
    acme(&test, &["list"]).exits(0).says(&format!("next key {}", after[1].as_str().unwrap()));
}

/// A state with a certificate whose server refuses every connection.
fn unrenewable() -> Test {
    let test = Test::new();
    lego_folder(&test, "lego", "a.example.org");
    acme(&test, &[&["import", "lego"], &LEGO[..]].concat()).exits(0);
    let mut record = record(&test, "a.example.org");
    record["server"] = format!("https://127.0.0.1:{}/dir", free_port()).into();
    record["challenge"] = json!({"http": format!("127.0.0.1:{}", free_port())});
    test.write("state/certs/a.example.org/renew.json", record.to_string());
    test
}

struct Silent;

impl Caller for Silent {
    fn progress(&self, _progress: Progress<'_>) {}

    fn agrees_to(&self, _url: &str) -> bool {
        false
    }

    fn judge(&self, _candidate: &Candidate<'_>) -> Result<Vec<Remark>, Vec<Finding>> {
        Ok(Vec::new())
    }
}

#[test]
fn the_failure_hook_runs_near_the_end_and_once_a_day() {
    let test = unrenewable();
    let log = test.path("failures").display().to_string();
    let mut kept = record(&test, "a.example.org");
    kept["failure_hook"] = format!("echo $CERTKIT_NAME $CERTKIT_HOURS_LEFT >> {log}").into();
    test.write("state/certs/a.example.org/renew.json", kept.to_string());
    let storage = Storage::new(test.path("state"));
    let store = storage.certificate("a.example.org");
    let renewer = Renewer::of_stored(&storage, &store).unwrap().unwrap();
    let leaf = &renewer.current().unwrap().unwrap().chain[0];
    let (begin, end) = (leaf.not_before, leaf.not_after);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fails_at = |now| {
        let urgency = Urgency { retry: true, ..Urgency::default() };
        runtime.block_on(renewer.renew_if_due(&Silent, now, urgency)).unwrap_err();
        lines(&test, "failures")
    };
    assert!(end - begin > Duration::days(300), "a tenth is more than twenty days");
    assert!(fails_at(end - Duration::days(60)).is_empty());
    assert_eq!(fails_at(end - Duration::days(20)), ["a.example.org 480"]);
    assert_eq!(fails_at(end - Duration::days(20) + Duration::hours(5)).len(), 1);
    assert_eq!(fails_at(end - Duration::days(18)).len(), 2);

    // Nothing is tried before a time: somebody must know all the same.
    let now = end - Duration::days(10);
    let until = now + Duration::days(5);
    let mut kept = record(&test, "a.example.org");
    kept["not_before"] = until.format(&Rfc3339).unwrap().into();
    test.write("state/certs/a.example.org/renew.json", kept.to_string());
    for _ in 0..2 {
        let held_back = runtime.block_on(renewer.renew_if_due(&Silent, now, Urgency::default())).unwrap();
        assert!(
            matches!(held_back, RenewalOutcome::HeldBack { until: at, .. } if at == until),
            "{held_back:?}"
        );
        assert_eq!(lines(&test, "failures").len(), 3);
    }
    assert!(renewer.is_near_its_end(now).unwrap());
    assert!(!renewer.is_near_its_end(end - Duration::days(60)).unwrap());
}

#[test]
fn the_pre_hook_runs_for_no_server_that_is_away() {
    let test = unrenewable();
    let mut kept = record(&test, "a.example.org");
    kept["pre_hook"] = "echo pre >> log".into();
    kept["post_hook"] = "echo post >> log".into();
    test.write("state/certs/a.example.org/renew.json", kept.to_string());
    acme(&test, &["renew", "--force"]).exits(75);
    assert!(lines(&test, "log").is_empty());
}

#[test]
fn the_list_is_a_picture_with_the_last_error_and_the_next_try() {
    let test = unrenewable();
    lego_folder(&test, "other", "b.example.org");
    acme(&test, &[&["import", "other"], &LEGO[..]].concat()).exits(0);
    acme(&test, &["renew", "a.example.org", "--force"]).exits(75);
    let text =
        acme(&test, &["list"]).exits(0).says("failed   once, last on ").says("next try after 20").stdout();
    for name in ["a.example.org", "b.example.org"] {
        let line = text.lines().find(|line| line.contains(&format!("  {name}  "))).unwrap();
        assert!(line.starts_with("██████████  ") && line.contains("days left, valid until"), "{line}");
    }
    let json = acme(&test, &["list", "--format", "json"]).exits(0).report();
    assert!(json["certificates"][0]["next_try"].is_string());
    assert!(json["certificates"][1].get("next_try").is_none());
}

#[test]
fn a_unit_is_started_when_a_run_fails() {
    let test = Test::new();
    let timer = ["install-timer", "--dry-run", "--systemd"];
    let text =
        acme(&test, &[&timer[..], &["--on-failure", "mail-failure@%n.service"]].concat()).exits(0).stdout();
    assert!(text.contains("\nOnFailure=mail-failure@%n.service\n"), "{text}");
    assert!(text.contains("\nSuccessExitStatus=75\n"), "what passes by itself wakes nobody: {text}");
    acme(&test, &timer).exits(0).keeps_quiet_about("OnFailure");
    acme(&test, &[&timer[..], &["--on-failure", "a\nExecStart=/bin/x"]].concat())
        .exits(2)
        .says("name of a unit");
    acme(&test, &["install-timer", "--cron", "--dry-run", "--on-failure", "a.service"]).exits(2);
}
