//! Real frameworks on `serve`: Bottle, Flask, and a Django project as `django-admin startproject` makes it.

use std::os::unix::net::UnixStream;

use crate::curl::Curl;
use crate::harness::{Test, certkit, eventually, repository};
use crate::peers::{peer, python, script};
use crate::process::{Process, Server, free_port};

fn app(name: &str) -> String {
    repository().join("tests/apps").join(name).display().to_string()
}

#[test]
fn bottle_with_default_app() {
    let Some(python) = python(&["bottle"]) else { return };
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    std::fs::copy(app("bottle_app.py"), test.path("index.py")).unwrap();
    let python = python.display().to_string();
    let args = ["--cert", "chain.pem", "--key", "server.key", "--python", &python];
    for app in [&["index.py"][..], &["index.py:application"], &["index"], &["--wsgi-file", "index.py"], &[]] {
        let server = Server::start(&test, &[&args, app].concat());
        assert_eq!(curl.get(&server, "/").is(200).text(), "Bottle says hello\n");
        let answer = curl.fetch(&server, "/form", &["--data-urlencode", "name=Zoë"]).is(200);
        assert_eq!(answer.text(), "Zoë from https\n");
        curl.get(&server, "/missing").is(404);
    }
}

/// The first document: Bottle's own server, then uWSGI's options one after the other, with the bought chain in a folder.
#[test]
fn a_course_about_bottle_step_by_step() {
    let Some(python) = python(&["bottle"]) else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "test.example"]).exits(0);
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    std::fs::create_dir(test.path("auth")).unwrap();
    for file in ["server.crt", "server.key", "ca-bundle.ca"] {
        std::fs::rename(test.path(file), test.path("auth").join(file)).unwrap();
    }
    // As the provider sends it: no line break at its end, which a mere `cat` would not survive.
    test.write("auth/server.crt", test.text("auth/server.crt").trim_end());
    test.certkit(&["merge", "auth/server.crt", "auth/ca-bundle.ca", "-o", "auth/merged.crt"]).exits(0);
    std::fs::copy(app("bottle_app.py"), test.path("index.py")).unwrap();
    let python = python.display().to_string();
    let form = |server: &Server, scheme: &str| {
        let url = format!("{scheme}://test.example:{}/form", server.port);
        let said =
            curl.program(server, "/").args([&url, "--data-urlencode", "name=Zoë"]).run().exits(0).stdout();
        assert!(said.ends_with(&format!("Zoë from {scheme}\n")), "{said}");
    };
    let start = |args: &[&str]| {
        let port = free_port();
        let args: Vec<_> = args.iter().map(|arg| arg.replace("PORT", &port.to_string())).collect();
        let program = test.program(certkit()).args(["serve", "--python", &python, "--master"]).args(&args);
        let mut process = Process::start(&test, program);
        process.wait_for(([127, 0, 0, 1], port).into());
        Server { process, port }
    };
    let server = start(&["--http", "127.0.0.1:PORT", "--wsgi-file", "index.py"]);
    let url = format!("http://test.example:{}/", server.port);
    let said = curl.program(&server, "/").args(["-o", "/dev/null", &url]).run().stdout();
    assert_eq!(said, "Bottle says hello\n");
    drop(server);
    let https = "127.0.0.1:PORT,auth/merged.crt,auth/server.key";
    let more = ["--processes", "2", "--threads", "2", "--logto", "uwsgi.log", "--pidfile", "pid"];
    let server = start(&[&["--https", https, "--wsgi-file", "index.py"][..], &more].concat());
    form(&server, "https");
    eventually("the log", || test.text("uwsgi.log").contains("POST /form ").then_some(()));
    // The intermediate is sent: curl knows the root alone.
    let names = "-----BEGIN CERTIFICATE-----";
    assert_eq!(test.text("auth/merged.crt").matches(names).count(), 2);
    drop(server);
    assert!(!test.path("pid").exists());
}

/// As Django's, whose settings are in the package beside it; and as uWSGI and gunicorn search: the last path first.
#[test]
fn a_file_finds_the_modules_of_the_current_folder_and_of_its_own() {
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    for (file, text) in [("site/shop/__init__.py", ""), ("site/shop/settings.py", "name = 'shop'\n")] {
        test.write(file, text);
    }
    for folder in ["one", "two"] {
        test.write(&format!("{folder}/which.py"), format!("name = '{folder}'\n"));
    }
    test.write("site/shop/beside.py", "name = 'beside'\n");
    test.write(
        "site/shop/wsgi.py",
        "import beside, shop.settings, which\n\ndef application(environ, start_response):\n    \
         start_response('200 OK', [])\n    \
         return [' '.join([shop.settings.name, beside.name, which.name]).encode()]\n",
    );
    let args = ["--cert", "chain.pem", "--key", "server.key", "--chdir", "site"];
    let paths = ["--pythonpath", "one", "--pythonpath", "two"];
    for app in [&["shop/wsgi.py"][..], &["--wsgi-file", "shop/wsgi.py"]] {
        let server = Server::start(&test, &[&args[..], &paths, app].concat());
        assert_eq!(curl.get(&server, "/").is(200).text(), "shop beside two");
    }
}

#[test]
fn flask() {
    let Some(python) = python(&["flask"]) else { return };
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    // By its virtual environment, as people have it.
    let virtualenv = python.parent().and_then(|bin| bin.parent()).unwrap().display().to_string();
    let name = app("flask_app.py") + ":app";
    let server = Server::start(
        &test,
        &["--cert", "chain.pem", "--key", "server.key", "--virtualenv", &virtualenv, &name],
    );
    let hello = format!("Flask says hello at {} from 127.0.0.1\n", server.url("test.example", "/"));
    for version in ["--http1.1", "--http2"] {
        assert_eq!(curl.fetch(&server, "/", &[version]).is(200).text(), hello);
    }
    assert_eq!(
        curl.get(&server, "/away").is(302).header("location"),
        Some(server.url("test.example", "/").as_str())
    );
    for count in ["1\n", "2\n", "3\n"] {
        let answer = curl.fetch(&server, "/count", &["-b", "jar", "-c", "jar"]).is(200);
        assert_eq!(answer.text(), count);
    }
    test.write("upload", vec![b'u'; 3 * 1024 * 1024]);
    assert_eq!(curl.fetch(&server, "/upload", &["-F", "file=@upload"]).is(200).text(), "3145728\n");
}

#[test]
fn a_django_project() {
    let Some(python) = python(&["django"]) else { return };
    let test = Test::with_chain("localhost");
    let run = |args: &[&str]| test.run(&python, args).exits(0);
    run(&["-m", "django", "startproject", "mysite"]);
    std::fs::copy(app("django_views.py"), test.path("mysite/mysite/urls.py")).unwrap();
    let settings = test.text("mysite/mysite/settings.py");
    test.write(
        "mysite/mysite/settings.py",
        settings.replace("ALLOWED_HOSTS = []", "ALLOWED_HOSTS = ['localhost']"),
    );
    // Static files by the application itself, as the development server does it.
    let wsgi = test.text("mysite/mysite/wsgi.py");
    let handler = "\nfrom django.contrib.staticfiles.handlers import StaticFilesHandler\n\n\
                   application = StaticFilesHandler(application)\n";
    test.write("mysite/mysite/wsgi.py", wsgi + handler);
    run(&["mysite/manage.py", "migrate", "-v0"]);
    test.program(&python)
        .args([
            "mysite/manage.py",
            "createsuperuser",
            "--noinput",
            "--username=admin",
            "--email=a@test.example",
        ])
        .env("DJANGO_SUPERUSER_PASSWORD", "correct horse")
        .run()
        .exits(0);

    let program = python.display().to_string();
    let args = ["--cert", "chain.pem", "--key", "server.key", "--python", &program, "--chdir", "mysite"];
    // By name, and found by its manage.py.
    for app in [&["mysite.wsgi"][..], &[]] {
        let server = Server::start(&test, &[&args, app].concat());
        let visit = script("django_visit.py").display().to_string();
        let url = server.url("localhost", "");
        let ran = test.run(&python, &[&visit, &url, "ca.crt", "admin", "correct horse"]).exits(0);
        assert_eq!(ran.stdout(), "logged in\nstatic files\nsessions\nupload\n");
        let log = server.process.log();
        assert!(!log.contains("Traceback"), "{log}");
    }
}

#[test]
fn flask_behind_nginx_by_uwsgi_pass() {
    let (Some(nginx), Some(python)) = (peer("nginx"), python(&["flask"])) else { return };
    let test = Test::with_chain("test.example");
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    let socket = test.path("app.sock");
    let (tcp, port) = (free_port(), free_port());
    let (uwsgi, unix) = (format!("uwsgi:127.0.0.1:{tcp}"), format!("uwsgi+unix:{}", socket.display()));
    let program = python.display().to_string();
    let app = app("flask_app.py") + ":app";
    let mut backend = Process::start(
        &test,
        test.program(certkit())
            .args(["serve", "--listen", &uwsgi, "--listen", &unix, "--python", &program, &app]),
    );
    backend.wait_for(([127, 0, 0, 1], tcp).into());
    eventually("the unix socket", || UnixStream::connect(&socket).ok());

    // Everything that nginx writes stays in the test's folder.
    std::fs::create_dir(test.path("nginx")).unwrap();
    let folder = test.path("nginx").display().to_string();
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .collect();
    let parameters = "include /etc/nginx/uwsgi_params; uwsgi_param UWSGI_SCHEME https;";
    test.write(
        "nginx/nginx.conf",
        format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\n{paths}client_max_body_size 0;\n\
             server {{\nlisten 127.0.0.1:{port} ssl;\nssl_certificate {chain};\nssl_certificate_key {key};\n\
             location / {{ uwsgi_pass 127.0.0.1:{tcp}; {parameters} }}\n\
             location /count {{ uwsgi_pass unix:{socket}; {parameters} }}\n}}\n}}\n",
            chain = test.path("chain.pem").display(),
            key = test.path("server.key").display(),
            socket = socket.display(),
        ),
    );
    let conf = format!("{folder}/nginx.conf");
    let mut front =
        Process::start(&test, test.program(&nginx).args(["-c", &conf, "-p", &folder, "-e", "stderr"]));
    front.wait_for(([127, 0, 0, 1], port).into());

    let server = Server { process: front, port };
    // Debian's newer uwsgi_params hand on the host without its port.
    let hello = curl.get(&server, "/").is(200).text();
    assert!(hello.starts_with("Flask says hello at https://test.example"), "{hello}");
    assert!(hello.ends_with("/ from 127.0.0.1\n"), "{hello}");
    let location = curl.get(&server, "/away").is(302).header("location").map(str::to_owned);
    assert!(location.as_ref().is_some_and(|to| to.starts_with("https://test.example")), "{location:?}");
    assert_eq!(curl.get(&server, "/count").is(200).text(), "1\n");
    curl.get(&server, "/missing").is(404);
    test.write("upload", vec![b'u'; 3 * 1024 * 1024]);
    assert_eq!(curl.fetch(&server, "/upload", &["-F", "file=@upload"]).is(200).text(), "3145728\n");
    backend.wait_for_log("\"GET /missing HTTP/1.1\" 404 ");
}
