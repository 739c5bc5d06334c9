//! `--redirect`, `--error-page`, `--secure-headers`, and how errors of the server look.

use std::fs;

use rustix::process::Signal;

use super::{Site, mirror};
use crate::harness::Test;
use crate::peers::peer;
use crate::process::free_port;

/// What browsers send for a page.
const BROWSER: &str = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// An application that finds nothing.
const APP: &str = "
def application(environ, start_response):
    start_response('404 Not Found', [('Content-Type', 'text/plain'), ('X-Frame-Options', 'DENY')])
    return [b'of the application']
";

#[test]
fn errors_of_the_server_are_html_for_browsers() {
    let test = Test::new();
    test.write("app.py", APP);
    test.write("files/a.txt", "a file\n");
    let nobody = format!("/gone=http://127.0.0.1:{}", free_port());
    let site = Site::start(
        &test,
        &["--static", "/files=files", "--deny", "/no=all", "--upstream", &nobody, "app.py"],
    );
    for (target, status) in [("/files/b.txt", 404), ("/gone", 502), ("/no", 403), ("/a/../..", 400)] {
        let reply = site.get(target, &[BROWSER]);
        assert_eq!(reply.status, status, "{target}");
        assert_eq!(reply.fields("content-type"), ["text/html; charset=utf-8"], "{target}");
        assert_eq!(reply.fields("cache-control"), ["no-store"], "{target}");
        let page = String::from_utf8(reply.body).unwrap();
        assert!(page.contains(&format!("<p class=\"status\">{status}</p>")), "{page}");
        let reply = site.get(target, &["Accept: */*"]);
        assert_eq!(reply.status, status, "{target}");
        assert_eq!(reply.fields("content-type"), ["text/plain; charset=utf-8"], "{target}");
        assert!(reply.body.starts_with(format!("{status} ").as_bytes()), "{reply:?}");
    }
    assert_eq!(site.get("/", &[BROWSER]).body, b"of the application");
    // A redirect of a folder is not an error.
    fs::create_dir(test.path("files/sub")).unwrap();
    let reply = site.get("/files/sub", &[BROWSER]);
    assert_eq!((reply.status, reply.fields("cache-control").len()), (308, 0), "{reply:?}");
}

#[test]
fn a_site_has_pages_of_its_own_for_errors_of_the_server() {
    let test = Test::new();
    test.write("app.py", APP);
    test.write("sorry.html", "<p>sorry</p>");
    test.write("gone.json", "{}");
    let nobody = format!("/gone=http://127.0.0.1:{}", free_port());
    let pages = ["--error-page", "404,502=sorry.html", "--error-page", "403=gone.json", "--deny", "/no=all"];
    let site = Site::start(
        &test,
        &[&pages[..], &["--static", "/files=.", "--upstream", &nobody, "app.py"]].concat(),
    );
    for (target, status, body, kind) in [
        ("/files/none", 404, "<p>sorry</p>", "text/html; charset=utf-8"),
        ("/gone", 502, "<p>sorry</p>", "text/html; charset=utf-8"),
        ("/no", 403, "{}", "application/json"),
        ("/", 404, "of the application", "text/plain"),
    ] {
        let reply = site.get(target, &[]);
        assert_eq!((reply.status, reply.body.as_slice()), (status, body.as_bytes()), "{target}: {reply:?}");
        assert_eq!(reply.fields("content-type"), [kind], "{target}");
    }
    test.write("sorry.html", "<p>very sorry</p>");
    site.process.signal(Signal::HUP);
    site.process.wait_for_log("certkit: reloaded");
    assert_eq!(site.get("/files/none", &[]).body, b"<p>very sorry</p>");
    fs::remove_file(test.path("sorry.html")).unwrap();
    site.process.signal(Signal::HUP);
    site.process.wait_for_log("cannot use the error page");
    assert_eq!(site.get("/files/none", &[]).body, b"<p>very sorry</p>");
    test.certkit(&["serve", "--error-page", "502=none.html", "app.py"]).exits(2).says("none.html");
    test.certkit(&["serve", "--error-page", "200=app.py", "app.py"]).exits(2).says("from 400 to 599");
}

#[test]
fn browsers_are_protected_where_the_application_says_nothing() {
    let test = Test::new();
    test.write("app.py", APP);
    test.write("files/a.txt", "a file\n");
    let site = Site::start(&test, &["--secure-headers", "--static", "/files=files", "app.py"]);
    for (target, frames) in [("/", "DENY"), ("/files/a.txt", "SAMEORIGIN"), ("/files/b.txt", "SAMEORIGIN")] {
        let reply = site.get(target, &[]);
        assert_eq!(reply.fields("x-frame-options"), [frames], "{target}");
        assert_eq!(reply.fields("x-content-type-options"), ["nosniff"], "{target}");
        assert_eq!(reply.fields("referrer-policy"), ["strict-origin-when-cross-origin"], "{target}");
    }
    let site = Site::start(&test, &["--static", "/files=files", "app.py"]);
    assert_eq!(site.get("/files/a.txt", &[]).fields("referrer-policy"), [] as [&str; 0]);
}

#[test]
fn what_has_moved_is_found_again() {
    let test = Test::new();
    let Some(curl) = peer("curl") else { return };
    let redirects = ["--redirect", "/old=/new", "--redirect", "/old/other=302 http://other.example/x/"];
    let site = Site::start(&test, &[&redirects[..], &["--redirect", "/top=/", &mirror()]].concat());
    let url = |target: &str| format!("http://127.0.0.1:{}{target}", site.port);
    let followed =
        test.run(&curl, &["-s", "-L", "--path-as-is", "-d", "a body", &url("/a/../old/x%20y;z?q=%20")]);
    let answer: serde_json::Value = serde_json::from_str(&followed.stdout()).unwrap();
    assert_eq!(answer["environ"]["REQUEST_METHOD"], "POST");
    assert_eq!(answer["environ"]["REQUEST_URI"], "/new/x%20y;z?q=%20");
    assert_eq!(answer["length"], 6);
    for (target, status, location) in [
        ("/old", 308, "/new"),
        ("//old//x", 308, "/new/x"),
        ("/old/other/y", 302, "http://other.example/x/y"),
        ("/top//evil.example", 308, "/evil.example"),
        ("/top/%2F/evil.example/%0a", 400, ""),
        ("/top/%5Cevil.example", 308, "/%5Cevil.example"),
        ("/older", 200, ""),
    ] {
        let reply = site.get(target, &[]);
        assert_eq!(
            (reply.status, reply.fields("location").concat()),
            (status, location.to_owned()),
            "{target}"
        );
    }
    test.certkit(&["serve", "--redirect", "/a=/b", "--redirect", "/b=/a/c", &mirror()])
        .exits(2)
        .says("leads back to itself");
}
