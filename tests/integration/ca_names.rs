//! Who is certified: names as people type or paste them, persons, both roles, and what a request asks for in vain.

use crate::harness::Test;
use crate::peers::peer;

/// A test with a CA.
fn with_ca() -> Test {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test
}

/// The kinds and values of a certificate's alternative names, and its subject, as `show` gives them.
fn names(test: &Test, file: &str) -> (String, Vec<String>) {
    let shown = test.certkit(&["show", file, "--format", "json"]).exits(0).result();
    let certificate = &shown["items"][0];
    let names = certificate["names"].as_array().cloned().unwrap_or_default();
    let name = |name: &serde_json::Value| {
        format!("{}:{}", name["kind"].as_str().unwrap(), name["value"].as_str().unwrap())
    };
    (certificate["subject"].as_str().unwrap().to_owned(), names.iter().map(name).collect())
}

#[test]
fn what_is_pasted_from_a_browser_means_its_host() {
    let test = with_ca();
    let is = |typed: &str, name: &str| {
        test.certkit(&["mkcert", typed, "--force"]).exits(0).says("note[invalid_name]").says("for its host");
        assert_eq!(names(&test, "server.crt").1, [name], "{typed}");
    };
    is("https://www.mysite.com/", "dns:www.mysite.com");
    is("https://www.mysite.com:8443/a?b", "dns:www.mysite.com");
    is("www.mysite.com:8443", "dns:www.mysite.com");
    is("127.0.0.1:443", "ip:127.0.0.1");
    is("https://[::1]/", "ip:::1");
    // A URI that is meant as one.
    for (typed, uri) in [
        ("URI:https://www.mysite.com/", "uri:https://www.mysite.com/"),
        ("URI:urn:uuid:7", "uri:urn:uuid:7"),
        ("spiffe://mysite.com/web", "uri:spiffe://mysite.com/web"),
    ] {
        test.certkit(&["mkcert", typed, "--force"]).exits(0).keeps_quiet_about("invalid_name");
        assert_eq!(names(&test, "server.crt").1, [uri], "{typed}");
    }
    // Beside its own host it can only be meant as one.
    test.certkit(&["mkcert", "a.test", "https://a.test/app", "--force"]).exits(0);
    assert_eq!(names(&test, "server.crt").1, ["dns:a.test", "uri:https://a.test/app"]);
    // The same in a request, in what is added to one, and in a file of names.
    test.certkit(&["csr", "https://a.test/", "-o", "r.csr"]).exits(0).says("for its host `a.test`");
    test.certkit(&["sign", "r.csr", "--san", "b.test:443"]).exits(0).says("for its host `b.test`");
    assert_eq!(names(&test, "r.crt").1, ["dns:a.test", "dns:b.test"]);
    test.write("names.txt", "https://c.test/\n");
    test.certkit(&["mkcert", "--from", "names.txt", "-o", "many"]).exits(0).says("for its host `c.test`");
    assert_eq!(names(&test, "many/c.test.crt").1, ["dns:c.test"]);
    for bad in ["https://", "a.test:99999", "a.test:x", "URI:a.test", "IP:a.test"] {
        test.certkit(&["mkcert", bad, "-o", "bad"]).exits(2).says("error[invalid_name]");
    }
}

#[test]
fn wildcards_that_clients_refuse_are_named() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_ca();
    let verify = |host: &str| {
        test.run(&openssl, &["verify", "-CAfile", "ca.crt", "-verify_hostname", host, "server.crt"]).status()
    };
    let make = |name: &str| test.certkit(&["mkcert", name, "--force"]).exits(0);
    make("*.test").says("warning[public_suffix]").says("'*.mysite.test'");
    assert_ne!(verify("a.test"), 0);
    make("*.mysite.test").keeps_quiet_about("public_suffix");
    assert_eq!(verify("a.mysite.test"), 0);
    make("*.co.uk").says("warning[public_suffix]").says("Chrome");
    test.certkit(&["mkcert", "*", "-o", "star"]).exits(2).says("*.test.example");
}

#[test]
fn clients_have_the_name_that_was_typed() {
    let test = with_ca();
    let is = |typed: &[&str], subject: &str, expected: &[&str]| {
        test.certkit(&[&["mkcert", "--client", "--force"], typed].concat()).exits(0);
        let (has, names) = names(&test, "server.crt");
        assert_eq!(
            (has.as_str(), names.as_slice()),
            (subject, &expected.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()[..]),
            "{typed:?}"
        );
        test.certkit(&["check", "server.crt", "--purpose", "client", "--key", "server.key"]).exits(0);
    };
    is(&["Alice Smith"], "CN=Alice Smith", &[]);
    is(&["Alice Smith", "alice@mysite.test"], "CN=Alice Smith", &["email:alice@mysite.test"]);
    is(&["Zoë Müller <zoe@mysite.test>"], "CN=Zoë Müller", &["email:zoe@mysite.test"]);
    is(&["Alice"], "CN=Alice", &["dns:alice"]);
    is(&["alice@mysite.test"], "CN=alice@mysite.test", &["email:alice@mysite.test"]);
    is(&["Alice Smith", "--subject", "C=DE,O=Our team"], "C=DE, O=Our team, CN=Alice Smith", &[]);
    test.certkit(&["mkcert", "Alice Smith", "-o", "server-2"]).exits(2).says("error[invalid_name]");
    // Whether it is needed is asked of the person's name too.
    let needed =
        |name: &str| test.certkit(&["mkcert", "--client", name, "--if-needed", "-o", "person"]).exits(0);
    needed("Alice Smith");
    needed("Alice Smith").says("nothing to do");
    needed("Bob Smith").keeps_quiet_about("nothing to do");
    // It is renewed with its subject, and can be listed among the revoked.
    test.certkit(&["renew", "person.crt"]).exits(0);
    assert_eq!(names(&test, "person.crt").0, "CN=Bob Smith");
    test.certkit(&["revoke", "person.crt"]).exits(0).says("Bob Smith");
}

#[test]
fn one_certificate_for_both_roles() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_ca();
    let made = test.certkit(&["mkcert", "--client", "--server", "node1.test"]).exits(0);
    made.says("note[wrong_usage]").says("Chrome");
    test.certkit(&["renew", "server.crt"]).exits(0);
    for purpose in ["sslserver", "sslclient"] {
        let verify = ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", "ca.crt", "server.crt"];
        test.run(&openssl, &verify).exits(0);
    }
    let check = |purpose| test.certkit(&["check", "server.crt", "--purpose", purpose]).exits(0);
    check("server");
    check("client");
    let again = ["mkcert", "--client", "--server", "node1.test", "--if-needed"];
    test.certkit(&again).exits(0).says("nothing to do");
    test.certkit(&["mkcert", "node2.test", "-o", "s"]).exits(0);
    let both = ["mkcert", "--client", "--server", "node2.test", "-o", "s", "--if-needed"];
    test.certkit(&both).exits(0).keeps_quiet_about("nothing to do");
    test.certkit(&["mkcert", "--server", "node3.test", "-o", "t"]).exits(2);
}

#[test]
fn a_subject_of_ones_own() {
    let test = with_ca();
    test.certkit(&["mkcert", "a.test", "--subject", "C=DE,O=Our team"]).exits(0);
    assert_eq!(names(&test, "server.crt"), ("C=DE, O=Our team, CN=a.test".into(), vec!["dns:a.test".into()]));
    test.certkit(&["mkcert", "a.test", "--subject", "nonsense", "-o", "b"])
        .exits(2)
        .says("distinguished name");
}

#[test]
fn pkcs12_for_old_readers() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_ca();
    test.write("pw", "s3cret\n");
    let args = ["mkcert", "a.test", "--p12", "--p12-password-file", "pw"];
    let info = || {
        let args = ["pkcs12", "-in", "server.p12", "-passin", "file:pw", "-info", "-noout", "-legacy"];
        test.run(&openssl, &args).exits(0).all()
    };
    test.certkit(&[&args[..], &["--legacy"]].concat()).exits(0);
    assert!(info().contains("3-KeyTripleDES"), "{}", info());
    test.certkit(&[&args[..], &["--force"]].concat()).exits(0);
    assert!(info().contains("AES-256-CBC"), "{}", info());
    test.certkit(&["mkcert", "a.test", "--legacy", "-o", "b"]).exits(2);
}

#[test]
fn what_a_request_asks_for_in_vain_is_named() {
    let Some(openssl) = peer("openssl") else { return };
    let test = with_ca();
    let request = |extensions: &[&str]| {
        let common = ["req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let files = [
            "-subj",
            "/CN=a.test",
            "-keyout",
            "r.key",
            "-out",
            "r.csr",
            "-addext",
            "subjectAltName=DNS:a.test",
        ];
        let added: Vec<_> = extensions.iter().flat_map(|extension| ["-addext", extension]).collect();
        test.run(&openssl, &[&common[..], &files, &added].concat()).exits(0);
        test.certkit(&["sign", "r.csr", "--force"]).exits(0)
    };
    let usual =
        ["keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth", "basicConstraints=CA:FALSE"];
    request(&usual).keeps_quiet_about("left_out");
    request(&["tlsfeature=status_request", "extendedKeyUsage=serverAuth,codeSigning"])
        .says("note[left_out]")
        .says("TLS feature (must-staple)")
        .says("extKeyUsage codeSigning")
        .keeps_quiet_about("serverAuth");
    request(&["extendedKeyUsage=clientAuth"]).says("extKeyUsage clientAuth").says("--profile client");
    request(&["certificatePolicies=1.2.3.4"])
        .says("certificatePolicies")
        .keeps_quiet_about("--profile client");
    test.certkit(&["sign", "r.csr", "--profile", "client", "--force"])
        .exits(0)
        .keeps_quiet_about("clientAuth");
}

#[test]
fn a_file_of_clients_has_persons() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.write("team.txt", "Alice Smith, alice@a.test\nBob\n# nobody\ndevice-1.a.test device-2.a.test\n");
    test.certkit(&["mkcert", "--client", "--from", "team.txt", "-o", "team"]).exits(0);
    let subject = |name: &str| {
        let shown = test.certkit(&["show", name, "--format", "json"]).exits(0).report();
        shown["items"][0]["subject"].to_string()
    };
    assert!(subject("team/Alice_Smith.crt").contains("Alice Smith"));
    test.certkit(&["show", "team/Alice_Smith.crt"]).exits(0).says("alice@a.test");
    assert!(subject("team/bob.crt").contains("Bob"));
    test.certkit(&["show", "team/device-1.a.test.crt"]).exits(0).says("device-2.a.test");
    test.write("slip.txt", "Alice Smith alice@a.test\n");
    let slip = test.certkit(&["mkcert", "--client", "--from", "slip.txt", "-o", "slip"]);
    slip.exits(2).says("invalid_name").says("a comma must stand");
    assert!(!test.path("slip").exists());
}
