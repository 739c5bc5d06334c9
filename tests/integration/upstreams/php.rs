//! PHP behind certkit: which of the files below a folder is run, which is served, and which nobody gets.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;

use super::Front;
use crate::curl::Curl;
use crate::fronts::client::{Reply, ask, connect, request};
use crate::harness::Test;
use crate::peers::{peer, skip};
use crate::process::{Process, Server};

/// Says what it was asked.
const SCRIPT: &str = r#"<?php
header('Content-Type: application/json');
header('X-Twice: 1');
header('X-Twice: 2', false);
$names = ['SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_INFO', 'DOCUMENT_ROOT', 'QUERY_STRING', 'REQUEST_URI', 'PHP_SELF',
          'HTTPS', 'REMOTE_ADDR', 'HTTP_PROXY', 'HTTP_HOST'];
$shown = [];
foreach ($names as $name) $shown[$name] = $_SERVER[$name] ?? null;
$body = file_get_contents('php://input');
echo json_encode($shown + ['length' => strlen($body), 'sha256' => hash('sha256', $body), 'method' => $_SERVER['REQUEST_METHOD']]);
"#;

/// A site as PHP's programs have it, and what must stay unseen.
const FILES: &[(&str, &str)] = &[
    ("index.php", SCRIPT),
    ("shop/index.php", SCRIPT),
    ("page.php", SCRIPT),
    ("dir.php/inner.php", SCRIPT),
    ("docs/index.html", "<p>of a folder</p>"),
    ("style.css", "p {}"),
    ("photo.jpg", "<?php echo 'never run';"),
    ("lib/db.inc", "<?php $password = 'secret';"),
    ("config.php.bak", "<?php $password = 'secret';"),
    (".env", "secret"),
    (".git/x.php", SCRIPT),
    ("go.php", "<?php header('Location: /shop/?a=b');"),
    ("gone.php", "<?php http_response_code(410); echo 'gone';"),
    ("broken.php", "<?php error_log('said by a script'); http_response_code(500);"),
    ("large.php", "<?php for ($i = 0; $i < 2000; $i++) echo str_repeat(chr(65 + $i % 26), 1000);"),
    (
        "events.php",
        "<?php header('Content-Type: text/event-stream'); echo \"data: first\\n\\n\"; flush();
        while (!file_exists('seen')) { usleep(5000); clearstatcache(); } echo \"data: second\\n\\n\";",
    ),
];

/// The program, whose name ends with a version in Debian.
fn php_fpm() -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/local/sbin", "/usr/bin"].map(fs::read_dir).into_iter().flatten();
    let mut programs = folders.flatten().flatten().map(|entry| entry.path());
    let found = programs
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("php-fpm")));
    if found.is_none() {
        skip("php-fpm");
    }
    found
}

/// PHP on a unix socket `php.sock`, with the site in `www`, and a file and a script outside of it.
fn start(test: &Test) -> Option<Process> {
    let program = php_fpm()?;
    for (name, text) in FILES {
        test.write(&format!("www/{name}"), text);
    }
    test.write("outside.php", SCRIPT);
    std::os::unix::fs::symlink("../outside.php", test.path("www/link.php")).unwrap();
    let socket = test.path("php.sock");
    let root = if rustix::process::geteuid().is_root() { "user = root\ngroup = root\n" } else { "" };
    test.write(
        "fpm.conf",
        format!(
            "[global]\ndaemonize = no\nerror_log = /dev/stderr\n[www]\n{root}listen = {}\npm = static\n\
             pm.max_children = 4\nclear_env = no\n",
            socket.display()
        ),
    );
    let pid = test.path("fpm.pid").display().to_string();
    let config = test.path("fpm.conf").display().to_string();
    let process =
        Process::start(test, test.program(program).args(["-n", "-R", "-F", "-y", &config, "-g", &pid]));
    process.wait_for_log("ready to handle connections");
    Some(process)
}

fn get(front: &Front, path: &str) -> Reply {
    ask(front.port, &request("GET", path, &["Proxy: http://evil"], b""))
}

#[test]
fn scripts_and_files_of_a_folder() {
    let test = Test::new();
    let Some(_php) = start(&test) else { return };
    let args = ["--upstream", "/=fcgi+unix:php.sock", "--upstream-root", "/=www"];
    let front = Front::start(&test, &args);
    let root = test.path("www").canonicalize().unwrap().display().to_string();
    for (target, name, path_info) in [
        ("/", "/index.php", ""),
        ("/index.php", "/index.php", ""),
        ("/shop/", "/shop/index.php", ""),
        ("/page.php/a%20b/c?x=%20", "/page.php", "/a b/c"),
        ("/page.php/other.php", "/page.php", "/other.php"),
        ("/x/../page.php/", "/page.php", "/"),
        ("/dir.php/inner.php/z", "/dir.php/inner.php", "/z"),
        ("//page.php", "/page.php", ""),
    ] {
        let reply = get(&front, target);
        assert_eq!(reply.status, 200, "{target}: {reply:?}");
        assert_eq!(reply.fields("x-twice"), ["1", "2"]);
        let shown = reply.json();
        assert_eq!(shown["SCRIPT_NAME"], name, "{target}");
        assert_eq!(shown["SCRIPT_FILENAME"], format!("{root}{name}"), "{target}");
        assert_eq!(shown["PATH_INFO"].as_str().unwrap_or_default(), path_info, "{target}");
        assert_eq!(shown["PHP_SELF"], format!("{name}{path_info}"), "{target}");
        assert_eq!(shown["DOCUMENT_ROOT"], root, "{target}");
        assert_eq!(shown["HTTP_PROXY"], serde_json::Value::Null);
        assert_eq!(shown["REQUEST_URI"], target, "{target}");
    }
    // Files are served, folders have a slash at their end.
    assert_eq!(get(&front, "/style.css").body, b"p {}");
    assert_eq!(get(&front, "/docs/").body, b"<p>of a folder</p>");
    for (path, with_slash) in [("/docs?x", "/docs/?x"), ("/shop", "/shop/")] {
        let reply = get(&front, path);
        assert_eq!((reply.status, &reply.fields("location")[..]), (308, &[with_slash][..]), "{path}");
    }
    // An image is an image, whatever is behind its name; and what is hidden or outside stays there.
    assert_eq!(get(&front, "/photo.jpg").body, b"<?php echo 'never run';");
    for path in [
        "/photo.jpg/y.php",
        "/photo.jpg%00.php",
        "/link.php",
        "/link.php/x",
        "/../outside.php",
        "/%2e%2e/outside.php",
        "/dir.php/..%2f..%2foutside.php",
        "/lib/db.inc",
        "/config.php.bak",
        "/PAGE.PHP",
        "/.env",
        "/.git/x.php",
        "/.git/",
        "/none",
        "/none.php",
        "/none/page.php",
        "/lib/",
        "/lib",
    ] {
        let reply = get(&front, path);
        assert!(reply.status == 404 || reply.status == 400, "{path}: {reply:?}");
    }
    // An event is there before the next one is made.
    let mut stream = connect(front.port);
    stream.write_all(&request("GET", "/events.php", &[], b"")).unwrap();
    let mut received = Vec::new();
    let mut piece = [0; 4096];
    while !received.windows(11).any(|found| found == b"data: first") {
        let length = stream.read(&mut piece).unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&received));
        received.extend_from_slice(&piece[..length]);
    }
    assert!(!received.windows(12).any(|found| found == b"data: second"));
    test.write("www/seen", "");
    stream.read_to_end(&mut received).unwrap();
    assert!(received.windows(12).any(|found| found == b"data: second"));
}

#[test]
fn below_a_path_and_with_a_front_controller() {
    let test = Test::new();
    let Some(_php) = start(&test) else { return };
    let args = [
        "--upstream=/blog=fcgi+unix:php.sock:/",
        "--upstream-root=/blog=www",
        "--upstream=/shop=fcgi+unix:php.sock",
        "--upstream-root=/shop=www",
        "--try-files=/index.php",
    ];
    let front = Front::start(&test, &args);
    for (target, name, file) in [
        ("/blog/page.php", "/blog/page.php", "/page.php"),
        ("/blog/", "/blog/index.php", "/index.php"),
        // The program finds the page by REQUEST_URI.
        ("/blog/2026/a-page?x=1", "/blog/index.php", "/index.php"),
        ("/blog/none.php", "/blog/index.php", "/index.php"),
        ("/shop/", "/shop/index.php", "/shop/index.php"),
        ("/shop/none", "/index.php", "/index.php"),
    ] {
        let shown = get(&front, target).json();
        assert_eq!(
            (&shown["SCRIPT_NAME"], &shown["REQUEST_URI"]),
            (&name.into(), &target.into()),
            "{target}"
        );
        let found = shown["SCRIPT_FILENAME"].as_str().unwrap().to_owned();
        assert!(found.ends_with(&format!("/www{file}")), "{target}: {found}");
        assert_eq!(shown["PATH_INFO"].as_str().unwrap_or_default(), "", "{target}");
    }
    assert_eq!(get(&front, "/blog").fields("location"), ["/blog/"]);
    assert_eq!(get(&front, "/blog/style.css").body, b"p {}");
    assert_eq!(get(&front, "/blog/.env").status, 404);
    for (args, says) in [
        (["--upstream=/=http://127.0.0.1:1", "--upstream-root=/=www"], "no --upstream by FastCGI"),
        (["--upstream=/=fcgi://127.0.0.1:1", "--upstream-root=/x=www"], "no --upstream by FastCGI"),
        (["--upstream=/=fcgi://127.0.0.1:1", "--upstream-root=/=none"], "cannot serve the folder"),
    ] {
        test.certkit(&[&["serve", "--listen", "http:127.0.0.1:0"][..], &args].concat()).exits(2).says(says);
    }
}

#[test]
fn uploads_and_streams_over_both_versions() {
    let Some(_) = peer("curl") else { return };
    let test = Test::with_chain("localhost");
    let Some(_php) = start(&test) else { return };
    let chain = ["--cert", "chain.pem", "--key", "server.key"];
    let args = [&chain[..], &["--upstream", "/=fcgi+unix:php.sock", "--upstream-root", "/=www"]].concat();
    let server = Server::start(&test, &args);
    let Some(curl) = Curl::new(&test, "localhost") else { return };
    let body: Vec<u8> = (0..1 << 20).map(|number: u32| number.to_le_bytes()[1]).collect();
    test.write("upload", &body);
    for (option, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let fetch = |path: &str, more: &[&str]| {
            let answer = curl.fetch(&server, path, &[&[option], more].concat());
            assert_eq!((&*answer.version, answer.whole), (version, true), "{path}: {answer:?}");
            answer
        };
        for chunked in [&[][..], &["-H", "Transfer-Encoding: chunked"]] {
            let answer = fetch(
                "/page.php?x=1",
                &[&["--data-binary", "@upload", "-H", "Content-Type: text/x"][..], chunked].concat(),
            );
            let shown: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!((&shown["length"], &shown["HTTPS"]), (&body.len().into(), &"on".into()));
        }
        let answer = fetch("/go.php", &[]);
        assert_eq!(answer.status, 302);
        assert!(answer.headers.contains(&("location".to_owned(), "/shop/?a=b".to_owned())), "{answer:?}");
        assert_eq!((fetch("/gone.php", &[]).status, fetch("/broken.php", &[]).status), (410, 500));
        assert_eq!(fetch("/large.php", &[]).body.len(), 2_000_000);
        assert_eq!(fetch("/page.php", &["-I"]).status, 200);
    }
    server.process.wait_for_log("said by a script");
}
