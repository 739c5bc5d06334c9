//! Several ACME servers: by word, side by side, and one that stands in for another.

use certkit::internals::acme::storage::Storage;
use certkit::internals::acme::{FailedRenewal, RenewalOutcome, Renewer, Urgency};
use serde_json::Value;
use time::Duration;

use crate::acme_front::{Class, Fault, Front, RenewalInfo};
use crate::acme_schedule::renew_if_due;
use crate::harness::{Test, certkit, eventually};
use crate::pebble::Pebble;
use crate::process::Process;

#[test]
fn one_directory_is_fetched_for_all_certificates_of_a_server() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::due());
    for name in ["a.test", "b.test", "c.test"] {
        front.obtain(&[name]).exits(0);
    }
    let directories = front.count(Class::Directory);
    test.certkit(&["acme", "renew", "--state", "state", "--exit-code-if-renewed", "9"]).exits(9);
    assert_eq!(pebble.certificates(), 6);
    assert_eq!(front.count(Class::Directory) - directories, 1);

    // One that is away is waited for once, not for each certificate.
    front.always(Class::Directory, Fault::rate_limited("7200"));
    let directories = front.count(Class::Directory);
    test.certkit(&["acme", "renew", "--state", "state", "--force"]).exits(75);
    assert_eq!(front.count(Class::Directory) - directories, 1);
}

#[test]
fn a_server_that_hangs_keeps_no_other_waiting() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let (slow, quick) = (Front::start(&test, &pebble), Front::start(&test, &pebble));
    slow.obtain(&["a.test"]).exits(0);
    quick.obtain(&["b.test"]).exits(0);
    slow.on(Class::Directory, Fault::HoldRequest);
    let program = test.program(certkit()).args(["acme", "renew", "--state", "state", "--force"]);
    let mut renew = Process::start(&test, program);
    slow.wait_until_held();
    eventually("b.test is renewed", || (pebble.certificates() == 3).then_some(()));
    renew.signal(rustix::process::Signal::KILL);
    renew.wait();
}

#[test]
fn a_second_server_stands_in_after_the_first_has_failed_for_a_day() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let (first, second) = (Front::start(&test, &pebble), Front::start(&test, &pebble));
    // The preferred one is named first.
    let obtain = |servers: &[&str]| {
        let program = test.program(certkit()).args(["acme", "obtain", "--agree-tos", "a.test"]);
        let servers = servers.iter().map(|server| format!("--server={server}"));
        program.args(first.args()).args(servers).run()
    };
    obtain(&[second.directory()]).exits(0);
    // Its account is made while somebody is there to agree to its terms.
    assert_eq!((second.count(Class::NewAccount), second.count(Class::NewOrder)), (1, 0));
    let requests = (first.requests(), second.requests());
    obtain(&[second.directory()]).exits(0).says("nothing to do");
    assert_eq!((first.requests(), second.requests()), requests);

    let storage = Storage::new(test.path("state"));
    let renewer = Renewer::of_stored(&storage, &storage.certificate("a.test")).unwrap().unwrap();
    let begin = renewer.current().unwrap().unwrap().due.at;
    let mut now = begin;
    first.always(Class::Directory, Fault::rate_limited("120"));
    let renewed = loop {
        match renew_if_due(&renewer, now, Urgency::default()) {
            Err(FailedRenewal { next_try: Some(next), .. }) => now = next,
            Ok(RenewalOutcome::Renewed(_)) => break now,
            other => panic!("{other:?}"),
        }
        assert!(now < begin + Duration::days(2), "the second server is never asked");
    };
    assert!(renewed - begin >= Duration::DAY, "{}", renewed - begin);
    assert!(renewed - begin < Duration::hours(26), "{}", renewed - begin);
    assert_eq!((second.count(Class::NewAccount), second.count(Class::NewOrder)), (1, 1));
    assert_eq!(record(&test)["server"], second.directory());

    // The one in use is wanted, whichever of them it is from.
    first.be_kind();
    obtain(&[second.directory()]).exits(0).says("nothing to do");
    // Pebble's clock is the right one, so that its certificate is due already: the next one waits for an hour.
    let held = renew_if_due(&renewer, renewed + Duration::minutes(59), Urgency::default());
    assert!(matches!(held, Ok(RenewalOutcome::HeldBack { .. })), "{held:?}");
    let renewed = renew_if_due(&renewer, renewed + Duration::minutes(61), Urgency::default());
    assert!(matches!(renewed, Ok(RenewalOutcome::Renewed(_))), "{renewed:?}");
    assert_eq!(record(&test)["server"], first.directory());
    // Without the second one it is no longer a choice.
    obtain(&[]).exits(0).says("nothing to do");
    assert!(record(&test).get("servers").is_none());
}

#[test]
fn a_name_without_a_dot_is_for_a_server_of_ones_own() {
    let test = Test::new();
    let obtain =
        |server| test.certkit(&["acme", "obtain", "intranet", "--state", "state", "--server", server]);
    obtain("letsencrypt").exits(2).says("invalid_name").says("a public name has a dot");
    obtain("buypass").exits(2).says("letsencrypt, letsencrypt-staging, zerossl or google");
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    // Pebble itself may refuse it; it was asked.
    front.obtain(&["intranet"]);
    assert_eq!(front.payloads(Class::NewOrder)[0]["identifiers"][0]["value"], "intranet");
}

fn record(test: &Test) -> Value {
    serde_json::from_str(&test.text("state/certs/a.test/renew.json")).unwrap()
}
