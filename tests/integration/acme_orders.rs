//! Orders that an earlier run has left, and addresses as servers write them: nothing keeps certkit for ever from a
//! certificate.

use serde_json::{Value, json};

use crate::acme_front::{Class, Fault, Front, LocationForm};
use crate::harness::Test;
use crate::pebble::Pebble;

const JOURNAL: &str = "state/orders/a.test.json";

/// The order of a run that got no further than the signing request.
#[track_caller]
fn leave_an_order(front: &Front<'_>) {
    leave_the_order_of(front, "a.test");
}

#[track_caller]
fn leave_the_order_of(front: &Front<'_>, name: &str) {
    front.always(Class::Finalize, Fault::unavailable());
    front.obtain(&[name]).exits(75);
    front.be_kind();
}

#[test]
fn an_order_whose_address_answers_with_5xx_for_ever_is_given_up() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    leave_an_order(&front);
    front.always_there(Class::Order, Fault::unavailable());
    // Two runs have failed with it then.
    front.obtain(&["a.test"]).exits(75);
    front.obtain(&["a.test"]).exits(0);
    assert_eq!((pebble.orders(), pebble.certificates()), (2, 1));
}

#[test]
fn an_order_whose_address_answers_with_5xx_is_given_up_at_once_by_force() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    leave_an_order(&front);
    front.always_there(Class::Order, Fault::unavailable());
    front.obtain(&["a.test", "--force"]).exits(0);
    assert_eq!(pebble.orders(), 2);
}

#[test]
fn an_order_that_has_failed_is_given_up_by_force_and_by_its_time() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    for args in [&["a.test", "--force"][..], &["a.test"]] {
        let front = Front::start(&test, &pebble);
        front.on(Class::NewOrder, Fault::Edit(|order| order["expires"] = json!("2020-01-01T00:00:00Z")));
        if args.len() > 1 {
            front.be_kind();
        }
        front.on_times(Class::Finalize, 5, Fault::unavailable());
        front.obtain(&["a.test"]).exits(75);
        front.always_there(Class::Finalize, Fault::unavailable());
        let orders = pebble.orders();
        front.obtain(args).exits(0);
        assert_eq!(pebble.orders(), orders + 1, "{args:?}");
        std::fs::remove_dir_all(test.path("state")).unwrap();
    }
}

#[test]
fn an_order_is_kept_until_its_time() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    leave_an_order(&front);
    let journal: Value = serde_json::from_str(&test.text(JOURNAL)).unwrap();
    assert!(journal["expires"].is_string(), "{journal}");
    front.obtain(&["a.test"]).exits(0).says("an earlier run");
    assert_eq!(pebble.orders(), 1);
}

#[test]
fn a_location_is_read_relative_to_the_request() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    for form in [LocationForm::Path, LocationForm::NoScheme] {
        for class in [Class::NewAccount, Class::NewOrder] {
            let front = Front::start(&test, &pebble);
            front.on(class, Fault::Location(form));
            front.obtain(&["a.test"]).exits(0);
            assert_eq!(front.faults(), 1, "{form:?} {class:?}");
            for file in ["certs/a.test/renew.json", "live/a.test/cert.pem"] {
                assert!(!test.text(&format!("state/{file}")).is_empty());
            }
            std::fs::remove_dir_all(test.path("state")).unwrap();
        }
    }
}

#[test]
fn addresses_in_an_order_are_read_relative_to_it() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    fn relative(order: &mut Value) {
        let path = |url: &mut Value| {
            if let Some(at) = url.as_str().and_then(|text| text.match_indices('/').nth(2)).map(|(at, _)| at) {
                *url = url.as_str().map(|text| text[at..].to_owned()).into();
            }
        };
        path(&mut order["finalize"]);
        if order["certificate"].is_string() {
            path(&mut order["certificate"]);
        }
        order["authorizations"].as_array_mut().unwrap().iter_mut().for_each(path);
    }
    for class in [Class::NewOrder, Class::Order, Class::Finalize] {
        front.always(class, Fault::Edit(relative));
    }
    front.obtain(&["a.test"]).exits(0);
}

#[test]
fn a_location_without_tls_is_refused_and_not_kept() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::NewOrder, Fault::Location(LocationForm::Plain));
    front.obtain(&["a.test"]).exits(2).says("http://");
    front.obtain(&["a.test"]).exits(0);

    // As an earlier version kept it.
    leave_the_order_of(&front, "b.test");
    let journal = test.text("state/orders/b.test.json").replace("\"order\": \"https:", "\"order\": \"http:");
    test.write("state/orders/b.test.json", journal);
    front.obtain(&["b.test"]).exits(0);

    // The account's address likewise.
    let other = Front::start(&test, &pebble);
    other.on(Class::NewAccount, Fault::Location(LocationForm::Plain));
    other.obtain(&["c.test"]).exits(2).says("http://");
    other.obtain(&["c.test"]).exits(0);
}

#[test]
fn an_order_without_authorizations_is_a_bad_answer_at_once() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.always(Class::NewOrder, Fault::Edit(|order| order["authorizations"] = json!([])));
    front.obtain(&["a.test"]).exits(2).says("no authorizations");
    front.be_kind();
    front.obtain(&["a.test"]).exits(0);
}

#[test]
fn an_authorization_that_is_named_twice_is_answered_once() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.always(
        Class::NewOrder,
        Fault::Edit(|order| {
            let again = order["authorizations"][0].clone();
            order["authorizations"].as_array_mut().unwrap().push(again);
        }),
    );
    front.obtain(&["a.test"]).exits(0);
    assert_eq!((front.count(Class::Authz), front.count(Class::Challenge)), (1, 1));
}
