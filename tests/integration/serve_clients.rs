//! `serve` and its clients: the chain that they see, the protocols that they speak.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::curl::Curl;
use crate::harness::Test;
use crate::peers::{Chromium, peer, python, script};
use crate::process::Server;

/// A server of the probe application with a chain for `name`; `ca.crt` is what to trust.
fn server(test: &Test) -> Server {
    Server::start(test, &["--cert", "chain.pem", "--key", "server.key", probe().as_str()])
}

fn probe() -> String {
    crate::harness::repository().join("tests/apps/probe.py").display().to_string()
}

#[test]
fn curl_takes_it_over_both_versions_of_http() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = server(&test);
    for (option, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let answer = curl.fetch(&server, "/", &[option]).is(200);
        assert_eq!(answer.text(), "Hello, World!\n");
        assert_eq!(answer.version, version);
        assert_eq!(answer.header("content-type"), Some("text/plain"));
        assert!(answer.header("date").is_some());
    }
    for (option, version) in [("1.2", "--tlsv1.2"), ("1.3", "--tlsv1.3")] {
        curl.fetch(&server, "/", &[version, "--tls-max", option]).is(200);
    }
    // An old version is refused, and the server lives on.
    let answer =
        curl.fetch(&server, "/", &["--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"]);
    assert!(!answer.whole);
    curl.get(&server, "/").is(200);
    server.process.wait_for_log("\"GET / HTTP/2.0\" 200 14");
}

#[test]
fn an_upload_that_nobody_reads_is_answered_on_http2() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write("public/a.txt", "a");
    test.write("upload", vec![b'x'; 3_000_000]);
    test.write("larger", vec![b'x'; 5_000_000]);
    test.write(
        "early.py",
        "def application(environ, start_response):\n    start_response('403 Forbidden', [])\n    return [b'no']\n",
    );
    let chain = ["--cert", "chain.pem", "--key", "server.key", "--static", "/public=public"];
    let server = Server::start(&test, &[&chain[..], &["--limit-post", "4000000", "early.py"]].concat());
    let answers = [("/", "@upload", 403), ("/", "@larger", 413), ("/public/a.txt", "@upload", 405)];
    for (path, upload, status) in answers {
        curl.fetch(&server, path, &["--http2", "--data-binary", upload]).is(status);
    }
}

#[test]
fn openssl_sees_the_chain_complete_and_in_order() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    let server = server(&test);
    let address = format!("127.0.0.1:{}", server.port);
    let ran = test
        .run(
            &openssl,
            &[
                "s_client",
                "-connect",
                &address,
                "-servername",
                "test.example",
                "-verify_hostname",
                "test.example",
                "-verify_return_error",
                "-x509_strict",
                "-CAfile",
                "ca.crt",
                "-showcerts",
            ],
        )
        .exits(0)
        .says("Verify return code: 0 (ok)");
    assert_eq!(blocks(&ran.stdout()), blocks(&test.text("chain.pem")));
    // A client without the root sees it too, and nothing but the trust is missing.
    test.run(&openssl, &["s_client", "-connect", &address, "-servername", "test.example"])
        .says("unable to get local issuer certificate");
}

/// The PEM blocks of a text without what stands around them.
fn blocks(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("-----BEGIN CERTIFICATE") {
            inside = true;
            found.push(String::new());
        }
        if inside {
            found.last_mut().unwrap().push_str(line);
        }
        inside &= !line.starts_with("-----END");
    }
    found
}

#[test]
fn a_chain_mended_by_merge_is_served_right() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    let right = blocks(&test.text("chain.pem"));
    let (server_crt, bundle) = (test.text("server.crt"), test.text("ca-bundle.ca"));
    test.write("glued.pem", format!("{}{}", server_crt.trim_end(), bundle));
    test.write("server.crlf", server_crt.replace('\n', "\r\n"));
    test.write("bundle.crlf", bundle.replace('\n', "\r\n"));
    for inputs in [&["glued.pem"][..], &["server.crlf", "bundle.crlf"], &["ca-bundle.ca", "server.crt"]] {
        test.certkit(&[&["merge", "-o", "mended.pem", "--force"], inputs].concat()).exits(0);
        let server = Server::start(&test, &["--cert", "mended.pem", "--key", "server.key", &probe()]);
        let address = format!("127.0.0.1:{}", server.port);
        let args = [
            "s_client",
            "-connect",
            &address,
            "-servername",
            "test.example",
            "-showcerts",
            "-CAfile",
            "ca.crt",
        ];
        let ran = test.run(&openssl, &args).exits(0).says("Verify return code: 0 (ok)");
        assert_eq!(blocks(&ran.stdout()), right);
    }
}

#[test]
fn gnutls_and_a_strict_python_take_it() {
    let test = Test::with_chain("test.example");
    let server = server(&test);
    if let Some(client) = peer("gnutls-cli") {
        let port = server.port.to_string();
        let args = ["--x509cafile=ca.crt", "--sni-hostname=test.example", "-p", &port, "127.0.0.1"];
        test.program(&client)
            .args(["--verify-hostname=test.example"])
            .args(args)
            .run()
            .exits(0)
            .says("The certificate is trusted");
        test.program(&client)
            .args(["--verify-hostname=wrong.example"])
            .args(args)
            .run()
            .exits(1)
            .says("The name in the certificate does not match the expected");
    }
    if let Some(python) = python(&["ssl"]) {
        let (connect, port) = (script("connect.py").display().to_string(), server.port.to_string());
        test.run(&python, &[&connect, &port, "ca.crt", "test.example"])
            .exits(0)
            .says("TLSv1.3 http/1.1")
            .says("Hello, World!");
        test.run(&python, &[&connect, &port, "ca.crt", "wrong.example"])
            .exits(1)
            .says("certificate is not valid for 'wrong.example'");
    }
}

#[test]
fn chromium_loads_the_page_and_refuses_a_wrong_name() {
    let test = Test::with_chain("test.example");
    let Some(chromium) = Chromium::trusting(&test, &test.path("ca.crt")) else { return };
    let server = server(&test);
    chromium.load(&server.url("test.example", "/"), "test.example").exits(0).says("Hello, World!");
    chromium
        .load(&server.url("wrong.example", "/"), "wrong.example")
        .keeps_quiet_about("Hello, World!")
        .says("ERR_CERT_COMMON_NAME_INVALID");
}

#[test]
fn a_certificate_for_localhost_is_made_once() {
    let test = Test::new();
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    let made = test.home().join("data/certkit/localhost");
    let server = Server::start(&test, &[&probe()]);
    std::fs::copy(made.join("ca.crt"), test.path("ca.crt")).unwrap();
    curl.get(&server, "/").is(200);
    // It says how to trust it.
    server.process.wait_for_log(&made.join("ca.crt").display().to_string());
    drop(server);
    let server = Server::start(&test, &[&probe()]);
    curl.get(&server, "/").is(200);
    let Some(openssl) = peer("openssl") else { return };
    test.run(&openssl, &["x509", "-in", "ca.crt", "-noout", "-text"])
        .exits(0)
        .says("Name Constraints: critical")
        .says("DNS:localhost");
    // Nothing of it in the folder where the application is.
    assert_eq!(test.names(), ["ca.crt"]);
}

#[test]
fn plain_http_on_the_tls_port_gets_a_clear_answer() {
    let test = Test::with_chain("test.example");
    let server = server(&test);
    let answer = ask(
        server.port,
        format!("GET /a?b HTTP/1.1\r\nHost: test.example:{}\r\n\r\n", server.port).as_bytes(),
    );
    let status = answer.split(' ').nth(1).unwrap_or_default();
    assert!(["400", "301", "307", "308"].contains(&status), "{answer}");
    assert!(answer.contains(&server.url("test.example", "/")), "{answer}");
}

/// Sends bytes as they are and reads until the server closes the connection, which it must do soon.
#[track_caller]
fn ask(port: u16, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let still_open =
        end.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert!(!still_open, "the connection stays open after {answer}");
    answer
}

#[test]
fn bad_requests_are_refused_and_the_server_lives_on() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let port = crate::process::free_port();
    let http = format!("http:127.0.0.1:{port}");
    let server =
        Server::start(&test, &["--listen", &http, "--cert", "chain.pem", "--key", "server.key", &probe()]);
    let good = "GET / HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\r\n";
    assert!(ask(port, good.as_bytes()).starts_with("HTTP/1.1 200 "));
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70_000));
    let large = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(200_000));
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", "400"),
        ("GET / HTTP/1.1\nHost: x\n\n", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", "400"),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
        ),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "501"),
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", "505"),
        (long.as_str(), "414"),
        (large.as_str(), "431"),
    ] {
        let answer = ask(port, request.as_bytes());
        let shown: String = request.chars().take(80).collect();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown:?} got {answer}");
    }
    curl.get(&server, "/").is(200);
}
