//! Header fields, files and rules at the edge of a site: what the built program does, beside uWSGI with the same option
//! file and the same requests.

use std::net::Ipv4Addr;

use crate::curl::Curl;
use crate::fronts::client::{Reply, ask, request};
use crate::harness::{Test, certkit};
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

const APP: &str = r#"
def application(environ, start_response):
    names = ['REQUEST_METHOD', 'SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING', 'FOO', 'REMOTE_USER', 'wsgi.url_scheme']
    body = '|'.join(environ.get(name, '') for name in names).encode('latin-1')
    status = '404 Not Found' if environ['PATH_INFO'] == '/missing' else '200 OK'
    start_response(status, [('Content-Type', 'text/plain'), ('X-App', 'app'), ('X-Drop', 'drop'),
                            ('X-Pulled', 'secret'), ('Content-Length', str(len(body)))])
    return [body]
"#;

const OPTIONS: &str = r"
wsgi-file = app.py
master = true
add-header = X-Add: one
add-header = X-Add: two
del-header = X-Drop
pull-header = X-Pulled PULLED
static-map = /static=www
static-map = /fav.ico=www/img/x.png
static-map2 = /img=www
check-static = more
static-index = index.html
static-skip-ext = .py
static-safe = FOLDER/safe
static-expires = \.css$ 3600
static-expires-type-mtime = image/png=60
static-gzip-ext = .css
mimefile = mime.types
honour-range = true
route = ^/old/(.*) redirect:/new/$1?q=${QUERY_STRING}
route = ^/perm redirect-permanent:http://other.example/
route = ^/private break:403 Forbidden
route = ^/gone return:410
route = ^/break break:
route-uri = ^/u(.*)\?x=1$ break:404
route = ^/rw/(.*) rewrite:/re/$1?added=1
route = ^/var/(.*) addvar:FOO=${REQUEST_METHOD}-$1
route = ^/var addheader:X-Var: ${FOO}
route = ^/var setpathinfo:/other
route = ^/user setuser:somebody
route = ^/file/(.*) static:FOLDER/www/$1
route = ^/jump goto:end
route = ^/jump return:500
route-if = startswith:${PATH_INFO};/if return:402
route-if-not = equal:${REQUEST_METHOD};GET return:405
route-qs = ^deny=1 return:406
route-user-agent = ^evil return:406
route-label = end
route-if = exists:FOLDER/down return:503
response-route-status = 404 addheader:X-Missing: yes
response-route = ^/ addheader:X-After: ${PULLED}
";

fn site() -> Test {
    let test = Test::new();
    test.write("app.py", APP);
    for (name, text) in [
        ("www/a.css", "body { color: red }"),
        ("www/a.css.gz", "compressed"),
        ("www/b.txt", "text"),
        ("www/x.py", "source"),
        ("www/.env", "secret"),
        ("www/img/x.png", "image"),
        ("www/docs/index.html", "index"),
        ("more/c.txt", "more"),
        ("safe/d.txt", "safe"),
        ("secret", "secret"),
        ("mime.types", "text/css css\ntext/plain txt\nimage/png png\ntext/html html\n"),
    ] {
        test.write(name, text);
    }
    std::os::unix::fs::symlink("../secret", test.path("www/out")).unwrap();
    std::os::unix::fs::symlink("../safe/d.txt", test.path("www/safe.txt")).unwrap();
    test
}

/// Starts a server with the option file of this test, which listens on a port of its own.
fn start(test: &Test, program: &std::path::Path, first: &[&str]) -> (Process, u16) {
    let port = free_port();
    let options = OPTIONS.replace("FOLDER", &test.folder().display().to_string());
    let file = format!("{port}.ini");
    let plugins = "plugins = python3,router_redirect,router_static,router_rewrite";
    test.write(&file, format!("[uwsgi]\n{plugins}\nhttp-socket = 127.0.0.1:{port}{options}"));
    let mut process = Process::start(test, test.program(program).args(first).args([&file]));
    process.wait_for((Ipv4Addr::LOCALHOST, port).into());
    (process, port)
}

/// Method, target, further header lines.
type Case = (&'static str, &'static str, &'static [&'static str]);

fn get(port: u16, (method, target, fields): Case) -> Reply {
    ask(port, &request(method, target, fields, b""))
}

/// What is compared: the status, and the fields that the option file decides.
fn shown(reply: &Reply, has_body: bool) -> Vec<String> {
    let mut lines = vec![reply.status.to_string()];
    for name in [
        "content-encoding",
        "content-range",
        "content-type",
        "last-modified",
        "location",
        "x-add",
        "x-after",
        "x-app",
        "x-drop",
        "x-missing",
        "x-pulled",
        "x-var",
    ] {
        lines.extend(reply.fields(name).iter().map(|value| format!("{name}: {value}")));
    }
    // Its seconds depend on the clock.
    lines.push(format!("expires: {}", !reply.fields("expires").is_empty()));
    if has_body {
        lines.push(String::from_utf8_lossy(&reply.body).into_owned());
    }
    lines
}

/// Requests that both answer alike.
const SAME: &[Case] = &[
    ("GET", "/", &[]),
    ("GET", "/x?y=%20z", &[]),
    ("GET", "/missing", &[]),
    ("GET", "/static/a.css", &[]),
    ("HEAD", "/static/a.css", &[]),
    ("GET", "/static/b.txt", &["Accept-Encoding: gzip"]),
    ("GET", "/static/b.txt", &["Range: bytes=1-2"]),
    ("GET", "/static/b.txt", &["Range: bytes=-1"]),
    ("GET", "/static/none", &[]),
    ("GET", "/static/x.py", &[]),
    ("GET", "/static/out", &[]),
    ("GET", "/static/safe.txt", &[]),
    ("GET", "/static/../secret", &[]),
    ("GET", "/fav.ico", &[]),
    ("GET", "/img/x.png", &[]),
    ("GET", "/c.txt", &[]),
    ("GET", "/static/docs/", &[]),
    ("GET", "/perm", &[]),
    ("GET", "/private/x", &[]),
    ("GET", "/%70rivate", &[]),
    ("GET", "/gone", &[]),
    ("GET", "/ux?x=1", &[]),
    ("GET", "/ux?x=2", &[]),
    ("GET", "/rw/one?two=2", &[]),
    ("GET", "/rw/one", &[]),
    ("GET", "/var/x", &[]),
    ("GET", "/user", &[]),
    ("GET", "/file/a.css", &[]),
    ("GET", "/jump", &[]),
    ("GET", "/if", &[]),
    ("DELETE", "/x", &[]),
    ("GET", "/x?deny=1", &[]),
    ("GET", "/x", &["User-Agent: evil"]),
];

/// Requests that certkit answers otherwise: its status, uWSGI's (0 for no answer), and why.
const OTHER: &[(Case, u16, u16, &str)] = &[
    (("GET", "//private", &[]), 403, 200, "a path has one spelling"),
    (("GET", "/break", &[]), 403, 0, "every request gets an answer"),
    (("GET", "/file/none", &[]), 404, 0, "every request gets an answer"),
    (
        ("GET", "/static/a.css", &["Accept-Encoding: gzip"]),
        200,
        200,
        "uWSGI asks patterns for the name of the variant",
    ),
    (("GET", "/static/.env", &[]), 200, 200, "dot files are the application's"),
    (("GET", "/static/docs", &[]), 308, 200, "relative links of an index need the slash"),
    (("GET", "/static/b.txt", &["Range: bytes=0-0,2-3"]), 206, 206, "uWSGI sends the first range only"),
    (("GET", "/static/b.txt", &["Range: bytes=9-"]), 416, 416, "certkit says why in the body"),
    (("GET", "/old/a%20b?z=1", &[]), 302, 302, "a Location is a valid URL"),
    (("GET", "/old/%0d%0aX-Injected:%20x", &[]), 400, 302, "a path has no line breaks"),
];

#[test]
fn the_same_option_file_answers_as_under_uwsgi() {
    let test = site();
    let (_certkit, ours) = start(&test, &certkit(), &["serve"]);
    let Some(uwsgi) = peer("uwsgi") else { return };
    let (_uwsgi, theirs) = start(&test, &uwsgi, &["--ini"]);
    let mut differing = Vec::new();
    for &case in SAME {
        let (mine, other) = (get(ours, case), get(theirs, case));
        // Pages that a server makes itself have its own words.
        let is_own = matches!(mine.status, 301 | 302 | 400..500) && mine.fields("x-app").is_empty();
        let lines = |reply: &Reply| -> Vec<String> {
            let lines = shown(reply, !is_own).into_iter();
            lines.filter(|line| !(is_own && line.starts_with("content-type"))).collect()
        };
        if lines(&mine) != lines(&other) {
            differing.push((case, lines(&mine), lines(&other)));
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
    for &(case, mine, other, why) in OTHER {
        assert_eq!((get(ours, case).status, get(theirs, case).status), (mine, other), "{case:?}: {why}");
    }
}

#[test]
fn fields_files_and_rules_of_an_option_file() {
    let test = site();
    let (server, port) = start(&test, &certkit(), &["serve"]);
    let old = get(port, ("GET", "/old/a%20b?z=1", &[]));
    assert_eq!(old.fields("location"), ["/new/a%20b?q=z=1"]);
    for target in
        ["/a/../private", "//private", "/%70rivate", "/private%2f", "/./private", "/x/%2e%2e/private"]
    {
        assert_eq!(get(port, ("GET", target, &[])).status, 403, "{target}");
    }
    let file = get(port, ("GET", "/static/b.txt", &["Range: bytes=0-0,2-3"]));
    assert_eq!(file.status, 206);
    assert!(file.fields("content-type")[0].starts_with("multipart/byteranges; boundary="), "{file:?}");
    let dot = get(port, ("GET", "/static/.env", &[]));
    assert_eq!((dot.fields("x-app"), dot.body.contains(&b's')), (vec!["app"], true), "{dot:?}");
    assert!(!String::from_utf8_lossy(&dot.body).contains("secret"));
    let variant = get(port, ("GET", "/static/a.css", &["Accept-Encoding: gzip"]));
    assert_eq!((variant.fields("vary"), &variant.body[..]), (vec!["Accept-Encoding"], &b"compressed"[..]));
    assert_eq!(
        get(port, ("GET", "/static/b.txt", &["Range: bytes=9-"])).fields("content-range"),
        ["bytes */4"]
    );
    // A rule asks for a file of the moment.
    test.write("down", "");
    assert_eq!(get(port, ("GET", "/", &[])).status, 503);
    std::fs::remove_file(test.path("down")).unwrap();
    assert_eq!(get(port, ("GET", "/", &[])).status, 200);
    drop(server);
}

#[test]
fn a_connection_is_closed_by_its_header() {
    let test = Test::new();
    test.write("app.py", APP);
    let port = free_port();
    let listen = format!("http:127.0.0.1:{port}");
    let args = [
        "serve",
        "--listen",
        &listen,
        "--header",
        "Connection: close",
        "--rule",
        "route ^/log log:path ${PATH_INFO}",
        "app.py",
    ];
    let mut server = Process::start(&test, test.program(certkit()).args(args));
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    // Without `Connection: close` from the client, only the server ends the connection.
    let reply = ask(port, b"GET /log/%1b HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((reply.status, reply.fields("connection")), (200, vec!["close"]), "{reply:?}");
    server.wait_for_log("path /log/\\x1b");
}

#[test]
fn rules_and_fields_are_those_of_every_version() {
    let test = Test::with_certificate("test.example");
    test.write("app.py", APP);
    let rule = "route ^/private break:403";
    let args = [
        "--cert",
        "server.crt",
        "--key",
        "server.key",
        "--header",
        "X-Add: a",
        "--header",
        "Connection: close",
    ];
    let server =
        Server::start(&test, &[&args[..], &["--remove-header", "X-Drop", "--rule", rule, "app.py"]].concat());
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    for version in ["--http2", "--http1.1"] {
        let get = |target: &str| curl.fetch(&server, target, &["--path-as-is", version]);
        for target in ["/private", "/a/../private", "//private", "/%70rivate", "/private%2f"] {
            assert_eq!(get(target).status, 403, "{version} {target}");
        }
        let whole = get("/").is(200);
        assert_eq!((whole.header("x-add"), whole.header("x-drop")), (Some("a"), None), "{version}");
        assert_eq!(whole.header("connection").is_some(), version == "--http1.1");
    }
}

#[test]
fn a_folder_at_the_root_with_and_without_an_application() {
    let test = Test::with_certificate("test.example");
    test.write("app.py", APP);
    test.write("www/index.html", "page");
    test.write("www/a.txt", "text");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let certificate = ["--cert", "server.crt", "--key", "server.key", "--static-root", "www"];
    for (more, expected) in [
        (&["--expires", "/=60"][..], [(200, "page"), (200, "text"), (404, "")]),
        (&["--try-files"], [(200, "page"), (200, "text"), (200, "page")]),
        (&["app.py"], [(200, "page"), (200, "text"), (200, "GET||/deep/link|")]),
    ] {
        let server = Server::start(&test, &[&certificate[..], more].concat());
        for (target, (status, text)) in ["/", "/a.txt", "/deep/link"].into_iter().zip(expected) {
            let page = curl.get(&server, target).is(status);
            assert!(page.text().starts_with(text), "{more:?} {target}: {page:?}");
            let is_kept = status == 200 && more[0] == "--expires";
            assert_eq!(page.header("cache-control").is_some(), is_kept, "{more:?} {target}");
        }
    }
}

#[test]
fn a_rule_for_a_folder_means_its_whole_path() {
    let test = Test::with_certificate("test.example");
    test.write("app.py", APP);
    test.write("www/secret/a.txt", "secret");
    test.write("www/b.txt", "text");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    // A folder that is found below a mount.
    for option in ["--static", "--try-static"] {
        let certificate = ["--cert", "server.crt", "--key", "server.key", option, "/files=www"];
        let mount = [
            "--mount",
            "/shop=app.py",
            "--mount-by",
            "path-info",
            "--rule",
            "route ^/files/secret break:403",
        ];
        let server = Server::start(&test, &[&certificate[..], &mount].concat());
        for (target, status) in [("/shop/files/secret/a.txt", 403), ("/shop/files/b.txt", 200)] {
            assert_eq!(curl.fetch(&server, target, &[]).status, status, "{option} {target}");
        }
    }
    for option in ["--static", "--try-static"] {
        let certificate = ["--cert", "server.crt", "--key", "server.key", option, "/files=www"];
        let rule = ["--rule", "route ^/files/secret break:403", "app.py"];
        let server = Server::start(&test, &[&certificate[..], &rule].concat());
        for (target, status) in
            [("/files/secret/a.txt", 403), ("//files/%73ecret/a.txt", 403), ("/files/b.txt", 200)]
        {
            let reply = curl.fetch(&server, target, &["--path-as-is"]);
            assert_eq!(reply.status, status, "{option} {target}: {reply:?}");
        }
    }
}

#[test]
fn what_cannot_be_done_refuses_the_start() {
    let test = Test::new();
    test.write("app.py", APP);
    let refused = |line: &str| {
        test.write("site.ini", format!("[uwsgi]\nwsgi-file = app.py\n{line}\n"));
        test.certkit(&["serve", "site.ini", "--lenient"]).exits(2)
    };
    for (line, says) in [
        ("route = ^/a http:127.0.0.1:1", "certkit does not have the action `http`"),
        ("route = (?!/a) break:403", "look-around"),
        ("route-if = lord:x break:403", "certkit does not have the condition `lord`"),
        ("route = ^/a static:$1", "below a folder that no request decides"),
        ("add-header = Content-Length: 5", "the server sets the header field `content-length` itself"),
        ("static-expires = ( 5", "cannot be used"),
        ("final-route = ^/ log:x", "`final-route`"),
        ("check-static-docroot = true", "name the folder with `check-static`"),
    ] {
        let ran = refused(line);
        assert!(
            ran.stderr().contains(says) && ran.stderr().contains("site.ini, line 3"),
            "{line}: {}",
            ran.stderr()
        );
    }
    refused("http-socket = 127.0.0.1:0\nroute = ^/a goto:nowhere")
        .says("there is no `route-label` of this name");
}
