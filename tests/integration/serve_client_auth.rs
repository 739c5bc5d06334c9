//! Certificates of clients (`--client-ca`): who gets in with curl, and what the application learns of them.

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use rustix::process::Signal;

use crate::curl::Curl;
use crate::harness::{Test, eventually};
use crate::process::Server;

/// Says what it learns of its client.
const APPLICATION: &str = "\
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    names = [name for name in sorted(environ) if name.startswith('SSL_CLIENT')]
    return ['\\n'.join(name + '=' + environ[name] for name in names).encode('latin-1')]
";

/// A server certificate, a client's, and the application.
fn site() -> Test {
    let test = Test::with_chain("test.example");
    test.write("app.py", APPLICATION);
    test.certkit(&["mkcert", "--client", "alice@example.com", "-o", "alice"]).exits(0);
    // The client sends its intermediate along.
    test.write("alice-chain.pem", test.text("alice.crt") + &test.text("intermediate.crt"));
    test
}

const TLS: [&str; 4] = ["--cert", "chain.pem", "--key", "server.key"];
const ALICE: [&str; 4] = ["--cert", "alice-chain.pem", "--key", "alice.key"];

#[test]
fn a_client_that_must_have_a_certificate() {
    let test = site();
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = Server::start(&test, &[&TLS[..], &["--client-ca", "ca.crt", "app.py"]].concat());
    // A command to visit it would need files that only clients have.
    server.process.wait_for_log("clients must trust");
    assert!(!server.process.log().contains("next:"), "{}", server.process.log());
    for version in ["--http1.1", "--http2"] {
        let told = curl.fetch(&server, "/", &[&ALICE[..], &[version]].concat()).is(200).text();
        for line in [
            "SSL_CLIENT_VERIFY=SUCCESS",
            "SSL_CLIENT_SAN_Email_0=alice@example.com",
            "SSL_CLIENT_S_DN_CN=alice@example.com",
            "SSL_CLIENT_CERT=-----BEGIN CERTIFICATE-----",
        ] {
            assert!(told.lines().any(|found| found == line), "{line} in {told}");
        }
        assert!(told.contains("SSL_CLIENT_I_DN=CN=certkit intermediate CA"), "{told}");
        assert!(told.contains("SSL_CLIENT_V_END=") && told.contains(" GMT"), "{told}");
    }
    assert_eq!(curl.get(&server, "/").status, 0, "a client without a certificate");
    // One of another CA.
    let stranger = Test::with_chain("stranger.example");
    stranger.certkit(&["mkcert", "--client", "mallory@example.com", "-o", "mallory"]).exits(0);
    let file = |name: &str| stranger.path(name).display().to_string();
    let (certificate, key) = (file("mallory.crt"), file("mallory.key"));
    assert_eq!(curl.fetch(&server, "/", &["--cert", &certificate, "--key", &key]).status, 0);
    // One for servers.
    assert_eq!(curl.fetch(&server, "/", &TLS).status, 0, "the certificate of a server");
    // One that has expired.
    let (ca, ca_key) = (test.text("intermediate.crt"), test.text("intermediate.key"));
    let issuer = Issuer::from_ca_cert_pem(&ca, KeyPair::from_pem(&ca_key).unwrap()).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "bob");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    for (year, status) in [(2021, 0), (2040, 200)] {
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        test.write("bob.pem", certificate.pem() + &ca);
        test.write("bob.key", key.serialize_pem());
        assert_eq!(curl.fetch(&server, "/", &["--cert", "bob.pem", "--key", "bob.key"]).status, status);
    }
}

#[test]
fn a_client_that_may_have_one() {
    let test = site();
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let args = ["--client-ca", "ca.crt", "--client-auth", "request", "app.py"];
    let server = Server::start(&test, &[&TLS[..], &args].concat());
    // As mod_ssl says that there is none.
    assert_eq!(curl.get(&server, "/").is(200).text(), "SSL_CLIENT_VERIFY=NONE");
    assert!(curl.fetch(&server, "/", &ALICE).is(200).text().contains("SSL_CLIENT_VERIFY=SUCCESS"));
    assert_eq!(curl.fetch(&server, "/", &TLS).status, 0, "a certificate that does not hold");
    let rule = "route-if equal:${SSL_CLIENT_S_DN_CN};alice@example.com break:403";
    let ruled = Server::start(&test, &[&TLS[..], &args, &["--rule", rule]].concat());
    curl.fetch(&ruled, "/", &ALICE).is(403);
    curl.get(&ruled, "/").is(200);
    // A header cannot say it.
    let told = curl.fetch(&server, "/", &["-H", "SSL-Client-Verify: SUCCESS"]).is(200).text();
    assert_eq!(told, "SSL_CLIENT_VERIFY=NONE");
}

#[test]
fn revoked_certificates_are_refused_from_the_next_reload_on() {
    let test = site();
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.certkit(&["crl"]).exits(0);
    let crl = test.names().into_iter().find(|name| name.ends_with(".crl")).expect("a revocation list");
    let args = ["--client-ca", "ca.crt", "--client-crl", &crl, "app.py"];
    let server = Server::start(&test, &[&TLS[..], &args].concat());
    curl.fetch(&server, "/", &ALICE).is(200);
    test.certkit(&["revoke", "alice.crt"]).exits(0);
    test.certkit(&["crl", "--force"]).exits(0);
    server.process.signal(Signal::HUP);
    eventually("a revoked client is refused", || {
        (curl.fetch(&server, "/", &ALICE).status == 0).then_some(())
    });
    // A list that cannot be read changes nothing.
    test.write(&crl, "not a list");
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("to verify the certificates of clients");
    assert_eq!(curl.fetch(&server, "/", &ALICE).status, 0);
}

#[test]
fn files_that_verify_nobody_stop_the_start() {
    let test = site();
    for (args, says) in [
        (&["--client-ca", "missing.crt"][..], "missing.crt"),
        (&["--client-ca", "server.key"], "it contains no certificate"),
        (&["--client-ca", "ca.crt", "--client-crl", "server.key"], "server.key"),
        (&["--client-ca", "ca.crt", "--client-auth", "perhaps"], "off, request or require"),
    ] {
        let args = [&["serve", "--listen", "https:127.0.0.1:0"][..], &TLS, args, &["app.py"]].concat();
        test.certkit(&args).exits(2).says(says);
    }
}
