//! Certificates for hours, and certificate and key in one file as HAProxy reads them.

use certkit::internals::pem;
use certkit::internals::x509::Certificate;

use crate::harness::Test;
use crate::peers::peer;
use crate::process::{Process, free_port};

fn certificate(test: &Test, file: &str) -> Certificate {
    let scan = pem::scan(test.text(file).as_bytes());
    Certificate::from_der(scan.blocks[0].der.to_vec()).unwrap()
}

/// How long a certificate is valid, in seconds, both ends included.
fn seconds(certificate: &Certificate) -> i64 {
    (certificate.not_after - certificate.not_before).whole_seconds() + 1
}

#[test]
fn hours_are_kept_by_renew() {
    let test = Test::new();
    // The beginning is cut to the CA's, which is as young: by five minutes at most.
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "a.test", "--days", "8h"]).exits(0).says(" UTC");
    let made = certificate(&test, "server.crt");
    assert!((seconds(&made) - 8 * 3600).abs() <= 300, "{}", seconds(&made));
    test.certkit(&["renew"]).exits(0).says("none due");
    test.certkit(&["renew", "--if-within", "1h"]).exits(0).says("none due");
    test.certkit(&["renew", "--if-within", "9h"]).exits(0).says("renewed until");
    let renewed = certificate(&test, "server.crt");
    assert_ne!(renewed.serial, made.serial);
    assert!((seconds(&renewed) - seconds(&made)).abs() <= 300);

    test.certkit(&["csr", "b.test", "-o", "b.csr"]).exits(0);
    test.certkit(&["sign", "b.csr", "--days", "36h"]).exits(0);
    assert!((seconds(&certificate(&test, "b.crt")) - 36 * 3600).abs() <= 300);
    test.certkit(&["sign", "b.csr", "--days", "8h", "--profile", "ca", "-o", "c.crt"]).exits(2).says("days");
    test.certkit(&["mkcert", "c.test", "--days", "8m", "-o", "c"]).exits(2).says("8h");
    assert!(!test.path("c.crt").exists());
}

#[test]
fn haproxy_reads_the_bundle_before_and_after_a_renewal() {
    let Some(haproxy) = peer("haproxy") else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "a.test", "--bundle", "pem"]).exits(0).says("server.pem");
    assert_eq!(test.mode("server.pem"), 0o600);
    let served = || {
        let port = free_port();
        test.write(
            "haproxy.cfg",
            format!(
                "defaults\n    mode http\n    timeout connect 9s\n    timeout client 60s\n    timeout server 60s\n\
                 frontend f\n    bind 127.0.0.1:{port} ssl crt server.pem\n    http-request return status 200\n"
            ),
        );
        let mut front = Process::start(&test, test.program(&haproxy).args(["-db", "-f", "haproxy.cfg"]));
        front.wait_for(([127, 0, 0, 1], port).into());
        let address = format!("127.0.0.1:{port}");
        let check = ["check", &address, "--host", "a.test", "--roots", "ca.crt", "--format", "json"];
        let report = test.certkit(&check).exits(0).report();
        report["path"][0]["serial"].as_str().unwrap().to_owned()
    };
    let before = served();
    assert_eq!(before, certificate(&test, "server.crt").serial_hex());
    test.certkit(&["renew", "server.crt"]).exits(0).says("server.pem");
    assert_ne!(served(), before);
    // With a new key both files have it, and the old ones are kept.
    test.certkit(&["renew", "server.crt", "--rekey"]).exits(0);
    assert!(test.text("server.pem").ends_with(&test.text("server.key")));
    assert!(test.text("server.pem.bak").ends_with(&test.text("server.key.bak")));
    assert_eq!(served(), certificate(&test, "server.crt").serial_hex());
}
