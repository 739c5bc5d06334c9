//! Django as its documentation of FastCGI, SCGI and AJP had it: behind Apache with rewrite rules, below a prefix, and
//! with a restart script.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use super::apache::Apache;
use super::client::{Reply, ask, request};
use super::{Backend, Protocol, Way, start_certkit, ways};
use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::{peer, python, skip};
use crate::process::{Process, free_port, is_running, wait_until_gone};
use crate::testing::write_program;

const PROTOCOLS: &[Protocol] = &[Protocol::Fcgi, Protocol::Scgi, Protocol::Ajp];

/// Starts `blog.py` behind Apache, which serves /media and the files that exist. `rewrite` has the place of `BACKEND` for
/// each way.
fn with_django(args: &[&str], rewrite: &str, check: impl Fn(&Way)) {
    let (Some(apache), Some(python)) = (Apache::find(), python(&["django"])) else { return };
    let test = Test::new();
    // Over TCP: `[P]` knows no unix sockets.
    let mut ways = ways(&test, PROTOCOLS);
    ways.retain(|way| matches!(way.backend, Backend::Tcp(_)));
    let python = python.display().to_string();
    let _back = start_certkit(&test, &ways, &[&["--python", &python], args].concat(), "blog.py");
    test.write("htdocs/hello.txt", "a file that exists");
    test.write("media/site.css", "of /media");
    let folder = test.path("front");
    fs::create_dir(&folder).unwrap();
    let modules = ["proxy", "proxy_fcgi", "proxy_scgi", "proxy_ajp", "rewrite", "alias"];
    let mut config = Apache::base(&folder, &modules);
    let work = test.folder().display().to_string();
    let _ = writeln!(config, "<Directory {work}>\nRequire all granted\n</Directory>");
    for way in &ways {
        let Backend::Tcp(port) = way.backend else { continue };
        let backend = format!("{}://127.0.0.1:{port}", way.protocol.word());
        let _ = writeln!(
            config,
            "Listen 127.0.0.1:{port}\n<VirtualHost 127.0.0.1:{port}>\nProxyPreserveHost On\n\
             DocumentRoot {work}/htdocs\nAlias /media {work}/media\nRewriteEngine On\n\
             RewriteRule ^/(media.*)$ /$1 [QSA,L,PT]\n\
             RewriteCond %{{DOCUMENT_ROOT}}%{{REQUEST_URI}} !-f\n{}\n</VirtualHost>",
            rewrite.replace("BACKEND", &backend),
            port = way.port,
        );
    }
    let mut front = apache.run(&test, &config);
    for way in &ways {
        front.wait_for(([127, 0, 0, 1], way.port).into());
        assert_eq!(get(way, "/media/site.css").body, b"of /media", "{}", way.name());
        assert_eq!(get(way, "/hello.txt").body, b"a file that exists", "{}", way.name());
        check(way);
    }
}

fn get(way: &Way, path: &str) -> Reply {
    ask(way.port, &request("GET", path, &[], b""))
}

/// Checks the links that Django makes when it is at `prefix`.
fn has_links_below(way: &Way, prefix: &str) {
    let name = way.name();
    let reply = get(way, &format!("{prefix}/links?x=1"));
    assert_eq!(reply.status, 200, "{name}: {reply:?}");
    let links = reply.json();
    assert_eq!(links["home"], format!("{prefix}/"), "{name}");
    assert_eq!(links["static"], format!("{prefix}/static/site.css"), "{name}");
    assert_eq!(get(way, &format!("{prefix}/")).status, 200, "{name}");
    let redirect = get(way, &format!("{prefix}/go"));
    assert_eq!((redirect.status, redirect.fields("location")), (302, vec![&*format!("{prefix}/")]), "{name}");
    assert_eq!(get(way, &format!("{prefix}/missing")).status, 404, "{name}");
}

#[test]
fn django_behind_rewrite_rules_for_all_but_files_and_media() {
    with_django(&[], "RewriteRule ^/(.*)$ BACKEND/$1 [QSA,L,P]", |way| has_links_below(way, ""));
}

#[test]
fn django_below_a_prefix() {
    // Apache tells AJP of the rewritten path, FastCGI and SCGI of the one that the client sent.
    let args = ["--script-name", "/mysite", "--manage-script-name"];
    let rewrite = "RewriteRule ^/mysite(/.*)$ BACKEND$1 [QSA,L,P]";
    with_django(&args, rewrite, |way| has_links_below(way, "/mysite"));
}

#[test]
fn django_on_shared_hosting_finds_its_prefix() {
    let (Some(apache), Some(python)) = (Apache::find(), python(&["django"])) else { return };
    if !Path::new("/usr/lib/apache2/modules/mod_fcgid.so").is_file() {
        return skip("mod_fcgid");
    }
    let test = Test::new();
    let (folder, port) = (test.path("front"), free_port());
    fs::create_dir(&folder).unwrap();
    for path in [test.folder(), test.folder().parent().unwrap().to_owned(), folder.clone()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    // The user that Apache runs it as may not be allowed to read the repository.
    fs::copy(repository().join("tests/apps/blog.py"), test.path("blog.py")).unwrap();
    // Nor to run an interpreter of this user: the system's own finds Django in the same folder.
    let find = "import django, os; print(os.path.dirname(os.path.dirname(django.__file__)))";
    let packages = test.run(&python, &["-c", find]).exits(0).stdout().trim().to_owned();
    if rustix::process::geteuid().is_root() {
        let Some(setpriv) = peer("setpriv") else { return };
        // setpriv itself may run what its user may not.
        let user = ["--reuid=www-data", "--regid=www-data", "--clear-groups", "sh", "-c"];
        let import = test.program(setpriv).args(user).args(["exec python3 -c 'import django'"]);
        if !import.env("PYTHONPATH", &packages).env("PATH", "/usr/bin:/bin").run().succeeded() {
            return skip("python with django for www-data");
        }
    }
    let certkit = test.copy_certkit();
    let rules = "AddHandler fcgid-script .fcgi\nOptions +ExecCGI +FollowSymLinks\nRewriteEngine On\n\
                 RewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^(.*)$ mysite.fcgi/$1 [QSA,L]\n";
    // A site of its own, one in a folder, and one whose settings name another prefix.
    for (site, more) in [("", ""), ("shop/", ""), ("forced/", "--env BLOG_PREFIX=/blog")] {
        test.write(&format!("htdocs/{site}hello.txt"), "a file that exists");
        test.write(&format!("htdocs/{site}.htaccess"), rules);
        let script = format!(
            "#!/bin/sh\nexec {} serve --pythonpath {packages} {more} {}\n",
            certkit.display(),
            test.path("blog.py").display()
        );
        write_program(&test.path(format!("htdocs/{site}mysite.fcgi")), &script);
    }
    let mut config = Apache::base(&folder, &["fcgid", "mime", "rewrite"]);
    config += &format!(
        "Listen 127.0.0.1:{port}\nFcgidIPCDir {folder}\nFcgidProcessTableFile {folder}/table\nFcgidIOTimeout 60\n\
         FcgidMaxProcesses 3\nFcgidMaxProcessesPerClass 1\nFcgidInitialEnv PATH /usr/bin:/bin\nDocumentRoot {work}/htdocs\n\
         TypesConfig /dev/null\n<Directory {work}/htdocs>\nRequire all granted\nAllowOverride All\n</Directory>\n",
        folder = folder.display(),
        work = test.folder().display(),
    );
    let mut front = apache.run(&test, &config);
    front.wait_for(([127, 0, 0, 1], port).into());
    for (site, prefix) in [("", ""), ("/shop", "/shop"), ("/forced", "/blog")] {
        let get = |path: &str| ask(port, &request("GET", &format!("{site}{path}"), &[], b""));
        assert_eq!(get("/hello.txt").body, b"a file that exists", "{site}");
        let reply = get("/links");
        if reply.status != 200 {
            test.note(&test.text("front/error"));
        }
        assert_eq!(reply.status, 200, "{reply:?}");
        let links = reply.json();
        assert_eq!(links["home"], format!("{prefix}/"), "{site}");
        // Django's own answer, from REDIRECT_URL.
        assert_eq!(
            (&links["script_name"], &links["path_info"]),
            (&prefix.into(), &"/links".into()),
            "{site}"
        );
        assert_eq!(get("/go").fields("location"), [format!("{prefix}/")], "{site}");
    }
}

/// Ends the server that a pid file names.
struct EndOf<'a>(&'a Path);

impl Drop for EndOf<'_> {
    fn drop(&mut self) {
        if let Some(pid) = pid(self.0).and_then(|pid| Pid::from_raw(pid.cast_signed())) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

fn pid(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[test]
fn a_server_that_ends_may_keep_its_socket_for_a_moment() {
    let test = Test::new();
    fs::copy(repository().join("tests/apps/mirror.py"), test.path("mirror.py")).unwrap();
    let socket = test.path("mysite.sock");
    let old = UnixListener::bind(&socket).unwrap();
    old.set_nonblocking(true).unwrap();
    let args = ["serve", "--workers", "1", "--listen", "fcgi+unix:mysite.sock", "mirror.py"];
    let server = Process::start(&test, test.program(certkit()).args(args));
    // It looks whether anybody listens.
    let asked = eventually("the question", || old.accept().ok());
    drop((asked, old));
    server.wait_for_log("serving mirror.py");
    UnixStream::connect(&socket).unwrap();
    // Another one waits in vain.
    let mut second = Process::start(&test, test.program(certkit()).args(args));
    assert_eq!(second.wait().code(), Some(2));
    assert!(second.log().contains("already in use"), "{}", second.log());
}

#[test]
fn a_restart_script_with_a_pid_file_that_may_be_stale() {
    let test = Test::new();
    let app = repository().join("tests/apps/mirror.py");
    fs::copy(app, test.path("mirror.py")).unwrap();
    let (file, socket) = (test.path("mysite.pid"), test.path("mysite.sock"));
    write_program(
        &test.path("restart"),
        &format!(
            "#!/bin/sh\ncd {folder}\nif [ -f mysite.pid ]; then\n    kill `cat -- mysite.pid`\n\
             \x20   rm -f -- mysite.pid\nfi\n\
             exec /usr/bin/env - PATH=\"$PATH\" HOME=\"$HOME\" {certkit} serve --workers 1 --pidfile mysite.pid \\\n\
             \x20   --daemonize mysite.log --listen fcgi+unix:mysite.sock --umask 0002 mirror.py\n",
            folder = test.folder().display(),
            certkit = certkit().display(),
        ),
    );
    // Of a server that was killed: nobody has its number any more, and nobody listens.
    let mut gone = std::process::Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    test.write("mysite.pid", format!("{}\n", gone.id()));
    drop(UnixListener::bind(&socket).unwrap());

    let _end = EndOf(&file);
    let mut before = None;
    for _ in 0..3 {
        test.run(test.path("restart"), &[]).exits(0);
        let now = pid(&file).unwrap();
        assert!(is_running(now));
        assert_ne!(Some(now), before);
        // The old one takes neither socket nor pid file with it.
        if let Some(before) = before {
            wait_until_gone(&[before]);
        }
        assert_eq!(pid(&file), Some(now));
        eventually("the socket", || UnixStream::connect(&socket).ok());
        before = Some(now);
    }
}
