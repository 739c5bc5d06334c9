//! `show`: every kind of file in words and as JSON.

use serde_json::json;

use crate::harness::Test;
use crate::peers::peer;

#[test]
fn a_chain_of_our_own() {
    let test = Test::with_chain("test.example");
    let shown = test.certkit(&["show", "chain.pem"]).exits(0).stdout();
    for text in [
        "certificate test.example",
        "lines 1-",
        "not after",
        "days left",
        "serverAuth",
        "keyCertSign",
        "└ certkit intermediate CA",
    ] {
        assert!(shown.contains(text), "{text} is missing in {shown}");
    }
    let ended = test.certkit(&["show", "server.crt", "--at", "2126-01-01T00:00:00Z"]).exits(0).stdout();
    assert!(ended.contains("(expired)"), "{ended}");
}

#[test]
fn fingerprints_are_those_of_openssl() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_certificate("test.example");
    let report = test.certkit(&["show", "server.crt", "--format", "json"]).exits(0).report();
    let item = &report["items"][0];
    for digest in ["sha256", "sha1"] {
        let printed = test
            .run(&openssl, &["x509", "-in", "server.crt", "-noout", "-fingerprint", &format!("-{digest}")]);
        let wanted = printed.stdout().trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase();
        assert_eq!(item[digest], wanted.as_str(), "{digest}");
    }
    // The public key has the same fingerprint from the certificate, the key and openssl.
    let key = test.certkit(&["show", "server.key", "--format", "json"]).exits(0).report();
    assert_eq!(key["items"][0]["public_key_sha256"], item["public_key_sha256"]);
    test.run(&openssl, &["pkey", "-in", "server.key", "-pubout", "-outform", "DER", "-out", "public.der"])
        .exits(0);
    let digest = test.run(&openssl, &["dgst", "-sha256", "public.der"]).stdout();
    assert!(digest.contains(item["public_key_sha256"].as_str().unwrap()), "{digest}");
    let public = test.certkit(&["show", "public.der", "--format", "json"]).exits(0).report();
    assert_eq!(public["items"][0]["public_key_sha256"], item["public_key_sha256"]);
}

#[test]
fn the_shape_of_its_json() {
    let test = Test::with_chain("test.example");
    let report = test.certkit(&["show", "chain.pem", "--format", "json"]).exits(0).report();
    assert_eq!((&report["schema"], &report["file"]), (&json!(1), &json!("chain.pem")));
    let item = &report["items"][0];
    assert_eq!(
        (&item["kind"], &item["location"]["block"], &item["location"]["lines"][0]),
        (&json!("certificate"), &json!(1), &json!(1))
    );
    assert_eq!(
        (&item["names"], &item["ca"]),
        (&json!([{"kind": "dns", "value": "test.example"}]), &json!(false))
    );
    assert!(item["not_after"].as_str().unwrap().ends_with('Z'), "{item}");
    assert_eq!(item["days_left"], 396);
    assert_eq!(report["chain"][0], json!({"depth": 0, "name": "test.example"}));
    assert_eq!(report["chain"][1]["depth"], 1);
    assert!(report["chain"][1]["missing_issuer"].is_string());
    let key = test.certkit(&["show", "server.key", "--format", "json"]).exits(0).report();
    assert_eq!(key["items"][0]["encrypted"], false);
    let failed = test.certkit(&["show", "missing.pem", "--format", "json"]).exits(2).report();
    assert_eq!(failed["errors"][0]["code"], "not_found");
}

#[test]
fn certificates_that_signed_each_other_in_a_circle_are_all_shown() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.write("openssl.cnf", "[req]\ndistinguished_name = dn\n[dn]\n");
    let make = |name: &str, issuer: &str, out: &str| {
        let (key, ca, ca_key) = (format!("{name}.key"), format!("{issuer}.pem"), format!("{issuer}.key"));
        let subject = format!("/CN={name}");
        let mut args = vec![
            "req",
            "-x509",
            "-config",
            "openssl.cnf",
            "-subj",
            &subject,
            "-days",
            "30",
            "-key",
            &key,
            "-out",
            out,
        ];
        args.extend(["-addext", "basicConstraints=critical,CA:TRUE"]);
        if name != issuer {
            args.extend(["-CA", &ca, "-CAkey", &ca_key]);
        }
        test.run(&openssl, &args).exits(0);
    };
    for name in ["one", "two"] {
        let key = format!("{name}.key");
        test.run(
            &openssl,
            &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &key],
        )
        .exits(0);
        make(name, name, &format!("{name}.pem"));
    }
    make("one", "two", "one-by-two.pem");
    make("two", "one", "two-by-one.pem");
    test.write("circle.pem", test.text("one-by-two.pem") + &test.text("two-by-one.pem"));
    let report = test.certkit(&["show", "circle.pem", "--format", "json"]).exits(0).report();
    assert_eq!(report["chain"].as_array().unwrap().len(), 2, "{report}");
}
