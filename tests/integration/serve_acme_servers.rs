//! `certkit serve --acme-server` given twice: the second server stands in for the first.

use std::net::TcpStream;

use rustix::process::Signal;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::acme_front::{Class, Fault, Front, RenewalInfo};
use crate::harness::{Test, eventually};
use crate::pebble::Pebble;
use crate::process::Server;
use crate::serve_acme::{APP, wait_until_trusted};

const QUIET: &[(&str, &str)] = &[("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_VA_NOSLEEP", "1")];

/// A server for a.test that may ask both.
fn serve(test: &Test, pebble: &Pebble<'_>, fronts: [&Front<'_>; 2]) -> Server {
    test.write("app.py", APP);
    let mut args = vec!["--acme=a.test".to_owned(), "--workers=1".into()];
    args.extend(fronts.map(|front| format!("--acme-server={}", front.directory())));
    args.push(format!("--acme-ca-roots={}", pebble.https_ca().display()));
    args.push(format!("--redirect-http=127.0.0.1:{}", pebble.http_port));
    args.extend(["--acme-state=state", "--agree-tos", "app.py"].map(str::to_owned));
    Server::start(test, &args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn record(test: &Test) -> Value {
    serde_json::from_str(&test.text("state/certs/a.test/renew.json")).unwrap()
}

fn stop(server: &mut Server) {
    server.process.signal(Signal::TERM);
    server.process.wait();
}

#[test]
fn the_second_stands_in_after_the_first_has_failed_for_a_day() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let (first, second) = (Front::start(&test, &pebble), Front::start(&test, &pebble));
    pebble.write_issuer_root();
    first.always(Class::Directory, Fault::rate_limited("120"));
    let mut server = serve(&test, &pebble, [&first, &second]);
    server.process.wait_for_log("retrying at");
    // Its account is made at the start, and an urgent try does not ask it either.
    eventually("an account at the second", || (second.count(Class::NewAccount) == 1).then_some(()));
    let directories = first.count(Class::Directory);
    server.process.signal(Signal::HUP);
    eventually("another try", || (first.count(Class::Directory) > directories).then_some(()));
    stop(&mut server);
    assert_eq!((second.count(Class::NewOrder), pebble.orders()), (0, 0), "{}", server.process.log());

    // A day later.
    let mut failed = record(&test);
    let since = OffsetDateTime::parse(failed["failing_since"].as_str().unwrap(), &Rfc3339).unwrap();
    failed["failing_since"] = (since - Duration::hours(25)).format(&Rfc3339).unwrap().into();
    failed.as_object_mut().unwrap().remove("not_before");
    test.write("state/certs/a.test/renew.json", failed.to_string());
    let server = serve(&test, &pebble, [&first, &second]);
    wait_until_trusted(&test, &server, "a.test");
    assert_eq!((second.count(Class::NewAccount), second.count(Class::NewOrder)), (1, 1));
    assert_eq!((record(&test)["server"].as_str(), pebble.certificates()), (Some(second.directory()), 1));
}

#[test]
fn a_certificate_with_less_than_a_day_left_does_not_wait_for_the_first() {
    let test = Test::new();
    let members = [("certificateValidityPeriod", 10_800.into())];
    let Some(pebble) = Pebble::start_configured(&test, QUIET, &members) else { return };
    let (first, second) = (Front::start(&test, &pebble), Front::start(&test, &pebble));
    first.set_renewal_info(RenewalInfo::not_due());
    pebble.write_issuer_root();
    let server = serve(&test, &pebble, [&first, &second]);
    wait_until_trusted(&test, &server, "a.test");
    assert_eq!(record(&test)["server"], first.directory());

    first.always(Class::NewOrder, Fault::rate_limited("120"));
    first.set_renewal_info(RenewalInfo::due());
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("retrying at");
    assert_eq!(second.count(Class::NewOrder), 0, "the first is asked first");
    server.process.signal(Signal::HUP);
    eventually("the second has issued", || (record(&test)["server"] == second.directory()).then_some(()));
    assert_eq!((second.count(Class::NewOrder), pebble.certificates()), (1, 2), "{}", server.process.log());
}

#[test]
fn all_of_them_are_looked_at_before_the_start() {
    let test = Test::new();
    let serve = |args: &[&str]| {
        let common = ["serve", "--acme-state=state", "--acme-server=https://127.0.0.1:1/dir"];
        test.certkit(&[&common, args].concat())
    };
    // A name of one network alone can never come from a public server.
    serve(&["--acme=intranet", "--agree-tos", "--acme-server=zerossl"])
        .exits(2)
        .says("a public name has a dot");
    serve(&["--acme=a.test", "--agree-tos", "--acme-server=buypass"]).exits(2).says("letsencrypt-staging");
    serve(&["--acme=a.test", "--acme-server=letsencrypt"]).exits(2).says("https://127.0.0.1:1/dir");
    // What has the port may forward it.
    if TcpStream::connect("127.0.0.1:443").is_err() {
        // RFC 5737: nobody has this address. The first one is on this machine.
        serve(&["--acme=a.test", "--agree-tos", "--acme-server=https://192.0.2.1/dir"])
            .exits(2)
            .says("https://192.0.2.1/dir cannot reach this server");
    }
}
