//! `merge`: whatever state the inputs are in, the same right chain comes out, and the report says what was mended.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::harness::{Ran, Test, certkit};
use crate::peers::peer;

/// A CA, an intermediate and a server certificate; nothing merged yet.
fn parts() -> Test {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "test.example"]).exits(0);
    test
}

/// What the chain must be: server certificate, one line break, intermediate.
fn wanted(test: &Test) -> String {
    format!("{}\n{}\n", test.text("server.crt").trim(), test.text("ca-bundle.ca").trim())
}

/// All finding codes of a JSON report, wherever they stand.
fn codes(report: &Value) -> Vec<&str> {
    ["errors", "warnings", "dropped"]
        .iter()
        .flat_map(|part| report[part].as_array().into_iter().flatten())
        .filter_map(|finding| finding["code"].as_str())
        .collect()
}

/// Merges `args` into chain.pem and holds the result against the undamaged parts.
#[track_caller]
fn merges(test: &Test, wanted: &str, args: &[&str]) -> Ran {
    let ran = test.certkit(&[&["merge"], args, &["--force"]].concat()).exits(0);
    assert_eq!(test.text("chain.pem"), wanted);
    ran
}

#[test]
fn server_certificate_first_then_its_issuer() {
    let test = parts();
    merges(&test, &wanted(&test), &["server.crt", "ca-bundle.ca"]);
    assert_eq!(test.mode("chain.pem") & 0o022, 0);
    let Some(openssl) = peer("openssl") else { return };
    let verify = ["verify", "-x509_strict", "-CAfile", "ca.crt", "-untrusted", "chain.pem", "chain.pem"];
    test.run(&openssl, &verify).exits(0);
    test.run(&openssl, &["crl2pkcs7", "-nocrl", "-certfile", "chain.pem", "-out", "chain.p7"]).exits(0);
    let printed =
        test.run(&openssl, &["pkcs7", "-in", "chain.p7", "-print_certs", "-noout"]).exits(0).stdout();
    let subjects: Vec<_> = printed.lines().filter(|line| line.starts_with("subject=")).collect();
    assert_eq!(subjects.len(), 2, "{printed}");
    assert_eq!(subjects[0], "subject=CN = test.example");
}

#[test]
fn the_lines_it_prints_are_those_of_the_file() {
    let test = parts();
    let ran = test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
    let file: Vec<_> = test.text("chain.pem").lines().map(str::to_owned).collect();
    let said = ran.all();
    let said: Vec<_> = said.lines().filter(|line| line.trim().starts_with("lines ")).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    let mut next = 1;
    for (line, what) in said.iter().zip(["server certificate test.example", "intermediate "]) {
        assert!(line.contains(what), "{line}");
        let range = line.trim().strip_prefix("lines ").unwrap().split(' ').next().unwrap();
        let (first, last) = range.split_once('-').unwrap();
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        assert_eq!(first, next);
        assert_eq!(file[first - 1], "-----BEGIN CERTIFICATE-----");
        assert_eq!(file[last - 1], "-----END CERTIFICATE-----");
        assert!(file[first..last - 1].iter().all(|line| !line.contains("-----")));
        next = last + 1;
    }
    assert_eq!(next - 1, file.len());
}

#[test]
fn damage_is_mended_and_told() {
    let test = parts();
    let wanted = wanted(&test);
    let (server, bundle) = (test.text("server.crt"), test.text("ca-bundle.ca"));

    // `cat server.crt ca-bundle.ca` where the first file lacks its last line break.
    test.write("glued.pem", format!("{}{}", server.trim_end(), bundle.trim_end()));
    let line = server.trim_end().lines().count();
    merges(&test, &wanted, &["glued.pem"]).says("pem_glued").says(&format!("line {line}"));

    test.write("server.crlf", server.replace('\n', "\r\n"));
    test.write("bundle.crlf", bundle.replace('\n', "\r\n"));
    merges(&test, &wanted, &["server.crlf", "bundle.crlf"]);

    test.write("server.cr", server.replace('\n', "\r"));
    merges(&test, &wanted, &["server.cr", "ca-bundle.ca"]);

    test.write("server.bom", format!("\u{feff}{server}"));
    test.write("bundle.bom", format!("\u{feff}{bundle}"));
    merges(&test, &wanted, &["server.bom", "bundle.bom"]);
    test.write("both.bom", format!("\u{feff}{server}\u{feff}{bundle}"));
    merges(&test, &wanted, &["both.bom"]);

    let note = "Dear customer,\nhere is your certificate:\n\n";
    test.write("mail.txt", format!("{note}{server}\nand the chain\n{bundle}\n-- \nYour CA\n"));
    merges(&test, &wanted, &["mail.txt"]);

    test.write("indented.crt", server.lines().map(|line| format!("  \t{line}  \n")).collect::<String>());
    merges(&test, &wanted, &["indented.crt", "ca-bundle.ca"]);

    let glued_and_crlf = format!("\u{feff}{}{}", bundle.trim_end(), server.trim_end()).replace('\n', "\r\n");
    test.write("worst.pem", glued_and_crlf);
    merges(&test, &wanted, &["worst.pem"]).says("pem_glued").says("reordered");
}

#[test]
fn any_order_gives_one_order() {
    let test = parts();
    merges(&test, &wanted(&test), &["ca-bundle.ca", "server.crt"]).says("reordered");
    let report = merges(&test, &wanted(&test), &["ca-bundle.ca", "server.crt", "--format", "json"]).report();
    assert!(codes(&report).contains(&"reordered"), "{report}");
    // In order already: nothing to say.
    merges(&test, &wanted(&test), &["server.crt", "ca-bundle.ca"])
        .keeps_quiet_about("reordered")
        .keeps_quiet_about("warning");
}

#[test]
fn a_long_chain_of_a_foreign_ca() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    let mut issuer: Option<&str> = None;
    for (name, extension) in [
        ("root", "basicConstraints=critical,CA:TRUE"),
        ("policy", "basicConstraints=critical,CA:TRUE"),
        ("issuing", "basicConstraints=critical,CA:TRUE"),
        ("leaf", "subjectAltName=DNS:long.example"),
    ] {
        let (key, certificate, subject) =
            (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name} of ours"));
        let mut args = vec!["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        args.extend(["-days", "300", "-subj", &subject, "-keyout", &key, "-out", &certificate]);
        args.extend(["-addext", extension]);
        if name == "leaf" {
            args.extend(["-addext", "basicConstraints=CA:FALSE"]);
        }
        let (ca, ca_key) = (format!("{}.pem", issuer.unwrap_or("")), format!("{}.key", issuer.unwrap_or("")));
        if issuer.is_some() {
            args.extend(["-CA", &ca, "-CAkey", &ca_key]);
        }
        // Without a default configuration that adds extensions of its own.
        test.write("openssl.cnf", "[req]\ndistinguished_name = dn\n[dn]\n");
        args.extend(["-config", "openssl.cnf"]);
        test.run(&openssl, &args).exits(0);
        issuer = Some(name);
    }
    let of = |names: &[&str]| -> String {
        names.iter().map(|name| test.text(&format!("{name}.pem"))).collect::<Vec<_>>().concat()
    };
    let chain = of(&["leaf", "issuing", "policy"]);
    test.write("bundle.pem", of(&["root", "policy", "leaf", "issuing"]));
    merges(&test, &chain, &["bundle.pem"]).says("reordered").says("root_dropped");
    merges(&test, &chain, &["policy.pem", "issuing.pem", "leaf.pem"]);
    merges(&test, &(chain.clone() + &of(&["root"])), &["bundle.pem", "--include-root"]);
    // A gap in the middle is named.
    test.certkit(&["merge", "leaf.pem", "policy.pem", "-o", "gap.pem"]).exits(1).says("issuing of ours");
    assert!(!test.path("gap.pem").exists());
}

#[test]
fn the_root_is_left_out_unless_wanted() {
    let test = parts();
    merges(&test, &wanted(&test), &["server.crt", "ca-bundle.ca", "ca.crt"]).says("root_dropped");
    let with_root = wanted(&test) + &test.text("ca.crt");
    merges(&test, &with_root, &["ca.crt", "server.crt", "ca-bundle.ca", "--include-root"])
        .keeps_quiet_about("root_dropped");
}

#[test]
fn duplicates_and_strangers_are_dropped() {
    let test = parts();
    let twice = ["server.crt", "ca-bundle.ca", "server.crt", "ca-bundle.ca"];
    merges(&test, &wanted(&test), &twice).says("duplicate");
    test.certkit(&["mkca", "Stranger", "-o", "stranger", "--intermediate"]).exits(0);
    merges(&test, &wanted(&test), &["server.crt", "stranger/intermediate.crt", "ca-bundle.ca"])
        .says("unrelated");
}

#[test]
fn a_private_key_never_reaches_the_chain() {
    let test = parts();
    test.write("all.pem", test.text("server.key") + &test.text("server.crt") + &test.text("ca-bundle.ca"));
    merges(&test, &wanted(&test), &["all.pem"]).says("private_key_in_input");
    assert!(!test.text("chain.pem").contains("PRIVATE"));
}

#[test]
fn the_key_chooses_and_must_fit() {
    let test = parts();
    test.certkit(&["mkcert", "other.example", "-o", "other", "--force"]).exits(0);
    let before = test.files();
    test.certkit(&["merge", "server.crt", "ca-bundle.ca", "--key", "other.key"])
        .exits(1)
        .says("key_mismatch");
    test.certkit(&["merge", "server.crt", "other.crt", "ca-bundle.ca"])
        .exits(1)
        .says("multiple_leaves")
        .says("--key");
    assert_eq!(test.files(), before);
    let files = ["other.crt", "server.crt", "ca-bundle.ca", "--key", "server.key"];
    merges(&test, &wanted(&test), &files).says("extra_leaf");
    merges(&test, &wanted(&test), &["server.crt", "ca-bundle.ca", "--key", "server.key"]);
}

#[test]
fn what_makes_no_chain_is_status_1() {
    let test = parts();
    let before = test.files();
    test.certkit(&["merge", "ca-bundle.ca"]).exits(1).says("no_leaf");
    // Its issuer is an intermediate that was not given: which one, and what to type.
    let issuer = {
        let report = test.certkit(&["merge", "server.crt", "ca-bundle.ca", "-o", "-", "-q"]).exits(0);
        assert!(report.stdout().starts_with("-----BEGIN"));
        "Intermediate"
    };
    let alone = test.certkit(&["merge", "server.crt"]).exits(1).says("missing_intermediate");
    assert!(alone.all().to_lowercase().contains(&issuer.to_lowercase()), "{}", alone.all());
    assert_eq!(test.files(), before);
}

#[test]
fn a_root_that_signs_needs_no_bundle() {
    let test = Test::with_certificate("test.example");
    merges(&test, &test.text("server.crt"), &["server.crt"]);
    // The documented command still works to the letter: the missing bundle is not needed, and the mend says so.
    let before = test.files();
    test.certkit(&["merge", "server.crt", "ca-bundle.ca", "--force"])
        .exits(2)
        .says("not_found")
        .says("certkit merge server.crt");
    assert_eq!(test.files(), before);
}

#[test]
fn what_was_there_stays() {
    let test = parts();
    test.write("chain.pem", "mine\n");
    let before = test.files();
    test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(2).says("output_exists").says("--force");
    assert_eq!(test.files(), before);
    merges(&test, &wanted(&test), &["server.crt", "ca-bundle.ca"]);
    // The same result again is no conflict.
    test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
}

#[test]
fn standard_input_and_output() {
    let test = parts();
    let wanted = wanted(&test);
    let ran = test
        .program(certkit())
        .args(["merge", "-", "ca-bundle.ca", "-o", "-"])
        .stdin(test.text("server.crt"))
        .run()
        .exits(0);
    assert_eq!(ran.stdout_bytes(), wanted.as_bytes());
    assert!(ran.stderr().contains("server certificate test.example"));
    assert!(!test.path("chain.pem").exists());
    test.certkit(&["merge", "server.crt", "ca-bundle.ca", "-o", "-", "--format", "json"]).exits(2);
}

#[test]
fn the_shape_of_its_json() {
    let test = parts();
    test.write("all.pem", test.text("ca.crt") + &test.text("server.crt") + &test.text("ca-bundle.ca"));
    let report = test.certkit(&["merge", "all.pem", "--format", "json"]).exits(0).report();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["output"], "chain.pem");
    assert_eq!(report["errors"], json!([]));
    assert_eq!(report["dropped"][0]["code"], "root_dropped");
    assert_eq!(report["dropped"][0]["certificate"]["role"], "root");
    let certificates = report["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 2);
    assert_eq!(certificates[0]["role"], "leaf");
    assert_eq!(certificates[0]["names"], json!([{"kind": "dns", "value": "test.example"}]));
    let lines = |certificate: &Value| certificate["location"]["lines"].clone();
    assert_eq!(lines(&certificates[0])[0], 1);
    assert_eq!(certificates[1]["role"], "intermediate");
    assert_eq!(lines(&certificates[1])[0].as_u64(), lines(&certificates[0])[1].as_u64().map(|line| line + 1));
    if let Some(openssl) = peer("openssl") {
        let printed = test.run(&openssl, &["x509", "-in", "server.crt", "-noout", "-fingerprint", "-sha256"]);
        let digest = printed.stdout().trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase();
        assert_eq!(certificates[0]["sha256"], digest.as_str());
    }
    let failed = test.certkit(&["merge", "ca-bundle.ca", "--format", "json", "--force"]).exits(1).report();
    assert_eq!((&failed["schema"], &failed["errors"][0]["code"]), (&json!(1), &json!("no_leaf")));
}

#[test]
fn expired_certificates_are_told_by_the_time_given() {
    let test = parts();
    test.certkit(&["merge", "server.crt", "ca-bundle.ca", "--at", "2126-01-01T00:00:00Z"]).says("expired");
}

/// A server on the loopback interface that answers each request with what `answer` gives for its path, until the test
/// ends. Gives the address of its root.
fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let mut request = String::new();
            let _ = reader.read_line(&mut request);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let _ = (&stream).write_all(&answer(request.split(' ').nth(1).unwrap_or("/")));
        }
    });
    address
}

fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into()
}

/// A leaf whose certificate names `address` as the place of its issuer's certificate; root, intermediate and leaf are
/// `root.pem`, `issuing.pem` and `leaf.pem`.
fn chain_with_address(test: &Test, openssl: &std::path::Path, address: &str) {
    test.write("openssl.cnf", "[req]\ndistinguished_name = dn\n[dn]\n");
    let mut issuer: Option<&str> = None;
    for (name, constraint) in
        [("root", "critical,CA:TRUE"), ("issuing", "critical,CA:TRUE"), ("leaf", "CA:FALSE")]
    {
        let (key, certificate, subject) =
            (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name} of ours"));
        let constraint = format!("basicConstraints={constraint}");
        let access = format!("authorityInfoAccess=caIssuers;URI:{address}");
        let mut args = vec![
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "300",
        ];
        args.extend(["-config", "openssl.cnf", "-subj", &subject, "-keyout", &key, "-out", &certificate]);
        args.extend(["-addext", &constraint]);
        let (ca, ca_key) = (format!("{}.pem", issuer.unwrap_or("")), format!("{}.key", issuer.unwrap_or("")));
        if issuer.is_some() {
            args.extend(["-CA", &ca, "-CAkey", &ca_key]);
        }
        if name == "leaf" {
            args.extend(["-addext", "subjectAltName=DNS:fetched.example", "-addext", &access]);
        }
        test.run(openssl, &args).exits(0);
        issuer = Some(name);
    }
}

#[test]
fn a_missing_intermediate_is_fetched_only_when_told() {
    let Some(openssl) = peer("openssl") else { return };
    let answer: Arc<Mutex<Vec<u8>>> = Arc::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let address = {
        let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
        answering(move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            answer.lock().unwrap().clone()
        })
    };
    let test = Test::new();
    chain_with_address(&test, &openssl, &format!("{address}/issuing.cer"));
    let wanted = test.text("leaf.pem") + &test.text("issuing.pem");
    let der = |name: &str| {
        test.run(&openssl, &["x509", "-in", name, "-outform", "DER", "-out", "out.der"]).exits(0);
        std::fs::read(test.path("out.der")).unwrap()
    };

    // Without the flag the address is printed, and nobody is asked.
    test.certkit(&["merge", "leaf.pem"]).exits(1).says("missing_intermediate").says(&address).says("--fetch");
    assert_eq!(asked.load(Ordering::SeqCst), 0);

    test.run(&openssl, &["crl2pkcs7", "-nocrl", "-certfile", "issuing.pem", "-outform", "DER", "-out", "p7"])
        .exits(0);
    let cms = std::fs::read(test.path("p7")).unwrap();
    for body in [der("issuing.pem"), test.text("issuing.pem").into_bytes(), cms] {
        *answer.lock().unwrap() = ok(&body);
        merges(&test, &wanted, &["leaf.pem", "--fetch"]).says("fetched").says(&address);
    }
    // What does not help is told, and changes nothing.
    for body in [
        ok(&der("leaf.pem")),
        ok(b"<html>"),
        ok(&vec![b'x'; 3 << 20]),
        b"HTTP/1.1 404 Not Found\r\n\r\n".to_vec(),
        Vec::new(),
    ] {
        *answer.lock().unwrap() = body;
        test.certkit(&["merge", "leaf.pem", "--fetch", "-o", "none.pem"]).exits(1).says("fetch_failed");
    }
    // A redirect away from http is not followed.
    for away in ["https://127.0.0.1:1/", "file:///etc/passwd", "ftp://127.0.0.1/a"] {
        *answer.lock().unwrap() = redirect(away);
        let refused = test.certkit(&["merge", "leaf.pem", "--fetch", "-o", "none.pem"]).exits(1);
        refused.says("status 302").says(away).says("only http:// addresses are fetched");
    }
    assert!(!test.path("none.pem").exists());
    // Where nothing is missing, nobody is asked.
    let before = asked.load(Ordering::SeqCst);
    merges(&test, &wanted, &["leaf.pem", "issuing.pem", "root.pem", "--fetch"]);
    assert_eq!(asked.load(Ordering::SeqCst), before);
}

#[test]
fn a_few_redirects_are_followed() {
    let Some(openssl) = peer("openssl") else { return };
    // `/hops/3` sends to `/hops/2` and so on; the last one has the certificate.
    let issuing: Arc<Mutex<Vec<u8>>> = Arc::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let address = {
        let (issuing, asked) = (Arc::clone(&issuing), Arc::clone(&asked));
        answering(move |path| {
            asked.fetch_add(1, Ordering::SeqCst);
            match path.trim_start_matches("/hops/").parse::<usize>() {
                Ok(0) | Err(_) => ok(&issuing.lock().unwrap()),
                Ok(hops) => redirect(&format!("/hops/{}", hops - 1)),
            }
        })
    };
    for (hops, status) in [(1, 0), (3, 0), (4, 1), (50, 1)] {
        let test = Test::new();
        chain_with_address(&test, &openssl, &format!("{address}/hops/{hops}"));
        *issuing.lock().unwrap() = test.text("issuing.pem").into_bytes();
        asked.store(0, Ordering::SeqCst);
        let ran = test.certkit(&["merge", "leaf.pem", "--fetch"]).exits(status);
        if status == 0 {
            assert_eq!(test.text("chain.pem"), test.text("leaf.pem") + &test.text("issuing.pem"));
        } else {
            ran.says("the server redirects more than 3 times");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1 + hops.min(3), "{hops}");
    }
}

#[test]
fn a_self_signed_certificate_is_told() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    let subject = ["-subj", "/CN=self.test", "-addext", "subjectAltName=DNS:self.test"];
    let make =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90"];
    let files = ["-keyout", "self.key", "-out", "self.crt", "-addext", "basicConstraints=critical,CA:FALSE"];
    test.run(&openssl, &[&make[..], &subject, &files].concat()).exits(0);
    let merged = test.certkit(&["merge", "self.crt"]).exits(0);
    merged.says("warning[self_signed] `self.test` is self-signed").says("clients refuse it");
    // Who names it as trusted knows.
    test.certkit(&["merge", "self.crt", "--roots", "self.crt", "--force"])
        .exits(0)
        .keeps_quiet_about("self_signed");
}

#[test]
fn many_that_are_left_out_are_one_note() {
    let test = parts();
    let mut pool = String::new();
    for number in 0..5 {
        test.certkit(&["mkca", "--subject", &format!("CN=Other {number}"), "-o", &format!("other{number}")])
            .exits(0);
        pool += &test.text(&format!("other{number}/ca.crt"));
    }
    test.write("others.pem", pool);
    let args = ["server.crt", "ca-bundle.ca", "others.pem"];
    let said = merges(&test, &wanted(&test), &args).all();
    assert_eq!(said.matches("note[unrelated]").count(), 1, "{said}");
    assert!(said.contains("left out: 5 certificates that are unrelated to this chain: `Other 0`"), "{said}");
    let report = merges(&test, &wanted(&test), &[&args[..], &["--format", "json"]].concat()).report();
    assert_eq!(report["dropped"].as_array().unwrap().len(), 5, "{report}");
}
