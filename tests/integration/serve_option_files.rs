//! Option files of uWSGI: every file in `testdata/uwsgi` beside uWSGI itself, and what certkit says of them.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::peer;
use crate::process::{Process, free_port};

/// Files that others name; they are not read by themselves.
const PARTS: &[&str] = &["cases.txt", "default.ini", "letters-sub.ini", "lines.txt", "secret.txt"];

/// What holds with an option file that does not set it.
const OF_OPTION_FILES: &[&str] = &["limit-post = 0", "workers = 1", "threads = 1"];

/// How a file is read.
pub(crate) struct Case {
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) args: Vec<String>,
}

fn with_files() -> Test {
    let test = Test::new();
    for file in fs::read_dir(repository().join("testdata/uwsgi")).unwrap() {
        let path = file.unwrap().path();
        test.write(path.file_name().unwrap().to_str().unwrap(), fs::read(&path).unwrap());
    }
    test
}

/// Every file with how it is read: as `cases.txt` says, else as an option that its ending names.
pub(crate) fn cases() -> BTreeMap<String, Case> {
    let folder = repository().join("testdata/uwsgi");
    let mut cases = BTreeMap::new();
    for file in fs::read_dir(&folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if !PARTS.contains(&name.as_str()) {
            let ending = name.rsplit('.').next().unwrap();
            let args = vec![format!("--{ending}"), name.clone()];
            cases.insert(name, Case { variables: Vec::new(), args });
        }
    }
    let text = fs::read_to_string(folder.join("cases.txt")).unwrap();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<_> = line.split('|').map(str::trim).collect();
        let [name, variables, args] = parts[..] else { panic!("{line}") };
        let variables = variables.split_whitespace().map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        });
        let args = args.split_whitespace().map(str::to_owned);
        let case = Case { variables: variables.collect(), args: args.collect() };
        // A name that is not a file's stands for arguments and variables alone.
        let known = cases.insert(name.to_owned(), case).is_some();
        assert!(known || !name.contains('.'), "{name} is not there");
    }
    cases
}

/// The lines that uWSGI's `--show-config` has between its marks, without those of the call itself and without the date
/// that `log-date` puts before each.
fn shown(output: &str) -> Vec<String> {
    let lines = output.lines().map(|line| {
        let is_dated = line.get(24..27) == Some(" - ") && line.get(13..14) == Some(":");
        if is_dated { &line[27..] } else { line }
    });
    lines
        .skip_while(|line| *line != "[uwsgi]")
        .skip(1)
        .take_while(|line| *line != ";end of configuration")
        .filter(|line| !line.starts_with("show-config = ") && !line.starts_with("no-server = "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_option_file_is_shown_as_uwsgi_shows_it() {
    let Some(uwsgi) = peer("uwsgi_python3") else { return };
    let cases = cases();
    assert!(cases.len() >= 40, "{}", cases.len());
    for (name, case) in cases {
        let test = with_files();
        let run = |program: &std::path::Path, first: &[&str]| {
            let program = test.program(program).args(first).args(&case.args);
            let with_variables =
                case.variables.iter().fold(program, |program, (name, value)| program.env(name, value));
            with_variables.run()
        };
        let expected = shown(&run(&uwsgi, &["--show-config", "--no-server"]).all());
        assert!(!expected.is_empty(), "{name}: uWSGI shows nothing");
        let ours = run(&certkit(), &["serve", "--show-config"]).exits(0);
        assert_eq!(shown(&ours.stdout()), expected, "{name}");
    }
}

#[test]
fn shown_settings_are_an_option_file_again() {
    let test = with_files();
    let show = |file: &str| test.certkit(&["serve", "--ini", file, "--show-config"]).exits(0).stdout();
    let lines = |text: &str| {
        text.lines().filter(|line| !line.starts_with("ini = ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let first = show("django.ini");
    test.write("again.ini", lines(&first).join("\n"));
    assert_eq!(lines(&show("again.ini")), lines(&first));
}

#[test]
fn an_option_file_is_read_from_standard_input() {
    let test = Test::new();
    let show = |args: &[&str]| {
        let program = test.program(certkit()).args(["serve", "--show-config=toml"]).args(args);
        program.stdin("\u{feff}[uwsgi]\nprocesses = 2\n[live]\nprocesses = 7\n").run().exits(0).stdout()
    };
    assert_eq!(show(&["--ini", "-"]), "[serve]\nworkers = 2\nthreads = 1\nlimit-post = 0\n");
    assert_eq!(show(&["-"]), "[serve]\nworkers = 2\nthreads = 1\nlimit-post = 0\n");
    assert_eq!(show(&["--ini=-:live"]), "[serve]\nworkers = 7\nthreads = 1\nlimit-post = 0\n");
}

#[test]
fn values_mean_what_they_mean_in_uwsgi() {
    let test = Test::new();
    test.write("shop.py", "");
    test.write("site/app.py", "");
    for (text, expected) in [
        ("processes = 2   ; remark\nthreads = 4#", "workers = 2\nthreads = 4\n"),
        ("http-keepalive = true", ""),
        ("http-keepalive = 0", "keepalive = 0\n"),
        ("disable-logging = false", ""),
        ("disable-logging", "disable-logging = true\n"),
        ("protocol = http\nsocket = :9090", "listen = \"http://:9090\"\n"),
        ("socket = :9090\nprotocol = http", "listen = \"http://:9090\"\n"),
        ("chmod-socket", "socket-mode = 666\n"),
        ("shared-socket = :443\nhttps = =0,c,k", "listen = \"https://:443\"\ncert = \"c\"\nkey = \"k\"\n"),
        ("n = 3\nthreads = %(n + 1)", "threads = 4\n"),
        ("manage-script-name = none", "manage-script-name = true\n"),
        ("if-env = NO_SUCH\nprocesses = 9\nendif =", ""),
    ] {
        test.write("a.ini", format!("[uwsgi]\n{text}\n"));
        let shown = test.certkit(&["serve", "a.ini", "--show-config=toml"]).exits(0).stdout();
        let expected: Vec<_> = expected.lines().collect();
        let lines = shown.lines().filter(|line| !OF_OPTION_FILES.contains(line) && *line != "[serve]");
        assert_eq!(lines.collect::<Vec<_>>(), expected, "{text}");
        assert!(shown.contains("limit-post = 0\n"), "{text}: {shown}");
    }
    test.write("a.ini", "[uwsgi]\nlimit-post = 10\n");
    assert!(test.certkit(&["serve", "a.ini", "--show-config=toml"]).stdout().contains("limit-post = 10\n"));
}

#[test]
fn paths_count_from_the_folder_of_the_application() {
    let test = Test::new();
    test.write("site/app.py", "");
    let folder = test.path("site").canonicalize().unwrap().display().to_string();
    test.write(
        "a.ini",
        "[uwsgi]\nsocket = run/a.sock\npythonpath = lib\nstatic-map = /s=public\nvenv = env\nini = b.ini\nchdir = site\n",
    );
    test.write("b.ini", "[uwsgi]\nthreads = 2\n");
    let shown = test.certkit(&["serve", "a.ini", "--show-config=toml"]).exits(0).stdout();
    for line in [
        format!("listen = \"uwsgi+unix:{folder}/run/a.sock\""),
        format!("pythonpath = \"{folder}/lib\""),
        format!("try-static = \"/s={folder}/public\""),
        format!("virtualenv = \"{folder}/env\""),
        "threads = 2".to_owned(),
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
}

#[test]
fn a_word_that_protects_stops_the_start() {
    let test = Test::new();
    for (text, line, part) in [
        ("limit-nproc = 5", 2, "`limit-nproc`"),
        ("threads = 1\nssl-verify-depth = 2", 3, "`ssl-verify-depth`"),
        ("route = ^/admin http:127.0.0.1:80", 2, "the action `http`"),
        ("plugins = php", 2, "no plugin `php`"),
        ("cron = 0 0 -1 -1 -1 date", 2, "use cron or a systemd timer"),
        ("fastrouter = :80", 2, "nginx"),
        ("strict = true\nvaccum = true", 3, "did you mean `vacuum`?"),
    ] {
        test.write("a.ini", format!("[uwsgi]\n{text}\n"));
        let said = test.certkit(&["serve", "a.ini"]).exits(2).stderr();
        assert!(said.contains(&format!("a.ini, line {line}")) && said.contains(part), "{text}: {said}");
    }
    let refused = |args: &[&str]| test.certkit(args).exits(2).stderr();
    assert!(refused(&["serve", "--limit-nproc", "5"]).contains("`limit-nproc`"));
    // `--lenient` is for what is missing, not for what protects.
    test.write("a.ini", "[uwsgi]\ncron = 0 0 -1 -1 -1 date\nlimit-nproc = 5\n");
    let said = refused(&["serve", "--lenient", "a.ini"]);
    assert!(said.contains("`limit-nproc`") && said.contains("`cron` has no effect"), "{said}");
}

#[test]
fn options_of_all_sources_have_their_rank() {
    let test = Test::new();
    test.write("a.ini", "[uwsgi]\nprocesses = 2\nthreads = 3\n");
    let show = |args: &[&str]| {
        let program = test.program(certkit()).args(["serve", "--show-config=toml"]).args(args);
        program.env("UWSGI_PROCESSES", "5").env("UWSGI_POST_BUFFERING", "7").run().exits(0)
    };
    assert_eq!(show(&[]).stdout(), "[serve]\nworkers = 5\npost-buffering = 7\n");
    let ran = show(&["a.ini", "-p", "8"]);
    assert_eq!(ran.stdout(), "[serve]\nworkers = 8\nthreads = 3\nlimit-post = 0\npost-buffering = 7\n");
    assert!(ran.stderr().contains("on the command line and in an option file"), "{}", ran.stderr());
    for args in [&["a.ini"][..], &["--ini", "a.ini"]] {
        assert!(!show(args).stderr().contains("on the command line and"), "{args:?}");
    }
}

#[test]
fn a_server_starts_from_an_option_file() {
    let Some(curl) = peer("curl") else { return };
    let test = Test::new();
    test.write(
        "site/shop.py",
        "import os, threading\n\
         def make():\n\
         \x20   def application(environ, start_response):\n\
         \x20       body = environ['wsgi.input'].read()\n\
         \x20       start_response('200 OK', [])\n\
         \x20       return [('%s %d %s' % (os.environ['NAME'], len(body), environ['wsgi.multiprocess'])).encode()]\n\
         \x20   return application\n",
    );
    let port = free_port();
    test.write(
        "live.yaml",
        format!(
            "uwsgi:\n  name: shop\n  protocol: http\n  socket: 127.0.0.1:{port}\n  env: NAME=%(name)\n  chdir: site\n\
             \x20 module: shop:make()\n  limit-post: 0\n  http-keepalive: 'true'\n  vacuum: true\n"
        ),
    );
    let mut server = Process::start(&test, test.program(certkit()).args(["serve", "--yaml", "live.yaml"]));
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    test.write("body", vec![b'x'; 100_000]);
    let url = format!("http://127.0.0.1:{port}/");
    let ran = test.run(&curl, &["-sS", "--data-binary", "@body", &url]).exits(0);
    assert_eq!(ran.stdout(), "shop 100000 False");
    assert!(!server.log().contains("`name` has no effect"), "{}", server.log());
}

/// An application that says who it is.
const NAMED: &str = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [__name__.encode()]\n";

#[test]
fn files_that_uwsgi_starts_with_are_shown() {
    let test = Test::new();
    for (text, expected) in [
        ("http-socket = [::]:8000", "listen = \"http://:8000\"\n"),
        ("module = a\nwsgi-file = b.py", "wsgi-file = \"b.py\"\nmodule = \"a\"\n"),
        ("threads = 0\ngevent = 0\ncheaper-step = 0", "cheaper-step = 1\n"),
        ("harakiri = 300000000", "request-timeout = 31536000\n"),
        ("home =\ntouch-reload =\nenv = A", ""),
        (
            "http-socket = :8000\nchown-socket = no-such-user:no-such-group",
            "listen = \"http://:8000\"\nsocket-owner = \"no-such-user:no-such-group\"\n",
        ),
    ] {
        test.write("a.ini", format!("[uwsgi]\n{text}\n"));
        let shown = test.certkit(&["serve", "a.ini", "--show-config=toml"]).exits(0).stdout();
        let expected: Vec<_> = expected.lines().collect();
        let lines = shown.lines().filter(|line| !OF_OPTION_FILES.contains(line) && *line != "[serve]");
        assert_eq!(lines.collect::<Vec<_>>(), expected, "{text}");
    }
}

#[test]
fn short_options_are_those_of_uwsgi() {
    let test = Test::new();
    test.write("a.yaml", "uwsgi:\n  threads:\t3\n");
    test.write("a.xml", "<uwsgi><threads>3</threads></uwsgi>");
    test.write("a.json", "{\"uwsgi\": {\"threads\": 3}}");
    test.write("a.ini", "[uwsgi]\nthreads = 3\n");
    for args in [
        &["-y", "a.yaml"][..],
        &["-x", "a.xml"],
        &["-j", "a.json"],
        &["-i", "a.ini"],
        &["-M", "-T", "-m", "a.ini"],
    ] {
        let ran = test.certkit(&[&["serve", "--show-config=toml"], args].concat()).exits(0);
        assert!(ran.stdout().contains("threads = 3\n"), "{args:?}: {}", ran.stdout());
    }
    let args = ["-t", "20", "-R", "500", "-z", "5", "-C664", "-L", "-d", "a.log", "-S", "threads=7"];
    let ran = test.certkit(&[&["serve", "--show-config=toml"], &args[..]].concat()).exits(0);
    for line in [
        "request-timeout = 20",
        "max-requests = 500",
        "body-timeout = 5",
        "socket-mode = 664",
        "disable-logging = true",
        "daemonize = \"a.log\"",
        "threads = 7",
    ] {
        assert!(ran.stdout().lines().any(|shown| shown == line), "{line}: {}", ran.stdout());
    }
    for args in [&["-Q", "x"][..], &["-r"], &["-a"]] {
        assert!(
            test.certkit(&[&["serve"], args].concat()).exits(2).stderr().contains("does not support"),
            "{args:?}"
        );
    }
    let said = test.certkit(&["serve", "--rack", "config.ru"]).exits(2).stderr();
    assert!(said.contains("Python applications only"), "{said}");
    for (word, tip) in [("--cluster", None), ("-k", None), ("--proceses", Some("--processes"))] {
        let said = test.certkit(&["serve", word, "x"]).exits(2).stderr();
        assert_eq!(said.contains("tip:"), tip.is_some(), "{said}");
        assert!(said.contains(tip.unwrap_or_default()), "{said}");
    }
}

#[test]
fn a_file_without_application_or_socket_is_refused() {
    let test = Test::new();
    test.write("app.py", NAMED);
    for (text, part) in [
        ("http-socket = 127.0.0.1:0", "a.ini names no application"),
        ("http-socket = 127.0.0.1:0\nfoo = x", "a.ini names no application"),
        ("module = app", "a.ini names no socket"),
        ("psgi = app.psgi\nhttp-socket = 127.0.0.1:0", "Python applications only"),
        ("socket = \"/tmp/x.sock\"\nmodule = app", "quotes"),
        ("module = app\nsocket = nowhere/x.sock", "Create the folder"),
        ("module = app\nsocket = nowhere/x.sock", "a.ini, line 3"),
        (
            "module = app\nhttp-socket = 127.0.0.1:0\nchdir = /no/such",
            "cannot change to the folder `/no/such`: no such",
        ),
        ("socket = x.sock\nmodule = app\nchown-socket = no-such-user", "no user `no-such-user`"),
        ("mule = a\nmule = b", "(also line 3)"),
    ] {
        test.write("a.ini", format!("[uwsgi]\n{text}\n"));
        let said = test.certkit(&["serve", "a.ini"]).exits(2).stderr();
        assert!(said.contains(part), "{text}: {said}");
    }
    // What would be refused is said when settings are shown.
    test.write("a.ini", "[uwsgi]\nmule = true\n");
    let ran = test.certkit(&["serve", "a.ini", "--show-config"]).exits(0);
    assert!(ran.stderr().contains("does not support `mule`"), "{}", ran.stderr());
    // uWSGI's own words.
    let ran = test.certkit(&["serve", "--show-config", "-p", "2", "-l", "7", "--harakiri", "5"]).exits(0);
    assert_eq!(shown(&ran.stdout()), ["workers = 2", "listen = 7", "harakiri = 5"]);
}

#[test]
fn options_that_are_typed_are_a_configuration_by_themselves() {
    let test = Test::new();
    test.write("uwsgi.ini", "[uwsgi]\nthreads = 3\n");
    let show =
        |args: &[&str]| test.certkit(&[&["serve", "--show-config=toml"], args].concat()).exits(0).stdout();
    assert!(show(&[]).contains("threads = 3\n"));
    assert!(show(&["--no-buffering", "/x"]).contains("threads = 3\n"));
    assert!(!show(&["--http-socket", ":8000"]).contains("threads = 3\n"));
}

#[test]
fn sockets_are_those_of_uwsgi() {
    let test = Test::new();
    test.write("app.py", NAMED);
    let port = free_port();
    let text = format!(
        "[uwsgi]\nhttp-socket = [::]:{port}\nsocket = [::]:{port}\nsocket = a.sock\nmodule = app\numask = 007\n\
         wsgi-file = other.py\nmaster = true\npidfile = a.pid\npidfile2 = b.pid\nsafe-pidfile = c.pid\n\
         safe-pidfile2 = a.pid\n"
    );
    test.write("a.ini", text);
    let mut server = Process::start(&test, test.program(certkit()).args(["serve", "a.ini"]));
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());
    // The first port is open before the rest is there.
    let pids = eventually("three pid files", || {
        let pids = ["a.pid", "b.pid", "c.pid"].map(|file| fs::read_to_string(test.path(file)));
        let pids: Vec<_> = pids.into_iter().flatten().filter(|pid| !pid.is_empty()).collect();
        (pids.len() == 3).then_some(pids)
    });
    assert!(pids.iter().all(|pid| *pid == pids[0] && pid.trim().parse::<u32>().is_ok()), "{pids:?}");
    server.wait_for_log("is there twice");
    let socket = eventually("the second socket", || fs::metadata(test.path("a.sock")).ok());
    let mode = socket.permissions().mode();
    assert_eq!(mode & 0o777, 0o770);
    let log = server.log();
    assert!(
        log.contains("is there twice") && !log.contains("invalid_setting") && !log.contains("next:"),
        "{log}"
    );
    let Some(curl) = peer("curl") else { return };
    let ran = test.run(&curl, &["-sS", &format!("http://127.0.0.1:{port}/")]).exits(0);
    assert_eq!(ran.stdout(), "app");
}
