//! Orders that name the certificate they replace (RFC 9773 section 5), at servers that will not hear of it.

use serde_json::Value;

use crate::acme_front::{Class, Front, RenewalInfo};
use crate::harness::{Ran, Test};
use crate::pebble::Pebble;

#[test]
fn any_refusal_of_an_order_that_replaces_is_followed_by_one_without() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::due());
    front.obtain(&["a.test"]).exits(0);
    let refusals = [
        (403, "unauthorized", "requester account did not request the certificate being replaced"),
        (404, "malformed", "no known issuer matches the provided AKI"),
        (400, "malformed", "the certificate is unknown"),
        (409, "conflict", "another order"),
    ];
    for (number, (status, kind, detail)) in refusals.into_iter().enumerate() {
        front.refuse_replaces(status, kind, detail);
        renew(&test).exits(9);
        let orders = front.payloads(Class::NewOrder);
        let [.., with, without] = orders.as_slice() else { panic!("{orders:?}") };
        assert!(with["replaces"].is_string() && without["replaces"].is_null(), "{status}: {orders:?}");
        assert_eq!(pebble.certificates(), number + 2);
    }
}

#[test]
fn a_server_that_breaks_on_replaces_gets_orders_without_it_after_a_few_runs() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::due());
    front.obtain(&["a.test"]).exits(0);
    front.refuse_replaces(500, "serverInternal", "no rows in result set");
    for _ in 0..3 {
        renew(&test).exits(75);
    }
    renew(&test).exits(9);
    assert!(front.payloads(Class::NewOrder).last().unwrap()["replaces"].is_null());
}

#[test]
fn a_certificate_of_another_account_is_not_named() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.set_renewal_info(RenewalInfo::due());
    front.obtain(&["a.test"]).exits(0);
    let noted: Value = serde_json::from_str(&test.text("state/certs/a.test/renew.json")).unwrap();
    assert!(noted["account"].as_str().is_some_and(|url| url.starts_with("https://")), "{noted}");
    std::fs::remove_dir_all(test.path("state/accounts")).unwrap();
    front.obtain(&["a.test", "--force"]).exits(0);
    let replaces = |order: &Value| order["replaces"].is_string();
    assert!(!front.payloads(Class::NewOrder).iter().any(replaces));
    // The new account has ordered the certificate that is in use now.
    renew(&test).exits(9);
    assert!(front.payloads(Class::NewOrder).last().is_some_and(replaces));
}

fn renew(test: &Test) -> Ran {
    test.certkit(&["acme", "renew", "--state", "state", "--force", "--exit-code-if-renewed", "9"])
}
