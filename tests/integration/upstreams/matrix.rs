//! One application behind certkit, by real servers of every protocol: what it is asked, its links and redirects, uploads,
//! streams, over HTTP/1.1 and HTTP/2.

use std::path::Path;

use crate::harness::{Program, Test, repository};
use crate::peers::{peer, python, script};
use crate::process::{Process, Server, free_port};

/// A server of the application: `/NAME/PROTOCOL`, by which protocol, at which port.
type Way = (&'static str, &'static str, u16);

/// Everything that `tests/peers/backends.py` asks, of each server.
fn check(test: &Test, python: &Path, ways: &[Way]) {
    let upstreams =
        ways.iter().map(|(prefix, scheme, port)| format!("--upstream={prefix}={scheme}://127.0.0.1:{port}/"));
    let chain = ["--cert", "chain.pem", "--key", "server.key"].map(str::to_owned);
    let args: Vec<_> = chain.into_iter().chain(upstreams).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let server = Server::start(test, &args);
    let url = format!("https://localhost:{}", server.port);
    let asked = [script("backends.py").display().to_string(), "ca.crt".to_owned(), url];
    let prefixes = ways.iter().map(|(prefix, ..)| (*prefix).to_owned());
    let asked = test.program(python).args(asked).args(prefixes).run().exits(0);
    let answers = asked.stdout();
    for (prefix, ..) in ways {
        for version in ["1.1", "2"] {
            let line = format!("{prefix} by HTTP/{version}: ok");
            assert!(answers.lines().any(|found| found == line), "{prefix} by HTTP/{version}:\n{answers}");
        }
    }
}

fn application() -> String {
    repository().join("tests/apps/backend.py").display().to_string()
}

/// A program that listens on `port` when it is ready.
fn listening(test: &Test, program: Program<'_>, port: u16) -> Process {
    let mut process = Process::start(test, program);
    process.wait_for(([127, 0, 0, 1], port).into());
    process
}

#[test]
fn uwsgi() {
    let (Some(uwsgi), Some(python)) = (peer("uwsgi"), python(&["flask", "httpx", "h2"])) else { return };
    let test = Test::with_chain("localhost");
    let find = "import flask, os; print(os.path.dirname(os.path.dirname(flask.__file__)))";
    let packages = test.run(&python, &["-c", find]).exits(0).stdout().trim().to_owned();
    let ways: [(&str, Way); 4] = [
        ("--http-socket", ("/uwsgi/http", "http", free_port())),
        ("--uwsgi-socket", ("/uwsgi/uwsgi", "uwsgi", free_port())),
        ("--fastcgi-socket", ("/uwsgi/fcgi", "fcgi", free_port())),
        ("--scgi-socket", ("/uwsgi/scgi", "scgi", free_port())),
    ];
    let program =
        test.program(uwsgi).args(["--plugin", "python3", "--threads", "8", "--need-app", "--die-on-term"]);
    let program =
        program.args(["--buffer-size", "32768", "--pythonpath", &packages, "--wsgi-file", &application()]);
    let sockets =
        ways.iter().flat_map(|(option, (.., port))| [(*option).to_owned(), format!("127.0.0.1:{port}")]);
    let _server = listening(&test, program.args(sockets), ways[0].1.2);
    check(&test, &python, &ways.map(|(_, way)| way));
}

#[test]
fn gunicorn() {
    let Some(python) = python(&["flask", "gunicorn.uwsgi", "httpx", "h2"]) else { return };
    let test = Test::with_chain("localhost");
    let ways = [("/gunicorn/http", "http", free_port()), ("/gunicorn/uwsgi", "uwsgi", free_port())];
    let folder = repository().join("tests/apps");
    let start = |&(_, protocol, port): &Way| {
        let program =
            test.program(&python).args(["-m", "gunicorn", "--threads", "8", "--protocol", protocol]);
        let program = program.args(["--bind", &format!("127.0.0.1:{port}"), "backend:application"]);
        listening(&test, program.env("PYTHONPATH", &folder), port)
    };
    let _servers: Vec<_> = ways.iter().map(start).collect();
    check(&test, &python, &ways);
}

#[test]
fn flup() {
    let Some(python) = python(&["flask", "flup.server.ajp", "httpx", "h2"]) else { return };
    let test = Test::with_chain("localhost");
    let ways = [
        ("/flup/ajp", "ajp", free_port()),
        ("/flup/fcgi", "fcgi", free_port()),
        ("/flup/scgi", "scgi", free_port()),
    ];
    let start = |&(_, protocol, port): &Way| {
        listening(&test, test.program(&python).args([&application(), protocol, &port.to_string()]), port)
    };
    let _servers: Vec<_> = ways.iter().map(start).collect();
    check(&test, &python, &ways);
}
