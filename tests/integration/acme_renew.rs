//! `certkit acme renew` and the [`Renewer`] under it: when it renews, whom it asks, how it fails.
//!
//! What takes days is tried with the time as a parameter, inside this process; the rest with the program.

use certkit::internals::acme::challenge::ChallengeMethod;
use certkit::internals::acme::storage::Storage;
use certkit::internals::acme::{
    Caller, Candidate, FailedRenewal, Plan, Progress, Remark, RenewalOutcome, Renewer, Urgency,
};
use certkit::internals::finding::Finding;
use certkit::internals::sys::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::acme_front::{Class, Fault, Front, RenewalInfo};
use crate::harness::{Ran, Test, eventually};
use crate::pebble::{Pebble, add_name};
use crate::process::free_port;

fn renew(test: &Test, args: &[&str]) -> Ran {
    test.certkit(&[&["acme", "renew", "--state", "state"], args].concat())
}

fn states(ran: &Ran) -> Vec<(String, String)> {
    let json = ran.report();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = json["certificates"].as_array().unwrap();
    all.iter().map(|one| (text(&one["name"]), text(&one["state"]))).collect()
}

fn state(name: &str, state: &str) -> (String, String) {
    (name.to_owned(), state.to_owned())
}

/// What is kept of a certificate.
fn record(test: &Test, name: &str) -> Value {
    serde_json::from_str(&test.text(&format!("state/certs/{name}/renew.json"))).unwrap()
}

/// Changes what is kept of a certificate.
fn edit(test: &Test, name: &str, change: impl FnOnce(&mut Value)) {
    let mut record = record(test, name);
    change(&mut record);
    test.write(&format!("state/certs/{name}/renew.json"), record.to_string());
}

#[test]
fn nothing_is_renewed_before_its_time_and_the_server_is_asked_as_often_as_it_wishes() {
    let test = Test::new();
    renew(&test, &[]).exits(0).says("no certificates");
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo {
        explanation: Some("https://ca.test/why\u{1b}[2J".into()),
        ..RenewalInfo::not_due()
    });
    front.obtain(&["a.test"]).exits(0);
    front.obtain(&["b.test"]).exits(0);
    assert_eq!(front.count(Class::RenewalInfo), 0, "obtaining asks nothing that can wait");
    let ran = renew(&test, &["--exit-code-if-renewed", "9", "--format", "json"]).exits(0);
    assert_eq!(states(&ran), [state("a.test", "not_due"), state("b.test", "not_due")]);
    assert!(ran.stderr().contains("ca.test/why") && !ran.stderr().contains('\u{1b}'));
    assert_eq!(front.count(Class::RenewalInfo), 2);
    let chosen = record(&test, "a.test")["window"].clone();
    // RFC 9773 section 4.1: two parts in base64url.
    assert_eq!(chosen["certificate"].as_str().unwrap().split('.').count(), 2);

    // The server wants to be asked in six hours.
    let requests = front.requests();
    renew(&test, &[]).exits(0).says("a.test").says("renews after");
    assert_eq!(front.requests(), requests);
    renew(&test, &["a.test", "--refresh-ari"]).exits(0);
    assert_eq!(front.requests(), requests + 2);
    edit(&test, "b.test", |record| record["ask_again"] = json!("2020-01-01T00:00:00Z"));
    renew(&test, &[]).exits(0);
    assert_eq!(front.requests(), requests + 4);

    // A new window in the past.
    front.set_renewal_info(RenewalInfo::due());
    let ran = renew(&test, &["a.test", "--refresh-ari", "--exit-code-if-renewed", "9"]).exits(9);
    ran.says("renewed, valid until").keeps_quiet_about("b.test");
    assert_eq!(pebble.certificates(), 3);
    let payloads = front.payloads(Class::NewOrder);
    assert_eq!(payloads[2]["replaces"], chosen["certificate"]);
    assert!(payloads[0].get("replaces").is_none());
    renew(&test, &["x.test"]).exits(2).says("x.test").says("certkit acme list");
}

#[test]
fn the_chosen_point_stays_while_the_window_stays() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    // A server without renewal information is asked again the next day.
    renew(&test, &[]).exits(0);
    let requests = front.requests();
    renew(&test, &[]).exits(0);
    assert_eq!((front.requests(), front.count(Class::RenewalInfo)), (requests, 0));
    assert_eq!(record(&test, "a.test")["window"], Value::Null);

    front.set_renewal_info(RenewalInfo::not_due());
    renew(&test, &["--refresh-ari"]).exits(0);
    let window = record(&test, "a.test")["window"].clone();
    let (start, end, chosen) = (&window["start"], &window["end"], &window["chosen"]);
    assert!((start.as_str()..end.as_str()).contains(&chosen.as_str()), "{window}");
    test.certkit(&["acme", "list", "--state", "state"]).exits(0).says("chosen by the server");
    // What makes no sense changes nothing and fails nothing.
    front.set_renewal_info(RenewalInfo::window(Duration::days(3), Duration::days(2)));
    renew(&test, &["--refresh-ari"]).exits(0).says("did not say when to renew");
    front.on(Class::RenewalInfo, Fault::problem(404, "malformed", "never heard of it"));
    renew(&test, &["--refresh-ari"]).exits(0).says("never heard of it");
    assert_eq!(record(&test, "a.test")["window"], window);
    front.obtain(&["a.test"]).exits(0).says("the server asks for that");
}

#[test]
fn a_certificate_that_is_replaced_already_is_ordered_once_more_without_that() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::due());
    front.obtain(&["a.test"]).exits(0);
    front.all_are_replaced();
    renew(&test, &[]).exits(0).says("renewed");
    let replaces: Vec<_> =
        front.payloads(Class::NewOrder).iter().map(|order| order.get("replaces").is_some()).collect();
    assert_eq!(replaces, [false, true, false]);
    assert_eq!((pebble.orders(), pebble.certificates()), (2, 2));
}

#[test]
fn one_that_fails_does_not_stop_the_others_and_is_left_alone_for_a_while() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::due());
    for name in ["a.test", "b.test", "c.test"] {
        front.obtain(&[name]).exits(0);
    }
    // b.test's new name is proved where nobody answers, c.test's record is broken.
    add_name(&test, "b.test", "new.b.test");
    edit(&test, "b.test", |record| {
        record["challenge"] = json!({"http": format!("127.0.0.1:{}", free_port())})
    });
    test.write("state/certs/c.test/renew.json", "{");
    let ran = renew(&test, &["--format", "json"]).exits(1);
    assert_eq!(
        states(&ran),
        [state("a.test", "renewed"), state("b.test", "failed"), state("c.test", "failed")]
    );
    let json = ran.report();
    assert!(json["certificates"][1]["reason"].as_str().unwrap().contains("validation failed"));
    assert_eq!(json["certificates"][1]["findings"][0]["code"], "acme_failed");

    front.set_renewal_info(RenewalInfo::not_due());
    let orders = pebble.orders();
    renew(&test, &["a.test", "b.test"])
        .exits(75)
        .says("failed earlier; next attempt after")
        .says("validation failed");
    test.certkit(&["acme", "list", "--state", "state"]).exits(2).says("failed   once").says("c.test");
    assert_eq!(pebble.orders(), orders);
    // Mended, and not waited for.
    front.obtain(&["b.test", "--force"]).exits(0);
    renew(&test, &["b.test"]).exits(0);
    assert_eq!(record(&test, "b.test")["failures"], 0);
}

#[test]
fn a_server_that_is_away_means_try_later() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    front.on(Class::NewOrder, Fault::rate_limited("7200"));
    renew(&test, &["--force"])
        .exits(75)
        .says("the server is unavailable; next attempt after")
        .says("too many requests today");
    let (now, record) = (SystemClock.now(), record(&test, "a.test"));
    let not_before = record["not_before"].as_str().unwrap();
    let format = time::format_description::well_known::Rfc3339;
    let pause = OffsetDateTime::parse(not_before, &format).unwrap() - now;
    assert!(pause > Duration::minutes(115) && pause <= Duration::minutes(120), "{pause}");
    // It is not due, so that nothing hangs on it.
    renew(&test, &[]).exits(0);
    renew(&test, &["--force"]).exits(0);
}

#[test]
fn limits_that_servers_have_are_kept_here() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    for _ in 0..4 {
        front.obtain(&["a.test", "--force"]).exits(0);
    }
    let requests = front.requests();
    front
        .obtain(&["a.test", "-k", "p384"])
        .exits(75)
        .says("try_later")
        .says("last seven days")
        .says("--force");
    assert_eq!(front.requests(), requests);
    front.obtain(&["a.test", "b.test"]).exits(0);
    front.obtain(&["a.test", "-k", "p384", "--force"]).exits(0);

    let mut args = front.args();
    args[0] = format!("--http=127.0.0.1:{}", free_port());
    let fail = || {
        let program = test.program(crate::harness::certkit());
        program.args(["acme", "obtain", "c.test", "--agree-tos"]).args(&args).run()
    };
    for _ in 0..3 {
        fail().exits(1);
    }
    let requests = front.requests();
    fail().exits(75).says("c.test has failed 3 times in the last hour");
    assert_eq!(front.requests(), requests);
    front.obtain(&["d.test"]).exits(0);
}

#[test]
fn four_renewals_at_once_place_one_order() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    front.set_renewal_info(RenewalInfo::due());
    front.on(Class::NewOrder, Fault::Delay(std::time::Duration::from_millis(500)));
    let start = || {
        let program = test.program(crate::harness::certkit()).args(["acme", "renew", "--state", "state"]);
        crate::process::Process::start(&test, program)
    };
    let mut runs: Vec<_> = (0..4).map(|_| start()).collect();
    // The new certificate has the same window, in the past; a server would give it another.
    eventually("an order is asked for", || (front.count(Class::NewOrder) > 1).then_some(()));
    front.set_renewal_info(RenewalInfo::not_due());
    for run in &mut runs {
        assert!(run.wait().success(), "{}", run.log());
    }
    assert_eq!((pebble.orders(), pebble.certificates()), (2, 2));
}

#[test]
fn everything_in_the_state_directory_is_private_under_umask_000() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::due());
    let run = |args: &[&str]| {
        test.program(crate::harness::certkit()).umask("000").args(args).args(["--state", "state"]).run()
    };
    front.program(&["a.test", "--deploy-hook", "exit 1"]).umask("000").run().exits(3);
    run(&["acme", "renew"]).exits(3);
    run(&["acme", "account", "rollover"]).exits(0);
    run(&["acme", "revoke", "a.test"]).exits(0);
    let mut seen = 0;
    for (path, (mode, contents)) in test.files() {
        if !path.starts_with("state") || test.path(&path).is_symlink() {
            continue;
        }
        seen += 1;
        let expected = match contents {
            _ if test.path(&path).is_dir() => 0o700,
            contents if contents.starts_with(b"-----BEGIN CERTIFICATE") => 0o644,
            _ => 0o600,
        };
        assert_eq!(mode, expected, "{} has mode {mode:o}", path.display());
    }
    assert!(seen > 15, "only {seen} files");
}

#[test]
fn a_renewer_obtains_renews_by_the_lifetime_and_says_when_to_check_next() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let renewer = renewer(&test, &pebble, front.directory());
    let now = SystemClock.now();
    assert!(renewer.current().unwrap().is_none());
    assert!(renewer.next_check().unwrap() <= now, "there is none, so check now");
    let Ok(RenewalOutcome::Renewed(first)) = renew_if_due(&renewer, now, Urgency::default()) else {
        panic!("not obtained")
    };
    assert!(renewer.next_check().unwrap() <= now, "the server has not been asked yet");
    let Ok(RenewalOutcome::NotDue(_)) = renew_if_due(&renewer, now, Urgency::default()) else {
        panic!("it is not due")
    };
    let next = renewer.next_check().unwrap();
    assert!(next - now > Duration::hours(23), "this server has no renewal information, and may learn it");

    // Pebble's certificates last for five years.
    let leaf = &first.chain[0];
    let due = leaf.not_after - (leaf.not_after - leaf.not_before) / 3;
    assert!(matches!(
        renew_if_due(&renewer, due - Duration::minutes(1), Urgency::default()),
        Ok(RenewalOutcome::NotDue(current)) if current.due.at == due && !current.due.by_server
    ));
    assert!(matches!(renew_if_due(&renewer, due, Urgency::default()), Ok(RenewalOutcome::Renewed(_))));
    assert_eq!((pebble.orders(), pebble.certificates()), (2, 2));
    // A restart changes nothing.
    let again = self::renewer(&test, &pebble, front.directory());
    assert!(matches!(renew_if_due(&again, now, Urgency::default()), Ok(RenewalOutcome::NotDue(_))));
    let Ok(RenewalOutcome::Renewed(_)) =
        renew_if_due(&again, now, Urgency { force: true, ..Urgency::default() })
    else {
        panic!("it was forced");
    };
}

#[test]
fn a_renewer_keeps_stored_settings_and_leaves_a_revoked_certificate_alone() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.offer_profiles(&[("tlsserver", "45 days")]);
    // Run once by a program in the test's folder, and once by this process in its own.
    let hook = format!("echo ran >> {}", test.path("ran").display());
    front.obtain(&["a.test", "--profile", "tlsserver", "--deploy-hook", &hook]).exits(0);
    let renewer = renewer(&test, &pebble, front.directory());
    let now = SystemClock.now();
    assert!(matches!(renew_if_due(&renewer, now, Urgency::default()), Ok(RenewalOutcome::NotDue(_))));
    assert!(renewer.next_check().unwrap() > now, "it is the planned one");
    let force = Urgency { force: true, ..Urgency::default() };
    let Ok(RenewalOutcome::Renewed(obtained)) = renew_if_due(&renewer, now, force) else {
        panic!("it was forced")
    };
    assert_eq!(obtained.hook.unwrap().failure, None);
    assert_eq!(test.text("ran"), "ran\nran\n");
    assert_eq!(front.payloads(Class::NewOrder)[1]["profile"], "tlsserver");

    test.certkit(&["acme", "revoke", "a.test", "--state", "state"]).exits(0);
    assert!(matches!(renew_if_due(&renewer, now, Urgency::default()), Ok(RenewalOutcome::Revoked)));
    assert!(renewer.next_check().unwrap() > now + Duration::days(365));
    assert_eq!(front.count(Class::NewOrder), 2);
}

#[test]
fn a_pause_that_the_server_wants_before_the_next_question_is_kept() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let renewer = renewer(&test, &pebble, front.directory());
    let now = SystemClock.now();
    front.set_renewal_info(RenewalInfo::not_due());
    assert!(matches!(renew_if_due(&renewer, now, Urgency::default()), Ok(RenewalOutcome::Renewed(_))));
    // As it is sent, and for how many minutes it is kept: from one minute to a day.
    for (retry_after, minutes) in [("7200", 120), ("1", 1), ("9999999", 1440)] {
        let info = RenewalInfo { retry_after: Some(retry_after), ..RenewalInfo::not_due() };
        front.set_renewal_info(info);
        let urgency = Urgency { ask: true, ..Urgency::default() };
        assert!(matches!(renew_if_due(&renewer, now, urgency), Ok(RenewalOutcome::NotDue(_))));
        let next = (renewer.next_check().unwrap() - now).whole_seconds();
        assert!((minutes * 60 - 1..=minutes * 60).contains(&next), "{retry_after}: {next} s");
    }
    // An error that wants a pause is no failure either.
    front.on(Class::RenewalInfo, Fault::rate_limited("10800"));
    let urgency = Urgency { ask: true, ..Urgency::default() };
    assert!(matches!(renew_if_due(&renewer, now, urgency), Ok(RenewalOutcome::NotDue(_))));
    assert_eq!((renewer.next_check().unwrap() - now).whole_minutes(), 179);
}

#[test]
fn retries_come_after_minutes_at_first_and_then_hourly() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.always(Class::NewOrder, Fault::problem(403, "rejectedIdentifier", "not this name"));
    let renewer = renewer(&test, &pebble, front.directory());
    let mut now = SystemClock.now().replace_nanosecond(0).unwrap();
    for minutes in [1..=1, 5..=5, 15..=15, 30..=30, 60..=60, 50..=60, 50..=60, 50..=60] {
        let Err(FailedRenewal { error, next_try: Some(next) }) =
            renew_if_due(&renewer, now, Urgency::default())
        else {
            panic!("it cannot work")
        };
        assert!(error.to_string().contains("not this name"));
        assert!(minutes.contains(&(next - now).whole_minutes()), "{} is not in {minutes:?}", next - now);
        assert_eq!(renewer.next_check().unwrap(), next);
        // Held back until the last second.
        let requests = front.requests();
        let early = next - Duration::seconds(1);
        let Ok(RenewalOutcome::HeldBack { until, failure }) =
            renew_if_due(&renewer, early, Urgency::default())
        else {
            panic!("it is too early")
        };
        assert_eq!((until, front.requests()), (next, requests));
        assert!(failure.unwrap().message.contains("not this name"));
        now = until;
    }
    front.be_kind();
    assert!(matches!(renew_if_due(&renewer, now, Urgency::default()), Ok(RenewalOutcome::Renewed(_))));
    assert_eq!(record(&test, "a.test")["failures"], 0);
    assert!(record(&test, "a.test").get("last_failure").is_none());
}

#[test]
fn what_was_kept_while_the_clock_was_ahead_holds_nothing_back() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.always(Class::NewOrder, Fault::problem(403, "rejectedIdentifier", "not this name"));
    let renewer = renewer(&test, &pebble, front.directory());
    let now = SystemClock.now();
    let wrong = now + Duration::days(3650);
    assert!(renew_if_due(&renewer, wrong, Urgency::default()).is_err());
    assert!(matches!(renew_if_due(&renewer, wrong, Urgency::default()), Ok(RenewalOutcome::HeldBack { .. })));
    front.be_kind();
    assert!(matches!(renew_if_due(&renewer, now, Urgency::default()), Ok(RenewalOutcome::Renewed(_))));

    front.set_renewal_info(RenewalInfo::not_due());
    edit(&test, "a.test", |record| record["ask_again"] = "2099-01-01T00:00:00Z".into());
    assert!(matches!(renew_if_due(&renewer, now, Urgency::default()), Ok(RenewalOutcome::NotDue(_))));
    assert_eq!(front.count(Class::RenewalInfo), 1);
}

/// A renewer of a.test at the server of `directory`.
fn renewer(test: &Test, pebble: &Pebble<'_>, directory: &str) -> Renewer {
    let address = format!("127.0.0.1:{}", pebble.http_port).parse().unwrap();
    let plan = Plan {
        names: vec!["a.test".into()],
        server: directory.to_owned(),
        ca_roots: Some(pebble.https_ca()),
        ..Plan::new(ChallengeMethod::Http(address))
    };
    Renewer::new(plan, Storage::new(test.path("state")))
}

fn renew_if_due(
    renewer: &Renewer,
    now: OffsetDateTime,
    urgency: Urgency,
) -> Result<RenewalOutcome, FailedRenewal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(renewer.renew_if_due(&Agreeable, now, urgency))
}

/// Agrees to everything.
struct Agreeable;

impl Caller for Agreeable {
    fn progress(&self, _progress: Progress<'_>) {}

    fn agrees_to(&self, _url: &str) -> bool {
        true
    }

    fn judge(&self, _candidate: &Candidate<'_>) -> Result<Vec<Remark>, Vec<Finding>> {
        Ok(Vec::new())
    }
}
