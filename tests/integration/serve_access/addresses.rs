//! `--allow` and `--deny`: every spelling of a path, by every protocol, whatever answers there.

use std::net::Ipv4Addr;

use rustix::process::Signal;

use super::{Site, mirror};
use crate::curl::Curl;
use crate::fronts::client::{ask, request};
use crate::gateway::{Asked, Listener};
use crate::harness::{Test, certkit};
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

/// The same path, `/private`, and a file below it; what a front server may have decoded already comes last.
pub(super) const SPELLINGS: [&str; 16] = [
    "/private",
    "/private/",
    "/private/file.txt",
    "/private?x=/public",
    "/%70rivate",
    "/private%2f",
    "/private%2Ffile.txt",
    // What servlet containers and readers of REQUEST_URI make of it.
    "/;x=1/private/file.txt",
    "/private;x=1/file.txt",
    "/private/%2e%2e/public/file.txt",
    "/public/..%2fprivate/file.txt",
    "/public/%2e%2e/private/file.txt",
    "//private",
    "/a/../private",
    "/./private/./file.txt",
    "/public//..///private//file.txt",
];

/// By this position of the list the path is encoded no more.
const DECODED: usize = 12;

#[test]
fn no_spelling_of_a_path_is_let_through() {
    let test = Test::with_chain("front.example");
    let Some(curl) = Curl::new(&test, "front.example") else { return };
    for folder in ["private", "public"] {
        test.write(&format!("{folder}/file.txt"), "a file\n");
    }
    let behind = Site::start(&test, &[&mirror()]);
    let upstream = format!("http://127.0.0.1:{}", behind.port);
    let application = mirror();
    for routes in [
        &["--static", "/private=private"][..],
        &["--static-root", "."],
        &["--try-static", "/=.", &application],
        &["--upstream", &format!("/={upstream}")],
        &["--upstream", &format!("/private={upstream}/")],
        &[&application],
        &["--mount", &format!("/private={application}")],
        &["--script-name", "/private", &application],
    ] {
        let [http, uwsgi, redirect] = [free_port(), free_port(), free_port()];
        let (http_address, uwsgi_address) =
            (format!("http:127.0.0.1:{http}"), format!("uwsgi:127.0.0.1:{uwsgi}"));
        let redirect_address = format!("127.0.0.1:{redirect}");
        let listen = ["--listen", &http_address, "--listen", &uwsgi_address];
        let others = ["--cert", "chain.pem", "--key", "server.key", "--redirect-http", &redirect_address];
        let rules = ["--allow", "/private=198.51.100.0/24", "--deny", "/private=all"];
        let args = [&listen[..], &others, &rules, routes].concat();
        let mut server = Server::start(&test, &args);
        for port in [http, uwsgi, redirect] {
            server.process.wait_for((Ipv4Addr::LOCALHOST, port).into());
        }
        let front = Listener::parse(&uwsgi_address);
        for (number, target) in SPELLINGS.iter().enumerate() {
            let answer = curl.fetch(&server, target, &["--http2", "--path-as-is"]);
            let reached = (answer.status, answer.version.as_str());
            assert_eq!(reached, (403, "2"), "{routes:?} {target}: {answer:?}");
            let sent = request("GET", target, &[], b"");
            assert_eq!(ask(http, &sent).status, 403, "{routes:?} {target}");
            // There is nothing but the way to https.
            let reply = ask(redirect, &sent);
            assert_eq!(reply.status, 308, "{routes:?} {target}: {reply:?}");
            if number == 0 || number >= DECODED {
                let asked = Asked { method: "GET", path: target, query: "", body: b"" };
                let received = front.ask(asked).unwrap();
                assert!(received.status.starts_with("403"), "{routes:?} {target}: {received:?}");
            }
        }
        // A request that came with another SCRIPT_NAME is for the same files and applications.
        let is_open = |target: &str| ask(http, &request("GET", target, &[], b"")).status != 403;
        assert!(is_open("/public/file.txt") || routes.contains(&"--script-name"), "{routes:?}");
        assert!(is_open("/privateer") || routes.contains(&"--script-name"), "{routes:?}");
    }
}

#[test]
fn the_address_is_that_of_the_client() {
    let test = Test::new();
    let rules = ["--deny", "/=192.0.2.0/24", "--deny", "/=2001:db8::/32", "--allow", "/=127.0.0.1"];
    let application = mirror();
    let args = [&rules[..], &["--deny", "/=all", "--trust-proxy", "127.0.0.1,unix:", &application]].concat();
    let site = Site::start(&test, &args);
    for (client, status) in [
        ("192.0.2.9", 403),
        ("::ffff:192.0.2.9", 403),
        ("2001:db8::9", 403),
        ("198.51.100.1, 192.0.2.9", 403),
        ("192.0.2.9, 198.51.100.1", 403),
        ("192.0.2.9, 127.0.0.1", 403),
        ("127.0.0.1", 200),
        ("::ffff:127.0.0.1", 200),
        ("unknown", 200),
    ] {
        let field = format!("X-Forwarded-For: {client}");
        assert_eq!(site.get("/", &[&field]).status, status, "{client}");
    }
    let distrustful = Site::start(&test, &["--deny", "/=192.0.2.0/24", &mirror()]);
    assert_eq!(distrustful.get("/", &["X-Forwarded-For: 192.0.2.9"]).status, 200);
    let distrustful = Site::start(&test, &["--allow", "/=192.0.2.0/24", "--deny", "/=all", &mirror()]);
    assert_eq!(distrustful.get("/", &["X-Forwarded-For: 192.0.2.9"]).status, 403);
}

#[test]
fn a_client_without_an_address_gets_what_is_for_all() {
    let test = Test::new();
    let rules = [
        "--allow",
        "/all=all",
        "--allow",
        "/some=10.0.0.0/8",
        "--deny",
        "/some=all",
        "--deny",
        "/no=192.0.2.1",
    ];
    let socket = ["serve", "--listen", "http+unix:http.sock", "--trust-proxy", "unix:"];
    let server = Process::start(&test, test.program(certkit()).args(socket).args(rules).args([mirror()]));
    server.wait_for_log("http.sock");
    let Some(curl) = peer("curl") else { return };
    for (path, client, status) in [
        ("all", "", "200"),
        ("some", "", "403"),
        ("no", "", "403"),
        ("other", "", "200"),
        ("some", "10.0.0.1", "200"),
        ("no", "10.0.0.1", "200"),
        ("some", "192.0.2.1", "403"),
    ] {
        let url = format!("http://localhost/{path}");
        let field = format!("X-Forwarded-For: {client}");
        let args =
            ["-s", "--unix-socket", "http.sock", "-H", &field, "-o", "body", "-w", "%{http_code}", &url];
        assert_eq!(test.run(&curl, &args).stdout(), status, "{path} {client}");
    }
}

#[test]
fn the_lists_of_all_layers_are_one() {
    let test = Test::new();
    let status = |site: &Site, target: &str| site.get(target, &[]).status;
    // The order of keys in a file counts, and that of options on the command line.
    test.write("certkit.toml", "[serve]\nallow = '/a=127.0.0.1'\ndeny = ['/a=all', '/b=all']\n");
    let site =
        Site::start(&test, &["--allow", "/c=127.0.0.1", "--deny", "/c=all", "--allow", "/b=all", &mirror()]);
    let answers = ["/a", "/b", "/c", "/d"].map(|target| status(&site, target));
    // Nothing on the command line opens what the file closes.
    assert_eq!(answers, [200, 403, 200, 200]);
    test.write("certkit.toml", "[serve]\ndeny = '/a=all'\nallow = '/a=127.0.0.1'\n");
    site.process.signal(Signal::HUP);
    site.process.wait_for_log("reloaded");
    assert_eq!(status(&site, "/a"), 403);
    test.write(
        "certkit.toml",
        "[serve]\naccess = ['allow /a=127.0.0.1', 'deny /a=all', 'deny /b=127.0.0.1']\n",
    );
    let site = Site::start(&test, &[&mirror()]);
    let answers = ["/a", "/b", "/c"].map(|target| status(&site, target));
    assert_eq!(answers, [200, 403, 200]);
    test.write("certkit.toml", "[serve]\n\ndeny = '/a/%70=all'\n");
    test.certkit(&["serve", &mirror()]).exits(2).says("certkit.toml, line 3").says("percent-encoding");
}

#[test]
fn a_rule_leads_nobody_past_a_denied_path() {
    let test = Test::new();
    let rule = "route ^/in(/.*) rewrite:$1";
    let site =
        Site::start(&test, &["--deny", "/private=all", "--rule", rule, "--stats", "unix:stats", &mirror()]);
    assert_eq!(site.get("/in/private/x", &[]).status, 403);
    assert_eq!(site.get("/in/public", &[]).status, 200);
    let Some(curl) = peer("curl") else { return };
    let stats = |page: &str| {
        test.run(&curl, &["-s", "--unix-socket", "stats", &format!("http://localhost/{page}")]).stdout()
    };
    assert!(stats("metrics").contains("certkit_requests_refused_total{by=\"address\"} 1\n"));
    let document: serde_json::Value = serde_json::from_str(&stats("")).unwrap();
    assert_eq!(document["refused"]["address"], 1);
}

#[test]
fn a_path_that_is_cut_is_covered_by_both_of_its_names() {
    let test = Test::new();
    test.write("private/file.txt", "a file\n");
    // With this option both are the same to the application: SCRIPT_NAME /app, PATH_INFO /private.
    let site = Site::start(&test, &["--script-name", "/app", "--deny", "/private=all", &mirror()]);
    assert_eq!(["/private", "/app/private"].map(|target| site.get(target, &[]).status), [403, 403]);
    let site = Site::start(&test, &["--script-name", "/app", "--deny", "/app/private=all", &mirror()]);
    assert_eq!(["/private", "/app/private"].map(|target| site.get(target, &[]).status), [403, 403]);
    assert_eq!(["/", "/app", "/app/public"].map(|target| site.get(target, &[]).status), [200, 200, 200]);
    // A front server has the whole site below a path of its own.
    let uwsgi = free_port();
    let listen = format!("uwsgi:127.0.0.1:{uwsgi}");
    let args = ["serve", "--listen", &listen, "--static", "/private=private", "--deny", "/private=all"];
    let mut server = Process::start(&test, test.program(certkit()).args(args).args([mirror()]));
    server.wait_for((Ipv4Addr::LOCALHOST, uwsgi).into());
    for (script_name, path_info) in
        [("/app", "/private/file.txt"), ("", "/private/file.txt"), ("/private", "/x")]
    {
        let front = Listener::parse(&listen);
        let received = front.ask_below(script_name, path_info).unwrap();
        assert!(received.status.starts_with("403"), "{script_name} {path_info}: {received:?}");
    }
}
