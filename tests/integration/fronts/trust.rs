//! What is believed of whom: the secret of AJP, forwarded headers, the PROXY protocol.

use super::apache::Apache;
use super::client::{ask, request};
use crate::harness::{Test, certkit, repository};
use crate::process::{Process, free_port};

fn start(test: &Test, args: &[&str]) -> Process {
    let app = repository().join("tests/apps/mirror.py").display().to_string();
    let program = test.program(certkit()).args(["serve", "--workers", "1"]);
    Process::start(test, program.args(args).args([app]))
}

#[test]
fn apache_knows_the_secret_of_ajp() {
    let Some(apache) = Apache::find() else { return };
    let test = Test::new();
    test.write("secret", "swordfish\n");
    let (backend, right, wrong, none) = (free_port(), free_port(), free_port(), free_port());
    let listen = format!("ajp:127.0.0.1:{backend}");
    let _server = start(&test, &["--listen", &listen, "--ajp-secret-file", "secret"]);
    let folder = test.path("front");
    std::fs::create_dir(&folder).unwrap();
    let mut config = Apache::base(&folder, &["proxy", "proxy_ajp"]);
    for (port, secret) in [(right, "secret=swordfish"), (wrong, "secret=swordfisH"), (none, "")] {
        config += &format!(
            "Listen 127.0.0.1:{port}\n<VirtualHost 127.0.0.1:{port}>\n\
             ProxyPass / ajp://127.0.0.1:{backend}/ {secret}\n</VirtualHost>\n"
        );
    }
    let mut front = apache.run(&test, &config);
    front.wait_for(([127, 0, 0, 1], right).into());
    let get = request("GET", "/x", &[], b"");
    crate::harness::eventually("the application", || (ask(right, &get).status == 200).then_some(()));
    assert_eq!([right, wrong, none].map(|port| ask(port, &get).status), [200, 403, 403]);
}

#[test]
fn without_a_secret_ajp_stays_on_this_machine() {
    let test = Test::new();
    let port = free_port();
    for address in [format!("ajp:0.0.0.0:{port}"), format!("ajp::{port}")] {
        let mut server = start(&test, &["--listen", &address]);
        assert_eq!(server.wait().code(), Some(2), "{}", server.log());
        assert!(server.log().contains("--ajp-secret-file"), "{}", server.log());
    }
    test.write("empty", "\n");
    let mut server =
        start(&test, &["--listen", &format!("ajp:127.0.0.1:{port}"), "--ajp-secret-file", "empty"]);
    server.wait();
    assert!(server.log().contains("its first line is empty"), "{}", server.log());
}
