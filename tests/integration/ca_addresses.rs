//! `--crl-url` and `--issuer-url`: what openssl reads in the certificates, and that a renewal keeps it.

use crate::harness::Test;
use crate::peers::peer;

const LIST: &str = "http://ca.test.example/ca.crl";
const OTHER_LIST: &str = "http://10.1.2.3:8080/lists/ca.crl";
const ISSUER: &str = "http://ca.test.example/ca.crt";

#[test]
fn addresses_are_in_the_certificate_and_stay_there() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    let addresses = ["--crl-url", LIST, "--crl-url", OTHER_LIST, "--issuer-url", ISSUER];
    test.certkit(&[&["mkca", "--intermediate"][..], &addresses].concat()).exits(0);
    test.certkit(&[&["mkcert", "a.test"][..], &addresses].concat()).exits(0);
    test.certkit(&["csr", "b.test", "-o", "b.csr"]).exits(0);
    test.certkit(&[&["sign", "b.csr"][..], &addresses].concat()).exits(0);
    test.write("names", "c.test\n");
    test.certkit(&[&["mkcert", "--from", "names", "-o", "many"][..], &addresses].concat()).exits(0);
    let check = |file: &str| {
        let text = test.run(&openssl, &["x509", "-in", file, "-noout", "-text"]).exits(0).stdout();
        for wanted in
            [format!("URI:{LIST}"), format!("URI:{OTHER_LIST}"), format!("CA Issuers - URI:{ISSUER}")]
        {
            assert!(text.contains(&wanted), "{file}: {text}");
        }
        // Two addresses of one list, not two lists.
        assert_eq!(text.matches("Full Name:").count(), 1, "{file}: {text}");
    };
    for file in ["intermediate.crt", "server.crt", "b.crt", "many/c.test.crt"] {
        check(file);
    }
    let before = test.text("server.crt");
    test.certkit(&["renew", "server.crt"]).exits(0);
    assert_ne!(test.text("server.crt"), before);
    check("server.crt");
    test.run(
        &openssl,
        &["verify", "-x509_strict", "-CAfile", "ca.crt", "-untrusted", "intermediate.crt", "server.crt"],
    )
    .exits(0);
    let root = test.run(&openssl, &["x509", "-in", "ca.crt", "-noout", "-text"]).exits(0).stdout();
    assert!(!root.contains("URI:"), "{root}");
}

#[test]
fn an_address_that_clients_do_not_fetch_is_refused() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let before = test.files();
    for (bad, reason) in
        [("https://ca.test/ca.crl", "http://"), ("ca.crl", "http://"), ("http:///a", "host name")]
    {
        test.certkit(&["mkcert", "a.test", "--crl-url", bad]).exits(2).says(reason);
    }
    test.certkit(&["mkca", "--force", "--crl-url", LIST]).exits(2).says("--intermediate");
    assert_eq!(test.files(), before);
}
