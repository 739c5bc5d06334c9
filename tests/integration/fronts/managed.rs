//! Started by others: mod_fcgid, spawn-fcgi, and service managers that pass sockets.

use std::os::unix::fs::PermissionsExt;

use super::apache::Apache;
use super::client::{ask, request};
use super::sockets::{by_http, fcgi_get};
use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::{peer, python, skip};
use crate::process::{Process, children, free_port};

fn mirror() -> String {
    repository().join("tests/apps/mirror.py").display().to_string()
}

#[test]
fn a_script_of_two_lines_under_mod_fcgid() {
    let Some(apache) = Apache::find() else { return };
    if !std::path::Path::new("/usr/lib/apache2/modules/mod_fcgid.so").is_file() {
        return skip("mod_fcgid");
    }
    let test = Test::new();
    let (folder, port) = (test.path("front"), free_port());
    std::fs::create_dir(&folder).unwrap();
    for path in [test.folder(), test.folder().parent().unwrap().to_owned(), folder.clone()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    // The home of the user it runs as is not writable, and the repository may not be readable for it.
    std::fs::copy(mirror(), test.path("mirror.py")).unwrap();
    let program = test.copy_certkit();
    let script =
        format!("#!/bin/sh\nexec {} serve {}\n", program.display(), test.path("mirror.py").display());
    crate::testing::write_program(&test.path("app.fcgi"), &script);
    let mut config = Apache::base(&folder, &["alias", "fcgid", "env"]);
    config += &format!(
        "Listen 127.0.0.1:{port}\nFcgidIPCDir {folder}\nFcgidProcessTableFile {folder}/table\nFcgidIOTimeout 60\n\
         FcgidMaxProcesses 2\nFcgidMaxRequestLen 1000000\nFcgidInitialEnv PATH /usr/bin:/bin\n\
         Alias /app {script}\n<Directory {work}>\nRequire all granted\nOptions +ExecCGI\n\
         SetHandler fcgid-script\n</Directory>\n",
        folder = folder.display(),
        script = test.path("app.fcgi").display(),
        work = test.folder().display(),
    );
    let mut front = apache.run(&test, &config);
    front.wait_for(([127, 0, 0, 1], port).into());
    let reply = ask(port, &request("POST", "/app/a%20b?c=d", &[], &vec![b'x'; 200_000]));
    if reply.status != 200 {
        test.note(&test.text("front/error"));
    }
    assert_eq!(reply.status, 200, "{reply:?}");
    let answer = reply.json();
    assert_eq!(answer["environ"]["SCRIPT_NAME"], "/app", "{answer}");
    assert_eq!(answer["environ"]["PATH_INFO"], "/a b", "{answer}");
    assert_eq!((&answer["length"], &answer["environ"]["QUERY_STRING"]), (&200_000.into(), &"c=d".into()));
    let root = ask(port, &request("GET", "/app", &[], b"")).json();
    assert_eq!(
        (&root["environ"]["SCRIPT_NAME"], &root["environ"]["PATH_INFO"]),
        (&"/app".into(), &"".into())
    );
    // Its processes end when Apache says so.
    drop(front);
    let said = test.text("front/error");
    assert!(said.contains("serving ") && !said.contains("graceful kill fail"), "{said}");
}

#[test]
fn on_standard_input_under_spawn_fcgi() {
    let Some(spawner) = peer("spawn-fcgi") else { return };
    let test = Test::new();
    let port = free_port();
    let listen = ["-n", "-a", "127.0.0.1", "-p", &port.to_string(), "--"].map(str::to_owned);
    for more in [&[][..], &["--listen", "fcgi+fd://0"]] {
        let program = test.program(&spawner).args(&listen).args([certkit()]).args(["serve"]).args(more);
        let mut server = Process::start(&test, program.args([mirror()]));
        server.wait_for(([127, 0, 0, 1], port).into());
        let said = fcgi_get(port, "/x");
        assert!(said.contains("Status: 200 OK") && said.contains("\"PATH_INFO\": \"/x\""), "{said}");
        if more.is_empty() {
            assert_eq!(children(server.id()).len(), 1, "the manager starts as many as are needed");
        }
        server.signal(rustix::process::Signal::TERM);
        assert_eq!(server.wait().code(), Some(0));
    }
    // Nobody else is served.
    let program = test.program(&spawner).args(&listen).args([certkit()]).args(["serve"]);
    let program = program.env("FCGI_WEB_SERVER_ADDRS", "192.0.2.1, 192.0.2.2").args([mirror()]);
    let mut server = Process::start(&test, program);
    server.wait_for(([127, 0, 0, 1], port).into());
    assert_eq!(fcgi_get(port, "/x"), "");
    eventually("the reason", || server.log().contains("not one of FCGI_WEB_SERVER_ADDRS").then_some(()));
}

/// Binds sockets and passes them as systemd does: a path, a port, and one that nobody asks for.
const MANAGER: &str = "
import os, socket, sys
path, port, unused, pid = sys.argv[1:5]
if os.path.exists(path):
    os.remove(path)
first = socket.socket(socket.AF_UNIX)
first.bind(path)
second = socket.create_server(('127.0.0.1', int(port)))
third = socket.create_server(('127.0.0.1', int(unused)))
copies = [os.dup(one.fileno()) for one in (first, second, third)]
first.listen(9)
for number, copy in enumerate(copies):
    os.dup2(copy, 3 + number)
os.environ.update(LISTEN_FDS='3', LISTEN_FDNAMES='a:b:c', LISTEN_PID=str(os.getpid()) if pid == 'own' else pid)
os.execv(sys.argv[5], sys.argv[5:])
";

#[test]
fn sockets_of_a_service_manager() {
    let Some(python) = python(&["socket"]) else { return };
    let test = Test::new();
    let (socket, port, unused) = (test.path("passed.sock"), free_port(), free_port());
    let start = |pid: &str, listen: &[&str]| {
        let program = test.program(&python).args(["-c", MANAGER]).args([&socket]);
        let program = program.args([&port.to_string(), &unused.to_string(), pid]).args([certkit()]);
        Process::start(&test, program.args(["serve"]).args(listen).args([mirror()]))
    };
    let (unix, tcp) = (format!("http+unix:{}", socket.display()), format!("http:127.0.0.1:{port}"));
    let server = start("own", &["--listen", &unix, "--listen", &tcp]);
    server.wait_for_log("certkit: serving");
    assert!(by_http(&socket, "/one").contains("\"PATH_INFO\": \"/one\""));
    assert_eq!(ask(port, &request("GET", "/two", &[], b"")).status, 200);
    server.wait_for_log(&format!("no --listen names the socket 127.0.0.1:{unused}"));
    drop(server);
    assert!(socket.exists(), "it belongs to the service manager");

    // By number, whatever it is bound to; and not without a number that is one.
    let server = start("own", &["--listen", "http+fd:4"]);
    server.wait_for_log("certkit: serving");
    assert_eq!(ask(port, &request("GET", "/three", &[], b"")).status, 200);
    drop(server);

    // They are another process's.
    let mut server = start("1", &["--listen", &tcp]);
    assert_eq!(server.wait().code(), Some(2), "{}", server.log());
    assert!(server.log().contains("already in use"), "{}", server.log());
    let mut server = start("own", &["--listen", "http+fd:1"]);
    assert_eq!(server.wait().code(), Some(2));
    assert!(
        server.log().contains("not a socket that listens") || server.log().contains("fd:1"),
        "{}",
        server.log()
    );
}
