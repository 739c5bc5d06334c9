//! The site of an nginx with uWSGI as certkit.toml: two applications by path, a private path for one address, files at the
//! root; by itself, and behind a load balancer that ends TLS.

use std::net::Ipv4Addr;
use std::path::Path;

use crate::curl::{Answer, Curl};
use crate::fronts::client::{ask, request};
use crate::harness::{Test, repository};
use crate::peers::{peer, python};
use crate::process::{Process, Server, free_port};

/// The two applications: by uwsgi at `uwsgi`, by HTTP at `http`.
fn applications(test: &Test, uwsgi: &Path, python: &Path, ports: (u16, u16)) -> [Process; 2] {
    let find = "import flask, os; print(os.path.dirname(os.path.dirname(flask.__file__)))";
    let packages = test.run(python, &["-c", find]).exits(0).stdout().trim().to_owned();
    let folder = repository().join("tests/apps");
    let program =
        test.program(uwsgi).args(["--plugin", "python3", "--need-app", "--die-on-term", "--threads", "4"]);
    let program = program.args(["--pythonpath", &packages, "--pythonpath", &folder.display().to_string()]);
    let program = program.args(["--module", "backend", "--uwsgi-socket", &format!("127.0.0.1:{}", ports.0)]);
    let mut shop = Process::start(test, program);
    let program = test.program(python).args(["-m", "gunicorn", "--threads", "4", "backend:application"]);
    let program = program.args(["--bind", &format!("127.0.0.1:{}", ports.1)]).env("PYTHONPATH", &folder);
    let mut api = Process::start(test, program);
    shop.wait_for((Ipv4Addr::LOCALHOST, ports.0).into());
    api.wait_for((Ipv4Addr::LOCALHOST, ports.1).into());
    [shop, api]
}

/// What everybody gets. `from` is the address that the client comes from.
fn check(fetch: &dyn Fn(&str, &str) -> Answer, url: &str) {
    let get = |path: &str| fetch(path, "127.0.0.1");
    for (path, body) in [("/", "<p>home</p>"), ("/docs/", "<p>docs</p>"), ("/style.css", "p {}")] {
        assert_eq!(get(path).is(200).text(), body, "{path}");
    }
    // `$uri $uri/ =404`
    assert_eq!(get("/docs").is(308).header("location"), Some("/docs/"));
    get("/none").is(404);
    get("/.env").is(404);
    for prefix in ["/shop", "/api"] {
        assert_eq!(get(&format!("{prefix}/")).is(200).text(), format!("{url}{prefix}/ {prefix}/"));
        for (path, status, to) in
            [("/go", 302, "/"), ("/away", 302, "/echo/x%20y"), ("/folder", 308, "/folder/")]
        {
            let answer = get(&format!("{prefix}{path}")).is(status);
            let location = answer.header("location").unwrap();
            // Relative to where it is, or whole.
            let location = location.strip_prefix(url).unwrap_or(location);
            assert_eq!(location, format!("{prefix}{to}"), "{prefix}{path}");
        }
        let echo: serde_json::Value =
            serde_json::from_slice(&get(&format!("{prefix}/echo?x=1")).is(200).body).unwrap();
        assert_eq!((&echo["wsgi.url_scheme"], &echo["REMOTE_ADDR"]), (&"https".into(), &"127.0.0.1".into()));
        get(&format!("{prefix}/missing")).is(404);
    }
    // The prefix ends with a segment.
    get("/shopping").is(404);
    for path in PRIVATE {
        let answer = fetch(path, "127.0.0.1");
        assert_eq!(answer.status, 403, "{path}: {answer:?}");
    }
    assert_eq!(fetch("/private/report.txt", "127.0.0.2").is(200).text(), "for one address");
    assert_eq!(fetch("/a/../private/report.txt", "127.0.0.2").is(200).text(), "for one address");
}

const PRIVATE: [&str; 8] = [
    "/private",
    "/private/report.txt",
    "/a/../private/report.txt",
    "//private/report.txt",
    "/%70rivate/report.txt",
    "/private%2freport.txt",
    "/./private/./report.txt",
    "/shop/..%2fprivate/report.txt",
];

#[test]
fn nginx_with_two_applications_as_certkit_toml() {
    let (Some(uwsgi), Some(python)) = (peer("uwsgi"), python(&["flask", "gunicorn"])) else { return };
    let test = Test::with_chain("localhost");
    let ports = (free_port(), free_port());
    let _applications = applications(&test, &uwsgi, &python, ports);
    for (name, text) in [
        ("www/index.html", "<p>home</p>"),
        ("www/docs/index.html", "<p>docs</p>"),
        ("www/style.css", "p {}"),
        ("www/.env", "secret"),
        ("www/private/report.txt", "for one address"),
    ] {
        test.write(name, text);
    }
    let (plain, gateway) = (free_port(), free_port());
    let config = format!(
        "[serve]
cert = ['chain.pem']
key = ['server.key']
trust-proxy = ['127.0.0.1/32']
upstream = ['/shop=uwsgi://127.0.0.1:{}/', '/api=http://127.0.0.1:{}/']
static-root = 'www'
allow = ['/private=127.0.0.2']
deny = ['/private=all']
",
        ports.0, ports.1
    );
    test.write("certkit.toml", config);
    let args = [format!("--listen=http:127.0.0.1:{plain}"), format!("--listen=uwsgi:127.0.0.1:{gateway}")];
    let mut server = Server::start(&test, &[&*args[0], &*args[1]]);
    server.process.wait_for((Ipv4Addr::LOCALHOST, plain).into());
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    for version in ["--http1.1", "--http2"] {
        let fetch = |path: &str, from: &str| {
            curl.fetch(&server, path, &["--path-as-is", "--interface", from, version])
        };
        check(&fetch, &format!("https://localhost:{}", server.port));
    }
    behind_nginx(&test, gateway);
    // A balancer that ends TLS and says for whom it asks.
    let Some(haproxy) = peer("haproxy") else { return };
    test.write("balancer.pem", test.text("chain.pem") + &test.text("server.key"));
    let port = free_port();
    test.write(
        "haproxy.cfg",
        format!(
            "global\n    log stderr local0 warning\ndefaults\n    mode http\n    timeout connect 10s\n    \
             timeout client 60s\n    timeout server 60s\nlisten site\n    bind 127.0.0.1:{port} ssl crt balancer.pem \
             alpn h2,http/1.1\n    option forwardfor\n    http-request set-header X-Forwarded-Proto https\n    \
             server certkit 127.0.0.1:{plain}\n"
        ),
    );
    let mut balancer = Process::start(&test, test.program(haproxy).args(["-db", "-f", "haproxy.cfg"]));
    balancer.wait_for((Ipv4Addr::LOCALHOST, port).into());
    let balanced = Server { process: balancer, port };
    let fetch = |path: &str, from: &str| curl.fetch(&balanced, path, &["--path-as-is", "--interface", from]);
    check(&fetch, &format!("https://localhost:{port}"));
}

/// certkit by uwsgi behind nginx: what is private stays private, however nginx passes it on.
fn behind_nginx(test: &Test, gateway: u16) {
    let Some(nginx) = peer("nginx") else { return };
    let (port, folder) = (free_port(), test.path("nginx"));
    std::fs::create_dir(&folder).unwrap();
    let folder = folder.display().to_string();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    test.write(
        "nginx/nginx.conf",
        format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n\
             {temporary}server {{ listen 127.0.0.1:{port}; location / {{ include /etc/nginx/uwsgi_params; \
             uwsgi_pass 127.0.0.1:{gateway}; }} }} }}"
        ),
    );
    let config = format!("{folder}/nginx.conf");
    let mut front =
        Process::start(test, test.program(nginx).args(["-c", &config, "-p", &folder, "-e", "stderr"]));
    front.wait_for((Ipv4Addr::LOCALHOST, port).into());
    assert_eq!(ask(port, &request("GET", "/style.css", &[], b"")).body, b"p {}");
    for path in PRIVATE {
        let reply = ask(port, &request("GET", path, &[], b""));
        assert_eq!(reply.status, 403, "{path}: {reply:?}");
    }
}
