//! `check` of servers that accept what they should not, that have rare keys or groups, or that answer as they like.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Ran, Test};
use crate::live_front::DH_1024;
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

/// `openssl s_server ARGS...` on a port of its own.
fn s_server(test: &Test, openssl: &Path, args: &[&str]) -> (Process, String) {
    let port = free_port().to_string();
    let program = test.program(openssl).args(["s_server", "-accept", &port, "-quiet"]).args(args);
    let mut process = Process::start(test, program);
    process.wait_for((Ipv4Addr::LOCALHOST, port.parse().unwrap()).into());
    (process, format!("127.0.0.1:{port}"))
}

fn check(test: &Test, place: &str, more: &[&str]) -> Ran {
    let args = ["check", place, "--host", "test.example", "--roots", "ca.crt", "--format", "json"];
    test.certkit(&[&args[..], more].concat())
}

/// What people see.
fn text(test: &Test, place: &str) -> Ran {
    test.certkit(&["check", place, "--host", "test.example", "--roots", "ca.crt"])
}

fn codes<'a>(report: &'a Value, part: &str) -> Vec<&'a str> {
    report[part].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// The codes of severity warning; the report's own list has the notes as well.
fn warnings(report: &Value) -> Vec<&str> {
    let all = report["warnings"].as_array().unwrap().iter();
    all.filter(|one| one["severity"] == "warning").map(|one| one["code"].as_str().unwrap()).collect()
}

/// A folder with an RSA chain, and the options of s_server that show it.
fn with_rsa() -> (Test, Vec<&'static str>) {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "test.example", "-k", "rsa2048"]).exits(0);
    (test, vec!["-cert", "server.crt", "-cert_chain", "ca-bundle.ca", "-key", "server.key"])
}

#[test]
fn no_green_heading_above_a_server_that_protects_nobody() {
    let Some(openssl) = peer("openssl") else { return };
    let (test, chain) = with_rsa();
    test.write("dh1024.pem", DH_1024);
    let good = "ECDHE-RSA-AES128-GCM-SHA256";
    let weak = |list: &str| format!("{good}:{list}:@SECLEVEL=0");
    // Of OpenSSL's security level 0, TLS 1.1 is a part.
    let new = ["-min_protocol", "TLSv1.2"];
    for (more, code, words) in [
        (vec!["-cipher".to_owned(), weak("NULL-SHA256")], "weak_cipher", "NULL-SHA256"),
        (vec!["-cipher".to_owned(), weak("ADH-AES128-SHA256")], "weak_cipher", "ADH-AES128-SHA256"),
        (vec!["-cipher".to_owned(), weak("AECDH-AES256-SHA")], "weak_cipher", "AECDH-AES256-SHA"),
        (
            ["-cipher", &weak("DHE-RSA-AES128-GCM-SHA256"), "-dhparam", "dh1024.pem"]
                .map(String::from)
                .to_vec(),
            "weak_cipher",
            "1024-bit Diffie-Hellman group",
        ),
        (
            ["-min_protocol", "TLSv1", "-cipher", &weak("ECDHE-RSA-AES128-SHA")].map(String::from).to_vec(),
            "old_protocol",
            "TLS 1.0, TLS 1.1",
        ),
        (
            ["-min_protocol", "TLSv1.1", "-cipher", &weak("ECDHE-RSA-AES128-SHA")].map(String::from).to_vec(),
            "old_protocol",
            "TLS 1.1",
        ),
    ] {
        let more: Vec<_> = more.iter().map(String::as_str).collect();
        let new: &[&str] = if code == "old_protocol" { &[] } else { &new };
        let (_server, place) = s_server(&test, &openssl, &[&chain[..], new, &more].concat());
        let report = check(&test, &place, &[]).exits(1).report();
        // OpenSSL's anonymous Diffie-Hellman has a small group as well.
        let mut reasons = codes(&report, "reasons");
        reasons.dedup();
        assert_eq!(reasons, [code], "{more:?}: {report:#}");
        assert!(report["reasons"][0]["message"].as_str().unwrap().contains(words), "{more:?}: {report:#}");
        text(&test, &place)
            .exits(1)
            .says(&format!("✗ {place}: the chain holds for test.example, but the server is not secure"));
    }
    // What weakens old clients only is a warning, but not green either.
    let (_server, place) =
        s_server(&test, &openssl, &[&chain[..], &new, &["-cipher", &weak("AES128-SHA")]].concat());
    let report = check(&test, &place, &[]).exits(0).report();
    assert_eq!(warnings(&report), ["weak_cipher"], "{report:#}");
    text(&test, &place)
        .exits(0)
        .says(&format!("! {place}: the chain holds for test.example; the server can be improved"));
}

#[test]
fn self_signed_by_whatever_is_self_signed() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_certificate("other.example");
    for (name, key, digest) in [
        ("sha1", &["rsa:2048"][..], &["-sha1"][..]),
        ("md5", &["rsa:2048"], &["-md5"]),
        ("rsa1024", &["rsa:1024"], &["-sha256"]),
        ("pss", &["rsa:2048"], &["-sha256", "-sigopt", "rsa_padding_mode:pss"]),
        ("secp256k1", &["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"], &["-sha256"]),
        ("ed448", &["ed448"], &[]),
    ] {
        let (file, key_file) = (format!("{name}.crt"), format!("{name}.key"));
        let fixed = ["req", "-x509", "-nodes", "-days", "90", "-subj", "/CN=test.example"];
        let names =
            ["-addext", "subjectAltName=DNS:test.example", "-addext", "basicConstraints=critical,CA:FALSE"];
        let files = ["-out", &file, "-keyout", &key_file, "-newkey"];
        test.run(&openssl, &[&fixed[..], &names, &files, key, digest].concat()).exits(0);
        let of_file = check(&test, &file, &[]).exits(1).report();
        assert!(codes(&of_file, "reasons").contains(&"self_signed"), "{name}: {of_file:#}");
        assert!(!codes(&of_file, "reasons").contains(&"missing_intermediate"), "{name}: {of_file:#}");
        let args = ["-cert", &file, "-key", &key_file, "-cipher", "ALL:@SECLEVEL=0"];
        let (_server, place) = s_server(&test, &openssl, &args);
        let live = check(&test, &place, &[]).exits(1).report();
        let reasons = codes(&live, "reasons");
        assert!(reasons.contains(&"self_signed"), "{name}: {live:#}");
        for wrong in ["missing_intermediate", "bad_signature"] {
            assert!(!reasons.contains(&wrong), "{name}: {live:#}");
        }
    }
}

#[test]
fn a_short_rsa_key_is_not_another_key() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_certificate("other.example");
    let args = [
        "req",
        "-x509",
        "-nodes",
        "-days",
        "90",
        "-subj",
        "/CN=test.example",
        "-addext",
        "subjectAltName=DNS:test.example",
        "-newkey",
        "rsa:1024",
        "-keyout",
        "short.key",
        "-out",
        "short.crt",
        "-sha1",
    ];
    test.run(&openssl, &args).exits(0);
    for version in ["-tls1_2", "-tls1_3"] {
        let args = ["-cert", "short.crt", "-key", "short.key", "-cipher", "ALL:@SECLEVEL=0", version];
        let (_server, place) = s_server(&test, &openssl, &args);
        let report = check(&test, &place, &[]).exits(1).report();
        assert_eq!(report["server"]["key_proved"], Value::Null, "{version}: {report:#}");
        assert!(codes(&report, "reasons").contains(&"weak_key"), "{version}: {report:#}");
        assert!(!report.to_string().contains("does not belong to its certificate"), "{report:#}");
    }
}

#[test]
fn groups_that_clients_lack() {
    let Some(openssl) = peer("openssl") else { return };
    let (test, chain) = with_rsa();
    for version in ["-tls1_2", "-tls1_3"] {
        let (_server, place) =
            s_server(&test, &openssl, &[&chain[..], &["-groups", "P-521", version]].concat());
        let report = check(&test, &place, &[]).exits(0).report();
        let warning =
            report["warnings"].as_array().unwrap().iter().find(|one| one["code"] == "unusual_group");
        assert!(warning.unwrap()["message"].as_str().unwrap().contains("Chrome"), "{version}: {report:#}");
        assert_eq!(
            (&report["server"]["group"], &report["server"]["key_proved"]),
            (&json!("secp521r1"), &json!(true))
        );
    }
    let (_server, place) = s_server(&test, &openssl, &[&chain[..], &["-groups", "X448", "-tls1_2"]].concat());
    let report = check(&test, &place, &[]).exits(1).report();
    assert_eq!(codes(&report, "reasons"), ["unusual_group"], "{report:#}");
    let (_server, place) = s_server(&test, &openssl, &[&chain[..], &["-groups", "X448", "-tls1_3"]].concat());
    text(&test, &place).exits(2).says("it requires the group X448").keeps_quiet_about("the server's log");
}

/// What OpenSSL itself would agree to, as it names its own suites.
fn suites_of_openssl(test: &Test, openssl: &Path) -> Vec<String> {
    let list =
        test.run(openssl, &["ciphers", "-v", "ALL:COMPLEMENTOFALL:eNULL:@SECLEVEL=0"]).exits(0).stdout();
    let is_for_rsa = |line: &&str| {
        let has = |part: &str| line.contains(part);
        !has("PSK") && !has("SRP") && !has("TLSv1.3") && (has("Au=RSA") || has("Au=None"))
    };
    list.lines().filter(is_for_rsa).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn deep_names_everything_that_openssl_has() {
    let Some(openssl) = peer("openssl") else { return };
    let (test, chain) = with_rsa();
    let all = ["-cipher", "ALL:COMPLEMENTOFALL:eNULL:@SECLEVEL=0", "-tls1_2"];
    let groups = [
        "X25519",
        "prime256v1",
        "X448",
        "secp521r1",
        "secp384r1",
        "brainpoolP256r1",
        "brainpoolP384r1",
        "brainpoolP512r1",
        "secp256k1",
    ];
    let listed = groups.join(":");
    let args = [&chain[..], &all, &["-groups", &listed]].concat();
    let (_server, place) = s_server(&test, &openssl, &args);
    let report = check(&test, &place, &["--deep"]).exits(1).report();
    let names = |value: &Value| -> Vec<String> {
        let mut names: Vec<_> =
            value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    let mut wanted = suites_of_openssl(&test, &openssl);
    wanted.sort();
    assert_eq!(names(&report["server"]["suites"]["TLSv1.2"]), wanted);
    let mut wanted = groups.map(String::from).to_vec();
    wanted.sort();
    assert_eq!(names(&report["server"]["groups"]), wanted, "groups without TLS 1.3");

    let all = "X25519:ffdhe2048:ffdhe3072:ffdhe4096:ffdhe6144:ffdhe8192";
    let (_server, place) = s_server(&test, &openssl, &[&chain[..], &["-tls1_3", "-groups", all]].concat());
    let report = check(&test, &place, &["--deep"]).exits(0).report();
    assert_eq!(report["server"]["groups"], json!(all.split(':').collect::<Vec<_>>()));
}

/// A front that lets some connections through to a server and closes the others.
fn limited(server: u16, lets_through: usize) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let count = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            if count.fetch_add(1, Ordering::SeqCst) >= lets_through {
                continue;
            }
            thread::spawn(move || -> std::io::Result<()> {
                let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
                let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
                thread::spawn(move || std::io::copy(&mut from_server, &mut to_client));
                std::io::copy(&mut client, &mut server)?;
                Ok(())
            });
        }
    });
    place
}

#[test]
fn what_was_not_answered_is_named() {
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key"]);
    // The first connection is the one that shows the chain.
    let place = limited(server.port, 1);
    let report = check(&test, &place, &[]).exits(0).report();
    let warning =
        report["warnings"].as_array().unwrap().iter().find(|one| one["code"] == "connection_failed");
    let message = warning.unwrap_or_else(|| panic!("{report:#}"))["message"].as_str().unwrap();
    for subject in ["TLS 1.0", "TLS 1.1", "SSL 3.0", "broken cipher suites", "RSA key exchange"] {
        assert!(message.contains(subject), "{message}");
    }
    assert!(report["server"]["unanswered"].as_array().unwrap().len() >= 8, "{report:#}");
    text(&test, &limited(server.port, 1)).exits(0).says("! ").says("the server can be improved");
    // One that does not limit is asked without such a warning.
    let report = check(&test, &limited(server.port, 1000), &[]).exits(0).report();
    assert_eq!(warnings(&report), Vec::<&str>::new(), "{report:#}");
}

/// A server that closes without an alert what it refuses refuses it: nothing is missing in the report.
#[test]
fn a_server_that_refuses_by_closing() {
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key"]);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let port = server.port;
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            thread::spawn(move || -> std::io::Result<()> {
                let mut upstream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
                let (mut to_upstream, mut from_client) = (upstream.try_clone()?, client.try_clone()?);
                thread::spawn(move || std::io::copy(&mut from_client, &mut to_upstream));
                let mut first = [0];
                upstream.read_exact(&mut first)?;
                if first != [21] {
                    client.write_all(&first)?;
                    std::io::copy(&mut upstream, &mut client)?;
                }
                client.shutdown(std::net::Shutdown::Both)
            });
        }
    });
    let report = check(&test, &place, &[]).exits(0).report();
    assert_eq!(warnings(&report), Vec::<&str>::new(), "{report:#}");
    assert_eq!(report["server"]["protocols"], json!(["TLSv1.2", "TLSv1.3"]));
}

/// A server that answers every connection in its own way, and what it does.
fn hostile(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || answer(stream));
        }
    });
    place
}

#[test]
fn hostile_servers_get_a_verdict_within_the_time() {
    let test = Test::with_certificate("test.example");
    let drip = hostile(|mut stream| {
        // The head of a handshake record of 16 KiB, then a byte now and then.
        let mut bytes = vec![22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc];
        while stream.write_all(&bytes).is_ok() {
            bytes = vec![0];
            thread::sleep(Duration::from_millis(100));
        }
    });
    let alerts = hostile(|mut stream| {
        let alert = [21, 3, 3, 0, 2, 1, 112].repeat(1500);
        for _ in 0..1000 {
            if stream.write_all(&alert).is_err() {
                break;
            }
        }
    });
    let endless = hostile(|mut stream| {
        let mut hello = vec![2, 0, 0, 38, 3, 3];
        hello.extend([7; 32]);
        hello.extend([0, 0xc0, 0x2f, 0]);
        // A Certificate message of 16 MiB.
        hello.extend([11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc]);
        let length = u16::try_from(hello.len()).unwrap().to_be_bytes();
        let mut record = [&[22, 3, 3], &length[..], &hello].concat();
        while stream.write_all(&record).is_ok() {
            record = [&[22, 3, 3, 0x40, 0][..], &[0; 0x4000]].concat();
        }
    });
    let silence = hostile(|stream| {
        thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    let ssh = hostile(|mut stream| drop(stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n")));
    let resets = hostile(|stream| {
        // Closing with unread bytes resets the connection.
        let mut byte = [0];
        let _ = (&stream).read(&mut byte);
    });
    for (place, code, words) in [
        (drip, "handshake_failed", "was not finished within 2 s"),
        (alerts, "handshake_failed", "the handshake failed"),
        (endless, "handshake_failed", "the handshake failed"),
        (silence, "connection_failed", "does not answer within 2 s"),
        (ssh, "no_tls", "SSH"),
        (resets, "no_tls", "then closes it"),
    ] {
        let ran = check(&test, &place, &["--timeout", "2"]).exits(2);
        let error = &ran.report()["errors"][0];
        assert_eq!(error["code"], code, "{error:#}");
        assert!(error["message"].as_str().unwrap().contains(words), "{error:#}");
    }
}

/// The time is one budget, also for a server that answers the first question and none of the others.
#[test]
fn a_server_that_falls_silent_after_its_chain() {
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key"]);
    let count = AtomicUsize::new(0);
    let port = server.port;
    let place = hostile(move |mut client| {
        if count.fetch_add(1, Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_secs(60));
            return;
        }
        let Ok(mut upstream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return };
        let (Ok(mut from), Ok(mut to)) = (upstream.try_clone(), client.try_clone()) else { return };
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        let _ = std::io::copy(&mut client, &mut upstream);
    });
    let report = check(&test, &place, &["--timeout", "2", "--deep"]).exits(0).report();
    assert!(!report["server"]["unanswered"].as_array().unwrap().is_empty(), "{report:#}");
}
