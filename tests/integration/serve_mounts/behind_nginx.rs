//! Mounted applications behind nginx, which may know of them or not.

use std::os::unix::net::UnixStream;

use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::{peer, python};
use crate::process::{Process, free_port};

/// How nginx hands the requests on: the word of its protocol, and what its configuration says.
struct Front {
    word: &'static str,
    scheme: &'static str,
    /// In which locations, and with which parameters.
    locations: &'static [(&'static str, &'static str)],
    /// Arguments of certkit.
    args: &'static [&'static str],
}

const FRONTS: &[Front] = &[
    Front { word: "uwsgi", scheme: "uwsgi", locations: &[("/", "")], args: &[] },
    Front { word: "fastcgi", scheme: "fcgi", locations: &[("/", "")], args: &[] },
    Front { word: "scgi", scheme: "scgi", locations: &[("/", "")], args: &[] },
    // As the documentation of uWSGI had it first: nginx cuts the path by a modifier.
    Front {
        word: "uwsgi",
        scheme: "uwsgi",
        locations: &[
            ("/shop", "uwsgi_param SCRIPT_NAME /shop; uwsgi_modifier1 30;"),
            ("/blog", "uwsgi_param SCRIPT_NAME /blog; uwsgi_modifier1 30;"),
        ],
        args: &["--mount-by", "script-name"],
    },
    // By name, with SCRIPT_NAME cut off by certkit.
    Front {
        word: "fastcgi",
        scheme: "fcgi",
        locations: &[
            (
                "/shop",
                "fastcgi_param UWSGI_APPID /shop; fastcgi_param SCRIPT_NAME /shop; fastcgi_param PATH_INFO $uri;",
            ),
            (
                "/blog",
                "fastcgi_param UWSGI_APPID /blog; fastcgi_param SCRIPT_NAME /blog; fastcgi_param PATH_INFO $uri;",
            ),
        ],
        args: &["--mount-by", "appid", "--manage-script-name"],
    },
];

#[test]
fn links_and_redirects_are_right_whoever_cuts_the_path() {
    let (Some(nginx), Some(curl)) = (peer("nginx"), peer("curl")) else { return };
    let Some(python) = python(&["flask", "django"]) else { return };
    let app = |name: &str| repository().join("tests/apps").join(name).display().to_string();
    let mounts = [format!("/shop={}:app", app("shop.py")), format!("/blog={}", app("blog.py"))];
    let python = python.display().to_string();
    for front in FRONTS {
        let test = Test::new();
        let socket = test.path("app.sock");
        let listen = format!("{}+unix:{}", front.scheme, socket.display());
        let args = ["serve", "--listen", &listen, "--workers", "1", "--python", &python];
        let args = [&args[..], &["--mount", &mounts[0], "--mount", &mounts[1]], front.args].concat();
        let log = ["--access-log", "access.log"];
        let mut back = Process::start(&test, test.program(certkit()).args(args).args(log));
        eventually("the socket", || {
            assert!(back.ended().is_none(), "{}", back.log());
            UnixStream::connect(&socket).ok()
        });
        let (port, _nginx) = start_nginx(&test, &nginx, front);
        let ask = |path: &str| {
            let url = format!("http://127.0.0.1:{port}{path}");
            let ran = test.run(&curl, &["-sS", "-H", "Host: shop.example", "-w", "%{redirect_url}", &url]);
            ran.exits(0).stdout()
        };
        for name in ["shop", "blog"] {
            let links: serde_json::Value = serde_json::from_str(&ask(&format!("/{name}/links"))).unwrap();
            assert_eq!(links["static"], format!("/{name}/static/site.css"), "{}", front.word);
            assert_eq!(links["absolute"], format!("https://shop.example/{name}/"), "{}", front.word);
            assert_eq!(
                (&links["script_name"], &links["path_info"]),
                (&format!("/{name}").into(), &"/links".into())
            );
            assert_eq!(ask(&format!("/{name}/")), format!("/{name} home\n"));
            let redirect = ask(&format!("/{name}/go"));
            // Django's redirects stay relative, and curl completes them.
            let host = if name == "shop" { "https://shop.example" } else { "http://127.0.0.1" };
            let is_right = redirect.contains(host) && redirect.ends_with(&format!("/{name}/"));
            assert!(is_right, "{}: {redirect}", front.word);
        }
        let log = eventually("the access log", || {
            Some(test.text("access.log")).filter(|log| log.matches("GET /blog/go ").count() == 1)
        });
        assert!(log.contains("\"GET /shop/links HTTP/1.1\" 200 "), "{log}");
    }
}

/// nginx before `app.sock`.
fn start_nginx(test: &Test, nginx: &std::path::Path, front: &Front) -> (u16, Process) {
    std::fs::create_dir(test.path("nginx")).unwrap();
    let (folder, port) = (test.path("nginx").display().to_string(), free_port());
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .collect();
    let socket = test.path("app.sock").display().to_string();
    let locations: String = front
        .locations
        .iter()
        .map(|(location, parameters)| {
            let word = front.word;
            // A balancer before nginx has ended TLS.
            format!(
                "location {location} {{ include /etc/nginx/{word}_params; {word}_param UWSGI_SCHEME https;\n\
                 {parameters} {word}_pass unix:{socket}; }}\n"
            )
        })
        .collect();
    test.write(
        "nginx/nginx.conf",
        format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\n{paths}server {{\nlisten 127.0.0.1:{port};\n{locations}}}\n}}\n"
        ),
    );
    let args = ["-c", &format!("{folder}/nginx.conf"), "-p", &folder, "-e", "stderr"];
    let mut process = Process::start(test, test.program(nginx).args(args));
    process.wait_for(([127, 0, 0, 1], port).into());
    (port, process)
}
