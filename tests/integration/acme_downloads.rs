//! A certificate that is issued is not thrown away because its download is bad.

use crate::acme_front::{Class, Fault, Front};
use crate::harness::Test;
use crate::pebble::Pebble;

const KEY: &str = "state/orders/a.test.key.pem";

/// Bad downloads: the class of the request, and what is done to it.
fn bad_downloads() -> Vec<(Class, Fault)> {
    let page = |status, body: &str| Fault::Answer {
        status,
        content_type: "application/pem-certificate-chain",
        body: body.to_owned(),
        retry_after: None,
    };
    vec![
        (Class::Certificate, Fault::html(200)),
        (Class::Certificate, Fault::html(403)),
        (Class::Certificate, page(200, "")),
        (Class::Certificate, page(404, "not here")),
        (Class::Certificate, Fault::problem(404, "malformed", "no such certificate")),
        (Class::Certificate, Fault::Halve),
        (Class::Order, Fault::Edit(|order| drop(order.as_object_mut().unwrap().remove("certificate")))),
    ]
}

#[test]
fn a_bad_download_is_asked_for_again_in_the_same_run() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    for (number, (class, fault)) in bad_downloads().into_iter().enumerate() {
        let front = Front::start(&test, &pebble);
        // The order is asked for until it is valid, so that one answer without the address does no harm.
        let times = if class == Class::Order { 4 } else { 2 };
        front.on_times(class, times, fault.clone());
        front.obtain(&[&format!("n{number}.test")]).exits(0);
        assert_eq!(pebble.certificates(), number + 1, "{fault:?}");
        assert_eq!((front.count(Class::NewOrder), front.count(Class::Finalize)), (1, 1), "{fault:?}");
    }
}

#[test]
fn a_bad_download_leaves_order_and_key_for_the_next_run() {
    for (class, fault) in bad_downloads() {
        let test = Test::new();
        let Some(pebble) = Pebble::start(&test) else { return };
        let front = Front::start(&test, &pebble);
        front.always(class, fault.clone());
        front.obtain(&["a.test"]).exits(75).says("try_later");
        let key = test.text(KEY);
        front.be_kind();
        front.obtain(&["a.test"]).exits(0).says("an earlier run");
        assert_eq!(test.text("state/live/a.test/privkey.pem"), key, "{fault:?}");
        assert_eq!((pebble.orders(), pebble.certificates()), (1, 1), "{fault:?}");
    }
}

#[test]
fn what_is_issued_counts_before_its_download() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.always(Class::Certificate, Fault::problem(403, "unauthorized", "not for you"));
    for _ in 0..4 {
        front.obtain(&["a.test"]).exits(1);
        // Somebody tidies up too much.
        std::fs::remove_dir_all(test.path("state/orders")).unwrap();
    }
    front.obtain(&["a.test"]).exits(75).says("in the last seven days");
    assert_eq!((front.count(Class::NewOrder), pebble.certificates()), (4, 4));
}
