//! Several applications in one server, each at a path of its own and with workers of its own.

mod behind_nginx;
mod beside_uwsgi;
mod reload;

use std::fs;
use std::path::Path;
use std::thread;

use rustix::process::Signal;

use crate::curl::Curl;
use crate::harness::{Test, eventually, repository};
use crate::peers::python;
use crate::process::{Server, send};

/// Says who it is, where it is, and its process. With `hold`, only when the file `go` is there.
fn application(name: &str) -> String {
    format!(
        "import os, time\n\
         def application(environ, start_response):\n\
         \x20   if environ['PATH_INFO'] == '/hold':\n\
         \x20       open('held', 'w').close()\n\
         \x20       while not os.path.exists('go'):\n\
         \x20           time.sleep(0.005)\n\
         \x20   start_response('200 OK', [('Content-Type', 'text/plain')])\n\
         \x20   where = (environ['SCRIPT_NAME'], environ['PATH_INFO'], os.getpid())\n\
         \x20   return [('{name} %s %s %d' % where).encode()]\n"
    )
}

/// Starts certkit on https with `one.py` and `two.py`.
fn serve(test: &Test, args: &[&str]) -> Server {
    for name in ["one", "two"] {
        test.write(&format!("{name}.py"), application(name));
    }
    let certificate = ["--cert", "chain.pem", "--key", "server.key", "--workers", "1"];
    Server::start(test, &[&certificate[..], args].concat())
}

const BOTH: [&str; 4] = ["--mount", "/one=one.py", "--mount", "/two=two.py"];

/// What is answered, without the process.
fn said(curl: &Curl<'_>, server: &Server, path: &str) -> String {
    let text = curl.get(server, path).is(200).text();
    text.rsplit_once(' ').unwrap().0.to_owned()
}

fn pid(curl: &Curl<'_>, server: &Server, path: &str) -> u32 {
    curl.get(server, path).is(200).text().rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[test]
fn the_longest_prefix_answers() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.write("root.py", application("root"));
    let log = ["--access-log", "access.log"];
    let server = serve(&test, &[&BOTH[..], &["--mount", "/one/two=two.py", "root.py"], &log].concat());
    for (path, expected) in [
        ("/", "root  /"),
        ("/one", "one /one "),
        ("/one/", "one /one /"),
        ("/one/x/y", "one /one /x/y"),
        ("/ones", "root  /ones"),
        ("/one/two/x", "two /one/two /x"),
        ("/one/twos", "one /one /twos"),
        ("/two/x", "two /two /x"),
        ("/two%2Fx", "two /two /x"),
        ("/tw%6F/x", "two /two /x"),
    ] {
        assert_eq!(said(&curl, &server, path), expected, "{path}");
    }
    let of_applications = ["/", "/one", "/two", "/one/two"].map(|path| pid(&curl, &server, path));
    let mut apart = of_applications.to_vec();
    apart.sort_unstable();
    apart.dedup();
    assert_eq!(apart, server.workers(4), "each has a worker of its own");
    let log = eventually("the access log", || {
        Some(test.text("access.log")).filter(|log| log.matches(" 200 ").count() == 14)
    });
    assert!(log.contains("\"GET /one/two/x HTTP/2.0\" 200 "), "{log}");
    let status = server.process.log();
    let expected =
        "serving root.py, one.py at /one, two.py at /two, two.py at /one/two: 1 worker with 4 threads each";
    assert!(status.contains(expected), "{status}");
}

#[test]
fn without_app_other_paths_are_not_found() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    // It is not searched for.
    test.write("app.py", application("found"));
    let server = serve(&test, &BOTH);
    assert_eq!(said(&curl, &server, "/one/x"), "one /one /x");
    for path in ["/", "/onetwo", "/app.py"] {
        curl.get(&server, path).is(404);
    }
    drop(server);
    let server = serve(&test, &[&BOTH[..], &["--default-mount"]].concat());
    assert_eq!(said(&curl, &server, "/x"), "one  /x");
    drop(server);
    let server = serve(&test, &[&BOTH[..], &["--script-name", "/site"]].concat());
    assert_eq!(said(&curl, &server, "/site/one/x"), "one /site/one /x");
    assert_eq!(said(&curl, &server, "/two/x"), "two /site/two /x");
}

#[test]
fn links_and_redirects_of_flask_and_django() {
    let Some(python) = python(&["flask", "django"]) else { return };
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let app = |name: &str| repository().join("tests/apps").join(name).display().to_string();
    let (shop, blog) = (format!("/shop={}:app", app("shop.py")), format!("/blog={}", app("blog.py")));
    test.write("files/site.css", "body {}");
    let args = ["--mount", &shop, "--mount", &blog, "--static", "/shop/static=files"];
    let python = python.display().to_string();
    let server = serve(&test, &[&args[..], &["--python", &python]].concat());
    for name in ["shop", "blog"] {
        let links: serde_json::Value =
            serde_json::from_str(&curl.get(&server, &format!("/{name}/links")).is(200).text()).unwrap();
        assert_eq!(links["static"], format!("/{name}/static/site.css"));
        assert_eq!(links["home"], format!("/{name}/"));
        assert_eq!(links["absolute"], server.url("test.example", &format!("/{name}/")));
        assert_eq!(
            (&links["script_name"], &links["path_info"]),
            (&format!("/{name}").into(), &"/links".into())
        );
        let away = curl.get(&server, &format!("/{name}/go")).is(302);
        let home = format!("/{name}/");
        // Django's redirects stay relative.
        let home = if name == "shop" { server.url("test.example", &home) } else { home };
        assert_eq!(away.header("location"), Some(&*home));
        assert_eq!(curl.get(&server, &format!("/{name}/")).is(200).text(), format!("/{name} home\n"));
    }
    // A folder below the application is nearer.
    assert_eq!(curl.get(&server, "/shop/static/site.css").is(200).text(), "body {}");
}

#[test]
fn what_cannot_be_mounted_is_refused() {
    let test = Test::with_chain("test.example");
    for name in ["one.py", "app.py"] {
        test.write(name, application("one"));
    }
    fs::create_dir(test.path("folder")).unwrap();
    for (args, reason) in [
        (&["--mount", "one.py"][..], "expected /PREFIX=APP"),
        (&["--mount", "one=one.py"], "a path begins with `/`"),
        (&["--mount", "/a?b=one.py"], "a path has no query"),
        (&["--mount", "/a/../b=one.py"], "never asked for"),
        (&["--mount", "/a=one.py", "--mount", "/a/=app.py"], "there is an application at /a already"),
        (&["--mount", "/=one.py", "app.py"], "APP is the application at `/`"),
        (&["--mount", "/a=folder"], "`folder` is a folder; serve its files with --static /a=folder"),
        (&["--mount", "/a=./folder"], "serve its files with --static"),
        (&["--mount", "/a=one.py", "--static", "/a=folder"], "--static has a folder at /a already"),
        (
            &["--mount", "/a=one.py", "--mount-by", "host"],
            "expected `path`, `path-info`, `script-name` or `appid`",
        ),
        (&["--allow-uwsgi-vars", "UWSGI_FILE"], "choose it with UWSGI_APPID instead of UWSGI_FILE"),
    ] {
        test.certkit(&[&["serve"], args].concat()).exits(2).says(reason);
    }
    test.write("site.ini", "[uwsgi]\nmaster = true\nmount = /a=one.py\nmount = /a=app.py\n");
    test.certkit(&["serve", "site.ini"])
        .exits(2)
        .says("site.ini, line 4")
        .says("there is an application at /a already");
}

#[test]
fn an_application_that_does_not_load_is_named() {
    let test = Test::with_chain("test.example");
    test.write("one.py", application("one"));
    test.write("two.py", "import nothing_like_this\n");
    let args = ["serve", "--listen", "http:127.0.0.1:0", "--workers", "2"];
    let with = |mounts: &[&str]| test.certkit(&[&args[..], mounts].concat()).exits(1);
    with(&BOTH).says("--mount /two: the application failed to load").says("nothing_like_this");
    with(&["--mount", "/one=one.py", "--mount", "id:x=missing.py"])
        .says("--mount id:x: the application failed to load");
    with(&["--mount", "/one=one.py", "two.py"]).says("nothing_like_this").keeps_quiet_about("--mount");
}

#[test]
fn a_worker_that_dies_does_not_touch_the_others() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &BOTH);
    let (first, other) = (pid(&curl, &server, "/one/"), pid(&curl, &server, "/two/"));
    thread::scope(|scope| {
        let held = scope.spawn(|| curl.get(&server, "/two/hold").is(200).text());
        eventually("the request", || test.path("held").exists().then_some(()));
        send(first, Signal::KILL);
        let next = eventually("another worker", || {
            let answer = curl.get(&server, "/one/");
            let pid = answer.text().rsplit_once(' ')?.1.parse::<u32>().ok()?;
            (answer.status == 200 && pid != first).then_some(pid)
        });
        assert_ne!(next, first);
        server.process.wait_for_log("worker 0 of /one was killed by signal 9; starting another");
        test.write("go", "");
        assert_eq!(held.join().unwrap(), format!("two /two /hold {other}"));
    });
    assert_eq!(pid(&curl, &server, "/two/"), other);
}

#[test]
fn the_number_of_workers_changes_for_each() {
    let test = Test::with_chain("test.example");
    let Some(_) = Curl::new(&test, "test.example") else { return };
    let server = serve(&test, &BOTH);
    server.workers(2);
    server.process.signal(Signal::TTIN);
    server.workers(4);
    server.process.signal(Signal::TTOU);
    server.workers(2);
    server.process.signal(Signal::TTOU);
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("certkit: reloaded");
    server.workers(2);
}

#[test]
fn the_folder_changes_when_the_application_is_loaded() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    fs::create_dir_all(test.path("site/run here")).unwrap();
    let app = "import os\nloaded_in = os.path.basename(os.getcwd())\n\
               def application(environ, start_response):\n\
               \x20   start_response('200 OK', [])\n\
               \x20   return [(loaded_in + ' ' + os.path.basename(os.getcwd())).encode()]\n";
    test.write("site/app.py", app);
    let args = ["--chdir", "site", "--chdir2", "run here", "app.py"];
    let server = serve(&test, &args);
    assert_eq!(curl.get(&server, "/").is(200).text(), "site run here");
    drop(server);
    let args = ["serve", "--listen", "http:127.0.0.1:0", "--chdir", "site", "--chdir2", "missing", "app.py"];
    test.certkit(&args).exits(1).says("cannot change to the folder missing: No such file or directory");
}

/// A configuration of certkit.
fn write_toml(folder: &Path, mounts: &[&str]) {
    let list = serde_json::to_string(mounts).unwrap();
    fs::write(folder.join("certkit.toml"), format!("[serve]\nmount = {list}\n")).unwrap();
}
