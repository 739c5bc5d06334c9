//! `certkit acme obtain --csr`: names and key of a certificate come from a signing request, and the key stays elsewhere.

use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::acme_front::{Class, Fault, Front};
use crate::harness::Test;
use crate::pebble::Pebble;
use crate::peers::peer;
use crate::process::Process;
use crate::serve_acme::{APP, acme};

const LIVE: &str = "state/live/www.a.test";

/// Makes `own.key` and `own.csr` for www.a.test and a.test.
fn request(test: &Test) {
    test.certkit(&["csr", "www.a.test", "a.test", "-o", "own.csr"]).exits(0);
}

/// Makes `NAME.key` and `NAME.csr` with openssl.
#[track_caller]
fn openssl(test: &Test, name: &str, args: &[&str]) -> Option<()> {
    let (key, csr) = (format!("{name}.key"), format!("{name}.csr"));
    let new = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let files = ["-keyout", &key, "-out", &csr];
    test.run(peer("openssl")?, &[&new[..], &files, args].concat()).exits(0);
    Some(())
}

/// The chain in use holds, and is for this key.
#[track_caller]
fn is_for(test: &Test, pebble: &Pebble<'_>, key: &str) {
    fs::copy(pebble.write_issuer_root(), test.path("ca.crt")).unwrap();
    test.certkit(&["check", &format!("{LIVE}/fullchain.pem"), "--key", key]).exits(0);
}

#[test]
fn the_key_stays_elsewhere_and_renewals_go_on_with_the_request() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    request(&test);
    let hook = "echo \"[$CERTKIT_KEY] $CERTKIT_FULLCHAIN\" >> hooked";
    let args = ["--csr", "own.csr", "--deploy-hook", hook];
    let envelope = pebble.obtain(&[&args[..], &["--format", "json"]].concat()).exits(0).envelope();
    let files = envelope["result"]["files"].as_array().unwrap();
    let roles: Vec<_> = files.iter().map(|file| file["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["chain", "certificate", "intermediates"]);
    assert_eq!(pebble.orders(), 1);
    let mut names: Vec<_> =
        fs::read_dir(test.path(LIVE)).unwrap().map(|one| one.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["cert.pem", "chain.pem", "fullchain.pem"]);
    is_for(&test, &pebble, "own.key");
    assert!(test.text("hooked").starts_with("[] /"), "{}", test.text("hooked"));
    let next = envelope["next"].as_array().unwrap().iter().filter_map(Value::as_str);
    let show = next.filter(|command| command.starts_with("certkit show ")).collect::<Vec<_>>();
    assert_eq!(show, [format!("certkit show {LIVE}/fullchain.pem")]);
    test.certkit(&["show", &format!("{LIVE}/fullchain.pem")]).exits(0);

    pebble.obtain(&["--csr", "own.csr"]).exits(0).says("nothing to do");
    let list = test.certkit(&["acme", "list", "--state", "state", "--format", "json"]).exits(0).report();
    let one = &list["certificates"][0];
    assert_eq!(
        (&one["signing_request"], &one["key_type"], one.get("key")),
        (&json!(true), &json!("p256"), None)
    );
    test.certkit(&["acme", "list", "--state", "state"])
        .exits(0)
        .says("of a signing request; it is not kept here");

    fs::remove_file(test.path("own.csr")).unwrap();
    let before = test.text(&format!("{LIVE}/cert.pem"));
    test.certkit(&["acme", "renew", "--force", "--state", "state"]).exits(0).says("renewed");
    assert_ne!(test.text(&format!("{LIVE}/cert.pem")), before);
    assert!(!test.path(format!("{LIVE}/privkey.pem")).exists());
    is_for(&test, &pebble, "own.key");
    assert_eq!((pebble.orders(), pebble.accounts(), test.text("hooked").lines().count()), (2, 1, 2));
}

#[test]
fn a_request_is_read_in_every_form() {
    let test = Test::new();
    let (Some(pebble), Some(openssl)) = (Pebble::start(&test), peer("openssl")) else { return };
    request(&test);
    test.run(&openssl, &["req", "-in", "own.csr", "-outform", "DER", "-out", "own.der"]).exits(0);
    let text =
        test.text("own.csr").replace("BEGIN CERT", "BEGIN NEW CERT").replace("END CERT", "END NEW CERT");
    test.write("damaged.csr", format!("From: me\r\n\r\n{}", text.replace('\n', "  \r\n").trim_end()));
    pebble.obtain(&["--csr", "own.csr"]).exits(0);
    for form in ["own.der", "damaged.csr"] {
        pebble.obtain(&["--csr", form]).exits(0).says("nothing to do");
    }
    let from_stdin = test.program(crate::harness::certkit()).args(["acme", "obtain", "--csr", "-"]);
    from_stdin.args(pebble.args()).stdin(test.text("own.csr")).run().exits(0).says("nothing to do");
    assert_eq!(pebble.orders(), 1);
}

#[test]
fn what_cannot_be_ordered_is_named_before() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    request(&test);
    for (name, args) in [
        ("mail", &["-subj", "/", "-addext", "subjectAltName=DNS:a.test,email:me@a.test"][..]),
        ("words", &["-subj", "/CN=My Server", "-addext", "subjectAltName=DNS:a.test"]),
        ("ca", &["-subj", "/CN=a.test", "-addext", "basicConstraints=CA:TRUE"]),
        ("none", &["-subj", "/O=Us"]),
    ] {
        let Some(()) = openssl(&test, name, args) else { return };
    }
    // A letter of a name is another: the signature does not hold any more.
    let mut der = certkit::internals::pem::scan(test.text("own.csr").as_bytes()).blocks[0].der.to_vec();
    let at = der.windows(10).position(|part| part == b"www.a.test").unwrap();
    der[at] = b'v';
    test.write("changed.csr", der);
    test.write("two.csr", format!("{0}{0}", test.text("own.csr")));
    for (file, why) in [
        ("mail.csr", "asks for `me@a.test`"),
        ("words.csr", "common name of the request is `My Server`"),
        ("ca.csr", "asks for a CA certificate"),
        ("none.csr", "contains no name"),
        ("changed.csr", "not signed by its own key"),
        ("two.csr", "expected one certificate signing request"),
        ("own.key", "expected one certificate signing request"),
        ("missing.csr", "missing.csr"),
    ] {
        pebble.obtain(&["--csr", file]).exits(2).says(why);
    }
    for options in [
        &["--csr", "own.csr", "www.a.test"][..],
        &["--csr", "own.csr", "-k", "p384"],
        &["--csr", "own.csr", "--reuse-key"],
        &["--csr", "own.csr", "--prepare-key"],
        &["--csr", "own.csr", "--key-group", "0"],
    ] {
        pebble.obtain(options).exits(2).says("cannot be used with");
    }
    assert_eq!((pebble.orders(), pebble.accounts()), (0, 0));
    assert!(!test.path("state").exists());
}

#[test]
fn what_the_server_will_not_issue_is_told_before_the_order() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let staple =
        ["-addext", "tlsfeature=status_request", "-addext", "extendedKeyUsage=serverAuth,clientAuth"];
    let names = ["-subj", "/CN=www.a.test", "-addext", "subjectAltName=DNS:www.a.test"];
    let Some(()) = openssl(&test, "staple", &[&names[..], &staple].concat()) else { return };
    let said = pebble.obtain(&["--csr", "staple.csr"]).exits(0).stderr();
    let (warning, ordered) = (said.find("the request also asks for"), said.find("ordered a certificate"));
    assert!(warning.is_some() && warning < ordered, "{said}");
    assert_eq!(said.matches("the request also asks for").count(), 1, "{said}");
    let again = pebble.obtain(&["--csr", "staple.csr", "--format", "json"]).exits(0).envelope();
    assert_eq!(again["findings"][0]["code"], "left_out");
}

#[test]
fn whose_key_it_is_does_not_change_by_accident() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    request(&test);
    pebble.obtain(&["www.a.test", "a.test"]).exits(0);
    let key = test.text(&format!("{LIVE}/privkey.pem"));
    pebble
        .obtain(&["--csr", "own.csr"])
        .exits(2)
        .says("certkit has made the key of www.a.test")
        .says("--force");
    assert_eq!(test.text(&format!("{LIVE}/privkey.pem")), key);
    pebble.obtain(&["--csr", "own.csr", "--force"]).exits(0);
    is_for(&test, &pebble, "own.key");

    pebble.obtain(&["www.a.test", "a.test"]).exits(2).says("is from a signing request").says("--csr FILE");
    assert_eq!((pebble.orders(), test.path(format!("{LIVE}/privkey.pem")).exists()), (2, false));
    pebble.obtain(&["www.a.test", "a.test", "--force"]).exits(0);
    is_for(&test, &pebble, &format!("{LIVE}/privkey.pem"));
}

#[test]
fn another_request_gets_another_certificate_and_a_revoked_key_none() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    request(&test);
    pebble.obtain(&["--csr", "own.csr"]).exits(0);
    test.certkit(&["csr", "www.a.test", "a.test", "-o", "other.csr"]).exits(0);
    pebble.obtain(&["--csr", "other.csr"]).exits(0).says("another signing request was given");
    is_for(&test, &pebble, "other.key");

    let revoke = ["acme", "revoke", "www.a.test", "--state", "state"];
    let with_key = [&revoke[..], &["--with-certificate-key"]].concat();
    test.certkit(&with_key).exits(2).says("the key of www.a.test is not here");
    let revoked = test.certkit(&[&revoke[..], &["--format", "json"]].concat()).exits(0).envelope();
    assert_eq!(pebble.status_of(revoked["result"]["serial"].as_str().unwrap()), "Revoked");
    pebble.obtain(&["--csr", "other.csr"]).exits(2).says("was revoked");
    assert_eq!(pebble.orders(), 2);
    // What is printed makes a request that gets another one.
    assert_eq!(revoked["next"], json!(["certkit csr www.a.test a.test"]));
    test.certkit(&["csr", "www.a.test", "a.test"]).exits(0);
    pebble.obtain(&["--csr", "server.csr"]).exits(0);
    is_for(&test, &pebble, "server.key");
}

#[test]
fn a_killed_run_is_continued_with_the_same_order() {
    for class in [Class::NewOrder, Class::Finalize, Class::Certificate] {
        let test = Test::new();
        let Some(pebble) = Pebble::start(&test) else { return };
        let front = Front::start(&test, &pebble);
        request(&test);
        front.on(class, Fault::HoldAnswer);
        let mut run = Process::start(&test, front.program(&["--csr", "own.csr"]));
        front.wait_until_held();
        run.signal(Signal::KILL);
        run.wait();
        front.obtain(&["--csr", "own.csr"]).exits(0);
        front.obtain(&["--csr", "own.csr"]).exits(0).says("nothing to do");
        assert_eq!((pebble.orders(), pebble.certificates()), (1, 1), "{class:?}");
        is_for(&test, &pebble, "own.key");
    }
}

#[test]
fn a_dry_run_keeps_nothing() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    request(&test);
    pebble.obtain(&["--csr", "own.csr", "--dry-run"]).exits(0).says("validated all names");
    assert!(!test.path("state/live").exists());
    assert_eq!(pebble.certificates(), 0);
}

#[test]
fn a_server_needs_the_key() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    request(&test);
    pebble.obtain(&["--csr", "own.csr"]).exits(0);
    test.write("app.py", APP);
    let redirect = format!("--redirect-http=127.0.0.1:{}", pebble.http_port);
    let mut args = vec!["serve".to_owned(), "--listen=https:127.0.0.1:0".into(), redirect];
    args.extend(acme(&pebble, &pebble.directory()));
    args.push("app.py".into());
    let serve = |further: &[&str]| {
        let own: Vec<&str> = args.iter().map(String::as_str).collect();
        test.certkit(&[&own[..], further].concat())
    };
    for names in ["--acme=www.a.test,a.test", "--acme=www.a.test"] {
        for further in [&[names][..], &[names, "--check"]] {
            serve(further)
                .exits(2)
                .says("the key of `www.a.test` is elsewhere: its certificate is from a signing request")
                .says("--force --state state");
        }
    }
    // The command that the second one names, at this server.
    serve(&["--acme=www.a.test"]).says("certkit acme obtain www.a.test --force --state state");
    pebble.obtain(&["www.a.test", "--force"]).exits(0);
    is_for(&test, &pebble, &format!("{LIVE}/privkey.pem"));
    serve(&["--acme=www.a.test", "--check"]).exits(0).says("a certificate for www.a.test, until 2");
}
