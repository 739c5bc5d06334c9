//! One path for a request, whatever it came by: over HTTP/1.1 and HTTP/2, and behind a real nginx that decodes and
//! rewrites it.

use crate::curl::Curl;
use crate::harness::{Test, certkit};
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

/// Says what it sees of the path.
const APPLICATION: &str = "\
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [(environ['SCRIPT_NAME'] + '|' + environ['PATH_INFO'] + '|' + environ['REQUEST_URI']).encode('latin-1')]
";

/// A folder at `/static`, and the application.
fn site() -> Test {
    let test = Test::with_chain("test.example");
    test.write("files/x", "the file");
    test.write("paths.py", APPLICATION);
    test
}

#[test]
fn what_the_application_sees_over_both_versions_of_http() {
    let test = site();
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let chain = ["--cert", "chain.pem", "--key", "server.key"];
    let server = Server::start(&test, &[&chain[..], &["--static", "/static=files", "paths.py"]].concat());
    for (target, expected) in [
        ("/a/../static/x", "the file"),
        ("//static/x", "the file"),
        ("/static%2Fx", "the file"),
        ("/static/%2e%2e/x", "|/x|/static/%2e%2e/x"),
        ("/./x?y=/../", "|/x|/./x?y=/../"),
        ("/a%2fb", "|/a/b|/a%2fb"),
        ("/a%20b//c/", "|/a b/c/|/a%20b//c/"),
    ] {
        for version in ["--http1.1", "--http2"] {
            let answer = curl.fetch(&server, target, &["--path-as-is", version]).is(200);
            assert_eq!(answer.text(), expected, "{target} {version}");
        }
    }
    for target in ["/..", "/%2e%2e/x", "/static/../../x", "/a%00"] {
        for version in ["--http1.1", "--http2"] {
            curl.fetch(&server, target, &["--path-as-is", version]).is(400);
        }
    }
    server.process.wait_for_log("\"GET /static/../../x HTTP/2.0\" 400 ");
}

#[test]
fn routes_go_by_the_path_that_nginx_has_rewritten() {
    let Some(nginx) = peer("nginx") else { return };
    let test = site();
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let (backend, port) = (free_port(), free_port());
    let listen = format!("uwsgi:127.0.0.1:{backend}");
    let mut certkit = Process::start(
        &test,
        test.program(certkit()).args(["serve", "--listen", &listen, "--static", "/static=files", "paths.py"]),
    );
    certkit.wait_for(([127, 0, 0, 1], backend).into());
    std::fs::create_dir(test.path("nginx")).unwrap();
    let folder = test.path("nginx").display().to_string();
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .collect();
    test.write(
        "nginx/nginx.conf",
        format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\n{paths}\
             server {{\nlisten 127.0.0.1:{port} ssl;\nssl_certificate {chain};\nssl_certificate_key {key};\n\
             include /etc/nginx/uwsgi_params;\nrewrite ^/old/(.*)$ /static/$1;\nrewrite ^/moved/(.*)$ /app/$1;\n\
             location / {{ uwsgi_pass 127.0.0.1:{backend}; }}\n\
             location /named/ {{ uwsgi_pass 127.0.0.1:{backend}; include /etc/nginx/uwsgi_params;\n\
             uwsgi_param SCRIPT_NAME /named; uwsgi_modifier1 30; }}\n}}\n}}\n",
            chain = test.path("chain.pem").display(),
            key = test.path("server.key").display(),
        ),
    );
    let conf = format!("{folder}/nginx.conf");
    let mut front =
        Process::start(&test, test.program(&nginx).args(["-c", &conf, "-p", &folder, "-e", "stderr"]));
    front.wait_for(([127, 0, 0, 1], port).into());
    let server = Server { process: front, port };
    for (target, expected) in [
        ("/old/x", "the file"),
        ("/static/x", "the file"),
        ("/a/../static/x", "the file"),
        ("//static/x", "the file"),
        ("/static/%2e%2e/x", "|/x|/static/%2e%2e/x"),
        ("/a%2fb", "|/a/b|/a%2fb"),
        ("/moved/a%20b", "|/app/a b|/moved/a%20b"),
        ("/named/x?y", "/named|/x|/named/x?y"),
    ] {
        let answer = curl.fetch(&server, target, &["--path-as-is"]).is(200);
        assert_eq!(answer.text(), expected, "{target}");
    }
    for target in ["/..", "/%2e%2e/x"] {
        curl.fetch(&server, target, &["--path-as-is"]).is(400);
    }
    certkit.wait_for_log("\"GET /old/x HTTP/1.1\" 200 8 ");
}
