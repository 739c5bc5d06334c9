//! What `check` says about a file besides its chain: a private key in it, PEM in base64, pipes and devices, many certificates
//! that do not belong there, its last days.

use std::path::Path;

use certkit::internals::sys::clock::{Clock, SystemClock};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};
use serde_json::Value;
use time::Duration;

use crate::harness::{Test, certkit};
use crate::peers::peer;

/// All findings of a report with this code.
fn found<'a>(report: &'a Value, code: &str) -> Vec<&'a Value> {
    let parts = ["reasons", "warnings"].iter().flat_map(|part| report[*part].as_array().unwrap());
    parts.filter(|finding| finding["code"] == code).collect()
}

#[test]
fn a_private_key_among_the_certificates() {
    let test = Test::with_chain("test.example");
    test.write("pw", "correct horse battery\n");
    test.certkit(&["key", "encrypt", "server.key", "-o", "locked.key", "--password-file", "pw"]).exits(0);
    for key in ["server.key", "locked.key"] {
        test.write("both.pem", test.text("chain.pem") + &test.text(key));
        let report =
            test.certkit(&["check", "both.pem", "--roots", "ca.crt", "--format", "json"]).exits(0).report();
        let warnings = found(&report, "private_key_in_input");
        assert_eq!((warnings.len(), &warnings[0]["severity"]), (1, &Value::from("warning")), "{report:#}");
        assert_eq!(warnings[0]["block"], 3);
    }
    test.certkit(&["check", "chain.pem"]).exits(0).keeps_quiet_about("private key");
    // PKCS#12 is for both.
    let p12 = ["convert", "chain.pem", "--key", "server.key", "-o", "site.p12", "--password-file", "pw"];
    test.certkit(&p12).exits(0);
    test.certkit(&["check", "site.p12", "--key-password-file", "pw"])
        .exits(0)
        .keeps_quiet_about("private_key_in_input");
}

/// `data` of `kubectl get secret -o yaml`, its values alone, and lines as base64 wraps them.
#[test]
fn the_values_of_a_kubernetes_secret() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    let base64 = |file: &str| test.run(&openssl, &["base64", "-A", "-in", file]).exits(0).stdout();
    let (chain, key) = (base64("chain.pem"), base64("server.key"));
    test.write("value", &chain);
    test.write("wrapped", test.run(&openssl, &["base64", "-in", "chain.pem"]).exits(0).stdout());
    test.write("quoted", format!("\"{}\"\n", chain.trim()));
    let secret = format!(
        "apiVersion: v1\ndata:\n  tls.crt: {}\n  tls.key: {}\nkind: Secret\n",
        chain.trim(),
        key.trim()
    );
    test.write("secret.yaml", secret);
    for file in ["value", "wrapped", "quoted", "secret.yaml"] {
        let ran = test.certkit(&["check", file, "--host", "test.example", "--roots", "ca.crt"]).exits(0);
        ran.says("holds PEM in base64").says(": the chain holds for test.example");
        test.certkit(&["merge", file, "-o", "merged.pem", "--force"]).exits(0);
        assert_eq!(test.text("merged.pem"), test.text("chain.pem"), "{file}");
    }
    let report = test.certkit(&["check", "secret.yaml", "--format", "json"]).exits(0).report();
    assert_eq!(found(&report, "private_key_in_input")[0]["lines"], Value::from(vec![4, 4]), "{report:#}");
    test.certkit(&["check", "chain.pem", "--key", "secret.yaml"]).exits(0);
}

#[test]
fn pipes_and_devices_are_not_waited_for_without_end() {
    let test = Test::with_chain("test.example");
    test.run("mkfifo", &["pipe"]).exits(0);
    test.certkit(&["check", "pipe"]).exits(2).says("`pipe` is a named pipe, and no program writes to it");
    test.certkit(&["check", "--batch", "pipe"]).exits(2).says("no program writes to this pipe");
    test.certkit(&["merge", "/dev/zero"]).exits(2).says("too_large");
    test.certkit(&["check", "/dev/null"]).exits(2).says("empty_file");
    // Those that have somebody at the other end are read.
    let bash = |line: &str| {
        let path = certkit().parent().unwrap().display().to_string();
        test.program("bash").args(["-c", line]).env("PATH", path + ":/usr/bin:/bin").run()
    };
    for line in [
        "certkit check <(cat chain.pem)",
        "certkit check <(sleep 0.2; cat server.crt; sleep 0.2; cat ca-bundle.ca)",
        "certkit check /dev/stdin < chain.pem",
        "cat chain.pem | certkit check /dev/stdin",
        "cat chain.pem | certkit check -",
        "cat chain.pem > pipe & certkit check pipe",
        "certkit check chain.pem --key <(cat server.key) --roots <(cat ca.crt)",
        "certkit merge <(cat server.crt) <(cat ca-bundle.ca) -o merged.pem",
        "certkit check --batch <(echo '{\"chain\": \"chain.pem\"}')",
    ] {
        bash(line).exits(0);
    }
    bash("certkit check <(true)").exits(2).says("is empty");
}

#[test]
fn many_certificates_that_do_not_belong_there_are_one_warning() {
    let test = Test::with_chain("test.example");
    let mut others = String::new();
    for number in 0..6 {
        let name = format!("other{number}");
        test.certkit(&["mkca", "--subject", &format!("CN=Other {number}"), "-o", &name]).exits(0);
        others += &test.text(&format!("{name}/ca.crt"));
    }
    let chain = test.text("chain.pem");
    test.write("many.pem", chain.clone() + &others);
    let report =
        test.certkit(&["check", "many.pem", "--roots", "ca.crt", "--format", "json"]).exits(0).report();
    let warnings = found(&report, "unrelated");
    assert_eq!(warnings.len(), 1, "{report:#}");
    let message = warnings[0]["message"].as_str().unwrap();
    assert_eq!(
        message,
        "6 certificates in the file are unrelated to this chain: `Other 0`, `Other 1`, `Other 2` and 3 more"
    );
    // A copy is one finding, however many there are of it.
    test.write("copies.pem", chain.clone() + &test.text("server.crt").repeat(3));
    let report =
        test.certkit(&["check", "copies.pem", "--roots", "ca.crt", "--format", "json"]).exits(0).report();
    let warnings = found(&report, "duplicate");
    assert_eq!(
        (warnings.len(), &warnings[0]["message"]),
        (1, &"`test.example` is in the file 4 times".into())
    );
}

/// The last 14 days are a warning, but not those of a certificate that has more than a third of its life before it.
#[test]
fn the_last_days_are_a_warning() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    for (days, is_said) in [("5", false), ("13", false), ("15", false), ("90", false)] {
        test.certkit(&["mkcert", "test.example", "--days", days, "--force"]).exits(0);
        let ran = test.certkit(&["check", "server.crt"]).exits(0);
        assert_eq!(ran.all().contains("expires_soon"), is_said, "{days}: {}", ran.all());
    }
    // Of 90 days, by the days that are left.
    let printed = test.certkit(&["show", "server.crt", "--format", "json"]).exits(0).envelope();
    let end = printed["result"]["items"][0]["not_after"].as_str().unwrap().to_owned();
    for (left, is_said) in [(20, false), (15, false), (13, true), (4, true), (1, true)] {
        let at = days_before(&end, left);
        let ran = test.certkit(&["check", "server.crt", "--at", &at]).exits(0);
        assert_eq!(ran.all().contains("warning[expires_soon]"), is_said, "{left}: {}", ran.all());
        if is_said {
            ran.says("`test.example` expires on ").says("certkit renew server.crt");
            // Who names a limit has it.
            test.certkit(&["check", "server.crt", "--at", &at, "--min-days", "0"])
                .exits(0)
                .keeps_quiet_about("expires_soon");
        }
    }
}

fn days_before(end: &str, days: i64) -> String {
    use time::format_description::well_known::Rfc3339;

    let end = time::OffsetDateTime::parse(end, &Rfc3339).unwrap();
    (end - Duration::days(days)).format(&Rfc3339).unwrap()
}

#[test]
fn a_code_that_is_misspelled() {
    let test = Test::new();
    for (word, meant) in [("weak_keyy", "weak_key"), ("expird", "expired"), ("Weak-Kye", "weak_key")] {
        let ran = test.certkit(&["check", "--explain", word]).exits(2);
        ran.says(&format!("did you mean `{meant}`?")).says(&format!("certkit check --explain {meant}"));
    }
    test.certkit(&["check", "--explain", "nonsense"]).exits(2).says("Use one of: ").says("weak_key");
}

/// Names of kinds that certkit itself does not make.
#[test]
fn kinds_of_keys_and_signatures_have_their_names() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    let make = |name: &str, key: &[&str]| {
        let (key_file, file) = (format!("{name}.key"), format!("{name}.crt"));
        let subject = ["-nodes", "-days", "90", "-subj", "/CN=a.test", "-keyout", &key_file, "-out", &file];
        test.run(&openssl, &[&["req", "-x509"], key, &subject].concat()).exits(0);
        let shown = test.certkit(&["show", &file]).exits(0).all();
        assert!(!shown.contains("1.2.840.") && !shown.contains("1.3.132."), "{shown}");
        shown
    };
    let curve = |name: &str| {
        let option = format!("ec_paramgen_curve:{name}");
        make(name, &["-newkey", "ec", "-pkeyopt", &option])
    };
    for (name, called) in [
        ("secp224r1", "ECDSA P-224"),
        ("secp256k1", "ECDSA secp256k1"),
        ("brainpoolP384r1", "ECDSA brainpoolP384r1"),
    ] {
        let shown = curve(name);
        assert!(shown.contains(called), "{shown}");
    }
    let pss = ["-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss", "-sha384"];
    let shown = make("pss", &pss);
    assert!(shown.contains("RSA-PSS with SHA-384") && shown.contains("RSA 2048 bits"), "{shown}");
    let pss = ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"];
    let shown = make("psskey", &pss);
    assert!(shown.contains("RSA-PSS"), "{shown}");
    assert!(Path::new(&test.path("psskey.crt")).exists());
}

/// One fault is one finding: SHA-1 under a short RSA key, also where the path via another copy of the root has it too.
#[test]
fn a_fault_is_one_finding() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    let make = |name: &str, more: &[&str]| {
        let (key, file, subject) = (format!("{name}.key"), format!("{name}.crt"), format!("/CN={name}.test"));
        let args = ["req", "-x509", "-newkey", "rsa:1024", "-sha1", "-nodes", "-days", "300"];
        let files = ["-subj", &subject, "-keyout", &key, "-out", &file];
        test.run(&openssl, &[&args[..], &files, more].concat()).exits(0);
    };
    make("root", &[]);
    let issued = ["-CA", "root.crt", "-CAkey", "root.key", "-addext", "subjectAltName=DNS:leaf.test"];
    make("leaf", &[&issued[..], &["-addext", "basicConstraints=CA:FALSE"]].concat());
    test.write("both.crt", test.text("leaf.crt") + &test.text("root.crt"));
    for file in ["leaf.crt", "both.crt"] {
        let report =
            test.certkit(&["check", file, "--roots", "root.crt", "--format", "json"]).exits(1).report();
        assert_eq!(found(&report, "weak_signature").len(), 1, "{report:#}");
    }
}

/// What the server sends does not help clients that know only this root.
#[test]
fn a_root_in_its_last_days_is_renewed_and_installed() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    let key = KeyPair::from_pem(&test.text("ca.key")).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Ending CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = SystemClock.now();
    (params.not_before, params.not_after) = (now - Duration::days(1000), now + Duration::days(10));
    test.write("ca.crt", params.self_signed(&key).unwrap().pem());
    // What is issued now ends with its CA: a renewal of it alone would be of no use.
    test.certkit(&["mkcert", "test.example"]).exits(0);
    test.certkit(&["check", "server.crt"])
        .exits(0)
        .says("the root `")
        .says("certkit renew ca.crt server.crt")
        .says("certkit trust install ca.crt");
    test.certkit(&["check", "server.crt", "--roots", "ca.crt"]).exits(0).says("certkit trust install FILE");
    test.certkit(&["renew", "ca.crt", "server.crt"]).exits(0);
    test.certkit(&["check", "server.crt"]).exits(0).keeps_quiet_about("expires_soon");
}
