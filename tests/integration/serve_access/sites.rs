//! What each site asks for is its own.

use super::{Site, mirror};
use crate::fronts::client::ask;
use crate::harness::Test;
use crate::peers::peer;

#[test]
fn a_site_has_rules_of_its_own_and_unknown_hosts_are_counted() {
    let test = Test::new();
    let Some(curl) = peer("curl") else { return };
    test.write("page.html", "<p>of the shop</p>");
    let application = mirror();
    test.write(
        "certkit.toml",
        format!(
            "[serve]\nhost = 'main.example'\nunknown-host = 'refuse'\ndeny = '/private=all'\napp = '{application}'\n\
             [[site]]\nhost = 'shop.example'\napp = '{application}'\nerror-page = '403=page.html'\n\
             [[site.route]]\npath = '/closed'\ndeny = 'all'\n"
        ),
    );
    let site = Site::start(&test, &["--stats", "unix:stats"]);
    let status = |host: &str, target: &str| {
        let sent = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        ask(site.port, sent.as_bytes()).status
    };
    for (host, target, expected) in [
        ("main.example", "/private", 403),
        ("main.example", "/closed", 200),
        // What `[serve]` denies is denied in every site.
        ("shop.example", "/private", 403),
        ("shop.example", "/", 200),
        ("shop.example", "//closed/x", 403),
    ] {
        assert_eq!(status(host, target), expected, "{host} {target}");
    }
    let refused = status("other.example", "/");
    assert!([400, 421].contains(&refused), "{refused}");
    let ran = test.run(&curl, &["-s", "--unix-socket", "stats", "http://localhost/metrics"]);
    for line in ["{by=\"host\"} 1\n", "{by=\"address\"} 3\n"] {
        assert!(ran.stdout().contains(&format!("certkit_requests_refused_total{line}")), "{}", ran.stdout());
    }
}
