//! Settings from the command line, the environment and files: which one counts, and what is said of those that cannot be
//! used.

use rustix::process::Signal;

use crate::curl::Curl;
use crate::harness::{Test, certkit, eventually};
use crate::peers::peer;
use crate::process::Server;

#[test]
fn every_source_is_shown_in_its_place() {
    let test = Test::new();
    test.write("certkit.toml", "[serve]\nworkers = 2\nlisten = 'http:*:1'\nenv = 'A=file'\nthreads = 3\n");
    let show = |format: &str, more: &[&str]| {
        let args = [&["serve", "--listen", "http:*:8000", "--env", "B=flag", format], more].concat();
        test.program(certkit()).args(args).env("CERTKIT_WORKERS", "5").run().exits(0).stdout()
    };
    let expected = ";uWSGI instance configuration\n[uwsgi]\nenv = A=file\nthreads = 3\nlisten = http:*:8000\n\
                    env = B=flag\nworkers = 5\n;end of configuration\n";
    let mut lines: Vec<_> = expected.lines().collect();
    let shown = show("--show-config", &[]);
    let mut shown_lines: Vec<_> = shown.lines().collect();
    // Variables have no place on the command line.
    lines.sort_unstable();
    shown_lines.sort_unstable();
    assert_eq!(shown_lines, lines, "{shown}");
    assert_eq!(
        show("--show-config=toml", &[]),
        "[serve]\nlisten = \"http:*:8000\"\nworkers = 5\nthreads = 3\nenv = [\"A=file\", \"B=flag\"]\n"
    );
    assert!(show("--show-config=toml", &["-p", "7"]).contains("\nworkers = 7\n"));
    assert_eq!(test.certkit(&["serve", "--show-config=yaml"]).exits(2).stdout(), "");
}

#[test]
fn an_option_file_is_shown_as_it_is_written() {
    let test = Test::new();
    let text = "[uwsgi]\nname = shop\nsocket = /run/%(name).sock\nmaster\nprocesses = 2\nvaccum = true\nmodule = shop\n";
    test.write("site.ini", text);
    let ran = test.certkit(&["serve", "site.ini", "--show-config"]).exits(0);
    assert_eq!(
        ran.stdout(),
        ";uWSGI instance configuration\n[uwsgi]\nname = shop\nsocket = /run/shop.sock\nmaster = \n\
         processes = 2\nvaccum = true\nmodule = shop\n;end of configuration\n"
    );
    assert!(ran.stderr().contains("did you mean `vacuum`?"), "{}", ran.stderr());
    assert!(ran.stderr().contains("site.ini, line 6"), "{}", ran.stderr());
    assert_eq!(
        test.certkit(&["serve", "site.ini", "--show-config=toml"]).exits(0).stdout(),
        "[serve]\nlisten = \"uwsgi+unix:/run/shop.sock\"\nmodule = \"shop\"\nworkers = 2\nthreads = 1\nlimit-post = 0\n"
    );
}

#[test]
fn what_is_wrong_is_named_with_its_source() {
    let test = Test::new();
    for (file, text, expected) in [
        ("certkit.toml", "[serve]\n\nwokers = 1\n", &["line 3", "`wokers`", "did you mean `workers`?"][..]),
        ("certkit.toml", "[serve]\nworkers = 'many'\n", &["line 2", "`many`", "`workers`", "a whole number"]),
        ("certkit.toml", "[serve]\nlisten = [\n 'http:*:1',\n 'ftp://a:1']\n", &["line 4", "ftp", "https"]),
        ("uwsgi.ini", "[uwsgi]\nchdir = /\nprocesses = many\n", &["line 3", "`many`", "`processes`"]),
    ] {
        test.write(file, text);
        let said = test.certkit(&["serve"]).exits(2).stderr();
        for part in expected.iter().copied().chain([file]) {
            assert!(said.contains(part), "{part}: {said}");
        }
        std::fs::remove_file(test.path(file)).unwrap();
    }
    for (args, variable, expected) in [
        (&["--workers", "many"][..], "", &["`many`", "--workers", "a whole number"][..]),
        (&["--keepalive", "1d"], "", &["`1d`", "--keepalive", "500ms"]),
        (&["--no-buffering", "x"], "", &["`x`", "--no-buffering", "begins with `/`"]),
        (&[], "few", &["`few`", "CERTKIT_THREADS"]),
        (&["--wokers", "2"], "", &["--wokers", "--workers"]),
    ] {
        let mut program = test.program(certkit()).args(["serve"]).args(args);
        if !variable.is_empty() {
            program = program.env("CERTKIT_THREADS", variable);
        }
        let said = program.run().exits(2).stderr();
        assert!(expected.iter().all(|part| said.contains(part)), "{args:?}: {said}");
    }
}

#[test]
fn a_hangup_reads_the_settings_again_or_keeps_them() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write("one/name", "one");
    test.write("two/name", "two");
    let settings = |folder: &str, more: &str| {
        test.write("certkit.toml", format!("[serve]\nstatic = '/s={folder}'\n{more}\n"));
    };
    settings("one", "");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key"]);
    let file = || curl.get(&server, "/s/name").is(200).text();
    assert_eq!(file(), "one");

    settings("two", "threads = 0");
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("the previous ones stay in use");
    server.process.wait_for_log("certkit.toml, line 3");
    assert_eq!(file(), "one");

    settings("two", "backlog = 7\nhsts = 60");
    server.process.signal(Signal::HUP);
    eventually("the new folder", || (file() == "two").then_some(()));
    server.process.wait_for_log("`backlog` has changed");
    assert_eq!(curl.get(&server, "/s/name").header("strict-transport-security"), Some("max-age=60"));
    assert!(!server.process.log().contains("`hsts` has changed"));
}

#[test]
fn a_start_as_root_is_warned_about_once_and_by_what_is_served() {
    let test = Test::with_chain("test.example");
    let chain = ["--listen", "http:127.0.0.1:0", "--cert", "chain.pem", "--key", "server.key"];
    let warned = |more: &[&str], wording: &str| {
        let server = Server::start(&test, &[&chain[..], more].concat());
        let log = server.process.log();
        let count = |text| log.matches(text).count();
        let expected = usize::from(rustix::process::geteuid().is_root());
        assert_eq!([count(wording), count("as root")], [expected; 2], "{more:?}: {log}");
    };
    warned(&[], "certkit runs as root: a flaw in it");
    test.write("public/name", "one");
    warned(&[], "certkit runs as root: a flaw in it");
    warned(&["--static", "/=public"], "certkit runs as root: a flaw in it");
    if peer("python3").is_some() {
        test.write("index.py", "def application(environ, start_response): pass\n");
        warned(&[], "certkit and the application run as root: a flaw in either");
    }
}
