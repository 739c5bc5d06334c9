//! Renewal, revocation and hooks when things go wrong, and what hostile words do there.

use rustix::process::Signal;
use serde_json::Value;
use time::Duration;

use crate::acme_front::{Class, Fault, Front, RenewalInfo};
use crate::acme_hostile::{HOSTILE, is_harmless};
use crate::harness::{Program, Ran, Test, certkit, eventually};
use crate::pebble::Pebble;
use crate::process::Process;

/// Every request of a renewal by a known account, in its order.
const JOURNEY: [Class; 8] = [
    Class::Directory,
    Class::RenewalInfo,
    Class::NewNonce,
    Class::NewOrder,
    Class::Authz,
    Class::Challenge,
    Class::Finalize,
    Class::Certificate,
];

#[test]
fn a_fault_at_any_point_of_a_renewal_is_ridden_over() {
    for fault in [Fault::unavailable(), Fault::Lose, Fault::Truncate, Fault::rate_limited("1")] {
        let test = Test::new();
        let Some(pebble) = Pebble::start(&test) else { return };
        let front = Front::start(&test, &pebble);
        front.set_renewal_info(RenewalInfo::due());
        front.obtain(&["a.test"]).exits(0);
        let mut made = 1;
        for (number, class) in JOURNEY.into_iter().enumerate() {
            front.on(class, fault.clone());
            // Pebble remembers a validation now and then, whatever it is told, and asks for no challenge.
            while front.faults() == number {
                // Forced, because a renewal information that did not come is asked for again in an hour.
                renew(&test, &["--force", "--refresh-ari", "--exit-code-if-renewed", "9"]).exits(9);
                made += 1;
                assert_eq!((pebble.orders(), pebble.certificates()), (made, made), "{fault:?} at {class:?}");
            }
        }
    }
}

#[test]
fn a_lost_answer_to_an_order_that_replaces_is_found_again() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::due());
    front.obtain(&["a.test"]).exits(0);
    front.on(Class::NewOrder, Fault::Lose);
    renew(&test, &["--exit-code-if-renewed", "9"]).exits(9);
    // Asking again would be refused as `alreadyReplaced`, and without `replaces` it counts against limits.
    let orders = front.payloads(Class::NewOrder);
    assert!(orders[1..].iter().all(|order| order["replaces"].is_string()), "{orders:?}");
    assert_eq!((pebble.orders(), pebble.certificates()), (2, 2));
}

#[test]
fn a_renewal_killed_anywhere_is_continued() {
    for hold in [Fault::HoldRequest, Fault::HoldAnswer] {
        let test = Test::new();
        let Some(pebble) = Pebble::start(&test) else { return };
        let front = Front::start(&test, &pebble);
        front.set_renewal_info(RenewalInfo::due());
        front.obtain(&["a.test"]).exits(0);
        let points = [Class::NewOrder, Class::Authz, Class::Challenge, Class::Finalize, Class::Certificate];
        let mut made = 1;
        for class in points {
            front.on(class, hold.clone());
            let before = loop {
                let before = test.text("state/live/a.test/fullchain.pem");
                let proved = pebble.logged("set VALID");
                let mut run = Process::start(&test, renewal(&test, &["--force"]));
                if front.holds_before_the_end(&mut run) {
                    if class == Class::Challenge && matches!(hold, Fault::HoldAnswer) {
                        // A server that looks for the answer of a dead process finds none, and that ends the order.
                        eventually("the validation", || (pebble.logged("set VALID") > proved).then_some(()));
                    }
                    run.signal(Signal::KILL);
                    run.wait();
                    break before;
                }
                // Pebble has remembered a validation, as it does now and then, and asked for no challenge.
                made += 1;
            };
            assert_eq!(test.text("state/live/a.test/fullchain.pem"), before);
            renew(&test, &["--force", "--exit-code-if-renewed", "9"]).exits(9);
            assert_ne!(test.text("state/live/a.test/fullchain.pem"), before);
            made += 1;
            assert_eq!((pebble.orders(), pebble.certificates()), (made, made), "{hold:?} at {class:?}");
        }
    }
}

#[test]
fn a_run_killed_in_its_deploy_hook_runs_the_hook_again_and_nothing_else() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let hook = "echo ran >> hooked; test -e spare || { touch spare; kill -9 $PPID; }";
    let ran = front.obtain(&["a.test", "--deploy-hook", hook]);
    assert!(!ran.succeeded());
    assert!(test.path("state/live/a.test/fullchain.pem").exists());
    let requests = front.requests();
    front.obtain(&["a.test"]).exits(0);
    assert_eq!((test.text("hooked").as_str(), front.requests()), ("ran\nran\n", requests));
    front.obtain(&["a.test"]).exits(0).says("nothing to do");
    assert_eq!(test.text("hooked"), "ran\nran\n");
}

#[test]
fn a_revocation_whose_answer_was_lost_has_happened() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    for (name, args) in [("a.test", &[][..]), ("b.test", &["--with-certificate-key"][..])] {
        front.obtain(&[name]).exits(0);
        front.on(Class::RevokeCert, Fault::Lose);
        test.certkit(&[&["acme", "revoke", name, "--state", "state"], args].concat()).exits(0);
    }
    assert_eq!(front.count(Class::RevokeCert), 4);
}

#[test]
fn an_account_that_the_server_has_forgotten_is_made_again() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    front.on(Class::NewOrder, Fault::problem(400, "accountDoesNotExist", "who are you"));
    renew(&test, &["--force", "--exit-code-if-renewed", "9"]).exits(9);
    assert_eq!((front.count(Class::NewAccount), pebble.accounts()), (2, 1));
    // One that never knows it is not asked for ever.
    front.always(Class::NewOrder, Fault::problem(400, "accountDoesNotExist", "who are you"));
    renew(&test, &["--force"]).exits(1).says("who are you");
    assert!(front.count(Class::NewAccount) <= 4);
}

#[test]
fn nonces_are_tried_often_and_not_for_ever() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let refused = || Fault::problem(400, "badNonce", "not this one");
    front.on_times(Class::NewOrder, 10, refused());
    front.obtain(&["a.test"]).exits(0);
    assert_eq!(front.count(Class::NewOrder), 11);
    front.always(Class::NewOrder, refused());
    let ran = front.obtain(&["b.test"]);
    assert!(!ran.succeeded());
    assert!(front.count(Class::NewOrder) < 11 + 60, "{}", front.count(Class::NewOrder));
}

#[test]
fn renewal_information_that_makes_no_sense_changes_nothing() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::not_due());
    front.obtain(&["a.test"]).exits(0);
    renew(&test, &[]).exits(0);
    let before = record(&test)["window"].clone();
    assert!(before["start"].is_string());
    for body in [
        "",
        "[]",
        "{}",
        r#"{"suggestedWindow":{"start":"soon","end":"later"}}"#,
        r#"{"suggestedWindow":{"start":"2020-01-01T00:00:00Z","end":"2020-01-01T00:00:00Z"}}"#,
        r#"{"suggestedWindow":{"start":"9999-12-30T00:00:00Z","end":"9999-12-31T00:00:00Z"}}"#,
        r#"{"suggestedWindow":{"start":"2020-01-01T00:00:00Z"}}"#,
    ] {
        let answer = |content_type| Fault::Answer {
            status: 200,
            content_type,
            body: body.to_owned(),
            retry_after: Some("-1"),
        };
        front.on_times(Class::RenewalInfo, 9, answer("application/json"));
        renew(&test, &["--refresh-ari"]).exits(0);
        front.be_kind();
        assert_eq!(record(&test)["window"], before, "{body}");
    }
    front.on(Class::RenewalInfo, Fault::html(200));
    renew(&test, &["--refresh-ari"]).exits(0);
    assert_eq!((record(&test)["window"].clone(), pebble.orders()), (before, 1));
    // A window without an end: the certificate's own end is the latest.
    front.set_renewal_info(RenewalInfo::window(Duration::days(60), Duration::days(365 * 900)));
    renew(&test, &["--refresh-ari"]).exits(0);
    assert!(record(&test)["window"]["chosen"].as_str().unwrap() < "2100", "{}", record(&test)["window"]);
}

#[test]
fn hostile_words_about_renewal_and_profiles_are_shown_harmless() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.offer_profiles(&[("classic", HOSTILE), (HOSTILE, HOSTILE)]);
    is_harmless(&test, &front.obtain(&["a.test", "--profile", "other"]).exits(2).says("classic"));
    front.set_renewal_info(RenewalInfo { explanation: Some(HOSTILE.to_owned()), ..RenewalInfo::not_due() });
    front.obtain(&["a.test"]).exits(0);
    is_harmless(&test, &renew(&test, &[]).exits(0));
    is_harmless(&test, &renew(&test, &["--refresh-ari", "--format", "json"]).exits(0));
    is_harmless(&test, &test.certkit(&["acme", "list", "--state", "state"]));
    front.on_times(Class::NewOrder, 2, Fault::problem(403, "rejectedIdentifier", HOSTILE));
    is_harmless(&test, &renew(&test, &["--force"]).exits(1));
    is_harmless(&test, &test.certkit(&["acme", "list", "--state", "state"]));
    is_harmless(&test, &test.certkit(&["acme", "list", "--state", "state", "--format", "json"]));
    front.on(Class::Account, Fault::problem(403, "unauthorized", HOSTILE));
    is_harmless(&test, &test.certkit(&["acme", "account", "show", "--state", "state"]).exits(1));
    front.on(Class::RevokeCert, Fault::problem(403, "unauthorized", HOSTILE));
    is_harmless(&test, &test.certkit(&["acme", "revoke", "a.test", "--state", "state"]).exits(1));
}

fn renew(test: &Test, args: &[&str]) -> Ran {
    renewal(test, args).run()
}

fn renewal<'a>(test: &'a Test, args: &[&str]) -> Program<'a> {
    test.program(certkit()).args(["acme", "renew", "--state", "state"]).args(args)
}

fn record(test: &Test) -> Value {
    serde_json::from_str(&test.text("state/certs/a.test/renew.json")).unwrap()
}
