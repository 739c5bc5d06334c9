//! `check`: yes, or no with the reason and what mends it.

use serde_json::{Value, json};

use crate::harness::{Test, certkit};

fn codes<'a>(report: &'a Value, part: &str) -> Vec<&'a str> {
    report[part].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// Far after every certificate made here has ended.
const LATER: &str = "2126-01-01T00:00:00Z";

#[test]
fn a_good_chain_is_valid() {
    let test = Test::with_chain("test.example");
    let check = ["check", "chain.pem", "--host", "test.example", "--key", "server.key", "--roots", "ca.crt"];
    test.certkit(&check).exits(0).says("chain.pem").says("test.example").keeps_quiet_about("warning");
    let report = test.certkit(&[&check[..], &["--format", "json"]].concat()).exits(0).report();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["valid"], true);
    assert_eq!((codes(&report, "reasons"), codes(&report, "warnings")), (vec![], vec![]));
    let path = report["path"].as_array().unwrap();
    let roles: Vec<_> = path.iter().map(|certificate| certificate["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["leaf", "intermediate", "root"]);
    assert_eq!(path[0]["names"], json!([{"kind": "dns", "value": "test.example"}]));
    assert_eq!(path[0]["issuer"], path[1]["subject"]);
    assert_eq!(path[1]["issuer"], path[2]["subject"]);
}

#[test]
fn trust_of_this_folder_alone_is_a_warning() {
    let test = Test::with_chain("test.example");
    let report = test.certkit(&["check", "chain.pem", "--format", "json"]).exits(0).report();
    assert_eq!(codes(&report, "warnings"), ["trusted_locally"]);
    // The CA that mkca --global made is trusted as well, from any folder.
    let elsewhere = Test::new();
    elsewhere.certkit(&["mkca", "--global"]).exits(0);
    elsewhere.certkit(&["mkcert", "test.example"]).exits(0);
    elsewhere.certkit(&["check", "server.crt"]).exits(0).says("trusted_locally");
}

#[test]
fn roots_replace_all_other_trust() {
    let test = Test::with_chain("test.example");
    test.certkit(&["mkca", "Other", "-o", "other"]).exits(0);
    let report = test
        .certkit(&["check", "chain.pem", "--roots", "other/ca.crt", "--format", "json"])
        .exits(1)
        .report();
    assert_eq!(report["valid"], false);
    let reasons = codes(&report, "reasons");
    // Whether the issuer that nobody knows is a root cannot be seen from here.
    let unknown = ["missing_intermediate", "unknown_issuer", "untrusted_root"];
    assert!(reasons.iter().any(|reason| unknown.contains(reason)), "{reasons:?}");
    test.certkit(&["check", "chain.pem", "--roots", "other/ca.crt", "--roots", "ca.crt"]).exits(0);
}

#[test]
fn a_wrong_host_names_the_names_that_are_there() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "test.example", "*.apps.example", "10.1.2.3"]).exits(0);
    let check = |host: &str| test.certkit(&["check", "server.crt", "--host", host]);
    for host in ["test.example", "TEST.example", "a.apps.example", "10.1.2.3", "https://test.example:8443/x"]
    {
        check(host).exits(0);
    }
    for host in ["wrong.example", "apps.example", "a.b.apps.example", "10.1.2.4", "www.test.example"] {
        check(host).exits(1).says("host_mismatch").says(host).says("test.example").says("*.apps.example");
    }
    let report = test
        .certkit(&["check", "server.crt", "--host", "wrong.example", "--format", "json"])
        .exits(1)
        .report();
    assert_eq!(report["valid"], false);
    assert_eq!(report["host"], "wrong.example");
    assert_eq!(codes(&report, "reasons"), ["host_mismatch"]);
    let reason = &report["reasons"][0];
    for name in ["wrong.example", "test.example", "*.apps.example", "10.1.2.3"] {
        assert!(reason["message"].as_str().unwrap().contains(name), "{reason}");
    }
    assert!(reason["fix"].as_str().unwrap().contains("certkit mkcert"), "{reason}");
}

#[test]
fn a_missing_intermediate_is_named_with_the_merge_command() {
    let test = Test::with_chain("test.example");
    let intermediate =
        test.certkit(&["check", "chain.pem", "--format", "json"]).report()["path"][1]["subject"]
            .as_str()
            .unwrap()
            .to_owned();
    let name = intermediate.split("CN=").nth(1).unwrap().split(", O=").next().unwrap();
    for trust in [&[][..], &["--roots", "ca.crt"]] {
        let check = [&["check", "server.crt", "--host", "test.example"], trust].concat();
        test.certkit(&check)
            .exits(1)
            .says("missing_intermediate")
            .says(name)
            .says("certkit merge server.crt");
        let report = test.certkit(&[&check[..], &["--format", "json"]].concat()).exits(1).report();
        assert_eq!(report["valid"], false);
        assert_eq!(codes(&report, "reasons"), ["missing_intermediate"]);
        assert!(
            report["reasons"][0]["fix"].as_str().unwrap().contains("certkit merge server.crt"),
            "{report}"
        );
    }
}

#[test]
fn the_wrong_order_is_told() {
    let test = Test::with_chain("test.example");
    test.write("wrong.pem", test.text("ca-bundle.ca") + &test.text("server.crt"));
    test.certkit(&["check", "wrong.pem", "--host", "test.example"])
        .exits(1)
        .says("wrong_order")
        .says("certkit merge wrong.pem");
    test.write("glued.pem", format!("{}{}", test.text("server.crt").trim_end(), test.text("ca-bundle.ca")));
    let line = test.text("server.crt").lines().count();
    test.certkit(&["check", "glued.pem"]).exits(1).says("pem_glued").says(&format!("line {line}"));
}

#[test]
fn time() {
    let test = Test::with_chain("test.example");
    let at = |time: &str| test.certkit(&["check", "chain.pem", "--at", time, "--format", "json"]);
    let report = at(LATER).exits(1).report();
    assert!(codes(&report, "reasons").contains(&"expired"), "{report}");
    let report = at("2020-01-01T00:00:00Z").exits(1).report();
    assert!(codes(&report, "reasons").contains(&"not_yet_valid"), "{report}");
    let check = |days: &str| test.certkit(&["check", "chain.pem", "--min-days", days]);
    check("396").exits(0);
    check("398").exits(1).says("expires_soon");
}

#[test]
fn the_end_is_the_earliest_of_the_chain() {
    let test = Test::new();
    test.certkit(&["mkca", "--days", "20"]).exits(0);
    test.certkit(&["mkcert", "test.example"]).exits(0);
    test.certkit(&["check", "server.crt", "--min-days", "19"]).exits(0);
    test.certkit(&["check", "server.crt", "--min-days", "21"]).exits(1).says("expires_soon");
}

#[test]
fn a_key_that_does_not_fit() {
    let test = Test::with_chain("test.example");
    test.certkit(&["check", "chain.pem", "--key", "ca.key"]).exits(1).says("key_mismatch");
    let report =
        test.certkit(&["check", "chain.pem", "--key", "intermediate.key", "--format", "json"]).exits(1);
    assert_eq!(codes(&report.report(), "reasons"), ["key_mismatch"]);
}

#[test]
fn a_self_signed_certificate_of_a_stranger() {
    let Some(openssl) = crate::peers::peer("openssl") else { return };
    let test = Test::new();
    let make = [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "self.key", "-out", "self.crt", "-days",
        "30",
    ];
    let names = ["-subj", "/CN=self.example", "-addext", "subjectAltName=DNS:self.example"];
    test.run(&openssl, &[&make[..], &names].concat()).exits(0);
    test.certkit(&["check", "self.crt", "--host", "self.example"]).exits(1).says("self_signed");
}

#[test]
fn names_in_the_cn_alone_do_not_count() {
    let Some(openssl) = crate::peers::peer("openssl") else { return };
    let test = Test::new();
    // The sequence that old guides print: a version 1 certificate without subjectAltName.
    for command in [
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 -subj /CN=old-ca",
        "req -new -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=www.mysite.com",
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 30",
    ] {
        test.run(&openssl, &command.split(' ').collect::<Vec<_>>()).exits(0);
    }
    test.certkit(&["check", "server.crt", "--roots", "ca.crt", "--host", "www.mysite.com"])
        .exits(1)
        .says("no_san");
}

#[test]
fn standard_input_and_the_next_command() {
    let test = Test::with_chain("test.example");
    test.program(certkit())
        .args(["check", "-", "--host", "test.example"])
        .stdin(test.text("chain.pem"))
        .run()
        .exits(0);
    test.certkit(&["check", "chain.pem", "-q"]).exits(0).keeps_quiet_about("next");
}

#[test]
fn purposes() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "me@test.example", "--client", "-o", "me"]).exits(0);
    test.certkit(&["check", "me.crt"]).exits(1).says("wrong_usage");
    test.certkit(&["check", "me.crt", "--purpose", "client"]).exits(0);
}

#[test]
fn the_path_is_a_tree_with_marks() {
    let test = Test::with_chain("test.example");
    let check =
        test.certkit(&["check", "chain.pem", "--roots", "ca.crt", "--host", "other.example"]).exits(1);
    let tree: Vec<_> = check.stdout().lines().skip(1).take(3).map(str::to_owned).collect();
    assert!(
        tree[0].starts_with("  ✗ test.example server certificate, ECDSA P-256, SHA-256, valid until "),
        "{tree:?}"
    );
    assert!(tree[1].starts_with("  └ ✓ ") && tree[1].contains(" intermediate, "), "{tree:?}");
    assert!(tree[2].starts_with("    └ ✓ ") && tree[2].ends_with(" days left)"), "{tree:?}");
    let alone = test.certkit(&["check", "server.crt", "--roots", "ca.crt"]).exits(1);
    assert!(alone.stdout().lines().any(|line| line.starts_with("  └ ✗ ") && line.ends_with(" is missing")));
    let report =
        test.certkit(&["check", "server.crt", "--roots", "ca.crt", "--format", "json"]).exits(1).report();
    assert_eq!(report["path"][0]["verdict"], "error");
}

#[test]
fn profiles() {
    let Some(openssl) = crate::peers::peer("openssl") else { return };
    let test = Test::new();
    let make = "req -x509 -newkey rsa:2048 -nodes -keyout self.key -out self.crt -days 30 -subj /CN=self.example \
                -addext subjectAltName=DNS:self.example";
    test.run(&openssl, &make.split_whitespace().collect::<Vec<_>>()).exits(0);
    let check = |profile: &str| {
        test.certkit(&["check", "self.crt", "--roots", "self.crt", "--profile", profile, "--format", "json"])
    };
    // openssl makes a CA of it: browsers take that, the rules for public CAs do not.
    let report = check("tls").exits(0).report();
    assert!(codes(&report, "warnings").contains(&"ca_as_leaf"), "{report}");
    let report = check("webpki").exits(1).report();
    assert!(codes(&report, "reasons").contains(&"ca_as_leaf"), "{report}");
    check("rfc5280").exits(0);
}

#[test]
fn revocation_lists() {
    let Some(openssl) = crate::peers::peer("openssl") else { return };
    let test = Test::with_certificate("test.example");
    let report = test.certkit(&["check", "server.crt", "--format", "json"]).report();
    let serial = report["path"][0]["serial"].as_str().unwrap().to_uppercase();
    test.write(
        "ca.cnf",
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=30\n",
    );
    test.write("number", "01\n");
    let make = |index: String, list: &str| {
        test.write("index", index);
        let args =
            ["ca", "-config", "ca.cnf", "-gencrl", "-cert", "ca.crt", "-keyfile", "ca.key", "-out", list];
        test.run(&openssl, &args).exits(0);
    };
    make(String::new(), "empty.crl");
    make(format!("R\t990101000000Z\t260101000000Z,keyCompromise\t{serial}\tunknown\t/CN=x\n"), "full.crl");
    let check = |lists: &[&str]| {
        let lists: Vec<_> = lists.iter().flat_map(|list| ["--crl", list]).collect();
        test.certkit(&[&["check", "server.crt", "--roots", "ca.crt"], &lists[..]].concat())
    };
    check(&["empty.crl"]).exits(0);
    check(&["empty.crl", "full.crl"]).exits(1).says("revoked").says("2026-01-01").says("key was compromised");
    check(&["missing.crl"]).exits(2).says("missing.crl");
    check(&["ca.crt"]).exits(2).says("crl_invalid");
    test.certkit(&["check", "server.crt", "--roots", "ca.crt", "--crl", "empty.crl", "--at", LATER])
        .exits(1)
        .says("out of date");
}

#[test]
fn codes_are_explained() {
    let test = Test::new();
    test.certkit(&["check", "--explain", "missing_intermediate"])
        .exits(0)
        .says("## missing_intermediate")
        .says("Fix:")
        .keeps_quiet_about("## multiple_leaves");
    test.certkit(&["check", "--explain", "host"]).exits(2).says("host_mismatch");
    test.certkit(&["check"]).exits(2);
}
