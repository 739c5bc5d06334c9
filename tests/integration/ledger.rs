//! The ledger and what lives of it: certificates in bulk, two runs at once and one of them killed, `revoke`, `crl`,
//! `renew`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Test, certkit, eventually};
use crate::peers::peer;
use crate::process::Process;

/// Serial numbers of issued certificates in the ledger, with how often each stands there.
fn issued(test: &Test) -> BTreeMap<String, usize> {
    let mut serials = BTreeMap::new();
    for line in test.text("ledger.jsonl").lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        if event["event"] == "issued" {
            *serials.entry(event["serial"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    serials
}

/// The serial numbers of the certificates in some folders, by path; every one of them is whole and has its key.
fn on_disk(test: &Test, folders: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (path, (mode, contents)) in test.files() {
        let path = path.display().to_string();
        let Some(base) =
            path.strip_suffix(".crt").filter(|_| folders.iter().any(|folder| path.starts_with(folder)))
        else {
            continue;
        };
        assert_eq!(mode & 0o133, 0);
        let blocks = certkit::internals::pem::scan(&contents);
        let certificate =
            certkit::internals::x509::Certificate::from_der(blocks.blocks[0].der.to_vec()).unwrap();
        assert_eq!(test.mode(&format!("{base}.key")), 0o600, "{base}.key");
        let key = certkit::internals::pem::scan(test.text(&format!("{base}.key")).as_bytes());
        let key = certkit::internals::x509::PrivateKey::from_pem(&key.blocks[0]).unwrap();
        assert_eq!(key.spki(), certificate.spki, "{base}");
        found.insert(path, certificate.serial_hex());
    }
    found
}

fn names(first: usize, count: usize) -> String {
    (first..first + count).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "h{number}.test.example www.h{number}.test.example");
        text
    })
}

#[test]
fn two_runs_at_once_one_of_them_killed() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.write("a.txt", names(0, 600));
    test.write("b.txt", names(10_000, 600));
    let start = |list: &str, folder: &str| {
        let args = ["mkcert", "--from", list, "-o", folder, "-q"];
        Process::start(&test, test.program(certkit()).args(args))
    };
    let (mut victim, mut other) = (start("a.txt", "a"), start("b.txt", "b"));
    let certificates = || {
        let entries = std::fs::read_dir(test.path("a")).into_iter().flatten().flatten();
        entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "crt")).count()
    };
    eventually("the first certificates", || (certificates() > 0 || victim.ended().is_some()).then_some(()));
    victim.signal(Signal::KILL);
    victim.wait();
    assert!(other.wait().success(), "{}", other.log());

    // A batch is named together, and the kill may have come in between: what has its name is in the ledger.
    let check = |least: usize| {
        let (ledger, disk) = (issued(&test), on_disk(&test, &["a", "b"]));
        assert!(ledger.values().all(|&times| times == 1), "a serial number twice");
        assert_eq!(disk.values().collect::<BTreeSet<_>>().len(), disk.len());
        assert!(
            disk.values().all(|serial| ledger.contains_key(serial)),
            "a certificate that no ledger knows"
        );
        assert!(disk.len() >= least, "{} certificates", disk.len());
    };
    check(600);
    // What is missing is made by running it again.
    test.certkit(&["mkcert", "--from", "a.txt", "-o", "a", "--if-needed"]).exits(0);
    check(1200);
    let leftovers: Vec<_> = test.names().into_iter().filter(|name| name.contains(".certkit-")).collect();
    assert_eq!(leftovers, [""; 0]);
}

#[test]
fn a_list_of_names_is_checked_before_the_first_is_made() {
    let test = Test::new();
    test.certkit(&["mkca", "--permit", "example"]).exits(0);
    let list = "# hosts\n\na.example, b.example # two\n*.c.example\n10.1.2.3x..\nd.example\nd.example e.example\nf.test\n";
    test.write("list", list);
    let before = test.files();
    let failed =
        test.certkit(&["mkcert", "--from", "list", "-o", "out", "--format", "json"]).exits(2).report();
    let lines = |errors: &Value| -> Vec<(u64, String)> {
        let errors = errors.as_array().unwrap().iter();
        errors
            .map(|error| (error["line"].as_u64().unwrap(), error["code"].as_str().unwrap().into()))
            .collect()
    };
    let wanted = [(5, "invalid_name"), (7, "duplicate"), (8, "name_constraint")];
    assert_eq!(lines(&failed["errors"]), wanted.map(|(line, code)| (line, code.to_owned())));
    assert_eq!(test.files(), before);

    let good: String = list.lines().enumerate().filter(|(index, _)| ![4, 6, 7].contains(index)).fold(
        String::new(),
        |mut text, (_, line)| {
            let _ = writeln!(text, "{line}");
            text
        },
    );
    test.program(certkit())
        .args(["mkcert", "--from", "-", "-o", "out"])
        .stdin(good)
        .run()
        .exits(0)
        .says("3 certificates");
    let made = on_disk(&test, &["out"]);
    assert_eq!(
        made.keys().collect::<Vec<_>>(),
        ["out/_.c.example.crt", "out/a.example.crt", "out/d.example.crt"]
    );
    test.certkit(&["check", "out/a.example.crt", "--host", "b.example", "--roots", "ca.crt"]).exits(0);

    // What is there already is named with its line, before anything is made.
    test.write("list", "x.example\na.example\n");
    let before = test.files();
    let failed =
        test.certkit(&["mkcert", "--from", "list", "-o", "out", "--format", "json"]).exits(2).report();
    assert_eq!(lines(&failed["errors"]), [(2, "output_exists".to_owned())]);
    assert_eq!(test.files(), before);
    test.write("list", "x.example\nb.example a.example\na.example b.example\n");
    test.certkit(&["mkcert", "--from", "list", "-o", "out", "--if-needed"])
        .exits(0)
        .says("1 need no renewal");
    test.certkit(&["mkcert", "--from", "/dev/null", "-o", "out"]).exits(2).says("empty_file");
}

#[test]
fn a_torn_line_of_a_killed_run_is_mended() {
    let test = Test::with_certificate("a.test");
    let whole = test.text("ledger.jsonl");
    test.write("ledger.jsonl", format!("{whole}{}", &whole[..40]));
    test.certkit(&["mkcert", "b.test", "-o", "b"]).exits(0);
    // The root has a line too.
    assert_eq!(test.text("ledger.jsonl").lines().count(), 3);
    assert_eq!(issued(&test).len(), 3);
    assert_eq!(test.mode("ledger.jsonl"), 0o600);
}

#[test]
fn a_revoked_certificate_is_on_the_list() {
    let Some(openssl) = peer("openssl") else { return };
    for (args, list, issuer) in [
        (&["mkca"][..], "ca.crl", "ca.crt"),
        (&["mkca", "--intermediate"], "intermediate.crl", "intermediate.crt"),
    ] {
        let test = Test::new();
        test.certkit(args).exits(0);
        for name in ["good", "bad"] {
            test.certkit(&["mkcert", &format!("{name}.test"), "-o", name]).exits(0);
        }
        test.certkit(&["crl"]).exits(0).says(list).says("list number 1: 0 certificates");
        test.run(&openssl, &["crl", "-in", list, "-noout", "-CAfile", issuer]).exits(0).says("verify OK");
        test.certkit(&["revoke", "bad.crt", "--reason", "keyCompromise"]).exits(0).says("certkit crl");
        test.certkit(&["revoke", "bad.crt"]).exits(0).says("already");
        test.certkit(&["crl", "--days", "7"]).exits(0).says("list number 2: 1 certificate ");
        let text = test.run(&openssl, &["crl", "-in", list, "-noout", "-text", "-CAfile", issuer]).exits(0);
        let text = text.says("verify OK").says("Version 2").says("Key Compromise").stdout();
        let number = text.split("CRL Number:").nth(1).unwrap().split_whitespace().next();
        assert_eq!(number, Some("2"), "{text}");
        assert!(text.contains("Authority Key Identifier"), "{text}");

        let roots = ["--roots", issuer, "--crl", list];
        test.certkit(&[&["check", "good.crt"][..], &roots].concat()).exits(0);
        test.certkit(&[&["check", "bad.crt"][..], &roots].concat())
            .exits(1)
            .says("revoked")
            .says("key was compromised");
        let verify =
            ["verify", "-partial_chain", "-x509_strict", "-crl_check", "-CAfile", issuer, "-CRLfile", list];
        test.run(&openssl, &[&verify[..], &["good.crt"]].concat()).exits(0);
        test.run(&openssl, &[&verify[..], &["bad.crt"]].concat()).exits(2).says("revoked");

        // A list goes into the place of an older one of this CA, and of nothing else.
        test.certkit(&["crl", "-o", "good.crt"]).exits(2).says("output_exists");
        let printed = test.certkit(&["crl", "-o", "-"]).exits(0).stdout();
        assert!(printed.starts_with("-----BEGIN X509 CRL-----"), "{printed}");
        test.certkit(&["renew", "bad.crt"]).exits(2).says("revoked");
    }
    let (test, other) = (Test::with_certificate("a.test"), Test::with_certificate("b.test"));
    test.write("b.crt", other.text("server.crt"));
    let before = test.files();
    test.certkit(&["revoke", "b.crt"]).exits(2).says("unknown_issuer");
    assert_eq!(test.files(), before);
}

/// When a certificate ends, as openssl prints it, and the fingerprint of its public key.
fn end_and_key(test: &Test, openssl: &Path, file: &str) -> (String, String) {
    let field = |which| test.run(openssl, &["x509", "-in", file, "-noout", which]).exits(0).stdout();
    (field("-enddate"), field("-pubkey"))
}

#[test]
fn renewed_with_the_same_names_and_key() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "a.test", "10.1.2.3", "--until", "2099-01-01T00:00:00Z", "--client"]).exits(0);
    test.certkit(&["mkcert", "b.test", "--days", "90", "-o", "b"]).exits(0);
    test.certkit(&["merge", "b.crt", "ca-bundle.ca", "-o", "chain.pem"]).exits(0);
    let (end, key) = end_and_key(&test, &openssl, "b.crt");
    let (serial, before) = (issued(&test), test.files());

    // Not due: nothing changes.
    test.certkit(&["renew"]).exits(0).says("none due");
    test.certkit(&["renew", "b.crt", "--if-within", "89d", "--exit-code-if-renewed", "9"]).exits(0);
    assert_eq!(test.files(), before);

    let hook = "echo \"$CERTKIT_RENEWED\" > renewed; echo from the hook";
    let args = ["renew", "b.crt", "--if-within", "90d", "--exit-code-if-renewed", "9", "--exec", hook];
    let ran = test.certkit(&args).exits(9).says("from the hook");
    assert_eq!((ran.stdout().as_str(), test.text("renewed").as_str()), ("", "b.crt\n"));
    assert_eq!(end_and_key(&test, &openssl, "b.crt").1, key);
    assert!(end_and_key(&test, &openssl, "b.crt").0 >= end);
    assert_eq!(issued(&test).len(), serial.len() + 1);
    let verify = ["verify", "-x509_strict", "-CAfile", "ca.crt", "-untrusted", "ca-bundle.ca"];
    test.run(&openssl, &[&verify[..], &["-verify_hostname", "b.test", "b.crt"]].concat()).exits(0);

    // All that the ledger names and that is due; a chain keeps its rest.
    let renewed = test.certkit(&["renew", "--if-within", "100%", "--format", "json"]).exits(0).report();
    // The intermediate too, where it can be longer valid by a second now.
    let count = |list: &str| {
        let paths = renewed[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one.get("path").unwrap_or_else(|| &one["file"]));
        paths.filter(|path| !["intermediate.crt", "ca-bundle.ca"].contains(&path.as_str().unwrap())).count()
    };
    // Each with its full chain, and b.crt with chain.pem too.
    assert_eq!((count("files"), count("renewed")), (5, 2), "{renewed}");
    test.certkit(&["renew", "chain.pem"]).exits(0);
    assert_eq!(test.text("chain.pem").matches("BEGIN CERTIFICATE").count(), 2);
    test.certkit(&["check", "chain.pem", "--host", "b.test", "--roots", "ca.crt"]).exits(0);
    test.run(&openssl, &[&verify[..], &["-purpose", "sslclient", "server.crt"]].concat()).exits(0);

    // A new key takes the old one's place, which is kept.
    let old = test.text("b.key");
    test.certkit(&["renew", "b.crt", "--rekey"]).exits(0);
    assert_ne!(end_and_key(&test, &openssl, "b.crt").1, key);
    assert_eq!((test.text("b.key.bak"), test.mode("b.key")), (old, 0o600));
    test.certkit(&["check", "b.crt", "--key", "b.key", "--roots", "intermediate.crt", "--host", "b.test"])
        .exits(0);

    test.certkit(&["renew", "b.crt", "--exec", "exit 7"]).exits(3).says("hook_failed");
    test.certkit(&["renew", "b.crt", "nothing.crt"]).exits(2).says("not_found").says("b.crt");
    test.certkit(&["renew", "ca.crt", "--ca", "ca.crt", "--ca-key", "ca.key"]).exits(0).says("ca.crt");
}

#[test]
fn renewed_in_the_form_that_it_had() {
    let test = Test::with_certificate("a.test");
    test.certkit(&["convert", "server.crt", "-o", "a.der"]).exits(0);
    test.certkit(&["convert", "server.crt", "-o", "a.p7b"]).exits(0);
    let (pem, der) = (test.text("server.crt"), std::fs::read(test.path("a.der")).unwrap());
    test.certkit(&["renew", "a.der"]).exits(0);
    let renewed = std::fs::read(test.path("a.der")).unwrap();
    assert_ne!(renewed, der);
    certkit::internals::x509::Certificate::from_der(renewed).unwrap();
    let before = test.files();
    test.certkit(&["renew", "a.p7b"]).exits(2).says("certkit convert a.p7b -o renewed.pem");
    test.program(certkit()).args(["renew", "-"]).stdin(pem).run().exits(2).says("standard input");
    assert_eq!(test.files(), before);
}

#[test]
fn a_list_on_standard_output_waits_for_no_input() {
    let test = Test::with_certificate("a.test");
    // The pipe stays open and empty: whoever reads it waits for ever.
    let mut command = test.program(certkit()).args(["crl", "-o", "-"]).command();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let status = eventually("the list", || child.try_wait().unwrap());
    assert!(status.success());
    let list = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
    assert!(list.contains("BEGIN X509 CRL"), "{list}");
}

#[test]
fn a_root_does_not_revoke_itself() {
    let test = Test::with_certificate("a.test");
    let before = test.files();
    test.certkit(&["revoke", "ca.crt"]).exits(2).says("certkit trust uninstall ca.crt");
    assert_eq!(test.files(), before);
}

#[test]
fn lists_made_at_once_have_a_number_each() {
    let test = Test::with_certificate("a.test");
    let runs: Vec<_> =
        (0..8).map(|_| test.program(certkit()).args(["crl", "-q"]).command().spawn().unwrap()).collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    test.certkit(&["crl"]).exits(0).says("list number 9:");
}
