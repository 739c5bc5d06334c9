//! When certkit tries again: pauses that servers ask for, and its own after failures.

use certkit::internals::acme::challenge::ChallengeMethod;
use certkit::internals::acme::storage::Storage;
use certkit::internals::acme::{
    Caller, Candidate, FailedRenewal, Plan, Progress, Remark, RenewalOutcome, Renewer, Urgency,
};
use certkit::internals::finding::Finding;
use certkit::internals::sys::clock::{Clock, SystemClock};
use time::{Duration, OffsetDateTime};

use crate::acme_front::{Class, Fault, Front};
use crate::harness::Test;
use crate::pebble::Pebble;
use crate::process::free_port;

#[test]
fn obtain_keeps_the_pause_that_the_server_asks_for() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::NewOrder, Fault::rate_limited("7200"));
    front.obtain(&["a.test"]).exits(75).says("too many requests today").says("Run it again after");
    let requests = front.requests();
    front
        .obtain(&["a.test"])
        .exits(75)
        .says("try_later")
        .says("the server has asked for a pause")
        .says("too many requests today")
        .says("--force");
    assert_eq!(front.requests(), requests);
    // It was for these names alone.
    front.obtain(&["b.test"]).exits(0);
    front.obtain(&["a.test", "--force"]).exits(0);
    assert_eq!(pebble.certificates(), 2);
}

#[test]
fn a_pause_that_obtain_was_asked_for_is_kept_by_renew_too() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    front.on(Class::NewOrder, Fault::rate_limited("7200"));
    front.obtain(&["a.test", "--force"]).exits(75);
    let renewer = renewer(&test, pebble.http_port, &pebble, front.directory());
    let (now, due) = (SystemClock.now(), renewer.current().unwrap().unwrap().due.at);
    let paused = front.requests();
    // The renewal is not due for years, and then the pause is over; another key makes it due now.
    test.certkit(&["acme", "renew", "--state", "state"]).exits(0);
    front.obtain(&["a.test", "-k", "p384"]).exits(75).says("the server has asked for a pause");
    let orders = front.count(Class::NewOrder);
    assert_eq!(orders, 2, "{paused}");
    assert!(due > now + Duration::days(365));
    assert!(matches!(renew_if_due(&renewer, due, Urgency::default()), Ok(RenewalOutcome::Renewed(_))));
}

#[test]
fn no_pause_is_above_a_tenth_of_what_is_left_and_none_breaks_the_limit_of_failed_validations() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let renewer = renewer(&test, pebble.http_port, &pebble, front.directory());
    let Ok(RenewalOutcome::Renewed(first)) = renew_if_due(&renewer, SystemClock.now(), Urgency::default())
    else {
        panic!("not obtained")
    };
    let end = first.chain[0].not_after;
    // The server is away for a day, and 20 hours before the end it asks for a day's patience.
    front.on(Class::NewOrder, Fault::rate_limited("86400"));
    let now = end - Duration::hours(20);
    assert_eq!(next_try(&renewer, now) - now, Duration::hours(2));
    front.on(Class::NewOrder, Fault::rate_limited("86400"));
    let now = end - Duration::hours(1);
    assert_eq!(next_try(&renewer, now) - now, Duration::minutes(6));

    // Nobody answers the challenge, and the certificate is about to end: the server's limit is kept nevertheless.
    // A name besides: Pebble accepts one order in a hundred by the proof of an earlier one.
    let renewer = renewer_of(&["a.test", "b.test"], &test, free_port(), &pebble, front.directory());
    let begin = end - Duration::minutes(50);
    let (mut now, mut tries) = (begin, 0);
    while now < begin + Duration::hours(3) {
        now = next_try(&renewer, now);
        tries += 1;
    }
    // Five a name and hour are allowed by Let's Encrypt.
    assert!((4..=3 * 4).contains(&tries), "{tries} failed validations in three hours");
}

/// When a renewal that fails at `now` is tried again.
#[track_caller]
fn next_try(renewer: &Renewer, now: OffsetDateTime) -> OffsetDateTime {
    match renew_if_due(renewer, now, Urgency::default()) {
        Err(FailedRenewal { next_try: Some(next), .. }) => next,
        other => panic!("{other:?}"),
    }
}

/// A renewer of a.test at the server of `directory`, which looks for answers on this port or on another.
fn renewer(test: &Test, http_port: u16, pebble: &Pebble<'_>, directory: &str) -> Renewer {
    renewer_of(&["a.test"], test, http_port, pebble, directory)
}

fn renewer_of(names: &[&str], test: &Test, http_port: u16, pebble: &Pebble<'_>, directory: &str) -> Renewer {
    let address = format!("127.0.0.1:{http_port}").parse().unwrap();
    let plan = Plan {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        server: directory.to_owned(),
        ca_roots: Some(pebble.https_ca()),
        ..Plan::new(ChallengeMethod::Http(address))
    };
    Renewer::new(plan, Storage::new(test.path("state")))
}

pub(crate) fn renew_if_due(
    renewer: &Renewer,
    now: OffsetDateTime,
    urgency: Urgency,
) -> Result<RenewalOutcome, FailedRenewal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(renewer.renew_if_due(&Agreeable, now, urgency))
}

/// Agrees to everything.
pub(crate) struct Agreeable;

impl Caller for Agreeable {
    fn progress(&self, _progress: Progress<'_>) {}

    fn agrees_to(&self, _url: &str) -> bool {
        true
    }

    fn judge(&self, _candidate: &Candidate<'_>) -> Result<Vec<Remark>, Vec<Finding>> {
        Ok(Vec::new())
    }
}
