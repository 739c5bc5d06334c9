//! `--ocsp-staple`: what openssl gets with a certificate, and which responses are refused.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::harness::{Ran, Test, eventually};
use crate::peers::{peer, python, script};
use crate::process::Server;

const TLS: [&str; 4] = ["--cert", "chain.pem", "--key", "server.key"];
const STAPLE: [&str; 2] = ["--ocsp-staple", "ocsp.der"];

/// A certificate of an intermediate CA, and openssl as its responder.
struct Site {
    test: Test,
    openssl: PathBuf,
}

impl Site {
    fn new() -> Option<Self> {
        let openssl = peer("openssl")?;
        let test = Test::with_chain("test.example");
        test.write("www/index.html", "a page");
        Some(Self { test, openssl })
    }

    fn openssl(&self, args: &[&str]) -> Ran {
        self.test.run(&self.openssl, args)
    }

    /// Makes a response, signed by the CA with this name unless the options say otherwise.
    fn respond(&self, file: &str, certificate: &str, ca: &str, index: &str, options: &[&str]) {
        let serial = self.openssl(&["x509", "-in", certificate, "-noout", "-serial"]).exits(0).stdout();
        let serial = serial.trim().trim_start_matches("serial=");
        self.test.write("index.txt", index.replace("SERIAL", serial));
        let (issuer, key) = (format!("{ca}.crt"), format!("{ca}.key"));
        let new = format!("{file}.new");
        let mut args = vec!["ocsp", "-index", "index.txt", "-CA", &issuer, "-issuer", &issuer];
        args.extend([
            "-cert",
            certificate,
            "-rsigner",
            &issuer,
            "-rkey",
            &key,
            "-no_nonce",
            "-respout",
            &new,
        ]);
        // Of an option that is there twice the last one counts.
        self.openssl(&[&args[..], options].concat()).exits(0);
        fs::rename(self.test.path(new), self.test.path(file)).unwrap();
    }

    fn respond_well(&self, file: &str, days: &str) {
        self.respond(file, "server.crt", "intermediate", GOOD, &["-ndays", days]);
    }

    /// What openssl says of a handshake in which it asks for the response.
    fn connect(&self, server: &Server, version: &str, name: &str) -> String {
        let address = format!("127.0.0.1:{}", server.port);
        let args = ["s_client", "-connect", &address, "-servername", name, "-status", "-CAfile", "ca.crt"];
        self.test.program(&self.openssl).args(args).args([version]).stdin("").run().all()
    }

    /// What follows a field in the response that clients get; `None` without one.
    fn field(&self, server: &Server, name: &str) -> Option<String> {
        let said = self.connect(server, "-tls1_3", "test.example");
        let line = said.lines().find_map(|line| line.trim().strip_prefix(name).map(str::to_owned));
        assert_eq!(line.is_some(), is_stapled(&said), "{said}");
        line
    }

    fn start(&self, options: &[&str]) -> Server {
        Server::start(&self.test, &[&TLS[..], options, &["--static-root", "www"]].concat())
    }

    /// A start that fails.
    fn refused(&self, args: &[&str]) -> Ran {
        let serve = ["serve", "--listen", "https:127.0.0.1:0", "--static-root", "www"];
        self.test.certkit(&[&serve[..], args].concat()).exits(1)
    }
}

/// Lines of openssl's database of certificates.
const GOOD: &str = "V\t360101000000Z\t\tSERIAL\tunknown\t/CN=test.example\n";
const REVOKED: &str = "R\t360101000000Z\t260101000000Z\tSERIAL\tunknown\t/CN=test.example\n";
const OTHERS: &str = "V\t360101000000Z\t\t1234\tunknown\t/CN=test.example\n";

fn is_stapled(said: &str) -> bool {
    let is_stapled = said.contains("OCSP Response Status: successful (0x0)");
    assert_eq!(!is_stapled, said.contains("OCSP response: no response sent"), "{said}");
    is_stapled
}

#[test]
fn clients_get_the_response_for_their_certificate() {
    let Some(site) = Site::new() else { return };
    let test = &site.test;
    // A site with a certificate of its own, whose response is signed by a responder and is PEM.
    test.certkit(&["mkcert", "shop.example", "-o", "shop"]).exits(0);
    test.certkit(&["merge", "shop.crt", "ca-bundle.ca", "-o", "shop.pem"]).exits(0);
    site.openssl(&[
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "responder.key",
        "-subj",
        "/CN=responder",
        "-out",
        "r.csr",
    ])
    .exits(0);
    test.write("extensions", "extendedKeyUsage=OCSPSigning\n");
    let sign = ["x509", "-req", "-in", "r.csr", "-CA", "intermediate.crt", "-CAkey", "intermediate.key"];
    let options = ["-set_serial", "77", "-days", "5", "-extfile", "extensions", "-out", "responder.crt"];
    site.openssl(&[&sign[..], &options].concat()).exits(0);
    site.respond_well("ocsp.der", "3");
    let responder = ["-rsigner", "responder.crt", "-rkey", "responder.key", "-ndays", "3"];
    site.respond("shop.der", "shop.crt", "intermediate", GOOD, &responder);
    let base64 = site.openssl(&["base64", "-in", "shop.der"]).exits(0).stdout();
    test.write(
        "shop-ocsp.pem",
        format!("-----BEGIN OCSP RESPONSE-----\n{base64}-----END OCSP RESPONSE-----\n"),
    );
    test.write(
        "certkit.toml",
        "[[site]]\nhost = [\"shop.example\"]\ncert = [\"shop.pem\"]\nkey = [\"shop.key\"]\n\
         ocsp-staple = [\"shop-ocsp.pem\"]\nstatic-root = \"www\"\n",
    );
    let server = site.start(&STAPLE);
    for version in ["-tls1_2", "-tls1_3"] {
        let said = site.connect(&server, version, "test.example");
        assert!(is_stapled(&said) && said.contains("Responder Id: CN = certkit intermediate CA"), "{said}");
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
        let said = site.connect(&server, version, "shop.example");
        assert!(is_stapled(&said) && said.contains("Responder Id: CN = responder"), "{said}");
    }
}

#[test]
fn a_reload_reads_the_responses_of_sites() {
    let Some(site) = Site::new() else { return };
    let test = &site.test;
    site.respond_well("ocsp.der", "3");
    let settings = |staples: &str| {
        let host = "[[site]]\nhost = [\"test.example\"]\nstatic-root = \"www\"\n";
        let files = "cert = [\"chain.pem\"]\nkey = [\"server.key\"]\n";
        test.write("certkit.toml", format!("{host}{files}ocsp-staple = [{staples}]\n"));
    };
    settings("");
    let server = Server::start(test, &["--static-root", "www"]);
    let has_response = || is_stapled(&site.connect(&server, "-tls1_3", "test.example"));
    assert!(!has_response(), "without the setting nothing is sent");
    settings("\"ocsp.der\"");
    server.process.signal(Signal::HUP);
    eventually("a response", || has_response().then_some(()));
    // What does not hold refuses the reload as it refuses a start.
    test.write("bad.der", "rubbish");
    settings("\"bad.der\"");
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("`bad.der` contains no OCSP response\n");
    assert!(has_response());
    settings("");
    server.process.signal(Signal::HUP);
    eventually("no response", || (!has_response()).then_some(()));
}

#[test]
fn a_changed_file_is_taken_and_a_bad_one_is_not() {
    let Some(site) = Site::new() else { return };
    let test = &site.test;
    site.respond_well("ocsp.der", "3");
    let server = site.start(&STAPLE);
    let next_update = || site.field(&server, "Next Update: ");
    let first = next_update().expect("a response");
    // No signal is needed.
    site.respond_well("ocsp.der", "5");
    let second = eventually("the new response", || next_update().filter(|next| *next != first));
    // One that cannot be used leaves the one that is in use.
    test.write("ocsp.der", "rubbish");
    server.process.wait_for_log("contains no OCSP response; the one that was read before stays in use");
    assert_eq!(next_update().as_ref(), Some(&second));
    site.respond("ocsp.der", "server.crt", "intermediate", REVOKED, &["-ndays", "9"]);
    server
        .process
        .wait_for_log("the certificate was revoked on 2026-01-01 00:00:00 UTC; the one that was read");
    assert_eq!(next_update(), Some(second));
    // A new certificate is taken although its response is not there yet.
    test.certkit(&["mkcert", "test.example", "-o", "new"]).exits(0);
    test.certkit(&["merge", "new.crt", "ca-bundle.ca", "-o", "new.pem"]).exits(0);
    for (new, old) in [("new.key", "server.key"), ("new.crt", "server.crt"), ("new.pem", "chain.pem")] {
        fs::rename(test.path(new), test.path(old)).unwrap();
    }
    server.process.signal(Signal::HUP);
    server
        .process
        .wait_for_log("is for none of the certificates that are served; clients get the certificate");
    eventually("no response", || next_update().is_none().then_some(()));
    site.respond_well("ocsp.der", "3");
    eventually("a response again", next_update);
}

#[test]
fn a_response_is_sent_in_its_time_only() {
    let Some(site) = Site::new() else { return };
    let Some(python) = python(&["cryptography"]) else { return };
    let respond = |from: &str, to: &str| {
        let files = ["server.crt", "intermediate.crt", "intermediate.key", from, to, "ocsp.der"];
        site.test.program(&python).args([script("ocsp.py")]).args(files).run().exits(0);
    };
    let all = [&TLS[..], &STAPLE].concat();
    respond("-7200", "-3600");
    site.refused(&all).says("it expired on ").says("-respout ocsp.der");
    respond("3600", "7200");
    site.refused(&all).says("it is not valid before ");
    // It is good for this long by the hash of its responder's key, and SHA-256 in what it names.
    respond("-3600", "3600");
    let server = site.start(&STAPLE);
    assert!(is_stapled(&site.connect(&server, "-tls1_3", "test.example")));
    // Whether or not the server starts in this time: afterwards it sends none, and nothing has changed but the time.
    respond("-3600", "8");
    let server = site.start(&["--ocsp-staple", "ocsp.der", "--force"]);
    eventually("no response", || {
        (!is_stapled(&site.connect(&server, "-tls1_2", "test.example"))).then_some(())
    });
}

#[test]
fn responses_that_do_not_hold_stop_the_start() {
    let Some(site) = Site::new() else { return };
    let test = &site.test;
    let all = [&TLS[..], &STAPLE].concat();
    // The certificate of another.
    test.certkit(&["mkcert", "other.example", "-o", "other"]).exits(0);
    site.respond("ocsp.der", "other.crt", "intermediate", GOOD, &["-ndays", "3"]);
    site.refused(&all).says("`ocsp.der` is for none of the certificates that are served");
    site.respond("ocsp.der", "server.crt", "intermediate", GOOD, &[]);
    site.refused(&all).says("it does not say until when it is valid (nextUpdate)");
    site.respond("ocsp.der", "server.crt", "intermediate", REVOKED, &["-ndays", "3"]);
    site.refused(&all).says("the certificate was revoked on 2026-01-01").says("Replace the certificate");
    site.respond("ocsp.der", "server.crt", "intermediate", OTHERS, &["-ndays", "3"]);
    site.refused(&all).says("the responder does not know the certificate");
    // A responder that nobody has authorized.
    let stranger = ["-rsigner", "other.crt", "-rkey", "other.key", "-ndays", "3"];
    site.respond("ocsp.der", "server.crt", "intermediate", GOOD, &stranger);
    site.refused(&all)
        .says("it is signed by neither the issuer `certkit intermediate CA")
        .says("OCSPSigning");
    // A byte of the signature.
    site.respond_well("ocsp.der", "3");
    let good = fs::read(test.path("ocsp.der")).unwrap();
    let produced = good.windows(2).position(|tag| tag == [0x18, 15]).unwrap() + 16;
    let mut changed = good.clone();
    changed[produced - 1] = if good[produced - 1] == b'0' { b'1' } else { b'0' };
    test.write("ocsp.der", &changed);
    site.refused(&all).says("its signature does not verify with the key of `certkit intermediate CA");
    test.write("ocsp.der", &good[..good.len() - 1]);
    site.refused(&all).says("it does not have the structure of an OCSP response");
    test.write("ocsp.der", [0x30, 3, 0x0a, 1, 3]);
    site.refused(&all).says("the responder did not answer: tryLater");
    test.write("ocsp.der", test.text("chain.pem"));
    let said = site.refused(&all).says("`ocsp.der` contains no OCSP response").all();
    assert!(said.contains("openssl ocsp") && said.contains("ocsp_invalid"), "{said}");
    // By force the server starts, and sends none.
    let server = site.start(&["--ocsp-staple", "ocsp.der", "--force"]);
    server.process.wait_for_log("contains no OCSP response");
    assert!(!is_stapled(&site.connect(&server, "-tls1_3", "test.example")));

    // A chain without the issuer.
    test.write("ocsp.der", &good);
    let leaf = ["--cert", "server.crt", "--key", "server.key", "--force"];
    let server = Server::start(test, &[&leaf[..], &STAPLE, &["--static-root", "www"]].concat());
    server.process.wait_for_log("the chain of `test.example` does not contain its issuer");
    // A file that is not there, and a response without a certificate of this server's own.
    let serve = ["serve", "--listen", "https:127.0.0.1:0", "--static-root", "www"];
    let missing = ["--ocsp-staple", "missing.der"];
    test.certkit(&[&serve[..], &TLS, &missing].concat()).exits(2).says("there is no file `missing.der`");
    test.certkit(&[&serve[..], &STAPLE].concat()).exits(2).says("--ocsp-staple is given without --cert");
    test.certkit(&[&serve[..], &STAPLE, &["--acme", "test.example"]].concat())
        .exits(2)
        .says("cannot be used with");
    test.certkit(&[
        "serve",
        "--check",
        "--static-root",
        "www",
        "--cert",
        "chain.pem",
        "--key",
        "server.key",
        "--ocsp-staple",
        "missing.der",
    ])
    .exits(2)
    .says("missing.der");
}
