//! Certificates of several sites that change while the server runs: one that cannot be used keeps no other back.

use std::fs;

use rustix::process::Signal;

use super::{SITES, get, serve, two_sites};
use crate::harness::{Test, eventually};
use crate::peers::peer;
use crate::process::Server;

/// The serial number of the certificate that a site shows.
fn serial(test: &Test, server: &Server, host: &str) -> String {
    let script = "openssl s_client -connect \"127.0.0.1:$1\" -servername \"$2\" </dev/null 2>&1 | openssl x509 -noout -serial";
    test.run("sh", &["-c", script, "sh", &server.port.to_string(), host]).exits(0).stdout()
}

/// Replaces the pair of a site by another one.
fn renew(test: &Test, name: &str) {
    test.certkit(&["mkcert", name, "-o", name, "--force"]).exits(0);
    test.write(&format!("{name}.pem"), test.text(&format!("{name}.crt")) + &test.text("intermediate.crt"));
}

#[test]
fn a_certificate_that_cannot_be_used_keeps_no_other_back() {
    let test = two_sites();
    if peer("curl").is_none() || peer("openssl").is_none() {
        return;
    }
    let server = serve(&test, SITES, &[]);
    let [shop, blog] = ["shop.example", "blog.example"].map(|host| serial(&test, &server, host));
    assert_ne!(shop, blog);

    test.write("shop.example.pem", "garbage");
    renew(&test, "blog.example");
    server.process.signal(Signal::HUP);
    eventually("the new certificate", || (serial(&test, &server, "blog.example") != blog).then_some(()));
    assert_eq!(serial(&test, &server, "shop.example"), shop);
    server.process.wait_for_log("the one that was read before stays in use");

    // Settings with a further site do not wait for the broken file either.
    test.certkit(&["mkcert", "new.example", "-o", "new.example"]).exits(0);
    let more = "[[site]]\nhost = 'new.example'\ncert = 'new.example.crt'\nkey = 'new.example.key'\napp = 'blog.py'\n";
    test.write("certkit.toml", format!("{SITES}\n{more}"));
    server.process.signal(Signal::HUP);
    eventually("a further site", || {
        get(&test, &server, "new.example", "/", &["-k"]).body.starts_with(b"blog").then_some(())
    });
    assert_eq!(serial(&test, &server, "shop.example"), shop);

    renew(&test, "shop.example");
    eventually("the mended one", || (serial(&test, &server, "shop.example") != shop).then_some(()));

    // A new site whose own certificate is broken changes nothing.
    test.write("other.pem", "garbage");
    let bad =
        "[[site]]\nhost = 'other.example'\ncert = 'other.pem'\nkey = 'new.example.key'\napp = 'blog.py'\n";
    test.write("certkit.toml", format!("{SITES}\n{bad}"));
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("the settings cannot be used; the previous ones stay in use");
    fs::remove_file(test.path("other.pem")).unwrap();
    assert_eq!(get(&test, &server, "new.example", "/", &["-k"]).status, 200);
}
