//! `--limit-rate`: how often a client may ask.

use rustix::process::Signal;

use super::{Site, mirror};
use crate::harness::Test;

#[test]
fn a_client_that_asks_too_often_is_refused() {
    let test = Test::new();
    test.write("certkit.toml", "[serve]\nlimit-rate = ['/=1/m,burst=2', '/often=1000/s']\n");
    let site = Site::start(&test, &["--trust-proxy", "127.0.0.1", "--stats", "unix:stats", &mirror()]);
    let ask = |target: &str, client: &str| site.get(target, &[&format!("X-Forwarded-For: {client}")]);
    let statuses = ["/", "/x", "//", "/%61"].map(|target| ask(target, "192.0.2.1").status);
    assert_eq!(statuses, [200, 200, 429, 429]);
    let seconds: u32 = ask("/", "192.0.2.1").fields("retry-after")[0].parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(ask("/often", "192.0.2.1").status, 200, "the longest path counts");
    let statuses = [1, 2, 3].map(|number| ask("/", &format!("2001:db8::{number}")).status);
    assert_eq!(statuses, [200, 200, 429], "a network of IPv6 is one client");
    assert_eq!(ask("/", "2001:db8:0:1::1").status, 200);
    // A reload is not a new beginning...
    site.process.signal(Signal::HUP);
    site.process.wait_for_log("certkit: reloaded");
    assert_eq!(ask("/", "192.0.2.1").status, 429);
    // ...unless the setting is another one.
    test.write("certkit.toml", "[serve]\nlimit-rate = '/=1/m,burst=3'\nheader = 'X-New: 1'\n");
    site.process.signal(Signal::HUP);
    crate::harness::eventually("the new settings", || {
        (!ask("/", "192.0.2.9").fields("x-new").is_empty()).then_some(())
    });
    assert_eq!(ask("/", "192.0.2.1").status, 200);
    let Some(curl) = crate::peers::peer("curl") else { return };
    let ran = test.run(&curl, &["-s", "--unix-socket", "stats", "http://localhost/metrics"]);
    assert!(!ran.stdout().contains("certkit_requests_refused_total{by=\"rate\"} 0\n"), "{}", ran.stdout());
}
