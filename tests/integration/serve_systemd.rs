//! The units of docs/systemd.md: what systemd itself says of them, and a service that runs as they say.

use crate::harness::{Test, certkit, repository};
use crate::peers::{peer, python, script};

/// The blocks of the page that are unit files, in order: the service, the socket.
fn units() -> Vec<String> {
    let page = std::fs::read_to_string(repository().join("docs/systemd.md")).unwrap();
    let blocks = page.split("```ini\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn systemd_accepts_the_units() {
    let Some(analyze) = peer("systemd-analyze") else { return };
    let test = Test::new();
    let [service, socket] = &units()[..] else { panic!("{:?}", units()) };
    let program = certkit().display().to_string();
    test.write("shop.service", service.replace("/usr/local/bin/certkit", &program));
    test.write("shop.socket", socket);
    let ran = test.run(&analyze, &["verify", "--man=no", "./shop.service", "./shop.socket"]).exits(0);
    assert_eq!(ran.all(), "");
}

#[test]
fn a_service_is_reloaded_and_restarted_without_a_failed_request() {
    let Some(python) = python(&["http.client"]) else { return };
    let test = Test::new();
    let [service, _] = &units()[..] else { panic!("{:?}", units()) };
    test.write("shop.service", service);
    test.write(
        "app.py",
        "import os, time\nimport release\n\ndef application(environ, start_response):\n    time.sleep(0.02)\n    \
         start_response('200 OK', [])\n    return [b'%d %d' % (release.RELEASE, os.getpid())]\n",
    );
    let certkit = certkit().display().to_string();
    let play = script("systemd.py").display().to_string();
    let serve = ["serve", "--listen", "http:ADDRESS", "--workers", "2", "--threads", "2", "app.py"];
    let args = [&[play.as_str(), "shop.service", "release.py", &certkit], &serve[..]].concat();
    let said = test.program(&python).args(args).patiently(4).run().exits(0).stdout();
    assert!(said.starts_with("reloaded\nrestarted\n") && said.ends_with("none failed\n"), "{said}");
}
