//! CAs that other programs made sign through certkit: their names are copied byte for byte.

use std::path::Path;

use crate::harness::{Test, certkit};
use crate::peers::{peer, python, script};

/// Issues from a CA and has openssl and GnuTLS judge; the issuer is the CA's subject to the byte.
fn issues(test: &Test, openssl: &Path, ca: &str, key: &str, more: &[&str]) {
    let args = ["mkcert", "www.test.example", "10.1.2.3", "--force", "--ca", ca, "--ca-key", key];
    test.certkit(&[&args[..], more].concat()).exits(0);
    let verify = ["verify", "-verify_hostname", "www.test.example", "-CAfile", ca, "server.crt"];
    test.run(openssl, &verify).exits(0);
    let name = |file: &str, which: &str| {
        let der = test.run(openssl, &["x509", "-in", file, "-outform", "DER"]).exits(0);
        let certificate =
            certkit::internals::x509::Certificate::from_der(der.stdout_bytes().to_vec()).unwrap();
        if which == "issuer" { certificate.issuer.der } else { certificate.subject.der }
    };
    assert_eq!(name("server.crt", "issuer"), name(ca, "subject"));
    if let Some(certtool) = peer("certtool") {
        let args = ["--verify", "--infile=server.crt", "--verify-hostname=www.test.example"];
        test.program(&certtool).args(args).args([format!("--load-ca-certificate={ca}")]).run().exits(0);
    }
}

#[test]
fn cas_of_openssl() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    let kinds: [&[&str]; 5] = [
        &["-newkey", "rsa:2048"],
        &["-newkey", "rsa:2048", "-sha512"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
        &["-newkey", "ed25519"],
    ];
    for kind in kinds {
        let common = ["req", "-x509", "-nodes", "-days", "900", "-keyout", "o.key", "-out", "o.crt", "-utf8"];
        let subject =
            ["-multivalue-rdn", "-subj", "/C=DE/O=Bücher \\/ Söhne/OU=A/OU=B+serialNumber=7/CN=Old CA"];
        test.run(&openssl, &[&common[..], kind, &subject].concat()).exits(0);
        issues(&test, &openssl, "o.crt", "o.key", &[]);
    }
    // Without any extension, as scripts of old make them: version 1.
    test.run(
        &openssl,
        &[
            "req", "-new", "-nodes", "-newkey", "rsa:2048", "-keyout", "v.key", "-out", "v.csr", "-subj",
            "/CN=V1",
        ],
    )
    .exits(0);
    test.run(&openssl, &["x509", "-req", "-in", "v.csr", "-key", "v.key", "-days", "900", "-out", "v.crt"])
        .exits(0);
    issues(&test, &openssl, "v.crt", "v.key", &[]);
}

#[test]
fn a_ca_of_easy_rsa() {
    let (Some(openssl), Some(easyrsa)) = (peer("openssl"), easy_rsa()) else { return };
    let test = Test::new();
    let run = |args: &[&str]| {
        let program = test.program(&easyrsa).args(["--batch"]).args(args);
        program
            .env("EASYRSA_PKI", test.path("pki"))
            .env("EASYRSA_REQ_CN", "Easy CA")
            .env("EASYRSA", "/usr/share/easy-rsa")
            .run()
            .exits(0)
    };
    run(&["init-pki"]);
    run(&["build-ca", "nopass"]);
    issues(&test, &openssl, "pki/ca.crt", "pki/private/ca.key", &[]);
}

/// Debian puts it beside its templates, not on the path.
fn easy_rsa() -> Option<std::path::PathBuf> {
    let path = Path::new("/usr/share/easy-rsa/easyrsa");
    if path.is_file() { Some(path.into()) } else { peer("easyrsa") }
}

#[test]
fn a_ca_of_gnutls() {
    let (Some(openssl), Some(certtool)) = (peer("openssl"), peer("certtool")) else { return };
    let test = Test::new();
    test.write("template", "organization = \"Team\"\nunit = \"A\"\nunit = \"B\"\ncn = \"GnuTLS CA\"\nca\ncert_signing_key\nexpiration_days = 900\n");
    test.run(&certtool, &["--generate-privkey", "--key-type=rsa", "--bits=2048", "--outfile=g.key"]).exits(0);
    let args = ["--generate-self-signed", "--load-privkey=g.key", "--template=template", "--outfile=g.crt"];
    test.run(&certtool, &args).exits(0);
    issues(&test, &openssl, "g.crt", "g.key", &[]);
}

#[test]
fn a_ca_with_a_name_that_is_easily_lost() {
    let (Some(openssl), Some(python)) = (peer("openssl"), python(&["cryptography.x509.verification"])) else {
        return;
    };
    for kind in ["p384", "ed25519"] {
        let test = Test::new();
        test.run(&python, &[script("pyca.py").to_str().unwrap(), "ca", kind, "."]).exits(0);
        issues(&test, &openssl, "ca.crt", "ca.key", &[]);
        let text = test.run(&openssl, &["x509", "-in", "server.crt", "-noout", "-issuer"]).exits(0).stdout();
        assert!(text.contains("OU = A, OU = B, serialNumber = 7 + CN = Odd CA"), "{text}");
    }
}

/// What `step ca init` leaves: a root, an intermediate with path length 0 below it, P-256, both keys encrypted in the old
/// PEM form with Proc-Type.
#[test]
fn a_ca_in_the_form_of_step() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.write("pw", "s3cret\n");
    test.write(
        "root.cnf",
        "basicConstraints=critical,CA:TRUE,pathlen:1\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n",
    );
    test.write(
        "sub.cnf",
        "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
    );
    for (name, subject) in [("root", "/O=Team/CN=Team Root CA"), ("sub", "/O=Team/CN=Team Intermediate CA")] {
        let key = format!("{name}.key");
        let make = ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key];
        test.run(&openssl, &make).exits(0);
        test.run(&openssl, &["req", "-new", "-key", &key, "-subj", subject, "-out", &format!("{name}.csr")])
            .exits(0);
    }
    let common = ["x509", "-req", "-days", "900"];
    let root = ["-in", "root.csr", "-key", "root.key", "-extfile", "root.cnf", "-out", "root.crt"];
    test.run(&openssl, &[&common[..], &root].concat()).exits(0);
    let sub = [
        "-in",
        "sub.csr",
        "-CA",
        "root.crt",
        "-CAkey",
        "root.key",
        "-CAcreateserial",
        "-extfile",
        "sub.cnf",
        "-out",
        "sub.crt",
    ];
    test.run(&openssl, &[&common[..], &sub].concat()).exits(0);
    test.run(&openssl, &["ec", "-in", "sub.key", "-aes256", "-passout", "file:pw", "-out", "locked.key"])
        .exits(0);
    assert!(test.text("locked.key").contains("Proc-Type: 4,ENCRYPTED"));
    let args =
        ["mkcert", "www.test.example", "--ca", "sub.crt", "--ca-key", "locked.key", "--password-file", "pw"];
    test.certkit(&args).exits(0).says("ca-bundle.ca");
    test.run(
        &openssl,
        &["verify", "-x509_strict", "-CAfile", "root.crt", "-untrusted", "ca-bundle.ca", "server.crt"],
    )
    .exits(0);
    // And its list.
    let crl = ["crl", "--ca", "sub.crt", "--ca-key", "locked.key"];
    let program = test.program(certkit()).args(crl).env("CERTKIT_PASSWORD", "s3cret");
    program.run().exits(0).says("sub.crl");
}
