//! Real applications by every kind of listener: a table of applications, a table of listeners, and one front server of each
//! kind before all of them.
//!
//! `tests/peers/sites.py` makes the projects, `tests/peers/visit.py` visits them as a browser would.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::apache::Apache;
use super::{Backend, Protocol, Site};
use crate::harness::{Test, certkit, repository};
use crate::peers::{peer, python, script};
use crate::process::{Process, free_port};

/// An application as `serve` gets it.
struct Application {
    /// What `visit.py` does with it; what follows a dash is for this table only.
    name: &'static str,
    /// The folder below `sites` that its project is in, if it has one.
    folder: Option<&'static str>,
    /// The module in that folder, else a file of `tests/apps`.
    app: &'static str,
    args: &'static [&'static str],
}

const fn small(name: &'static str, app: &'static str, args: &'static [&'static str]) -> Application {
    Application { name, folder: None, app, args }
}

const fn project(name: &'static str, app: &'static str) -> Application {
    Application { name, folder: Some(name), app, args: &[] }
}

const APPLICATIONS: &[Application] = &[
    small("bottle", "bottle_app.py", &[]),
    // Its sessions are in memory, as they are by default.
    small("cherrypy", "cherrypy_app.py", &["--threads", "4"]),
    project("django", "mysite.wsgi"),
    small("events", "events.py", &["--threads", "4"]),
    small("events-gevent", "events.py", &["--gevent", "20", "--gevent-monkey-patch"]),
    small("flask", "flask_app.py:app", &["--threads", "2"]),
    small("patched", "patched.py", &["--threads", "4"]),
    small("patched-gevent", "patched.py", &["--gevent", "20"]),
    small("pyramid", "pyramid_app.py", &[]),
    project("trac", "trac_app.py"),
    // As a stock project: its settings are a package.
    project("wagtail", ""),
    project("webdav", "webdav_app.py"),
];

/// How a browser reaches an application.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// certkit itself has the connection.
    Itself,
    Nginx,
    Apache,
}

/// A listener as the browser's names have it, its scheme, and who is before it.
const LISTENERS: &[(&str, &str, By)] = &[
    ("https-h1", "https", By::Itself),
    ("https-h2", "https", By::Itself),
    ("http", "http", By::Nginx),
    ("uwsgi", "uwsgi", By::Nginx),
    ("fcgi", "fcgi", By::Nginx),
    ("scgi", "scgi", By::Nginx),
    ("ajp", "ajp", By::Apache),
];

const SCHEMES: &[&str] = &["https", "http", "uwsgi", "fcgi", "scgi", "ajp"];

/// The ports of an application's listeners, in the order of `SCHEMES`.
struct Running {
    name: &'static str,
    ports: Vec<u16>,
    server: Process,
}

impl Running {
    fn port(&self, scheme: &str) -> u16 {
        self.ports[SCHEMES.iter().position(|found| *found == scheme).unwrap()]
    }
}

fn start(test: &Test, python: &str, application: &Application) -> Running {
    let ports: Vec<_> = SCHEMES.iter().map(|_| free_port()).collect();
    let listeners = SCHEMES
        .iter()
        .zip(&ports)
        .flat_map(|(scheme, port)| ["--listen".to_owned(), format!("{scheme}:127.0.0.1:{port}")]);
    let mut program = test.program(certkit()).args(["serve", "--workers", "1", "--python", python]).args([
        "--cert",
        "server.crt",
        "--key",
        "server.key",
        "--trust-proxy",
        "127.0.0.1",
    ]);
    program = program.args(listeners).args(application.args);
    if let Some(folder) = application.folder {
        program = program.args([Path::new("--chdir"), &test.path("sites").join(folder)]);
    }
    if application.app.contains(".py") {
        program = program.args([repository().join("tests/apps").join(application.app)]);
    } else if !application.app.is_empty() {
        program = program.args([application.app]);
    }
    let server = Process::start(test, program);
    Running { name: application.name, ports, server }
}

/// One nginx with a host for each application and listener, on one TLS port.
fn nginx(test: &Test, running: &[Running], port: u16) -> Option<Process> {
    let program = peer("nginx")?;
    let folder = test.path("nginx");
    let shown = folder.display();
    let mut config = format!(
        "daemon off;\nmaster_process off;\npid {shown}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n\
         server_names_hash_bucket_size 128;\nclient_max_body_size 0;\nssl_certificate {};\nssl_certificate_key {};\n",
        test.path("server.crt").display(),
        test.path("server.key").display(),
    );
    for word in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        let _ = writeln!(config, "{word}_temp_path {shown}/{word};");
        // Debian's newer files pass the host on without its port, which is not 443 here.
        let parameters = fs::read_to_string(format!("/etc/nginx/{word}_params")).unwrap_or_default();
        let kept: Vec<_> = parameters.lines().filter(|line| !line.contains("HTTP_HOST")).collect();
        test.write(&format!("nginx/{word}_params"), kept.join("\n") + "\n");
    }
    for site in running {
        for (listener, scheme, _) in LISTENERS.iter().filter(|(_, _, by)| *by == By::Nginx) {
            let backend = site.port(scheme);
            let word = if *scheme == "fcgi" { "fastcgi" } else { scheme };
            let pass = match *scheme {
                "http" => format!(
                    "proxy_pass http://127.0.0.1:{backend}; proxy_http_version 1.1; proxy_set_header Host $http_host; \
                     proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;"
                ),
                _ => format!("include {shown}/{word}_params; {word}_pass 127.0.0.1:{backend};"),
            };
            let _ = writeln!(
                config,
                "server {{ listen 127.0.0.1:{port} ssl; server_name {}; location / {{ {pass} }} }}",
                host(site.name, listener)
            );
        }
    }
    test.write("nginx/nginx.conf", config + "}\n");
    let (conf, prefix) = (folder.join("nginx.conf").display().to_string(), shown.to_string());
    Some(Process::start(test, test.program(program).args(["-c", &conf, "-p", &prefix, "-e", "stderr"])))
}

/// One Apache with a host for each application, for AJP.
fn apache(test: &Test, running: &[Running], port: u16) -> Option<Process> {
    let apache = Apache::find()?;
    let folder = test.path("apache");
    fs::create_dir(&folder).unwrap();
    let mut config = Apache::base(&folder, &["proxy", "proxy_ajp", "socache_shmcb", "ssl"]);
    let _ = writeln!(config, "Listen 127.0.0.1:{port}");
    for site in running {
        for (listener, scheme, _) in LISTENERS.iter().filter(|(_, _, by)| *by == By::Apache) {
            let _ = writeln!(
                config,
                "<VirtualHost 127.0.0.1:{port}>\nServerName {}\nSSLEngine on\nSSLCertificateFile {}\n\
                 SSLCertificateKeyFile {}\nProxyPreserveHost On\n\
                 ProxyPass / {scheme}://127.0.0.1:{}/ flushpackets=on\n</VirtualHost>",
                host(site.name, listener),
                test.path("server.crt").display(),
                test.path("server.key").display(),
                site.port(scheme),
            );
        }
    }
    Some(apache.run(test, &config))
}

fn host(name: &str, listener: &str) -> String {
    format!("{name}-{listener}.test.example")
}

fn with_sites() -> Option<(Test, String)> {
    let modules =
        ["bottle", "cherrypy", "django", "flask", "gevent", "httpx", "pyramid", "trac", "wagtail", "wsgidav"];
    let python = python(&modules)?.display().to_string();
    let test = Test::new();
    super::readable(&test);
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "test.example", "*.test.example"]).exits(0);
    let apps = repository().join("tests/apps").display().to_string();
    let sites = script("sites.py").display().to_string();
    test.program(&python).args([&sites, &apps, "sites"]).patiently(4).run().exits(0);
    Some((test, python))
}

#[test]
fn applications_by_every_listener() {
    let Some((test, python)) = with_sites() else { return };
    let mut running: Vec<_> =
        APPLICATIONS.iter().map(|application| start(&test, &python, application)).collect();
    let fronts = [free_port(), free_port()];
    let (Some(mut nginx), Some(mut apache)) =
        (nginx(&test, &running, fronts[0]), apache(&test, &running, fronts[1]))
    else {
        return;
    };
    nginx.wait_for(([127, 0, 0, 1], fronts[0]).into());
    apache.wait_for(([127, 0, 0, 1], fronts[1]).into());
    let mut visits = String::new();
    for site in &mut running {
        for port in site.ports.clone() {
            site.server.wait_for(([127, 0, 0, 1], port).into());
        }
        for (listener, scheme, by) in LISTENERS {
            let port = match by {
                By::Itself => site.port(scheme),
                By::Nginx => fronts[0],
                By::Apache => fronts[1],
            };
            let _ = writeln!(visits, "{} {listener} https://{}:{port}", site.name, host(site.name, listener));
        }
    }
    let visit = script("visit.py").display().to_string();
    let said =
        test.program(&python).args([&visit, "ca.crt"]).stdin(visits).patiently(4).run().exits(0).stdout();
    let failed: Vec<_> = running
        .iter()
        .flat_map(|site| LISTENERS.iter().map(move |(listener, ..)| format!("{} by {listener}", site.name)))
        .filter(|visit| !said.lines().any(|line| line == format!("{visit}: ok")))
        .collect();
    if !failed.is_empty() {
        for site in running.iter().filter(|site| failed.iter().any(|visit| visit.starts_with(site.name))) {
            test.note(&format!("--- {} said ---\n{}", site.name, site.server.log()));
        }
        test.note(&fs::read_to_string(test.path("apache/error")).unwrap_or_default());
    }
    assert!(failed.is_empty(), "{failed:?}\n{said}");
    for site in &running {
        let log = site.server.log();
        assert!(!log.contains("Traceback"), "{}: {log}", site.name);
        // An empty REMOTE_USER, as nginx sends it by FastCGI, is nobody.
        assert!(log.contains("127.0.0.1 - - [") && !log.contains("127.0.0.1 -  ["), "{}: {log}", site.name);
    }
}

/// Debian's litmus: the conformance tests of WebDAV, which ask for odd things on purpose; by every listener that Apache
/// can be before, and without anybody in between.
#[test]
fn litmus_on_webdav() {
    let (Some(litmus), Some(python), Some(apache)) = (peer("litmus"), python(&["wsgidav"]), Apache::find())
    else {
        return;
    };
    let test = Test::new();
    fs::create_dir(test.path("share")).unwrap();
    let python = python.display().to_string();
    // Its locks are in the memory of one process.
    let site = Site::start_with(&test, &apache, &["--workers", "1", "--python", &python], "webdav_app.py");
    let direct = site.ways.iter().find_map(|way| match way.backend {
        Backend::Tcp(port) if way.protocol == Protocol::Http => Some(("http, direct".to_owned(), port)),
        _ => None,
    });
    let mut failed = Vec::new();
    for (name, port) in site.ways.iter().map(|way| (way.name(), way.port)).chain(direct) {
        let ran = test.run(&litmus, &["-k", &format!("http://127.0.0.1:{port}/")]);
        let said = ran.all().replace('\r', "\n");
        let suites = said.matches(" 0 failed. 100.0%").count();
        if suites != 5 || said.contains("FAIL") || said.contains("SKIPPED") {
            failed.push(format!("{name}: {suites} of 5 suites\n{said}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
