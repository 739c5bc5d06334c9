//! The consumer matrix: every kind of key, with and without an intermediate, before everybody who reads certificates.
//! Each takes the right name from the right CA, and refuses a wrong name and a wrong CA.

use std::path::PathBuf;

use crate::harness::{Ran, Test};
use crate::peers::{Chromium, peer, python, script};
use crate::process::{Process, free_port};

const NAME: &str = "www.test.example";
const WRONG: &str = "other.example";

/// One cell of the matrix: what was made, and a server of openssl that shows it.
struct Made {
    test: Test,
    port: u16,
    _server: Process,
}

impl Made {
    /// ca.crt, server.crt, chain.pem (what a server sends), server.key; wrong.crt is another CA.
    fn new(kind: &str, intermediate: bool, openssl: &PathBuf) -> Self {
        let test = Test::new();
        let mkca = ["mkca", "-k", kind, "--intermediate"];
        test.certkit(&mkca[..if intermediate { 4 } else { 3 }]).exits(0);
        test.certkit(&["mkcert", NAME, "127.0.0.1", "-k", kind]).exits(0);
        let bundle = if intermediate { test.text("ca-bundle.ca") } else { String::new() };
        test.write("chain.pem", test.text("server.crt") + &bundle);
        test.write("bundle", bundle + &test.text("ca.crt"));
        test.certkit(&["mkca", "-o", "wrong"]).exits(0);
        test.certkit(&["crl", "-o", "list.crl"]).exits(0);
        let port = free_port();
        let accept = format!("127.0.0.1:{port}");
        // Serves files of the folder, so that every client has something to load.
        let args = ["s_server", "-WWW", "-quiet", "-accept", &accept, "-cert_chain", "chain.pem"];
        let pair = ["-cert", "server.crt", "-key", "server.key"];
        let mut server = Process::start(&test, test.program(openssl).args(args).args(pair));
        server.wait_for(accept.parse().unwrap());
        Self { test, port, _server: server }
    }

    /// Every cell.
    fn all(each: impl Fn(&Self)) {
        let Some(openssl) = peer("openssl") else { return };
        for kind in ["p256", "p384", "rsa2048", "rsa4096"] {
            for intermediate in [false, true] {
                let made = Self::new(kind, intermediate, &openssl);
                made.test.note(&format!("--- {kind}, intermediate: {intermediate} ---"));
                each(&made);
            }
        }
    }
}

/// Right name and CA: taken; else refused.
#[track_caller]
fn judged(ask: impl Fn(&str, &str) -> Ran, refusal: &str) {
    ask("ca.crt", NAME).exits(0);
    for (ca, name) in [("ca.crt", WRONG), ("wrong/ca.crt", NAME)] {
        let ran = ask(ca, name);
        assert!(!ran.succeeded() && ran.all().contains(refusal), "{ca}, {name}: {}", ran.all());
    }
}

#[test]
fn libraries_and_servers_take_it() {
    let (Some(openssl), Some(certtool), Some(curl)) = (peer("openssl"), peer("certtool"), peer("curl"))
    else {
        return;
    };
    let (Some(python), Some(nginx), Some(haproxy)) =
        (python(&["ssl", "cryptography.x509.verification"]), peer("nginx"), peer("haproxy"))
    else {
        return;
    };
    let (pyca, handshake) =
        (script("pyca.py").display().to_string(), script("handshake.py").display().to_string());
    Made::all(|made| {
        let test = &made.test;
        for strict in [&[][..], &["-x509_strict"]] {
            judged(
                |ca, name| {
                    let args = ["verify", "-CAfile", ca, "-untrusted", "bundle", "-verify_hostname", name];
                    test.run(&openssl, &[&args[..], strict, &["server.crt"]].concat())
                },
                "error",
            );
        }
        judged(
            |ca, name| {
                let (ca, name) = (format!("--load-ca-certificate={ca}"), format!("--verify-hostname={name}"));
                test.run(&certtool, &["--verify", "--infile=chain.pem", &ca, &name])
            },
            "NOT trusted",
        );
        for strict in ["plain", "strict"] {
            judged(
                |ca, name| test.run(&python, &[&handshake, ca, "chain.pem", "server.key", name, strict]),
                "certificate verify failed",
            );
        }
        judged(|ca, name| test.run(&python, &[&pyca, "verify", ca, name, "server.crt", "bundle"]), "refused");
        judged(
            |ca, name| {
                let resolve = format!("{name}:{}:127.0.0.1", made.port);
                let url = format!("https://{name}:{}/list.crl", made.port);
                test.run(&curl, &["-sS", "--cacert", ca, "--resolve", &resolve, &url])
            },
            "SSL",
        );
        test.write("both.pem", test.text("chain.pem") + &test.text("server.key"));
        test.write(
            "haproxy.cfg",
            "frontend f\n mode http\n timeout client 1s\n bind 127.0.0.1:1 ssl crt both.pem\n",
        );
        test.run(&haproxy, &["-c", "-f", "haproxy.cfg"]).exits(0);
        let folder = test.folder().display().to_string();
        test.write(
            "nginx.conf",
            format!(
                "pid {folder}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; server {{ listen 127.0.0.1:1 ssl; \
                 ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/server.key; }} }}\n"
            ),
        );
        let config = format!("{folder}/nginx.conf");
        test.run(&nginx, &["-t", "-e", "stderr", "-p", &folder, "-c", &config]).exits(0);
    });
}

#[test]
fn nss_and_java_take_it() {
    let (Some(certutil), Some(tstclnt), Some(keytool)) = (peer("certutil"), peer("tstclnt"), peer("keytool"))
    else {
        return;
    };
    Made::all(|made| {
        let test = &made.test;
        let port = made.port.to_string();
        for (folder, ca) in [("nss", "ca.crt"), ("nss-wrong", "wrong/ca.crt")] {
            std::fs::create_dir(test.path(folder)).unwrap();
            let database = format!("sql:{folder}");
            test.run(&certutil, &["-N", "-d", &database, "--empty-password"]).exits(0);
            test.run(&certutil, &["-A", "-d", &database, "-t", "C,,", "-n", "CA", "-i", ca]).exits(0);
            let store = format!("{folder}.p12");
            let import = [
                "-importcert",
                "-noprompt",
                "-alias",
                "ca",
                "-file",
                ca,
                "-keystore",
                &store,
                "-storepass",
                "changeit",
            ];
            test.run(&keytool, &import).exits(0);
        }
        let store = |ca: &str| if ca == "ca.crt" { "nss" } else { "nss-wrong" };
        judged(
            |ca, name| {
                let database = format!("sql:{}", store(ca));
                test.run(&tstclnt, &["-Q", "-h", "127.0.0.1", "-p", &port, "-a", name, "-d", &database])
            },
            "authentication of server cert failed",
        );
        // keytool loads a revocation list over https as any Java program loads a page.
        test.write("hosts", format!("127.0.0.1 {NAME} {WRONG}\n"));
        judged(
            |ca, name| {
                let store = format!("-J-Djavax.net.ssl.trustStore={}.p12", store(ca));
                let url = format!("https://{name}:{port}/list.crl");
                let fixed = [
                    "-J-Djdk.net.hosts.file=hosts",
                    "-J-Djavax.net.ssl.trustStorePassword=changeit",
                    "-printcrl",
                    "-file",
                ];
                test.run(&keytool, &[&[store.as_str()][..], &fixed, &[&url]].concat())
            },
            "Exception",
        );
    });
}

/// How Chromium shows the file that the server sends. Its error page may hold certificates too, in another form.
const SERVED: &str = "pre-wrap;\">-----BEGIN CERTIFICATE";

#[test]
fn chromium_takes_every_kind() {
    Made::all(|made| {
        let Some(chromium) = Chromium::trusting(&made.test, &made.test.path("ca.crt")) else { return };
        let load = |name: &str| chromium.load(&format!("https://{name}:{}/chain.pem", made.port), name);
        load(NAME).exits(0).says(SERVED);
        load(WRONG).keeps_quiet_about(SERVED).says("ERR_CERT_COMMON_NAME_INVALID");
    });
    let Some(openssl) = peer("openssl") else { return };
    let made = Made::new("p256", true, &openssl);
    let Some(chromium) = Chromium::trusting(&made.test, &made.test.path("wrong/ca.crt")) else { return };
    let ran = chromium.load(&format!("https://{NAME}:{}/chain.pem", made.port), NAME);
    ran.keeps_quiet_about(SERVED).says("ERR_CERT_AUTHORITY_INVALID");
}

#[test]
fn a_linter_finds_nothing() {
    let Some(python) = python(&["pkilint"]) else { return };
    let test = Test::new();
    let mut files = Vec::new();
    for kind in ["p256", "p384", "rsa2048", "rsa4096", "ed25519"] {
        let limits = ["--permit", "test.example", "--permit", "10.0.0.0/8", "--exclude", "bad.test.example"];
        test.certkit(&[&["mkca", "--intermediate", "-k", kind, "-o", kind][..], &limits].concat()).exits(0);
        let (ca, key, server) = (
            format!("{kind}/intermediate.crt"),
            format!("{kind}/intermediate.key"),
            format!("{kind}/server"),
        );
        let long = format!("{}.{}.test.example", "a".repeat(40), "b".repeat(40));
        let client = format!("{kind}/client");
        let sign = ["--ca", &ca, "--ca-key", &key, "-k", kind];
        test.certkit(&[&["mkcert", NAME, "10.1.2.3", "-o", &server][..], &sign].concat()).exits(0);
        test.certkit(&[&["mkcert", &long, "-o", &format!("{kind}/long")][..], &sign].concat()).exits(0);
        test.certkit(&[&["mkcert", "me@test.example", "--client", "-o", &client][..], &sign].concat())
            .exits(0);
        files.extend(
            ["ca", "intermediate", "server", "long", "client"].map(|name| format!("{kind}/{name}.crt")),
        );
    }
    test.program(&python).args([script("lint.py")]).args(files).run().exits(0).keeps_quiet_about("ERROR");
}

/// The documents' openssl sequence gives a certificate of version 1 without alternative names. certkit's files are the
/// same five, and are taken where those are refused.
#[test]
fn taken_where_the_openssl_sequence_is_refused() {
    let (Some(openssl), Some(python)) = (peer("openssl"), python(&["ssl", "cryptography.x509.verification"]))
    else {
        return;
    };
    let test = Test::new();
    let sequence = "
        openssl genrsa -out ca.key 2048
        openssl req -x509 -new -nodes -key ca.key -days 900 -subj /CN=Old -out ca.crt
        openssl genrsa -out server.key 2048
        openssl req -new -key server.key -subj /CN=www.test.example -out server.csr
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -set_serial 1 -days 365 -out server.crt";
    test.run("sh", &["-ec", sequence]).exits(0);
    let ours = Test::new();
    ours.certkit(&["mkca"]).exits(0);
    ours.certkit(&["mkcert", NAME, "--csr"]).exits(0);
    let files = |test: &Test| -> Vec<String> {
        test.names().into_iter().filter(|name| name != "ledger.jsonl").collect()
    };
    assert_eq!(files(&test), files(&ours));
    let (pyca, handshake) =
        (script("pyca.py").display().to_string(), script("handshake.py").display().to_string());
    for (test, taken) in [(&test, false), (&ours, true)] {
        let strict = ["verify", "-x509_strict", "-CAfile", "ca.crt", "-verify_hostname", NAME, "server.crt"];
        let all = [
            test.run(&openssl, &strict),
            test.run(&python, &[&handshake, "ca.crt", "server.crt", "server.key", NAME, "strict"]),
            test.run(&python, &[&pyca, "verify", "ca.crt", NAME, "server.crt"]),
        ];
        // Without strictness openssl still looks at the common name.
        assert_eq!(all.map(|ran| ran.succeeded()), [taken; 3]);
    }
}
