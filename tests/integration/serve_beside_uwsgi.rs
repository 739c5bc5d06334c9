//! Option files beside uWSGI itself: each file of `testdata/uwsgi` starts both, and an application that tells all that it
//! sees is asked the same by each listener of the file.
//!
//! The files are copied with other ports and with folders of the test for `/srv`, `/run` and so on. What may differ is in
//! `DIFFERENT`, by name and with the reason.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use rustix::process::Signal;
use serde_json::Value;

use crate::gateway::{Asked, Listener, Received};
use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::{peer, python};
use crate::process::{Process, children, free_port, is_running, send, wait_until_gone};
use crate::serve_option_files::{Case, cases};

/// Where the application of a file is, below the test's folder. All others get one on the command line.
const APPLICATIONS: &[(&str, &str)] = &[
    ("bare file", "shop.py"),
    ("bare.ini", "shop.py"),
    ("call-form.ini", "django/core/wsgi.py"),
    ("cheaper.ini", "api.py"),
    ("debian.ini", "srv/wiki/wiki/wsgi.py"),
    ("declared.ini", "shop/wsgi.py"),
    ("django.ini", "srv/shop/shop/wsgi.py"),
    ("docker.ini", "main.py"),
    ("flask.ini", "app.py"),
    ("galaxy.yaml", "galaxy/webapps/galaxy/buildapp.py"),
    ("gevent.ini", "chat.py"),
    ("hooks.ini", "app.py"),
    ("logs.ini", "app.py"),
    ("quotes.ini", "srv/my site/app dir/wsgi.py"),
    ("site.json", "app.py"),
    ("site.xml", "app/site.py"),
    ("spaces.ini", "app.py"),
    ("static.ini", "app.py"),
    ("supervisor.ini", "srv/app/wsgi.py"),
    ("typos.ini", "new.py"),
    ("unicode.ini", "srv/späti/app.py"),
    ("variables alone", "app.py"),
    ("variables and a file", "shop.py"),
    ("windows.ini", "app.py"),
];

/// Files that neither starts: uWSGI keeps quotes, and then a folder is missing.
const STARTED_BY_NEITHER: &[&str] = &["quotes.ini"];

/// What certkit refuses to start with as long as it cannot do it.
const REFUSED: &[&str] = &[
    "attach-daemon",
    "check-static",
    "exec-asap",
    "exec-pre-app",
    "hook-master-start",
    "mount",
    "route-uri",
];

/// What differs in the JSON of `dump.py`: the file (or all), the name, and why.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("", "environ GATEWAY_INTERFACE", "uWSGI leaves it out"),
    ("", "environ RAW_URI", "certkit has it for applications that look for gunicorn's"),
    ("", "environ REMOTE_PORT", "uWSGI leaves it out of requests by HTTP"),
    ("", "environ REQUEST_SCHEME", "uWSGI leaves it out of requests by HTTP"),
    ("", "environ SCRIPT_NAME", "PEP 3333 lets an empty one be missing, as under uWSGI"),
    ("", "environ SERVER_NAME", "the name of the machine under uWSGI, when the request came by HTTP"),
    ("", "environ SERVER_SOFTWARE", "uWSGI leaves it out"),
    ("", "variables UWSGI_ORIGINAL_PROC_NAME", "uWSGI finds its program by it"),
    ("", "variables UWSGI_RELOADS", "uWSGI counts for itself"),
    ("debian.ini", "variables VIRTUAL_ENV", "certkit says what `activate` of the environment would say"),
    ("django.ini", "variables VIRTUAL_ENV", "certkit says what `activate` of the environment would say"),
    ("docker.ini", "user", "uWSGI stays in root's group when it gets no `gid`; certkit takes the user's own"),
    ("gevent.ini", "flags", "Debian's uWSGI has no gevent; it serves the file without"),
    ("variables alone", "flags", "without an option file certkit has its own number of threads"),
    ("supervisor.ini", "environ REMOTE_ADDR", "uWSGI says 0.0.0.0 of clients by HTTP on a unix socket"),
];

/// Fields of answers that differ: uWSGI closes after each answer and says nothing of it, and leaves the length of a body in
/// one piece out.
const UNCOMPARED_FIELDS: &[&str] = &["connection", "content-length", "date", "server"];

/// Further fields of answers that are files: ranges, validation, and no guessing of types.
const MORE_FOR_FILES: &[&str] = &["accept-ranges", "etag", "x-content-type-options"];

/// Folders in the files, and ports.
const FOLDERS: &[&str] = &["/srv", "/run/", "/tmp/", "/etc/ssl/"];
const PORTS: &[&str] =
    &["3031", "4001", "5000", "8000", "8080", "8443", "9090", "9091", "9092", "9093", "9191"];

/// A copy of the files, and what was put for what.
struct Copy {
    test: Test,
    changed: Vec<(String, String)>,
}

impl Copy {
    fn new() -> Self {
        let test = Test::with_certificate("localhost");
        let folder = test.folder().canonicalize().unwrap();
        for open in [folder.clone(), folder.parent().unwrap().to_owned()] {
            fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut changed: Vec<_> =
            FOLDERS.iter().map(|name| ((*name).to_owned(), format!("{}{name}", folder.display()))).collect();
        changed.extend(PORTS.iter().map(|port| (format!(":{port}"), format!(":{}", free_port()))));
        changed.push(("=8080".to_owned(), format!("={}", free_port())));
        // For uWSGI these are 32 bytes, which hold no request.
        changed.push(("32k".to_owned(), "32768".to_owned()));
        changed.push(("x%(base)".to_owned(), "%(base)".to_owned()));
        // Three ports in a row are not to be had.
        changed.push(("127.0.0.1:300%(_)".to_owned(), format!("{}/run/%(_).sock", folder.display())));
        // In a folder without Python uWSGI starts nothing; `serve_privileges` has its own.
        changed.push(("\nchroot = ".to_owned(), "\nno-chroot = ".to_owned()));
        if !rustix::process::geteuid().is_root() {
            for word in ["uid", "gid", "chown-socket"] {
                changed.push((format!("\n{word} = "), format!("\nno-{word} = ")));
            }
        }
        for folder in ["alpha", "beta", "gamma"] {
            fs::create_dir_all(test.path(format!("srv/{folder}/static"))).unwrap();
        }
        for writable in [
            "run",
            "run/uwsgi/app/wiki",
            "run/app",
            "tmp",
            "etc/ssl",
            "srv/media",
            "srv/shop",
            "srv/jail",
            "srv/lib",
        ] {
            fs::create_dir_all(test.path(writable)).unwrap();
            fs::set_permissions(test.path(writable), fs::Permissions::from_mode(0o777)).unwrap();
        }
        for ending in ["crt", "key"] {
            fs::copy(test.path(format!("server.{ending}")), test.path(format!("etc/ssl/shop.{ending}")))
                .unwrap();
        }
        let copy = Self { test, changed };
        for file in fs::read_dir(repository().join("testdata/uwsgi")).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            copy.test.write(name, copy.adapt(&text));
        }
        copy
    }

    /// Each place is changed once, whatever stands there afterwards.
    fn adapt(&self, text: &str) -> String {
        let mark = |number: usize| format!("\u{1}{number}\u{2}");
        let changed = self.changed.iter().enumerate();
        let marked =
            changed.clone().fold(text.to_owned(), |text, (at, (from, _))| text.replace(from, &mark(at)));
        changed.fold(marked, |text, (at, (_, to))| text.replace(&mark(at), to))
    }

    fn put_application(&self, path: &str) {
        let to = self.test.path(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(repository().join("tests/apps/dump.py"), &to).unwrap();
        // Packages up to the folder that is searched.
        let folder = to.parent().unwrap();
        if !path.starts_with("srv/") {
            for package in folder.ancestors().take_while(|at| *at != self.test.folder()) {
                fs::write(package.join("__init__.py"), "").unwrap();
            }
        }
    }

    /// An environment of the Python that uWSGI has inside.
    fn put_environment(&self, path: &str) {
        let made = Command::new("/usr/bin/python3")
            .args(["-m", "venv", "--without-pip", "--symlinks"])
            .arg(self.test.path(path))
            .status()
            .unwrap();
        assert!(made.success());
    }
}

/// What is asked by each listener.
const ASKED: &[Asked<'static>] = &[
    Asked { method: "GET", path: "/a%20b", query: "x=%C3%A9&y=1", body: b"" },
    Asked { method: "POST", path: "/", query: "", body: b"a body" },
    Asked { method: "HEAD", path: "/x//y/../z", query: "", body: b"" },
];

/// What is asked besides, of some files.
const ASKED_OF: &[(&str, &[&str])] =
    &[("static.ini", &["/static/a.css", "/static/none", "/media/b.txt", "/old"])];

/// A program that serves, and what it said to each request.
struct Told {
    /// By listener and request; nothing when the program did not start.
    answers: Option<BTreeMap<String, Received>>,
    log: String,
}

impl Copy {
    fn ask(&self, name: &str, mut program: Process, listeners: &[Listener]) -> Told {
        let has_started = eventually("listeners", || {
            if program.ended().is_some() {
                return Some(false);
            }
            listeners.iter().all(Listener::accepts).then_some(true)
        });
        if !has_started {
            return Told { answers: None, log: program.log() };
        }
        let more = ASKED_OF.iter().filter(|(file, _)| *file == name).flat_map(|(_, paths)| *paths);
        let more = more.map(|path| Asked { method: "GET", path, query: "", body: b"" });
        let all: Vec<_> = ASKED.iter().copied().chain(more).collect();
        let mut answers = BTreeMap::new();
        for listener in listeners {
            for asked in &all {
                let what = format!("{}: {} {}", listener.scheme, asked.method, asked.path);
                let mut received = listener.ask(*asked).unwrap_or_else(|error| Received {
                    status: error.to_string(),
                    fields: Vec::new(),
                    body: String::new(),
                });
                // uWSGI sends the body that nobody asked for.
                if asked.method == "HEAD" {
                    received.body.clear();
                }
                answers.insert(what, received);
            }
        }
        // uWSGI with threads does not always end when it is asked to. Its master is stopped first: it must not start new
        // workers while the others end.
        program.signal(Signal::STOP);
        let mut all = vec![program.id()];
        let mut at = 0;
        while let Some(id) = all.get(at) {
            all.extend(children(*id));
            at += 1;
        }
        all.iter().for_each(|id| send(*id, Signal::KILL));
        program.wait();
        wait_until_gone(&all);
        eventually("free addresses", || (!listeners.iter().any(Listener::accepts)).then_some(()));
        Told { answers: Some(answers), log: program.log() }
    }

    /// What certkit makes of the file's listeners, as it shows them itself.
    fn listeners(&self, case: &Case, args: &[String]) -> Vec<Listener> {
        let shown = self.program(&certkit(), case).args(["serve", "--show-config=toml"]).args(args).run();
        let shown: toml::Table = shown.stdout().parse().unwrap();
        let listen = shown["serve"].get("listen").cloned().unwrap_or(toml::Value::Array(Vec::new()));
        let listen = listen.as_array().cloned().unwrap_or_else(|| vec![listen.clone()]);
        listen
            .iter()
            .map(|listen| Listener::parse(listen.as_str().unwrap()))
            .filter(|listener| listener.scheme != "https")
            .collect()
    }

    fn program(&self, program: &Path, case: &Case) -> crate::harness::Program<'_> {
        let program = self.test.program(program).env("DUMP_ROOT", self.test.folder());
        case.variables.iter().fold(program, |program, (name, value)| {
            // (The mark makes a value that is a port look like one.)
            program.env(name, &self.adapt(&format!("={value}"))[1..])
        })
    }
}

#[test]
fn option_files_serve_as_under_uwsgi() {
    let (Some(uwsgi), Some(gevent)) = (peer("uwsgi_python3"), python(&["gevent"])) else { return };
    let cases = Mutex::new(cases().into_iter());
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((name, case)) = cases.lock().unwrap().next() else { return };
                    if let Err(difference) = compare(&uwsgi, &gevent, &name, &case) {
                        wrong.lock().unwrap().push(format!("{name}: {difference}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(uwsgi: &Path, gevent: &Path, name: &str, case: &Case) -> Result<(), String> {
    let copy = Copy::new();
    let mut args: Vec<_> = case.args.iter().map(|word| copy.adapt(word)).collect();
    match APPLICATIONS.iter().find(|(file, _)| *file == name) {
        Some((_, path)) => copy.put_application(path),
        None => {
            copy.put_application("dump.py");
            args.extend(["--wsgi-file".to_owned(), copy.test.path("dump.py").display().to_string()]);
        }
    }
    if name == "static.ini" {
        copy.test.write("public/static/a.css", "a {}");
        copy.test.write("srv/media/b.txt", "b");
        copy.put_application("api.py");
    }
    for environment in ["srv/shop/venv", "srv/wiki/venv"] {
        if matches!(name, "django.ini" | "debian.ini") {
            copy.put_environment(environment);
        }
    }
    let mut listeners = copy.listeners(case, &args);
    if listeners.is_empty() {
        args.extend(["--http-socket".to_owned(), format!("127.0.0.1:{}", free_port())]);
        listeners = copy.listeners(case, &args);
    }
    // The router of `http` is a plugin in Debian.
    let program =
        copy.program(uwsgi, case).args(["--plugins", "http,cheaper_busyness", "--no-orphans"]).args(&args);
    let theirs = copy.ask(name, Process::start(&copy.test, program), &listeners);
    let program = copy.program(&certkit(), case).args(["serve"]).args(&args);
    let program = match name {
        "django.ini" | "debian.ini" => program,
        "gevent.ini" => program.args([Path::new("--python"), gevent]),
        _ => program.args(["--python", "/usr/bin/python3"]),
    };
    let ours = copy.ask(name, Process::start(&copy.test, program), &listeners);
    let logs = || format!("uWSGI said\n{}\ncertkit said\n{}", theirs.log, ours.log);
    match (&theirs.answers, &ours.answers) {
        (None, None) if STARTED_BY_NEITHER.contains(&name) => Ok(()),
        (_, None)
            if REFUSED.iter().any(|word| ours.log.contains(&format!("does not support `{word}` yet"))) =>
        {
            Ok(())
        }
        (None, _) => Err(format!("uWSGI does not start; {}", logs())),
        (_, None) => Err(format!("certkit does not start; {}", logs())),
        (Some(theirs), Some(ours)) => {
            let mut found = Vec::new();
            for (what, expected) in theirs {
                differences(name, expected, &ours[what])
                    .into_iter()
                    .for_each(|line| found.push(format!("{what}: {line}")));
            }
            if found.is_empty() { Ok(()) } else { Err(format!("{}\n", found.join("\n  "))) }
        }
    }
}

fn differences(file: &str, theirs: &Received, ours: &Received) -> Vec<String> {
    let mut found = Vec::new();
    let may_differ =
        |what: &str| DIFFERENT.iter().any(|(of, name, _)| (of.is_empty() || *of == file) && *name == what);
    let mut compare = |what: &str, theirs: &str, ours: &str| {
        if theirs != ours && !may_differ(what) {
            found.push(format!("{what}: uWSGI {theirs:?}, certkit {ours:?}"));
        }
    };
    compare("status", &theirs.status, &ours.status);
    // Files have an ETag under certkit, which uWSGI does not know: what comes with it is more than uWSGI sends.
    let is_file = ours.fields.iter().any(|(name, _)| name == "etag");
    let fields = |received: &Received| {
        let all = received.fields.iter().filter(|(name, _)| {
            let is_more = is_file && MORE_FOR_FILES.contains(&name.as_str());
            !is_more && !UNCOMPARED_FIELDS.contains(&name.as_str())
        });
        let all = all.map(|(name, value)| match name.as_str() {
            "content-type" if is_file => format!("{name}: {}", value.trim_end_matches("; charset=utf-8")),
            // It counts from the second of the answer.
            "expires" => name.clone(),
            _ => format!("{name}: {value}"),
        });
        all.collect::<Vec<_>>().join("; ")
    };
    compare("header fields", &fields(theirs), &fields(ours));
    let parsed = |received: &Received| serde_json::from_str::<Value>(&received.body);
    let (Ok(their_json), Ok(our_json)) = (parsed(theirs), parsed(ours)) else {
        compare("body", &theirs.body, &ours.body);
        return found;
    };
    // The folder of a file is searched too, which uWSGI does not do.
    let (searched, ours) = (folders(&their_json), folders(&our_json));
    let common: Vec<_> = ours.iter().filter(|folder| searched.contains(folder)).collect();
    if common != searched.iter().collect::<Vec<_>>() {
        compare("path", &format!("{searched:?}"), &format!("{ours:?}"));
    }
    let (their_json, our_json) = (flat(&their_json), flat(&our_json));
    for name in their_json.keys().chain(our_json.keys().filter(|name| !their_json.contains_key(*name))) {
        let text = |values: &BTreeMap<String, String>| values.get(name).cloned().unwrap_or_default();
        compare(name, &text(&their_json), &text(&our_json));
    }
    found
}

/// Every value with the names that lead to it.
fn flat(json: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, value) in json.as_object().into_iter().flatten() {
        match value {
            Value::Object(inner) => {
                found.extend(
                    inner.iter().map(|(inner, value)| (format!("{name} {inner}"), value.to_string())),
                );
            }
            Value::Array(_) if name == "path" => {}
            value => {
                found.insert(name.clone(), value.to_string());
            }
        }
    }
    found
}

/// Where modules are searched.
fn folders(json: &Value) -> Vec<String> {
    json["path"].as_array().into_iter().flatten().map(ToString::to_string).collect()
}

/// Ends a process that the test did not start itself.
struct EndOf(u32);

impl Drop for EndOf {
    fn drop(&mut self) {
        send(self.0, Signal::KILL);
    }
}

/// As Debian's /etc/init.d/uwsgi does it: what it gives every application, the application's file, variables that name it,
/// and a log; the signals are the script's too.
#[test]
fn as_an_init_script_starts_it() {
    let copy = Copy::new();
    copy.put_application("srv/wiki/wiki/wsgi.py");
    copy.put_environment("srv/wiki/venv");
    let cases = cases();
    let case = &cases["debian.ini"];
    let folder = "run/uwsgi/app/wiki";
    let program = copy.program(&certkit(), case).args(["serve"]).args(&case.args);
    program.args(["--daemonize", "wiki.log"]).run().exits(0);
    let pid: u32 = copy.test.text(&format!("{folder}/pid")).trim().parse().unwrap();
    let _end = EndOf(pid);
    let ended = || (!is_running(pid)).then_some(());
    let socket = copy.test.path(folder).join("socket");
    let listener = Listener::parse(&format!("uwsgi+unix:{}", socket.display()));
    let ask = || listener.ask(ASKED[0]).unwrap();
    assert_eq!(ask().status, "203 Dumped");
    if rustix::process::geteuid().is_root() {
        let user: Value = serde_json::from_str(&ask().body).unwrap();
        assert!(user["user"][0].as_u64().is_some_and(|uid| uid > 0), "{user}");
    }
    send(pid, Signal::HUP);
    eventually("the reload", || copy.test.text("wiki.log").contains("reloaded").then_some(()));
    assert_eq!(ask().status, "203 Dumped");
    send(pid, Signal::QUIT);
    eventually("its end", ended);
    assert!(!socket.exists() && !copy.test.path(format!("{folder}/pid")).exists());
}
