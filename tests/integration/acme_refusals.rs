//! How refusals are shown, and what certkit advises.

use rustix::process::Signal;
use serde_json::json;

use crate::acme_front::{Class, Fault, Front};
use crate::harness::{Test, eventually};
use crate::pebble::Pebble;
use crate::process::Process;

/// A refusal whose body is the whole document.
fn document(status: u16, body: &serde_json::Value) -> Fault {
    Fault::Answer {
        status,
        content_type: "application/problem+json",
        body: body.to_string(),
        retry_after: None,
    }
}

#[test]
fn kind_page_and_cause_of_a_refusal_are_shown() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let problem = json!({
        "type": "urn:ietf:params:acme:error:userActionRequired",
        "detail": "terms have changed",
        "instance": "https://ca.test/agree?token=7",
    });
    front.on(Class::NewOrder, document(403, &problem));
    let ran = front.obtain(&["a.test"]).exits(1).says("terms have changed (userActionRequired)");
    ran.says("https://ca.test/agree?token=7")
        .says("new terms of service: https://ca.test/terms-2")
        .says("addresses are above")
        .keeps_quiet_about("AAAA");

    // No validation has failed, so nothing is said of addresses and ports.
    for kind in ["unauthorized", "connection", "dns", "malformed"] {
        front.on(Class::NewOrder, Fault::problem(403, kind, "no"));
        let ran = front.obtain(&["a.test"]).exits(1).says(&format!("no ({kind})"));
        ran.keeps_quiet_about("AAAA").keeps_quiet_about("port 80");
    }
}

#[test]
fn a_refusal_of_900_kb_is_cut() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::NewOrder, Fault::problem(403, "rejectedIdentifier", "words ".repeat(150_000)));
    let ran =
        front.obtain(&["a.test"]).exits(1).says("words words").says("[...]").says("(rejectedIdentifier)");
    assert!(ran.all().len() < 4000, "{}", ran.all().len());
}

#[test]
fn a_firewalls_page_is_said_to_be_html_and_costs_no_order() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    for class in [Class::NewAccount, Class::NewOrder, Class::Authz, Class::Finalize] {
        front.on(class, Fault::html(403));
        let ran = front.obtain(&["a.test"]).exits(1).says("403").says("a page of HTML");
        ran.says("firewalls").keeps_quiet_about("expected value");
    }
    front.obtain(&["a.test"]).exits(0).says("an earlier run");
    assert_eq!((pebble.accounts(), pebble.orders(), pebble.certificates()), (1, 1, 1));
}

#[test]
fn refused_nonces_end_a_run_with_75_and_keep_the_order() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.always(Class::Finalize, Fault::problem(400, "badNonce", "JWS has an invalid anti-replay nonce"));
    front.obtain(&["a.test"]).exits(75).says("nonce");
    front.be_kind();
    front.obtain(&["a.test"]).exits(0).says("an earlier run");
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1));
}

#[test]
fn a_hundred_names_come_while_half_of_all_nonces_is_refused() {
    let test = Test::new();
    let knobs = [("PEBBLE_WFE_NONCEREJECT", "50"), ("PEBBLE_VA_NOSLEEP", "1")];
    let Some(pebble) = Pebble::start_with(&test, &knobs) else { return };
    let names: Vec<_> = (0..100).map(|number| format!("n{number}.test")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    pebble.obtain(&names).exits(0);
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1));
}

#[test]
fn a_kind_of_key_that_was_refused_is_not_ordered_for_again() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::Finalize, Fault::problem(400, "badPublicKey", "no such keys here"));
    front.obtain(&["a.test", "-k", "ed25519"]).exits(1).says("-k p256");
    front.obtain(&["a.test", "-k", "ed25519"]).exits(2).says("ed25519").says("-k p256");
    assert_eq!(front.count(Class::NewOrder), 1);
    front.obtain(&["a.test"]).exits(0);

    let public = ["acme", "obtain", "a.example.com", "-k", "ed25519", "--agree-tos", "--state", "new"];
    let listen = format!("--http=127.0.0.1:{}", pebble.http_port);
    let ran = test.certkit(&[&public[..], &[&listen]].concat()).exits(2);
    ran.says("nothing was ordered").says("-k p256");
}

#[test]
fn a_chain_that_is_refused_is_kept_to_look_at() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["other.test"]).exits(0);
    let stranger = test.text("state/live/other.test/fullchain.pem");
    front.on(
        Class::Certificate,
        Fault::Answer {
            status: 200,
            content_type: "application/pem-certificate-chain",
            body: stranger.clone(),
            retry_after: None,
        },
    );
    front.obtain(&["a.test"]).exits(1).says("state/orders/a.test.rejected.pem");
    assert_eq!(test.text("state/orders/a.test.rejected.pem"), stranger);
    front.obtain(&["a.test"]).exits(0);
    assert!(!test.path("state/orders/a.test.rejected.pem").exists());
    assert_eq!(pebble.orders(), 2);
}

#[test]
fn what_a_killed_run_has_half_written_is_removed() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    let account =
        std::fs::read_dir(test.path("state/accounts")).unwrap().next().unwrap().unwrap().file_name();
    let left = [
        "state/orders/a.test.key.pem.certkit-1-1.tmp".to_owned(),
        "state/certs/a.test/.7.tmp/privkey.pem".to_owned(),
        "state/certs/a.test/renew.json.certkit-1-2.tmp".to_owned(),
        format!("state/accounts/{}/key.pem.certkit-1-3.tmp", account.display()),
    ];
    for path in &left {
        test.write(path, "half a key");
    }
    front.obtain(&["a.test", "--force"]).exits(0);
    for path in &left {
        assert!(!test.path(path).exists(), "{path}");
    }
}

/// The server looks for the answer while nobody is there to give it; so this order ends, and one more run is enough.
#[test]
fn a_run_killed_in_the_instant_of_the_challenge_is_made_good_by_the_next() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::Challenge, Fault::HoldAnswer);
    let mut run = Process::start(&test, front.program(&["a.test"]));
    // The answer is withdrawn before the server looks: the port is free as soon as the process is gone.
    front.wait_until_held();
    run.signal(Signal::KILL);
    run.wait();
    eventually("the validation", || {
        (pebble.logged("set VALID") + pebble.logged("set INVALID") > 0).then_some(())
    });
    front.obtain(&["a.test"]).exits(0);
    assert!(pebble.orders() <= 2);
    assert_eq!((pebble.accounts(), pebble.certificates()), (1, 1));
}
