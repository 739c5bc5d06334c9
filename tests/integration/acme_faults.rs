//! `certkit acme` when things go wrong: faults of the server, of the network and of this machine.
//!
//! The front before Pebble ([`Front`]) does the harm, and counts what was asked how often.

use std::env;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::acme_front::{Class, Fault, Front, RenewalInfo};
use crate::harness::Test;
use crate::pebble::Pebble;
use crate::peers::peer;

/// Every request of a first run, in its order.
const JOURNEY: [Class; 8] = [
    Class::Directory,
    Class::NewNonce,
    Class::NewAccount,
    Class::NewOrder,
    Class::Authz,
    Class::Challenge,
    Class::Finalize,
    Class::Certificate,
];

#[test]
fn a_journey_through_the_front_has_every_request_once() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    for class in JOURNEY {
        assert_eq!(front.count(class), 1, "{class:?}");
    }
    assert_eq!((front.count(Class::Other), front.faults()), (0, 0));
    let identifiers = serde_json::json!([{"type": "dns", "value": "a.test"}]);
    assert_eq!(front.payloads(Class::NewOrder)[0]["identifiers"], identifiers);
    // RFC 8555 section 6.2: the new account shows its key, everything later names the account.
    for exchange in front.exchanges().iter().filter(|exchange| exchange.method == "POST") {
        let shows_key = exchange.class == Class::NewAccount;
        assert_eq!(exchange.protected["jwk"].is_object(), shows_key, "{exchange}");
        assert_eq!(exchange.protected["kid"].is_string(), !shows_key, "{exchange}");
    }
    assert_eq!(front.payloads(Class::Authz), [Value::Null], "POST-as-GET");
}

#[test]
fn the_front_adds_what_pebble_lacks() {
    let test = Test::new();
    let (Some(curl), Some(pebble)) = (peer("curl"), Pebble::start(&test)) else { return };
    let front = Front::start(&test, &pebble);
    let ca = pebble.https_ca().display().to_string();
    let get = |url: &str| test.run(&curl, &["-sSfi", "--http1.1", "--cacert", &ca, url]).exits(0);
    assert!(!get(front.directory()).all().contains("renewalInfo"));

    front.set_renewal_info(RenewalInfo::not_due());
    front.offer_profiles(&[("classic", "as ever")]);
    let answer = get(front.directory()).says("as ever").stdout();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let directory: Value = serde_json::from_str(body).unwrap();
    let url = format!("{}/a.b", directory["renewalInfo"].as_str().unwrap());
    get(&url).says("suggestedWindow").says("retry-after: 21600");
    front.set_renewal_info(RenewalInfo { retry_after: None, ..RenewalInfo::due() });
    get(&url).keeps_quiet_about("retry-after");
    assert_eq!((front.count(Class::Directory), front.count(Class::RenewalInfo)), (2, 2));

    // The payload is {"replaces": "a.b"}.
    let order = ["-si", "--cacert", &ca, "-d", r#"{"payload":"eyJyZXBsYWNlcyI6ICJhLmIifQ","signature":"s"}"#];
    let url = directory["newOrder"].as_str().unwrap();
    let place =
        || test.run(&curl, &[&order[..], &["-H", "content-type: application/jose+json", url]].concat());
    place().says("400").keeps_quiet_about("alreadyReplaced");
    front.all_are_replaced();
    place().says("409").says("alreadyReplaced").says("replay-nonce");
    front.seen_twice("the whole signed request");
}

#[test]
fn a_503_at_any_point_is_ridden_over() {
    ridden_over(Fault::unavailable);
}

#[test]
fn a_lost_answer_at_any_point_is_ridden_over() {
    ridden_over(|| Fault::Lose);
}

#[test]
fn an_answer_cut_in_the_middle_at_any_point_is_ridden_over() {
    ridden_over(|| Fault::Truncate);
}

#[test]
fn a_rate_limit_that_passes_is_waited_for_at_any_point() {
    ridden_over(|| Fault::rate_limited("1"));
}

/// One fault at each point of a journey of its own; every one ends with one account and one certificate.
#[track_caller]
fn ridden_over(fault: impl Fn() -> Fault) {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    // All stay: a port that is free again may be the next one's, and an account belongs to an address.
    let mut fronts = Vec::new();
    for (number, class) in JOURNEY.into_iter().enumerate() {
        fronts.push(Front::start(&test, &pebble));
        let Some(front) = fronts.last() else { return };
        front.on(class, fault());
        front.obtain(&[&format!("n{number}.test")]).exits(0);
        assert_eq!(front.faults(), 1, "{class:?}");
        let so_far = number + 1;
        let made = (pebble.accounts(), pebble.orders(), pebble.certificates());
        assert_eq!(made, (so_far, so_far, so_far), "{class:?}");
    }
}

#[test]
fn an_answer_that_lacks_its_second_half_is_asked_for_again() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let classes = [Class::NewAccount, Class::NewOrder, Class::Authz, Class::Challenge, Class::Finalize];
    for (number, class) in classes.into_iter().enumerate() {
        let front = Front::start(&test, &pebble);
        front.on(class, Fault::Halve);
        front.obtain(&[&format!("n{number}.test")]).exits(0);
        assert_eq!(front.faults(), 1, "{class:?}");
    }
}

#[test]
fn a_rate_limit_of_an_hour_ends_the_run_and_says_until_when() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::NewOrder, Fault::rate_limited("3600"));
    front
        .obtain(&["a.test"])
        .exits(75)
        .says("try_later")
        .says("too many requests today")
        .says("again after 20");
    // The next run keeps the pause, and asks for nothing.
    front.obtain(&["a.test"]).exits(75).says("again after 20");
    assert_eq!(front.count(Class::NewOrder), 1);
    front.obtain(&["a.test", "--force"]).exits(0);
    assert_eq!((pebble.accounts(), pebble.orders()), (1, 1));
}

#[test]
fn a_server_that_stays_away_ends_the_run_and_the_next_goes_on() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.always(Class::Finalize, Fault::unavailable());
    front.obtain(&["a.test"]).exits(75).says("try_later").says("503");
    assert!(front.count(Class::Finalize) > 2);
    front.be_kind();
    front.obtain(&["a.test"]).exits(0).says("an earlier run");
    assert_eq!((pebble.accounts(), pebble.orders(), pebble.certificates()), (1, 1, 1));
}

#[test]
fn a_slow_answer_is_waited_for() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let pause = Duration::from_millis(1500);
    front.on(Class::Finalize, Fault::Delay(pause));
    let start = Instant::now();
    front.obtain(&["a.test"]).exits(0);
    assert!(start.elapsed() > pause);
    assert_eq!((front.count(Class::Finalize), pebble.certificates()), (1, 1));
}

#[test]
fn what_the_server_refuses_is_said_once_and_not_asked_again() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::NewOrder, Fault::problem(403, "rejectedIdentifier", "not this name"));
    front.obtain(&["a.test"]).exits(1).says("acme_failed").says("not this name");
    assert_eq!(front.count(Class::NewOrder), 1);
    assert!(!test.path("state/live/a.test").exists());
}

#[test]
fn a_page_of_html_is_no_directory() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::Directory, Fault::html(200));
    front.obtain(&["a.test"]).exits(2).says("is not an ACME directory").says("--server https://");
    assert_eq!(front.requests(), 1);
    front.on(Class::Directory, Fault::html(404));
    front.obtain(&["a.test"]).exits(2).says("is not an ACME directory");
    assert_eq!(pebble.requests(), 0);
}

#[test]
fn what_is_not_due_sends_nothing() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    let requests = front.requests();
    front.obtain(&["a.test"]).exits(0).says("nothing to do");
    assert_eq!(front.requests(), requests);
}

#[test]
fn a_fault_at_a_later_name_does_not_begin_from_the_first() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on_nth(Class::Challenge, 2, Fault::Lose);
    front.on_nth(Class::Authz, 3, Fault::unavailable());
    front.obtain(&["a.test", "b.test", "c.test"]).exits(0);
    assert_eq!(front.faults(), 2);
    // The lost answer belonged to a challenge that the server had taken: it is not taken again.
    let good = front.exchanges().iter().filter(|seen| seen.class == Class::Challenge).count();
    assert_eq!(good, 3);
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1));
}

/// `CERTKIT_ACME_RUNS` says how often; `make soak` has twenty.
#[test]
fn a_hundred_names_come_every_time_while_a_fifth_of_all_nonces_is_refused() {
    let runs = env::var("CERTKIT_ACME_RUNS").map_or(2, |runs| runs.parse().unwrap());
    let test = Test::new();
    let knobs = [("PEBBLE_WFE_NONCEREJECT", "20"), ("PEBBLE_VA_NOSLEEP", "1")];
    let Some(pebble) = Pebble::start_with(&test, &knobs) else { return };
    for run in 0..runs {
        // Each front is another server to certkit, with a new account.
        let front = Front::start(&test, &pebble);
        let names: Vec<_> = (0..100).map(|number| format!("n{number}.run{run}.test")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        front.obtain(&names).exits(0);
        let refused = front.exchanges().iter().filter(|seen| seen.status == Some(400)).count();
        assert!(refused > 20, "only {refused} nonces were refused");
    }
    assert_eq!((pebble.accounts(), pebble.orders(), pebble.certificates()), (runs, runs, runs));
}
