//! Several sites in one server: by the name of the handshake and by Host, over every protocol of a listener.

mod certificates;
mod reload;

use std::net::Ipv4Addr;

use crate::curl::{Answer, Curl};
use crate::fronts::client::{Reply, ask};
use crate::harness::{Test, certkit, repository};
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

/// Says who it is, where it is, and what is in its environment.
fn application(name: &str) -> String {
    format!(
        "import os\n\
         def application(environ, start_response):\n\
         \x20   start_response('200 OK', [('Content-Type', 'text/plain')])\n\
         \x20   where = (environ['SCRIPT_NAME'], environ['PATH_INFO'], os.environ.get('COLOUR', ''))\n\
         \x20   return [('{name} %s %s %s' % where).encode()]\n"
    )
}

/// Two sites with a certificate and an application each.
fn two_sites() -> Test {
    let test = Test::with_chain("main.example");
    for name in ["main", "shop", "blog"] {
        test.write(&format!("{name}.py"), application(name));
    }
    for name in ["shop.example", "blog.example"] {
        test.certkit(&["mkcert", name, "-o", name]).exits(0);
        test.write(
            &format!("{name}.pem"),
            test.text(&format!("{name}.crt")) + &test.text("intermediate.crt"),
        );
    }
    test
}

const SITES: &str = r#"
[serve]
app = "main.py"
cert = "chain.pem"
key = "server.key"
workers = 1
hsts = true
env = "COLOUR=blue"
rule = "route ^/private break:403"
header = "X-All: all"
mount = "/only=main.py"

[[site]]
host = ["shop.example", "*.shop.example"]
cert = "shop.example.pem"
key = "shop.example.key"
app = "shop.py"
header = "X-Shop: shop"

[[site]]
host = "blog.example"
cert = "blog.example.pem"
key = "blog.example.key"
app = "blog.py"
env = "COLOUR=green"
hsts = 77

[[site.route]]
path = "/files"
static = "public"

[[site.route]]
path = "/shop"
app = "shop.py"
"#;

fn serve(test: &Test, sites: &str, args: &[&str]) -> Server {
    test.write("certkit.toml", sites);
    test.write("public/a.txt", "a file");
    Server::start(test, args)
}

/// Gets a page of a site whose name is also that of the handshake.
fn get(test: &Test, server: &Server, host: &'static str, path: &str, options: &[&str]) -> Answer {
    Curl::new(test, host).unwrap().fetch(server, path, options)
}

/// Asks over plain HTTP.
fn ask_host(port: u16, host: &str, target: &str) -> Reply {
    let text = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    ask(port, text.as_bytes())
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

/// The same by uwsgi, whose responses have a status line as those of HTTP.
fn ask_uwsgi(port: u16, variables: &[(&str, &str)]) -> Reply {
    let mut block = Vec::new();
    for (name, value) in variables {
        for text in [name, value] {
            block.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
            block.extend(text.as_bytes());
        }
    }
    let length = u16::try_from(block.len()).unwrap().to_le_bytes();
    ask(port, &[&[0, length[0], length[1], 0], &block[..]].concat())
}

#[test]
fn each_host_has_its_site() {
    let test = two_sites();
    if peer("curl").is_none() {
        return;
    }
    let gateway = free_port();
    let plain = free_port();
    let listen = [format!("uwsgi:127.0.0.1:{gateway}"), format!("http:127.0.0.1:{plain}")];
    let server = serve(&test, SITES, &["--listen", &listen[0], "--listen", &listen[1]]);
    for version in ["--http1.1", "--http2"] {
        for (host, path, said) in [
            ("main.example", "/", "main  / blue"),
            ("main.example", "/only/x", "main /only /x blue"),
            ("shop.example", "/x", "shop  /x blue"),
            ("SHOP.example", "/only", "shop  /only blue"),
            ("blog.example", "/x", "blog  /x green"),
            ("blog.example", "/shop/x", "shop /shop /x green"),
            ("blog.example", "/files/a.txt", "a file"),
        ] {
            let answer = get(&test, &server, host, path, &[version]).is(200);
            assert_eq!(answer.text(), said, "{host}{path} {version}");
            assert_eq!(answer.header("x-all"), Some("all"), "{host}");
            assert_eq!(
                answer.header("x-shop").is_some(),
                host.eq_ignore_ascii_case("shop.example"),
                "{host}"
            );
            let age = if host == "blog.example" { "max-age=77" } else { "max-age=63072000" };
            assert_eq!(answer.header("strict-transport-security"), Some(age), "{host}");
        }
        for host in ["main.example", "shop.example", "blog.example"] {
            get(&test, &server, host, "/private/x", &[version]).is(403);
            get(&test, &server, host, "/a/../%70rivate", &[version, "--path-as-is"]).is(403);
        }
        // What is served at one site is not served at another.
        get(&test, &server, "shop.example", "/files/a.txt", &[version]).is(200);
        assert_ne!(get(&test, &server, "shop.example", "/files/a.txt", &[version]).text(), "a file");
    }
    for (host, said) in [
        ("shop.example", "shop"),
        ("www.shop.example:8080", "shop"),
        ("a.www.shop.example", "main"),
        ("BLOG.example.", "blog"),
        ("other.example", "main"),
        ("127.0.0.1", "main"),
    ] {
        let answered = text(&ask_host(plain, host, "/x"));
        assert!(answered.starts_with(said), "{host}: {answered}");
        let variables = [
            ("REQUEST_METHOD", "GET"),
            ("REQUEST_URI", "/x"),
            ("PATH_INFO", "/x"),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("SERVER_NAME", "shop.example"),
            ("HTTP_HOST", host),
        ];
        let answered = text(&ask_uwsgi(gateway, &variables));
        assert!(answered.starts_with(said), "{host}: {answered}");
    }
    // A front server that sends no Host.
    let variables = [("REQUEST_METHOD", "GET"), ("PATH_INFO", "/x"), ("SERVER_NAME", "blog.example")];
    assert_eq!(text(&ask_uwsgi(gateway, &variables)), "blog  /x green");
    server.process.wait_for_log("serving the sites shop.example, blog.example");
}

#[test]
fn a_file_for_each_host() {
    let test = two_sites();
    test.write(
        "shop.toml",
        "app = 'shop.py'\nheader = 'X-Own: 1'\n\n[[route]]\npath = '/f'\nstatic = 'public'\n",
    );
    test.write("public/a.txt", "a file");
    let plain = free_port();
    let listen = format!("http:127.0.0.1:{plain}");
    let args =
        ["--listen", &listen, "--vhost", "shop.example=shop.toml", "--workers", "1", "--env", "COLOUR=blue"];
    let server = Server::start(&test, &args);
    let reply = ask_host(plain, "shop.example", "/x");
    assert_eq!((text(&reply), reply.fields("x-own")), ("shop  /x blue".to_owned(), vec!["1"]));
    assert_eq!(text(&ask_host(plain, "shop.example", "/f/a.txt")), "a file");
    // Who names sites says what is served: main.py is not looked for.
    assert_eq!(ask_host(plain, "other.example", "/x").status, 404);
    drop(server);
    test.write("shop.toml", "app = 'shop.py'\nworkers = 0\n");
    let ran = test.program(certkit()).args(["serve", "--vhost", "shop.example=shop.toml"]).run();
    ran.exits(2).says("shop.toml, line 2");
}

#[test]
fn a_site_that_cannot_be_is_refused_with_its_line() {
    let test = two_sites();
    for (text, says) in [
        ("[[site]]\napp = 'shop.py'\n", "certkit.toml, line 1"),
        ("[serve]\n[[site]]\nhost = 'a.example'\n", "certkit.toml, line 2"),
        ("[[site]]\nhost = 'a'\napp = 'shop.py'\nlisten = 'http:*:1'\n", "certkit.toml, line 4"),
        (
            "[[site]]\nhost = 'a'\napp = 'shop.py'\n[[site]]\napp = 'blog.py'\nhost = 'a'\n",
            "certkit.toml, line 6",
        ),
    ] {
        test.write("certkit.toml", text);
        test.certkit(&["serve", "--listen", "http:127.0.0.1:0"]).exits(2).says(says);
    }
}

#[test]
fn a_request_for_another_site_than_the_handshake_is_misdirected() {
    let test = two_sites();
    if peer("curl").is_none() {
        return;
    }
    let server = serve(&test, SITES, &[]);
    for version in ["--http1.1", "--http2"] {
        for (name, host, status) in [
            ("shop.example", "shop.example", 200),
            ("shop.example", "SHOP.example.:1", 200),
            ("shop.example", "www.shop.example", 200),
            ("shop.example", "blog.example", 421),
            ("shop.example", "main.example", 421),
            ("shop.example", "other.example", 421),
            ("main.example", "other.example", 200),
            ("main.example", "127.0.0.1", 200),
            ("main.example", "shop.example", 421),
        ] {
            let host_field = format!("Host: {host}");
            let answer = get(&test, &server, name, "/x", &[version, "-H", &host_field]);
            assert_eq!(answer.status, status, "{name} {host} {version}: {answer:?}");
        }
    }
    // Without a name in the handshake.
    let port = server.port;
    let url = format!("https://127.0.0.1:{port}/x");
    let curl = peer("curl").unwrap();
    let ran = test.program(&curl).args(["-sS", "-k", "-H", "Host: shop.example", &url]).run();
    assert_eq!(ran.stdout(), "shop  /x blue");
    drop(server);
    // A front server that encrypts again.
    let trusted = serve(&test, SITES, &["--trust-proxy", "127.0.0.1"]);
    let fields = ["-H", "Host: blog.example"];
    assert_eq!(get(&test, &trusted, "shop.example", "/x", &fields).is(200).text(), "blog  /x green");
}

#[test]
fn hosts_that_nobody_names_are_refused() {
    let test = two_sites();
    if peer("curl").is_none() {
        return;
    }
    let (plain, redirect) = (free_port(), free_port());
    let listen = format!("http:127.0.0.1:{plain}");
    let redirects = format!("127.0.0.1:{redirect}");
    let args = ["--listen", &listen, "--unknown-host", "refuse", "--redirect-http", &redirects];
    let sites = SITES.replace("app = \"main.py\"", "app = \"main.py\"\nhost = 'named.example'");
    let server = serve(&test, &sites, &args);
    for version in ["--http1.1", "--http2"] {
        for (name, options, status) in [
            ("main.example", &[][..], 200),
            ("main.example", &["-H", "Host: named.example"], 200),
            ("main.example", &["-H", "Host: other.example"], 421),
            ("named.example", &["-k"], 200),
            ("a.shop.example", &["-k"], 200),
            // No handshake.
            ("other.example", &["-k"], 0),
            ("a.b.shop.example", &["-k"], 0),
        ] {
            let answer = get(&test, &server, name, "/x", &[&[version], options].concat());
            assert_eq!(answer.status, status, "{name} {options:?} {version}: {answer:?}");
        }
    }
    // access_denied (49), RFC 8446 section 6.2.
    let url = format!("https://other.example:{}/", server.port);
    let curl = peer("curl").unwrap();
    let ran =
        test.program(&curl).args(["-sS", "-k", "--resolve", &server.resolve("other.example"), &url]).run();
    assert!(ran.stderr().contains("access denied"), "{}", ran.stderr());
    for (host, served, redirected) in [
        ("main.example", 200, 308),
        ("named.example", 200, 308),
        ("SHOP.example.:99", 200, 308),
        ("a.shop.example", 200, 308),
        ("other.example", 400, 400),
        ("example", 400, 400),
        // Where it listens.
        ("127.0.0.1", 400, 308),
        ("127.0.0.2", 400, 400),
    ] {
        assert_eq!(ask_host(plain, host, "/x").status, served, "{host}");
        let reply = ask_host(redirect, host, "/x?y");
        assert_eq!(reply.status, redirected, "{host}: {reply:?}");
        if redirected == 308 {
            let name = host.split(':').next().unwrap();
            let location = format!("https://{name}:{}/x?y", server.port);
            assert_eq!(reply.fields("location"), [location]);
        } else {
            assert!(text(&reply).contains("does not serve the host"), "{reply:?}");
        }
    }
    drop(server);
    // It is not refused unless that is asked for, other than by redirects.
    let server = serve(&test, SITES, &args[..2]);
    get(&test, &server, "other.example", "/x", &["-k"]).is(200);
    assert_eq!(ask_host(plain, "other.example", "/x").status, 200);
}

#[test]
fn one_host_of_a_site_is_canonical() {
    let test = two_sites();
    let (plain, redirect) = (free_port(), free_port());
    let listen = format!("http:127.0.0.1:{plain}");
    let redirects = format!("127.0.0.1:{redirect}");
    let sites = SITES.replace(
        "app = \"shop.py\"\nheader",
        "app = \"shop.py\"\ncanonical-host = \"www.shop.example\"\nheader",
    );
    let server = serve(&test, &sites, &["--listen", &listen, "--redirect-http", &redirects]);
    for (host, location) in [
        ("shop.example", Some("http://www.shop.example/a%20b?c=d")),
        ("shop.example:99", Some("http://www.shop.example:99/a%20b?c=d")),
        ("a.shop.example", Some("http://www.shop.example/a%20b?c=d")),
        ("www.shop.example", None),
        ("WWW.shop.example.:99", None),
        ("blog.example", None),
        ("main.example", None),
    ] {
        let reply = ask_host(plain, host, "/a%20b?c=d");
        assert_eq!(
            (reply.status, reply.fields("location").first().copied()),
            (if location.is_some() { 308 } else { 200 }, location)
        );
    }
    let location = format!("https://www.shop.example:{}/x", server.port);
    assert_eq!(ask_host(redirect, "shop.example", "/x").fields("location"), [location]);
}

#[test]
fn a_configuration_is_judged_without_a_server() {
    let test = two_sites();
    test.write("public/a.txt", "a file");
    let before = test.names();
    let check = |sites: &str| {
        test.write("certkit.toml", sites);
        test.certkit(&["serve", "--check"])
    };
    let ran = check(SITES);
    ran.exits(0).says("serving the sites shop.example, blog.example");
    let ran = check(SITES);
    for part in ["the configuration holds", "a certificate for main.example, until 20", "for blog.example"] {
        assert!(ran.stdout().contains(part), "{}", ran.stdout());
    }
    for (from, to, status, says) in [
        ("static = \"public\"", "static = \"missing\"", 2, "certkit.toml, line 30"),
        ("app = \"blog.py\"", "app = \"missing.py:app\"", 1, "certkit.toml, line 24"),
        ("shop.example.key", "blog.example.key", 1, "blog.example.key"),
        ("shop.example.pem", "missing.pem", 2, "missing.pem"),
        ("route ^/private", "route ^/(private", 2, "certkit.toml, line 9"),
        ("hsts = 77", "hsts = 77\nbasic-auth = '/=missing'", 2, "certkit.toml, line 27"),
        ("hsts = 77", "hsts = 'long'", 2, "certkit.toml, line 26"),
        ("path = \"/shop\"", "path = \"shop\"", 2, "certkit.toml, line 32"),
    ] {
        check(&SITES.replacen(from, to, 1)).exits(status).says(says);
    }
    // All of it is said at once.
    let wrong = SITES.replace("\"public\"", "\"missing\"").replace("blog.py", "missing.py");
    check(&wrong).says("certkit.toml, line 24");
    check(&wrong).says("certkit.toml, line 30");
    // A rule of `[serve]` is nothing to serve in a site.
    check("[serve]\napp = 'main.py'\nrule = 'route ^/x break:403'\n\n[[site]]\nhost = 'a.example'\n")
        .exits(2)
        .says("certkit.toml, line 5");
    // What the sites have from `[serve]` is said once.
    let wrong = SITES.replacen("[serve]\n", "[serve]\nbasic-auth = '/=missing'\n", 1);
    assert_eq!(check(&wrong).stderr().matches("error[").count(), 1);
    // Nothing was made, not even a certificate for localhost.
    check("[serve]\napp = 'main.py'\n").exits(0);
    let mut after = test.names();
    after.retain(|name| name != "certkit.toml");
    assert_eq!(after, before);
    assert!(!test.home().join(".local/share/certkit").exists());
}

#[test]
fn the_document_says_how() {
    let test = two_sites();
    let page = std::fs::read_to_string(repository().join("docs/sites.md")).unwrap();
    let sites = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    for (name, host) in [("main", "main.example"), ("shop", "shop.example"), ("docs", "*.docs.example")] {
        test.certkit(&["mkcert", host, "-o", name]).exits(0);
        test.write(
            &format!("{name}.pem"),
            test.text(&format!("{name}.crt")) + &test.text("intermediate.crt"),
        );
    }
    test.write("shop/shop.py", application("shop"));
    test.write("shop/media/a.txt", "a file");
    test.write("docs/index.html", "the docs");
    let (port, redirect) = (free_port(), free_port());
    let sites = sites
        .replace("https:*:443", &format!("https:127.0.0.1:{port}"))
        .replace("*:80", &format!("127.0.0.1:{redirect}"));
    test.write("certkit.toml", &sites);
    test.certkit(&["serve", "--check"]).exits(0);
    let shown = test.certkit(&["serve", "--show-config=toml"]).stdout();
    if peer("curl").is_none() {
        return;
    }
    for sites in [&sites, &shown] {
        test.write("certkit.toml", sites);
        let mut process = Process::start(&test, test.program(certkit()).args(["serve"]));
        process.wait_for((Ipv4Addr::LOCALHOST, port).into());
        let server = Server { process, port };
        let said = |host, path| get(&test, &server, host, path, &["-k"]).text();
        assert_eq!(said("main.example", "/x"), "main  /x ");
        assert_eq!(said("shop.example", "/x"), "shop  /x ");
        assert_eq!(said("shop.example", "/media/a.txt"), "a file");
        assert_eq!(said("a.docs.example", "/"), "the docs");
        get(&test, &server, "shop.example", "/internal/x", &[]).is(403);
        get(&test, &server, "a.docs.example", "/internal/x", &[]).is(403);
        get(&test, &server, "shop.example", "/api/x", &[]).is(502);
        get(&test, &server, "www.shop.example", "/x", &["-k"]).is(308);
        get(&test, &server, "other.example", "/x", &["-k"]).is(0);
    }
}

#[test]
fn what_serve_denies_is_denied_at_every_site_and_a_site_has_limits_of_its_own() {
    let test = two_sites();
    let plain = free_port();
    let listen = format!("http:127.0.0.1:{plain}");
    let settings = "
        [serve]
        app = 'main.py'
        workers = 1
        limit-post = 5
        deny = '/closed=all'

        [[serve.route]]
        path = '/own'
        deny = 'all'

        [[site]]
        host = 'shop.example'
        app = 'shop.py'
        limit-post = 50

        [[site.route]]
        path = '/cellar'
        deny = 'all'
        no-buffering = true
    ";
    let settings = settings.replace("\n        ", "\n");
    let _server = serve(&test, &settings, &["--listen", &listen]);
    let ask_with = |host: &str, path: &str, body: &str| {
        let text = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        ask(plain, text.as_bytes()).status
    };
    for (host, path, length, status) in [
        ("main.example", "/closed/x", 0, 403),
        ("shop.example", "/closed/x", 0, 403),
        ("shop.example", "//closed", 0, 403),
        ("main.example", "/own", 0, 403),
        ("shop.example", "/own", 0, 403),
        ("shop.example", "/x/../%63ellar/", 0, 403),
        ("main.example", "/cellar", 0, 200),
        ("main.example", "/x", 5, 200),
        ("main.example", "/x", 6, 413),
        ("shop.example", "/x", 50, 200),
        ("shop.example", "/x", 51, 413),
    ] {
        assert_eq!(ask_with(host, path, &"x".repeat(length)), status, "{host}{path} {length}");
    }
}
