//! `trust list` and `trust uninstall`: roots of certkit, also those that no folder has any more. Nothing else is touched.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Test, certkit};
use crate::peers::{peer, python};
use crate::testing::write_program;

const ANCHORS: &str = "image/usr/local/share/ca-certificates";

/// A folder with an image of a system beside a CA.
fn image() -> Test {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    fs::create_dir_all(test.path(ANCHORS)).unwrap();
    test
}

/// Runs `certkit trust` on the image and gives its report.
#[track_caller]
fn trust(test: &Test, args: &[&str], status: i32) -> Value {
    let image = ["--store", "system", "--root", "image", "--format", "json"];
    test.certkit(&[&["trust"], args, &image].concat()).exits(status).report()
}

fn anchors(test: &Test) -> usize {
    fs::read_dir(test.path(ANCHORS)).unwrap().count()
}

/// The fingerprints and the states of CAs.
fn listed(cas: &Value) -> Vec<(String, String)> {
    let one = |ca: &Value| {
        let states = ca["stores"].as_array().unwrap().iter().map(|store| store["state"].as_str().unwrap());
        (ca["certificate"]["sha256"].as_str().unwrap().to_owned(), states.collect())
    };
    cas.as_array().unwrap().iter().map(one).collect()
}

/// What `certkit show` says about the fingerprint of a file.
fn sha256(test: &Test, file: &str) -> String {
    let shown = test.certkit(&["show", file, "--format", "json"]).exits(0).report();
    shown["items"][0]["sha256"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned()
}

#[test]
fn a_root_that_was_replaced_is_found_and_removed() {
    let test = image();
    test.certkit(&["mkcert", "test.example"]).exits(0);
    trust(&test, &["install"], 0);
    let old = sha256(&test, "ca.crt");
    test.certkit(&["mkca", "--force"]).exits(0);

    let status = trust(&test, &["status"], 1);
    assert_eq!(listed(&status["older"]), [(old.clone(), "trusted".into())]);
    assert_eq!(status["warnings"][0]["code"], "old_root", "{status}");
    let plan = trust(&test, &["uninstall", "--dry-run"], 0);
    assert_eq!((listed(&plan["older"]), anchors(&test)), (vec![(old.clone(), "planned".into())], 1));

    let report = trust(&test, &["uninstall"], 0);
    assert_eq!(report["stores"][0]["state"], "absent");
    assert_eq!((listed(&report["older"]), anchors(&test)), (vec![(old, "removed".into())], 0));
    assert_eq!(trust(&test, &["uninstall"], 0)["older"], json!([]));
}

/// Older versions kept neither the certificate nor a line in the ledger.
#[test]
fn a_root_without_any_trace_in_its_folder_is_named() {
    let test = image();
    trust(&test, &["install"], 0);
    let old = sha256(&test, "ca.crt");
    for name in test.names().into_iter().filter(|name| name.starts_with("ca.") || name.contains("ledger")) {
        fs::remove_file(test.path(name)).unwrap();
    }
    test.certkit(&["mkca"]).exits(0);
    let report = trust(&test, &["uninstall"], 0);
    assert_eq!((&report["older"], anchors(&test)), (&json!([]), 1), "no proof that it was of this folder");
    let printed = report["warnings"][0]["commands"][0].as_str().unwrap_or_else(|| panic!("{report}"));
    let command = printed.strip_prefix("certkit ").unwrap();
    assert!(command.contains(&old[..16]), "{command}");
    let words: Vec<_> = command.split(' ').collect();
    test.certkit(&words).exits(0).says("removed");
    assert_eq!(anchors(&test), 0);
}

#[test]
fn a_named_ca_is_removed_alone() {
    let test = image();
    test.certkit(&["mkcert", "test.example"]).exits(0);
    trust(&test, &["install"], 0);
    test.certkit(&["mkca", "--force"]).exits(0);
    trust(&test, &["install"], 0);
    let report = trust(&test, &["uninstall", "ca.crt"], 0);
    assert_eq!((report["stores"][0]["state"].as_str(), anchors(&test)), (Some("removed"), 1));
    assert_eq!(report["warnings"][0]["code"], "old_root");
}

#[test]
fn all_of_certkit_and_nothing_else() {
    let Some(openssl) = peer("openssl") else { return };
    let test = image();
    test.certkit(&["mkca", "Our team", "-o", "team"]).exits(0);
    test.certkit(&["mkca", "--subject", "CN=Typed", "-o", "typed"]).exits(0);
    let key = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "foreign.key", "-subj", "/CN=X"];
    test.run(&openssl, &[&key[..], &["-out", "foreign.crt"]].concat()).exits(0);
    for file in ["ca.crt", "typed/ca.crt", "foreign.crt"] {
        trust(&test, &["install", file], 0);
    }
    // By hand: known by its common name.
    test.write(&format!("{ANCHORS}/by-hand.crt"), test.text("team/ca.crt"));
    test.write(&format!("{ANCHORS}/foreign-too.crt"), test.text("foreign.crt"));
    fs::remove_dir_all(test.path("team")).unwrap();

    let report = trust(&test, &["list"], 0);
    let cas = report["cas"].as_array().unwrap();
    assert_eq!(cas.len(), 4, "{report}");
    assert_eq!(cas[0]["files"], json!(["ca.crt"]));
    assert!(cas[1..].iter().all(|ca| ca["files"] == json!([])), "{report}");
    assert!(cas.iter().all(|ca| ca["stores"][0]["state"] == "trusted"), "{report}");

    let ask = ["trust", "uninstall", "--all", "--store", "system", "--root", "image"];
    let refused = test.certkit(&ask).exits(2);
    refused.says("would remove 4 CAs").says("Our team").says("certkit trust uninstall --all --yes");
    let plan = trust(&test, &["uninstall", "--all", "--dry-run"], 0);
    assert_eq!((plan["cas"].as_array().unwrap().len(), anchors(&test)), (4, 5));

    // What certkit itself installed is its to remove, also a root that it did not make; what came by hand is not.
    fs::remove_file(test.path(format!("{ANCHORS}/by-hand.crt"))).unwrap();
    let removed = trust(&test, &["uninstall", "--all", "--yes"], 0);
    assert!(removed["cas"].as_array().unwrap().iter().all(|ca| ca["stores"][0]["state"] == "removed"));
    assert_eq!(anchors(&test), 0, "both files held the root that certkit installed");
    assert_eq!(trust(&test, &["list"], 0)["cas"].as_array().unwrap().len(), 1);
}

#[test]
fn a_root_that_certkit_neither_made_nor_installed_stays() {
    let Some(openssl) = peer("openssl") else { return };
    let test = image();
    let key = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "foreign.key", "-subj", "/CN=X"];
    test.run(&openssl, &[&key[..], &["-out", "foreign.crt"]].concat()).exits(0);
    test.write(&format!("{ANCHORS}/foreign.crt"), test.text("foreign.crt"));
    trust(&test, &["install"], 0);
    let sha256 = sha256(&test, "foreign.crt");
    let refused = trust(&test, &["uninstall", &sha256], 2);
    assert_eq!(refused["errors"][0]["code"], "invalid_setting", "{refused}");
    trust(&test, &["uninstall", "--all", "--yes"], 0);
    assert_eq!(anchors(&test), 1);
    assert_eq!(test.text(&format!("{ANCHORS}/foreign.crt")), test.text("foreign.crt"));
}

#[test]
fn asked_on_a_terminal() {
    let Some(python) = python(&[]) else { return };
    let test = image();
    trust(&test, &["install"], 0);
    test.write(
        "ask.py",
        "import os, pty, sys\n\
         child, terminal = pty.fork()\n\
         if child == 0:\n    os.execv(sys.argv[2], sys.argv[2:])\n\
         os.write(terminal, sys.argv[1].encode() + b'\\n')\n\
         try:\n    while data := os.read(terminal, 4096):\n        os.write(1, data)\n\
         except OSError:\n    pass\n\
         sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n",
    );
    let program = certkit().display().to_string();
    for (answer, status, left) in [("no", 2, 1), ("y", 0, 0)] {
        let typed = ["ask.py", answer, &program, "trust", "uninstall", "--all"];
        let ran = test.run(&python, &[&typed[..], &["--store", "system", "--root", "image"]].concat());
        ran.exits(status).says("Remove these CAs from the trust stores?").says(", valid until 20");
        assert_eq!(anchors(&test), left);
    }
}

#[test]
fn by_fingerprint_in_every_kind_of_store() {
    let (Some(certutil), Some(keytool)) = (peer("certutil"), peer("keytool")) else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--subject", "CN=One", "-o", "one"]).exits(0);
    test.certkit(&["mkca", "--subject", "CN=Other", "-o", "other"]).exits(0);
    test.certkit(&["mkca", "--subject", "CN=Foreign", "-o", "foreign"]).exits(0);
    let database = format!("sql:{}", test.home().join(".pki/nssdb").display());
    fs::create_dir_all(test.home().join(".pki/nssdb")).unwrap();
    test.run(&certutil, &["-N", "-d", &database, "--empty-password"]).exits(0);
    test.run(&certutil, &["-A", "-d", &database, "-n", "by hand", "-t", "C,,", "-i", "foreign/ca.crt"])
        .exits(0);
    let store = test.path("jdk/lib/security/cacerts").display().to_string();
    fs::create_dir_all(test.path("jdk/lib/security")).unwrap();
    let import = ["-importcert", "-noprompt", "-alias", "by hand", "-file", "foreign/ca.crt"];
    let to = ["-keystore", &store, "-storepass", "changeit"];
    test.run(&keytool, &[&import[..], &to].concat()).exits(0);
    let trust = |args: &[&str]| {
        let stores = ["--store", "nss", "--store", "java", "--format", "json"];
        let program = test.program(certkit()).env("JAVA_HOME", test.path("jdk"));
        program.args([&["trust"], args, &stores].concat()).run().exits(0).report()
    };
    trust(&["install", "one/ca.crt"]);
    trust(&["install", "other/ca.crt"]);
    let (one, other) = (sha256(&test, "one/ca.crt"), sha256(&test, "other/ca.crt"));
    for folder in ["one", "other"] {
        fs::remove_dir_all(test.path(folder)).unwrap();
    }
    let both = "trustedtrusted".to_owned();
    let mut expected = [(one.clone(), both.clone()), (other.clone(), both.clone())];
    expected.sort();
    let mut found = listed(&trust(&["list"])["cas"]);
    found.sort();
    assert_eq!(found, expected, "and not the one that came by hand");
    let removed = trust(&["uninstall", &one[..12].to_uppercase()]);
    assert_eq!(listed(&removed["cas"]), [(one, "removedremoved".to_owned())]);
    assert_eq!(listed(&trust(&["list"])["cas"]), [(other, both)]);
    test.run(&certutil, &["-L", "-d", &database]).exits(0).says("by hand");
}

/// A root and the one that it was renewed from have one subject, and certutil one name for both.
#[test]
fn two_roots_of_one_subject_in_nss() {
    let (Some(openssl), Some(certutil)) = (peer("openssl"), peer("certutil")) else { return };
    let test = Test::new();
    let new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "x.key", "-subj", "/CN=X"];
    test.run(&openssl, &[&new[..], &["-out", "one.crt"]].concat()).exits(0);
    let again = ["req", "-x509", "-key", "x.key", "-subj", "/CN=X", "-days", "99", "-out", "other.crt"];
    test.run(&openssl, &again).exits(0);
    let trust = |word: &str, file: &str, status: i32| {
        test.certkit(&["trust", word, file, "--store", "nss", "--format", "json"]).exits(status);
    };
    for (first, second) in [("one.crt", "other.crt"), ("other.crt", "one.crt")] {
        trust("install", first, 0);
        trust("install", second, 0);
        trust("uninstall", first, 0);
        trust("status", first, 1);
        trust("status", second, 0);
        trust("uninstall", second, 0);
        trust("status", second, 1);
    }
    let database = format!("sql:{}", test.home().join(".pki/nssdb").display());
    test.run(&certutil, &["-L", "-d", &database]).exits(0).keeps_quiet_about("X [");
}

#[test]
fn the_line_for_windows() {
    let test = image();
    let trust = |word: &str| test.certkit(&["trust", word, "--store", "system", "--root", "image"]).exits(0);
    trust("install").keeps_quiet_about("certutil.exe");
    for version in ["Linux version 5.15.90.1-microsoft-standard-WSL2", "Linux version 4.4.0-19041-Microsoft"]
    {
        test.write("image/proc/version", version);
        trust("install").says("certutil.exe -user -addstore Root \"$(wslpath -w ca.crt)\"");
    }
    let sha1 = "import hashlib, ssl; print(hashlib.sha1(ssl.PEM_cert_to_DER_cert(open('ca.crt').read())).hexdigest())";
    let Some(python) = python(&[]) else { return };
    let sha1 = test.run(&python, &["-c", sha1]).exits(0).stdout().trim().to_uppercase();
    trust("uninstall").says(&format!("certutil.exe -user -delstore Root {sha1}"));
}

#[test]
fn status_names_what_asks_no_store() {
    let test = image();
    fs::create_dir(test.path("bin")).unwrap();
    write_program(&test.path("bin/node"), "#!/bin/sh\n");
    write_program(&test.path("bin/git"), "#!/bin/sh\necho own.pem\n");
    write_program(&test.path("bin/java"), "#!/bin/sh\n");
    write_program(&test.path("bin/npm"), "#!/bin/sh\n");
    test.write("own.pem", "# no certificate\n");
    fs::write(test.home().join(".npmrc"), "registry=https://npm.test\ncafile = \"own.pem\"\n").unwrap();
    fs::create_dir_all(test.home().join("snap/firefox")).unwrap();
    let status = |variables: &[(&str, &str)]| {
        let args = ["trust", "status", "--format", "json"];
        let program = test.program(certkit()).args(args).env("PATH", test.path("bin"));
        let program = program.env("JAVA_HOME", test.path("none"));
        let program = variables.iter().fold(program, |program, (name, value)| program.env(name, value));
        let report = program.run().envelope();
        let uncovered =
            report["result"]["uncovered"].as_array().unwrap_or_else(|| panic!("{report}")).clone();
        let names = uncovered.iter().map(|one| one["program"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>(), report["next"].clone())
    };
    let (names, next) = status(&[]);
    assert_eq!(names, ["Node.js, npm", "git", "npm", "Java", "Firefox from snap or flatpak"]);
    assert_eq!(next, json!(["eval \"$(certkit trust env ca.crt)\""]));
    let (names, _) = status(&[("SSL_CERT_FILE", "own.pem"), ("CURL_CA_BUNDLE", "ca.crt")]);
    assert!(names.iter().any(|name| name.starts_with("OpenSSL")), "{names:?}");
    assert!(!names.contains(&"curl".to_owned()), "{names:?}");

    // With the CA in the files that they read, there is nothing to name.
    test.write("own.pem", test.text("ca.crt"));
    fs::remove_dir_all(test.home().join("snap")).unwrap();
    let java = ("JAVA_TOOL_OPTIONS", "-Djavax.net.ssl.trustStore=any");
    let (names, next) = status(&[("NODE_EXTRA_CA_CERTS", "own.pem"), java]);
    assert_eq!((names.len(), next), (0, json!([])), "{names:?}");
}

/// A file with a fitting name and a line in a ledger are no proof: anybody may have put them there.
#[test]
fn a_root_of_somebody_else_stays_whatever_lies_in_the_folder() {
    let test = image();
    let Some(openssl) = peer("openssl") else { return };
    let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout corp.key -out corp.crt -days 100";
    let make: Vec<_> = make.split(' ').chain(["-subj", "/CN=Corp Root"]).collect();
    test.run(&openssl, &make).exits(0);
    fs::copy(test.path("corp.crt"), test.path(ANCHORS).join("corp.crt")).unwrap();
    for name in ["ca-corp.crt", "ca.crt.bak", "ca-certificates.crt"] {
        fs::copy(test.path("corp.crt"), test.path(name)).unwrap();
    }
    let corp = ["--ca", "corp.crt", "--ca-key", "corp.key", "--ledger", "ledger.jsonl"];
    test.certkit(&[&["mkcert", "a.test"][..], &corp].concat()).exits(0);
    let plan = trust(&test, &["uninstall"], 0);
    assert_eq!(listed(&plan["older"]), [], "{plan}");
    trust(&test, &["uninstall", "--all", "--yes"], 0);
    assert_eq!(anchors(&test), 1);
}
