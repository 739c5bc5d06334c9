//! Mounted applications of an option file, beside uWSGI with the same file.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::harness::{Test, certkit, eventually};
use crate::peers::peer;
use crate::process::Process;

/// Answers with what it was given; the same for both servers.
const APP: &str = "
def make(name):
    def application(environ, start_response):
        start_response('200 OK', [('Content-Type', 'text/plain')])
        # uWSGI leaves out what a front server leaves out.
        given = [environ.get(key) or '' for key in ('SCRIPT_NAME', 'PATH_INFO', 'UWSGI_APPID', 'QUERY_STRING')]
        return [' '.join([name] + [repr(value) for value in given]).encode()]
    return application

one, two, root = make('one'), make('two'), make('root')
application = make('file')
";

/// Which variables a front server sends besides the usual ones.
const REQUESTS: &[&[(&str, &str)]] = &[
    &[("PATH_INFO", "/")],
    &[("PATH_INFO", "/one")],
    &[("PATH_INFO", "/one/")],
    &[("PATH_INFO", "/one/x y")],
    &[("PATH_INFO", "/ones")],
    &[("PATH_INFO", "/one/two/x")],
    &[("PATH_INFO", "/two/x"), ("QUERY_STRING", "a=b")],
    &[("SCRIPT_NAME", "/one"), ("PATH_INFO", "/one/x")],
    &[("SCRIPT_NAME", "/one"), ("PATH_INFO", "/x")],
    &[("SCRIPT_NAME", "/unknown"), ("PATH_INFO", "/x")],
    &[("SCRIPT_NAME", ""), ("PATH_INFO", "/two/x")],
    &[("PATH_INFO", "/files/x.css")],
    &[("PATH_INFO", "/one/files/x.css")],
    &[("SCRIPT_NAME", "/one"), ("PATH_INFO", "/files/x.css")],
    &[("SCRIPT_NAME", "/unknown"), ("PATH_INFO", "/files/x.css")],
    &[("UWSGI_APPID", "blog"), ("PATH_INFO", "/x")],
    &[("UWSGI_APPID", "/two"), ("PATH_INFO", "/one/x")],
    &[("UWSGI_APPID", "unknown"), ("PATH_INFO", "/x")],
];

/// Sends a request by uwsgi and returns the body of the answer, or its status if that is not 200.
fn ask(socket: &Path, modifier: u8, variables: &[(&str, &str)]) -> String {
    let path = variables.iter().find(|(name, _)| *name == "PATH_INFO").unwrap().1;
    let usual = [
        ("REQUEST_METHOD", "GET"),
        ("REQUEST_URI", path),
        ("SERVER_NAME", "test.example"),
        ("SERVER_PORT", "80"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("HTTP_HOST", "test.example"),
    ];
    let mut block = Vec::new();
    for text in usual.iter().chain(variables).flat_map(|(name, value)| [name, value]) {
        block.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
        block.extend(text.as_bytes());
    }
    let [low, high] = u16::try_from(block.len()).unwrap().to_le_bytes();
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(&[&[modifier, low, high, 0], &block[..]].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    let status = head.split(' ').nth(1).unwrap();
    if status == "200" { body.to_owned() } else { status.to_owned() }
}

/// Starts a server and waits until it answers on its socket.
fn start(test: &Test, program: &Path, first: &[&str], socket: &Path) -> Process {
    let mut server = Process::start(test, test.program(program).args(first));
    eventually("the socket", || {
        assert!(server.ended().is_none(), "{}", server.log());
        UnixStream::connect(socket).ok()
    });
    server
}

#[test]
fn script_name_and_path_info_are_those_of_uwsgi() {
    let Some(uwsgi) = peer("uwsgi_python3") else { return };
    let two = "mount = /one=app:one\nmount = /two=app:two\nmount = blog=app:two\n";
    for options in [
        format!("{two}module = app:root\n"),
        format!("{two}module = app:root\nmanage-script-name = true\n"),
        format!("manage-script-name = true\n{two}mount = /one/two=other.py\n"),
        format!("{two}ignore-script-name = true\nwsgi-file = other.py\n"),
        format!("{two}ignore-script-name = true\nmanage-script-name = false\n"),
        "mount = /one=app:one\n".to_owned(),
        "worker-mount = /one=other.wsgi\nmanage-script-name = true\n".to_owned(),
        "mount = /one=other.py\ncallable = two\nmanage-script-name = true\n".to_owned(),
        format!("{two}manage-script-name = true\nstatic-map = /files=files\n"),
        format!("{two}static-map = /files=files\n"),
        "mount = /=app:root\nmount = /one=app:one\nmanage-script-name = true\n".to_owned(),
    ] {
        let test = Test::new();
        for name in ["app.py", "other.py", "other.wsgi"] {
            test.write(name, APP);
        }
        test.write("files/x.css", "a file");
        let answers = |name: &str, program: &Path, first: &[&str]| {
            let socket = test.path(name);
            let file = format!("{name}.ini");
            test.write(
                &file,
                format!(
                    "[uwsgi]\nsocket = {name}\nmaster = true\nneed-app = true\ndie-on-term = true\n{options}"
                ),
            );
            let _server = start(&test, program, &[first, &[&file]].concat(), &socket);
            let mut answers = String::new();
            for variables in REQUESTS {
                let _ = writeln!(answers, "{variables:?}: {}", ask(&socket, 0, variables));
            }
            answers
        };
        let expected = answers("uwsgi", &uwsgi, &["--ini"]);
        assert_eq!(answers("certkit", &certkit(), &["serve", "--ini"]), expected, "{options}");
    }
}

#[test]
fn a_front_server_may_leave_script_name_in_path_info() {
    let test = Test::new();
    test.write("app.py", APP);
    let socket = test.path("app.sock");
    let listen = format!("uwsgi+unix:{}", socket.display());
    let serve = |more: &[&str]| {
        let args = ["serve", "--listen", &listen, "--workers", "1", "--mount", "/one=app:one"];
        start(&test, &certkit(), &[&args[..], more].concat(), &socket)
    };
    let sent = [("SCRIPT_NAME", "/one"), ("PATH_INFO", "/one/x")];
    let server = serve(&[]);
    assert_eq!(ask(&socket, 0, &sent), "one '/one' '/one/x' '' ''");
    assert_eq!(ask(&socket, 30, &sent), "one '/one' '/x' '' ''");
    assert_eq!(
        ask(&socket, 0, &[("SCRIPT_NAME", "/site"), ("PATH_INFO", "/one/x")]),
        "one '/site/one' '/x' '' ''"
    );
    drop(server);
    let server = serve(&["--manage-script-name"]);
    assert_eq!(ask(&socket, 0, &sent), "one '/one' '/x' '' ''");
    drop(server);
    let server = serve(&["--mount-by", "script-name"]);
    assert_eq!(ask(&socket, 0, &sent), "one '/one' '/one/x' '' ''");
    assert_eq!(ask(&socket, 30, &sent), "one '/one' '/x' '' ''");
    assert_eq!(ask(&socket, 0, &[("PATH_INFO", "/one/x")]), "404");
    drop(server);
}

#[test]
fn variables_of_uwsgi_reach_the_application_when_they_are_allowed() {
    let test = Test::new();
    test.write(
        "app.py",
        "def application(environ, start_response):\n\
         \x20   start_response('200 OK', [])\n\
         \x20   names = ('SCRIPT_URL', 'REDIRECT_URL')\n\
         \x20   return [' '.join(n + '=' + v for n, v in sorted(environ.items())\n\
         \x20                    if n in names or n.startswith('UWSGI_')).encode()]\n",
    );
    let socket = test.path("app.sock");
    let listen = format!("uwsgi+unix:{}", socket.display());
    let sent = [
        ("PATH_INFO", "/x"),
        ("SCRIPT_URL", "/front/x"),
        ("REDIRECT_URL", "/front//x"),
        ("UWSGI_SHOP", "1"),
        ("UWSGI_TILL", "2"),
        ("UWSGI_FILE", "/etc/passwd"),
        ("UWSGI_SETENV", "A=B"),
    ];
    let args = ["serve", "--listen", &listen, "--workers", "1", "app.py"];
    let server = start(&test, &certkit(), &args, &socket);
    assert_eq!(ask(&socket, 0, &sent), "REDIRECT_URL=/front//x SCRIPT_URL=/front/x");
    drop(server);
    let server = start(
        &test,
        &certkit(),
        &[&args[..], &["--allow-uwsgi-vars", "UWSGI_TILL,UWSGI_X"]].concat(),
        &socket,
    );
    assert_eq!(ask(&socket, 0, &sent), "REDIRECT_URL=/front//x SCRIPT_URL=/front/x UWSGI_TILL=2");
    drop(server);
}
