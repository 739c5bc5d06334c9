//! Starts that must fail, each with one clear message and its exit status; and what a start without an application finds.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::curl::Curl;
use crate::harness::{Ran, Test, certkit, eventually, repository};
use crate::peers::peer;
use crate::process::{Process, Server, free_port, wait_until_gone};

fn probe() -> String {
    repository().join("tests/apps/probe.py").display().to_string()
}

/// Runs `serve` with the chain of the folder, to its end.
fn serve(test: &Test, args: &[&str]) -> Ran {
    let listen = format!("https:127.0.0.1:{}", free_port());
    let chain = ["serve", "--listen", &listen, "--cert", "chain.pem", "--key", "server.key"];
    test.certkit(&[&chain, args].concat())
}

#[test]
fn an_application_that_does_not_start() {
    let test = Test::with_chain("test.example");
    test.write("broken.py", "import no_such_module_of_ours\n");
    test.write("syntax.py", "def application(:\n");
    test.write("empty.py", "x = 1\n");
    test.write("number.py", "application = 42\n");
    let before = test.files();
    serve(&test, &["broken.py"])
        .exits(1)
        .says("application_failed")
        .says("Traceback")
        .says("no_such_module_of_ours")
        .says("broken.py");
    serve(&test, &["syntax.py"]).exits(1).says("SyntaxError");
    serve(&test, &["empty.py"]).exits(1).says("has no `application`").says("certkit serve FILE.py:CALLABLE");
    serve(&test, &["number.py"]).exits(1).says("is not callable").says("certkit serve FILE.py:CALLABLE");
    serve(&test, &["no_such_package.wsgi"]).exits(1).says("no_such_package");
    serve(&test, &["missing.py"]).says("missing.py");
    let after: Vec<_> =
        test.files().into_keys().filter(|path| !path.to_string_lossy().contains("__pycache__")).collect();
    assert_eq!(after, before.into_keys().collect::<Vec<_>>());
}

#[test]
fn a_key_that_others_may_read() {
    let test = Test::with_chain("test.example");
    let key = test.path("server.key");
    test.write("broken.py", "raise ValueError\n");
    for (mode, is_open) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = serve(&test, &["broken.py"]).exits(1);
        if is_open {
            ran.says("warning").says("permission").says(&format!("{mode:o}")).says("chmod 600 server.key");
        } else {
            ran.keeps_quiet_about("chmod");
        }
    }
}

#[test]
fn a_taken_port() {
    let test = Test::with_chain("test.example");
    let before = test.files();
    let port = free_port();
    let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let listen = format!("https:127.0.0.1:{port}");
    test.certkit(&["serve", "--listen", &listen, "--cert", "chain.pem", "--key", "server.key", &probe()])
        .exits(2)
        .says("address_in_use")
        .says(&port.to_string());
    assert_eq!(test.files(), before);
}

#[test]
fn a_missing_interpreter() {
    let test = Test::with_chain("test.example");
    let before = test.files();
    serve(&test, &["--python", "/no/such/python", &probe()])
        .exits(2)
        .says("interpreter_not_found")
        .says("/no/such/python");
    serve(&test, &["--virtualenv", "no-such-environment", &probe()]).exits(2).says("no-such-environment");
    assert_eq!(test.files(), before);
}

#[test]
fn certificates_that_must_not_be_served() {
    let test = Test::with_chain("test.example");
    test.certkit(&["mkcert", "other.example", "-o", "other"]).says("other.crt");
    test.write("reversed.pem", test.text("ca-bundle.ca") + &test.text("server.crt"));
    let before = test.files();
    let listen = format!("https:127.0.0.1:{}", free_port());
    let start = |cert: &str, key: &str, more: &[&str]| {
        let args = ["serve", "--listen", &listen, "--cert", cert, "--key", key];
        test.certkit(&[&args, more, &[&probe()]].concat())
    };
    // A key that does not fit is never served, not even by force.
    for force in [&[][..], &["--force"]] {
        start("chain.pem", "other.key", force).exits(1).says("key_mismatch").says("other.key");
    }
    start("reversed.pem", "server.key", &[]).exits(1).says("wrong_order").says("certkit merge reversed.pem");
    start("missing.pem", "server.key", &[]).exits(2).says("not_found");
    start("chain.pem", "missing.key", &[]).exits(2).says("not_found");
    start("server.key", "server.key", &[]).exits(2).says("server.key");
    start("chain.pem", "server.crt", &[]).exits(2).says("server.crt");
    assert_eq!(test.files(), before);
}

#[test]
fn an_expired_certificate_stops_the_start() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_certificate("test.example");
    // Ended yesterday: `openssl ca` can set both ends.
    test.write(
        "ca.cnf",
        "[ca]\ndefault_ca = own\n[own]\ndatabase = index\nserial = serial\nnew_certs_dir = .\ndefault_md = sha256\n\
         policy = any\nx509_extensions = leaf\n[any]\ncommonName = supplied\n[leaf]\nsubjectAltName = DNS:test.example\n\
         authorityKeyIdentifier = keyid\nsubjectKeyIdentifier = hash\nbasicConstraints = CA:FALSE\n",
    );
    test.write("index", "");
    test.write("serial", "1000\n");
    test.run(
        &openssl,
        &["req", "-new", "-key", "server.key", "-subj", "/CN=test.example", "-out", "server.csr"],
    )
    .exits(0);
    test.run(
        &openssl,
        &[
            "ca",
            "-batch",
            "-notext",
            "-config",
            "ca.cnf",
            "-cert",
            "ca.crt",
            "-keyfile",
            "ca.key",
            "-in",
            "server.csr",
            "-out",
            "old.crt",
            "-startdate",
            "20200101000000Z",
            "-enddate",
            "20200201000000Z",
        ],
    )
    .exits(0);
    let listen = format!("https:127.0.0.1:{}", free_port());
    let args = ["serve", "--listen", &listen, "--cert", "old.crt", "--key", "server.key", &probe()];
    test.certkit(&args).exits(1).says("expired").says("2020");
    // Force overrides all but the key.
    let server = Server::start(&test, &["--force", "--cert", "old.crt", "--key", "server.key", &probe()]);
    server.process.wait_for_log("expired");
}

#[test]
fn what_a_start_without_an_application_finds() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let chain = ["--cert", "chain.pem", "--key", "server.key"];
    let page = |what: &str| {
        let server = Server::start(&test, &chain);
        let answer = curl.get(&server, "/").is(200);
        server.process.wait_for_log(what);
        answer.text()
    };
    // Nothing: a page that says what to do next.
    assert!(page("no application").contains("certkit"));
    // From the least to the most wanted: each new one wins over those before.
    test.write("public/index.html", "<p>a static page</p>\n");
    assert_eq!(page("public"), "<p>a static page</p>\n");
    let source = |words: &str, callable: &str| {
        format!(
            "def {callable}(environ, start_response):\n    start_response('200 OK', [])\n    return [b'{words}']\n"
        )
    };
    for (file, callable) in
        [("main.py", "app"), ("index.py", "application"), ("app.py", "app"), ("wsgi.py", "application")]
    {
        test.write(file, source(file, callable));
        assert_eq!(page(file), file);
    }
    test.write("other.py", source("by ini", "application"));
    test.write("uwsgi.ini", "[uwsgi]\nwsgi-file = other.py\nprocesses = 1\n");
    assert_eq!(page("uwsgi.ini"), "by ini");
}

#[test]
fn a_server_that_still_loads_can_be_stopped() {
    let test = Test::with_chain("test.example");
    let source = "import os, time\nopen('loading', 'w').write(str(os.getpid()))\nwhile True: time.sleep(1)\n";
    test.write("hang.py", source);
    for signal in [Signal::INT, Signal::TERM, Signal::QUIT] {
        let listen = format!("https:127.0.0.1:{}", free_port());
        let program = test.program(certkit()).args(["serve", "--listen", &listen, "--cert", "chain.pem"]);
        let mut process = Process::start(&test, program.args(["--key", "server.key", "hang.py"]));
        let worker = eventually("the application loads", || {
            std::fs::read_to_string(test.path("loading")).ok()?.parse::<u32>().ok()
        });
        if signal == Signal::INT {
            process.wait_for_log("still loading hang.py");
        }
        process.signal(signal);
        assert_eq!(process.wait().code(), Some(0), "{signal:?}");
        process.wait_for_log("stopped before the server was ready");
        wait_until_gone(&[worker]);
        std::fs::remove_file(test.path("loading")).unwrap();
    }
}

#[test]
fn workers_as_many_as_told_under_both_names() {
    let test = Test::with_chain("test.example");
    for flag in ["--workers", "--processes", "-p"] {
        let server =
            Server::start(&test, &["--cert", "chain.pem", "--key", "server.key", flag, "3", &probe()]);
        let curl = Curl::new(&test, "test.example");
        if let Some(curl) = curl {
            curl.get(&server, "/").is(200);
        }
        server.workers(3);
    }
}

#[test]
fn flags_that_do_not_go_together() {
    let test = Test::with_chain("test.example");
    test.certkit(&["serve", "--cert", "chain.pem", &probe()]).exits(2).says("--key");
    test.certkit(&["serve", "--listen", "gopher:127.0.0.1:70", &probe()]).exits(2).says("gopher");
    test.certkit(&["serve", "--listen", "https:nowhere", &probe()]).exits(2).says("nowhere");
    test.program(certkit()).args(["serve", "--workers", "many", &probe()]).run().exits(2).says("many");
}

#[test]
fn the_access_log() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let chain = ["--cert", "chain.pem", "--key", "server.key"];
    let server = Server::start(&test, &[&chain[..], &["--access-log", "access.log", &probe()]].concat());
    curl.fetch(
        &server,
        "/missing?a=b",
        &["-A", "a \"quoted\" browser\u{9b}31m", "-e", "https://from.example/"],
    )
    .is(404);
    let line = eventually("a line in the log", || {
        let log = std::fs::read_to_string(test.path("access.log")).ok()?;
        log.lines().find(|line| line.contains("/missing")).map(str::to_owned)
    });
    // The combined format: address, user, time in UTC, request, status, bytes, referer, browser.
    assert!(line.starts_with("127.0.0.1 - - ["), "{line}");
    assert!(
        line.contains(" +0000] \"GET /missing?a=b HTTP/2.0\" 404 13 \"https://from.example/\" \""),
        "{line}"
    );
    assert!(!line.contains('\u{9b}') && !line.contains("\"quoted\""), "{line}");
    assert!(!server.process.log().contains("/missing"));
    drop(server);
    let server = Server::start(&test, &[&chain[..], &["--access-log", "off", &probe()]].concat());
    curl.get(&server, "/missing").is(404);
    drop(server);
    assert_eq!(test.text("access.log").lines().filter(|line| line.contains("/missing")).count(), 1);
}

#[test]
fn the_record_of_a_request_names_the_worker_that_answered() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write(
        "pid.py",
        "import os\ndef application(environ, start_response):\n    start_response('200 OK', [])\n    \
         return [str(os.getpid()).encode()]\n",
    );
    test.write("files/name", "one");
    let program = test.program(certkit()).env("CERTKIT_LOG", "certkit=debug");
    let args = ["--cert", "chain.pem", "--key", "server.key", "--static", "/files=files", "pid.py"];
    let server = Server::start_with(&test, program, &args);
    let record = |target: &str| {
        eventually(&format!("the record of {target}"), || {
            let log = server.process.log();
            log.lines().find(|line| line.contains(&format!(" target={target} "))).map(str::to_owned)
        })
    };
    let pid = curl.get(&server, "/whole").is(200).text();
    assert!(record("/whole").contains(&format!(" worker={pid} ")), "{pid}: {}", record("/whole"));
    curl.fetch(&server, "/head", &["--head"]).is(200);
    assert!(record("/head").contains(" worker="), "{}", record("/head"));
    curl.get(&server, "/files/name").is(200);
    assert!(!record("/files/name").contains("worker="), "{}", record("/files/name"));
}

#[test]
fn a_hangup_takes_the_new_certificate_and_keeps_the_old_one_when_it_is_bad() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key", &probe()]);
    let served = || {
        let line = format!(
            "{} s_client -connect 127.0.0.1:{} -servername test.example </dev/null | {0} x509 -noout -serial",
            openssl.display(),
            server.port
        );
        test.run("sh", &["-c", &line]).exits(0).stdout()
    };
    let old = served();
    test.certkit(&["mkcert", "test.example", "--force"]).exits(0);
    test.certkit(&["merge", "server.crt", "ca-bundle.ca", "--force"]).exits(0);
    server.process.signal(Signal::HUP);
    let new = eventually("the new certificate", || Some(served()).filter(|serial| *serial != old));

    // Half a file, nothing, a key that does not fit: the good one stays, and the log says why.
    let (chain, key) = (test.text("chain.pem"), test.text("server.key"));
    for (name, bad) in
        [("chain.pem", &chain[..chain.len() / 3]), ("chain.pem", ""), ("server.key", &test.text("ca.key"))]
    {
        let before = server.process.log().len();
        test.write(name, bad);
        server.process.signal(Signal::HUP);
        eventually("a word about it", || server.process.log()[before..].contains(name).then_some(()));
        assert_eq!(served(), new);
        test.write("chain.pem", &chain);
        test.write("server.key", &key);
    }
    for name in ["chain.pem", "server.key"] {
        let before = server.process.log().len();
        std::fs::rename(test.path(name), test.path("away")).unwrap();
        server.process.signal(Signal::HUP);
        eventually("a word about it", || server.process.log()[before..].contains(name).then_some(()));
        assert_eq!(served(), new);
        std::fs::rename(test.path("away"), test.path(name)).unwrap();
    }
    curl.get(&server, "/").is(200);
}

#[test]
fn the_example_of_the_readme() {
    let test = Test::new();
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    let example = repository().join("examples/hello.py").display().to_string();
    let server = Server::start(&test, &[&example]);
    let ca = test.home().join("data/certkit/localhost/ca.crt");
    server.process.wait_for_log(&format!("https://localhost:{}/", server.port));
    std::fs::copy(ca, test.path("ca.crt")).unwrap();
    curl.get(&server, "/").is(200);
}

#[test]
fn the_next_commands_reach_the_server_and_name_its_ca() {
    let test = Test::with_chain("test.example");
    test.write("www/index.html", "a page");
    let args = ["--cert", "chain.pem", "--key", "server.key", "--static-root", "www"];
    let server = Server::start(&test, &args);
    server.process.wait_for_log("trust install");
    let log = server.process.log();
    let next = log.split_once("next:\n").unwrap().1;
    let commands: Vec<_> = next.lines().map_while(|line| line.strip_prefix("  ")).collect();
    let [curl, trust] = commands[..] else { panic!("{commands:?}") };
    if peer("curl").is_some() {
        test.run("sh", &["-c", &format!("{curl} --silent")]).exits(0).says("a page");
    }
    let trust = trust.strip_prefix("certkit ").unwrap();
    let words: Vec<_> = trust.split(' ').chain(["--dry-run"]).collect();
    test.certkit(&words).exits(0);
}
