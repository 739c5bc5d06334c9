//! Real servers behind certkit: uWSGI by each protocol that it speaks, certkit itself by https.

use super::Front;
use crate::fronts::client::{ask, request};
use crate::harness::{Test, certkit, repository};
use crate::peers::peer;
use crate::process::{Process, free_port};

/// Says what it sees.
const APPLICATION: &str = "\
def application(environ, start_response):
    body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    start_response('200 OK', [('Content-Type', 'text/plain'), ('X-Body', str(len(body)))])
    names = ['SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING', 'REQUEST_METHOD', 'HTTP_HOST', 'HTTP_X_FORWARDED_FOR',
             'HTTP_X_FORWARDED_PREFIX', 'HTTP_X_FORWARDED_PROTO', 'HTTP_X_REAL_IP', 'HTTP_FORWARDED', 'HTTP_PROXY']
    return ['\\n'.join(name + '=' + environ.get(name, '-') for name in names).encode('latin-1')]
";

/// uWSGI's option and the scheme of an upstream.
const SPOKEN: [(&str, &str); 4] =
    [("http-socket", "http"), ("uwsgi-socket", "uwsgi"), ("fastcgi-socket", "fcgi"), ("scgi-socket", "scgi")];

#[test]
fn uwsgi_by_each_of_its_protocols() {
    let Some(uwsgi) = peer("uwsgi") else { return };
    let test = Test::new();
    test.write("app.py", APPLICATION);
    let mut servers = Vec::new();
    let mut args = Vec::new();
    for (option, scheme) in SPOKEN {
        let port = free_port();
        let socket = format!("127.0.0.1:{port}");
        let option = format!("--{option}");
        let program = test.program(&uwsgi).args([
            "--plugin",
            "python3",
            &option,
            &socket,
            "--wsgi-file",
            "app.py",
            "--need-app",
            "--die-on-term",
            "--buffer-size",
            "32768",
        ]);
        let mut server = Process::start(&test, program);
        server.wait_for(([127, 0, 0, 1], port).into());
        servers.push(server);
        args.push(format!("--upstream=/{scheme}={scheme}://{socket}"));
        args.push(format!("--upstream=/below/{scheme}={scheme}://{socket}/"));
    }
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let front = Front::start(&test, &args);
    for (_, scheme) in SPOKEN {
        let fields = [
            "X_Real_IP: 192.0.2.5",
            "X-Forwarded-For: 192.0.2.6",
            "Forwarded: for=192.0.2.7",
            "Proxy: http://evil",
            "Host-X: y",
        ];
        let sent = request("POST", &format!("/{scheme}/a%20b?c=%20"), &fields, b"a body");
        let reply = ask(front.port, &sent);
        assert_eq!((reply.status, reply.is_whole), (200, true), "{scheme}: {reply:?}");
        assert_eq!(reply.fields("x-body"), ["6"], "{scheme}");
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        for line in [
            "SCRIPT_NAME=",
            &format!("PATH_INFO=/{scheme}/a b"),
            "QUERY_STRING=c=%20",
            "REQUEST_METHOD=POST",
            "HTTP_HOST=front.example",
            "HTTP_X_FORWARDED_FOR=127.0.0.1",
            "HTTP_X_FORWARDED_PREFIX=-",
            "HTTP_X_FORWARDED_PROTO=http",
            "HTTP_X_REAL_IP=127.0.0.1",
            "HTTP_FORWARDED=-",
            "HTTP_PROXY=-",
        ] {
            assert!(text.lines().any(|found| found == line), "{scheme}: {line} in {text}");
        }
        let reply = ask(front.port, &request("GET", &format!("/below/{scheme}/x"), &[], b""));
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        // HTTP has no SCRIPT_NAME.
        let prefix = if scheme == "http" { "" } else { "/below/" };
        let script_name = if scheme == "http" { String::new() } else { format!("{prefix}{scheme}") };
        for line in [
            &format!("SCRIPT_NAME={script_name}"),
            "PATH_INFO=/x",
            &format!("HTTP_X_FORWARDED_PREFIX=/below/{scheme}"),
        ] {
            assert!(text.lines().any(|found| found == line), "{scheme}: {line} in {text}");
        }
        let large = vec![b'x'; 10 << 20];
        let reply = ask(front.port, &request("POST", &format!("/{scheme}/up"), &[], &large));
        assert_eq!(reply.fields("x-body"), [large.len().to_string()], "{scheme}");
        // Longer than uWSGI takes; its only answer is to close the connection.
        let long = format!("X-Long: {}", "x".repeat(40_000));
        let reply = ask(front.port, &request("GET", &format!("/{scheme}/long"), &[&long], b""));
        if scheme == "uwsgi" {
            assert_eq!(reply.status, 502, "{scheme}: {reply:?}");
            front.process.wait_for_log("buffer-size");
        }
    }
}

#[test]
fn upstreams_by_https_are_verified() {
    let test = Test::with_chain("localhost");
    let port = free_port();
    let listen = format!("https:127.0.0.1:{port}");
    let app = repository().join("tests/apps/mirror.py").display().to_string();
    let chain = ["--cert", "chain.pem", "--key", "server.key"];
    let program = test.program(certkit()).args(["serve", "--listen", &listen]).args(chain).args([app]);
    let mut back = Process::start(&test, program);
    back.wait_for(([127, 0, 0, 1], port).into());
    let upstream = format!("/=https://localhost:{port}");
    let front = Front::start(&test, &["--upstream", &upstream, "--upstream-ca", "ca.crt"]);
    let reply = ask(front.port, &request("GET", "/x", &[], b""));
    assert_eq!(reply.status, 200, "{reply:?}");
    // By its address it has another name than its certificate says; and nobody vouches for it without the CA.
    let upstream = format!("/=https://127.0.0.1:{port}");
    for args in [&["--upstream", &upstream, "--upstream-ca", "ca.crt"][..], &["--upstream", &upstream]] {
        let front = Front::start(&test, args);
        let reply = ask(front.port, &request("GET", "/x", &[], b""));
        assert_eq!(reply.status, 502, "{reply:?}");
        front.process.wait_for_log("certificate");
    }
    test.certkit(&["serve", "--upstream", &upstream, "--upstream-ca", "server.key"])
        .exits(2)
        .says("cannot use the root certificates");
}

/// The mirror application by HTTP, and its port.
fn mirror(test: &Test) -> (Process, u16) {
    let (port, app) = (free_port(), repository().join("tests/apps/mirror.py").display().to_string());
    let listen = format!("http:127.0.0.1:{port}");
    let mut back = Process::start(test, test.program(certkit()).args(["serve", "--listen", &listen, &app]));
    back.wait_for(([127, 0, 0, 1], port).into());
    (back, port)
}

#[test]
fn what_a_trusted_front_server_says_is_passed_on() {
    let test = Test::new();
    let (_back, port) = mirror(&test);
    let upstream = format!("/=http://127.0.0.1:{port}");
    let front = Front::start(&test, &["--upstream", &upstream, "--trust-proxy", "127.0.0.1"]);
    let fields =
        ["X-Forwarded-For: 192.0.2.6", "X-Forwarded-Proto: https", "Connection: X-Forwarded-For, X-Other"];
    let sent = request("GET", "/x", &fields, b"");
    let environ = &ask(front.port, &sent).json()["environ"];
    assert_eq!(environ["HTTP_X_FORWARDED_PROTO"], "https");
    assert_eq!(environ["HTTP_X_REAL_IP"], "192.0.2.6");
    // A client cannot take our own away by naming it in Connection.
    assert_eq!(environ["HTTP_X_FORWARDED_FOR"], "127.0.0.1");
    // The port is the one that the client has used, not the one of this listener.
    assert_eq!(environ["HTTP_X_FORWARDED_PORT"], "443");
    let sent = request("GET", "http://front.example:8080/x", &["X-Forwarded-Proto: https"], b"");
    assert_eq!(ask(front.port, &sent).json()["environ"]["HTTP_X_FORWARDED_PORT"], "8080");
    let sent = request("GET", "/x", &["X-Forwarded-Port: 8443", "X-Forwarded-Proto: https"], b"");
    assert_eq!(ask(front.port, &sent).json()["environ"]["HTTP_X_FORWARDED_PORT"], "8443");
    let sent = request("GET", "/x", &["X-Forwarded-For: 192.0.2.6"], b"");
    assert_eq!(ask(front.port, &sent).json()["environ"]["HTTP_X_FORWARDED_FOR"], "192.0.2.6, 127.0.0.1");
}

#[test]
fn an_upstream_gets_the_path_that_the_routes_have_seen() {
    let test = Test::new();
    let (_back, port) = mirror(&test);
    let upstream = format!("/=http://127.0.0.1:{port}");
    let rewrite = "route ^/in/(.*) rewrite:/out?q=$1";
    let front = Front::start(&test, &["--upstream", &upstream, "--rule", rewrite]);
    // Tomcat resolves dot segments after it has cut parameters off.
    for target in ["/x/..;/private", "/x/..;a=b/private", "/%2e%2e;/private", "/.;/private"] {
        assert_eq!(ask(front.port, &request("GET", target, &[], b"")).status, 400, "{target}");
    }
    for (target, seen) in [
        ("/in/x%20y", "/out?q=x%20y"),
        ("/a;b=c", "/a;b=c"),
        ("/a%20b?c=d%20e", "/a%20b?c=d%20e"),
        ("/a%2Fb", "/a%2Fb"),
        ("/%70lain", "/%70lain"),
        ("/public/../private?x", "/private?x"),
        ("//private", "/private"),
        ("/x/%2e%2e/private", "/private"),
        ("/%C3%A9/../%3f%25", "/%3F%25"),
    ] {
        let reply = ask(front.port, &request("GET", target, &[], b""));
        assert_eq!(reply.json()["environ"]["REQUEST_URI"], seen, "{target}");
    }
    // Without Host, which HTTP/1.0 allows; and an empty body whose length the client has sent.
    let reply = ask(front.port, b"GET /old HTTP/1.0\r\n\r\n");
    assert_eq!(reply.json()["environ"]["HTTP_HOST"], format!("127.0.0.1:{port}"));
    let reply = ask(front.port, &request("POST", "/", &["Content-Length: 0"], b""));
    assert_eq!(reply.json()["environ"]["CONTENT_LENGTH"], "0");
    // What a rule sets, no client removes.
    let set = "route .* addvar:HTTP_X_TENANT=public";
    let front = Front::start(&test, &["--upstream", &upstream, "--rule", set]);
    let fields = ["Connection: X-Tenant, X-Other", "X-Other: 1", "X-Forwarded-Scheme: https"];
    let environ = &ask(front.port, &request("GET", "/", &fields, b"")).json()["environ"];
    assert_eq!(environ["HTTP_X_TENANT"], "public");
    for gone in ["HTTP_X_OTHER", "HTTP_X_FORWARDED_SCHEME"] {
        assert_eq!(environ[gone], serde_json::Value::Null, "{environ}");
    }
}
