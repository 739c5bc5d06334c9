//! Chromium at a front of two sites: certificates by name, HSTS, many files over HTTP/2, a WebSocket through an upstream, a
//! single-page application, error pages.

use serde_json::{Value, json};

use crate::harness::{Test, repository};
use crate::peers::{Chromium, python};
use crate::process::{Process, Server, free_port};

/// A page with fifty scripts, each of which counts, and a WebSocket that says what came back.
const PAGE: &str =
    "<!doctype html><title>one</title><p id=echo></p><script>window.count = 0</script>SCRIPTS<script>
const socket = new WebSocket('wss://' + location.host + '/live/echo');
socket.onopen = () => socket.send('hello');
socket.onmessage = (message) => { document.getElementById('echo').textContent = message.data; };
</script>";

const APPLICATION: &str =
    "<!doctype html><title>two</title><script>document.title = 'page ' + location.pathname</script>";

/// Statuses and protocols of the responses whose URL begins with this.
fn responses<'r>(report: &'r Value, url: &str) -> Vec<(&'r Value, &'r str)> {
    let all = report["responses"].as_array().unwrap();
    let these = all.iter().filter(|response| response["url"].as_str().unwrap().starts_with(url));
    these.map(|response| (&response["status"], response["protocol"].as_str().unwrap_or_default())).collect()
}

#[test]
fn two_sites_in_chromium() {
    let Some(python) = python(&["tornado"]) else { return };
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    for name in ["one", "two"] {
        test.certkit(&["mkcert", &format!("{name}.test"), "-o", name]).exits(0);
    }
    let Some(chromium) = Chromium::trusting(&test, &test.path("ca.crt")) else { return };
    let live = free_port();
    let app = repository().join("tests/apps/tornado_echo.py").display().to_string();
    let mut tornado = Process::start(&test, test.program(&python).args([app, live.to_string()]));
    tornado.wait_for(([127, 0, 0, 1], live).into());
    let scripts: String = (0..50).map(|number| format!("<script src=/js/{number}.js></script>")).collect();
    test.write("one/index.html", PAGE.replace("SCRIPTS", &scripts));
    (0..50).for_each(|number| test.write(&format!("one/js/{number}.js"), "window.count += 1;"));
    test.write("two/index.html", APPLICATION);
    test.write(
        "certkit.toml",
        format!(
            "[serve]
cert = 'one.crt'
key = 'one.key'
hsts = true
static-root = 'one'
upstream = ['/live=http://127.0.0.1:{live}/', '/gone=http://127.0.0.1:{}']
[[site]]
host = 'two.test'
cert = 'two.crt'
key = 'two.key'
static-root = 'two'
try-files = '/index.html'
",
            free_port()
        ),
    );
    let server = Server::start(&test, &[]);
    let at = |scheme: &str, name: &str, path: &str| format!("{scheme}://{name}.test:{}{path}", server.port);
    let title = |wanted: &str| format!("document.title == '{wanted}'");
    let text = "document.body.innerText";
    let has_text = |wanted: &str| format!("document.body != null && {text}.includes('{wanted}')");
    let steps = json!([
        {
            "url": at("https", "one", "/"),
            "until": "window.count == 50 && document.getElementById('echo').textContent == 'hello'",
            "show": "document.title",
        },
        {"url": at("https", "two", "/deep/link?x=1"), "until": title("page /deep/link"), "show": "location.href"},
        // As typed by hand: the browser goes to https by itself.
        {"url": at("http", "one", "/live/page"), "until": has_text("a page"), "show": "location.href"},
        {"url": at("https", "one", "/none"), "until": has_text("404"), "show": text},
        {"url": at("https", "one", "/gone"), "until": has_text("502"), "show": text},
    ]);
    let reports = chromium.browse(&python, "*.test", &steps);
    let [one, two, typed, missing, gone] = &reports[..] else { panic!("{reports:?}") };
    let all = responses(one, &at("https", "one", "/"));
    let files = responses(one, &at("https", "one", "/js/"));
    assert_eq!(files, [(&json!(200), "h2"); 50], "{one}");
    assert!(all.iter().all(|(_, protocol)| *protocol == "h2"), "{one}");
    assert_eq!(two["value"], at("https", "two", "/deep/link?x=1"));
    assert_eq!(responses(two, &at("https", "two", "/deep")), [(&json!(200), "h2")]);
    assert_eq!(typed["value"], at("https", "one", "/live/page"));
    let by_itself = |response: &Value| response["headers"]["Non-Authoritative-Reason"] == "HSTS";
    assert!(typed["responses"].as_array().unwrap().iter().any(by_itself), "{typed}");
    assert_eq!(responses(missing, &at("https", "one", "/none"))[0].0, &json!(404));
    assert_eq!(responses(gone, &at("https", "one", "/gone"))[0].0, &json!(502));
    for (report, status, phrase) in [(missing, "404", "Not Found"), (gone, "502", "Bad Gateway")] {
        let shown = report["value"].as_str().unwrap();
        let lines: Vec<_> = shown.lines().collect();
        assert!(lines.contains(&status) && lines.contains(&phrase), "{shown}");
        assert!(!shown.contains("127.0.0.1"), "{shown}");
    }
    tornado.wait_for_log("closed");
    assert!(!server.process.log().contains(" 421 "), "each name has its own connection");
}
