//! Settings that the user of a running server may not read.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::curl::Curl;
use crate::harness::eventually;
use crate::process::Server;
use crate::serve_privileges::{FILES, IDS, is_root, log_has, test};

/// They are those of the last reload, not those of the start.
#[test]
fn they_stay_as_they_are() {
    if !is_root() {
        return;
    }
    let test = test();
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write("public/page", "a page");
    test.write("certkit.toml", "[serve]\nstatic = '/=public'\n");
    let server = Server::start(&test, &[&IDS[..], &FILES].concat());
    let reload = |times: usize| {
        server.process.signal(Signal::HUP);
        eventually("a reload", || {
            (test.text("private/server.log").matches("reloaded;").count() >= times).then_some(())
        });
    };
    test.write("certkit.toml", "[serve]\nstatic = '/=public'\nhsts = 60\ndeny = '/private=all'\n");
    reload(1);
    curl.get(&server, "/private").is(403);
    fs::set_permissions(test.path("certkit.toml"), fs::Permissions::from_mode(0o600)).unwrap();
    reload(2);
    log_has(&test, "private/server.log", "`certkit.toml` is out of reach");
    curl.get(&server, "/private").is(403);
    assert_eq!(curl.get(&server, "/page").is(200).header("strict-transport-security"), Some("max-age=60"));
}
