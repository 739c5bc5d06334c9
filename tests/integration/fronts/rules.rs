//! Rules behind a front server: what one denies stays denied, however its client spells the path.

use super::Site;
use super::client::{ask, request};
use super::nginx::Nginx;
use crate::harness::Test;

#[test]
fn a_rule_that_denies_holds_behind_nginx() {
    let Some(nginx) = Nginx::find() else { return };
    let test = Test::new();
    let rule = "route ^/private break:403";
    let uri = "route-uri ^/hidden(/|\\?|$) break:403";
    let site = Site::start(&test, &nginx, &["--rule", rule, "--rule", uri]);
    for way in &site.ways {
        for name in ["private", "hidden"] {
            for target in [
                format!("/{name}"),
                format!("/a/../{name}"),
                format!("//{name}"),
                format!("/%{:02x}{}", name.as_bytes()[0], &name[1..]),
                format!("/{name}%2f"),
                format!("/./{name}/x?y"),
            ] {
                let reply = ask(way.port, &request("GET", &target, &[], b""));
                assert_eq!(reply.status, 403, "{} {target}: {reply:?}", way.name());
            }
            let reply = ask(way.port, &request("GET", &format!("/x/{name}"), &[], b""));
            assert_eq!(reply.status, 200, "{}: {reply:?}", way.name());
        }
    }
}
