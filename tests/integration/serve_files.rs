//! The files that `serve` reads: certificates that change while it runs, and files that would never end.

use rustix::process::Signal;

use crate::curl::Curl;
use crate::harness::{Test, eventually, repository};
use crate::peers::peer;
use crate::process::{Server, free_port};
use crate::testing::make_fifo;

fn probe() -> String {
    repository().join("tests/apps/probe.py").display().to_string()
}

/// Asks for the serial number of the certificate that a server shows.
fn serial<'a>(test: &'a Test, server: &'a Server) -> Option<impl Fn() -> String> {
    let openssl = peer("openssl")?;
    Some(move || {
        let line = format!(
            "{} s_client -connect 127.0.0.1:{} -servername test.example </dev/null | {0} x509 -noout -serial",
            openssl.display(),
            server.port
        );
        test.run("sh", &["-c", &line]).exits(0).stdout()
    })
}

#[test]
fn a_new_certificate_is_served_without_a_signal() {
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key", &probe()]);
    let Some(served) = serial(&test, &server) else { return };
    let old = served();
    // First without its key: the old pair stays, and the log says why, once.
    test.certkit(&["mkcert", "test.example", "--output", "new"]).exits(0);
    test.certkit(&["merge", "new.crt", "ca-bundle.ca", "--output", "new.pem"]).exits(0);
    let replace = |from: &str, to: &str| std::fs::rename(test.path(from), test.path(to)).unwrap();
    replace("new.pem", "chain.pem");
    server.process.wait_for_log("cannot be used");
    assert_eq!(served(), old);
    replace("new.key", "server.key");
    let new = eventually("the new certificate", || Some(served()).filter(|serial| *serial != old));
    server.process.wait_for_log("certificates read again; they are in use");
    assert_eq!(server.process.log().matches("cannot be used").count(), 1);

    // A pipe in its place is refused, and the next good one is taken nevertheless.
    std::fs::remove_file(test.path("chain.pem")).unwrap();
    make_fifo(&test.path("chain.pem"));
    let before = server.process.log().len();
    server.process.signal(Signal::HUP);
    eventually("a word about it", || {
        server.process.log()[before..].contains("`chain.pem` is not a regular file").then_some(())
    });
    assert_eq!(served(), new);
    test.certkit(&["mkcert", "test.example", "--force"]).exits(0);
    test.certkit(&["merge", "server.crt", "ca-bundle.ca", "--output", "newest.pem"]).exits(0);
    replace("newest.pem", "chain.pem");
    eventually("the newest certificate", || Some(served()).filter(|serial| *serial != new));
}

#[test]
fn files_without_an_end_stop_no_start() {
    let test = Test::with_chain("test.example");
    let listen = format!("https:127.0.0.1:{}", free_port());
    let start = |cert: &str| test.certkit(&["serve", "--listen", &listen, "--cert", cert, &probe()]);
    make_fifo(&test.path("fifo"));
    start("/dev/zero").exits(2).says("`/dev/zero` is not a regular file");
    start("fifo").exits(2).says("`fifo` is empty");
    start(".").exits(2).says("is a folder");

    let chain = ["--cert", "chain.pem", "--key", "server.key"];
    for name in ["manage.py", "wsgi.py", "app.py"] {
        make_fifo(&test.path(name));
    }
    test.write("public/index.html", "a page");
    let server = Server::start(&test, &chain);
    if let Some(curl) = Curl::new(&test, "test.example") {
        assert_eq!(curl.get(&server, "/").is(200).text(), "a page");
    }
    drop(server);
    make_fifo(&test.path("uwsgi.ini"));
    test.certkit(&["serve", "--listen", &listen]).exits(2).says("`uwsgi.ini` is not a regular file");
    make_fifo(&test.path("certkit.toml"));
    test.certkit(&["serve", "--listen", &listen]).exits(2).says("`certkit.toml` is not a regular file");
}
