//! Starting, dying, starting again, stopping.

use std::collections::HashMap;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::*;
use crate::sys::testing::write_program;

/// Answers with its process id; `/die` and other paths do what their name says.
const PIDS: &str = "
import os, sys, time
def application(environ, start_response):
    path = environ['PATH_INFO']
    with open('log', 'a') as log:
        log.write('%s %s\\n' % (os.getpid(), path))
    if path == '/die':
        os._exit(3)
    if path == '/garbage':
        os.write(7, b'\\x05\\0\\0\\0Qabcd')
    if path == '/oversize':
        os.write(7, b'\\xff\\xff\\xff\\xff')
    if path == '/half':
        os.write(7, b'\\x05\\0\\0\\0[')
        os._exit(0)
    if path == '/fork':
        if not os.fork():
            time.sleep(30)
            os._exit(0)
        os._exit(3)
    if path == '/late':
        def late():
            yield b'begun'
            os._exit(3)
        start_response('200 OK', [])
        return late()
    if path == '/slow':
        time.sleep(0.5)
    start_response('200 OK', [])
    return [str(os.getpid()).encode()]
";

async fn start_error(source: &str, change: impl FnOnce(&mut WorkerConfig)) -> Option<StartError> {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder, source)?;
    change(&mut config);
    Some(WorkerPool::start(config).await.map(|_| ()).unwrap_err())
}

fn file_with(callable: &str) -> Application {
    Application::File { path: "app.py".into(), callable: Some(callable.to_owned()) }
}

fn pid(text: &str) -> Pid {
    Pid::from_raw(text.parse().unwrap()).unwrap()
}

#[tokio::test]
async fn applications_that_do_not_load() {
    let cases = [
        (
            "import sys\n\ndef f():\n    raise ValueError('grief')\nf()\n",
            "app.py\", line 4, in f\n    raise ValueError",
        ),
        ("import nowhere_to_be_found\n", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("def broken(:\n", "SyntaxError"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        ("import os\nos._exit(3)\n", "exit status: 3"),
        ("app = print\n", "has no `application`, but it has `app`: name it as "),
        ("application = 1\n", "which is not callable"),
        ("async def application(scope, receive, send):\n    pass\n", "is asynchronous, an ASGI application"),
        (
            "class Framework:\n    async def __call__(self, scope, receive, send):\n        pass\napplication = Framework()\n",
            "is asynchronous, an ASGI application",
        ),
    ];
    for (source, expected) in cases {
        let Some(error) = start_error(source, |config| config.workers = 2).await else { return };
        let traceback = error.to_string();
        assert!(traceback.contains(expected), "{expected}: {traceback}");
        // The worker's own lines say nothing about the application.
        assert!(!traceback.contains("certkit_worker"), "{traceback}");
    }
    let missing = Application::File { path: "none.py".into(), callable: None };
    let error = start_error("", |config| config.application = missing).await.unwrap();
    assert!(error.to_string().contains("none.py: no such file"), "{error}");
}

#[tokio::test]
async fn interpreters_that_do_not_run() {
    let missing = start_error("", |config| config.python = Some("/nowhere/python".into())).await;
    let Some(missing) = missing else { return };
    assert!(
        matches!(missing, StartError::Interpreter { fault: InterpreterFault::NotFound, .. }),
        "{missing}"
    );
    let folder = tempfile::tempdir().unwrap();
    let no_python =
        start_error("", |config| config.virtualenv = Some(folder.path().to_owned())).await.unwrap();
    assert!(no_python.to_string().contains("bin/python: not found, or not executable"), "{no_python}");
    // What the first line of the program does in an old Python.
    let old = folder.path().join("old");
    write_program(&old, "#!/bin/sh\nprintf V2.7.18 >&4\n");
    let error = start_error("", |config| config.python = Some(old)).await.unwrap();
    let StartError::Interpreter { fault: InterpreterFault::TooOld { version }, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(version, "2.7.18");
    let chdir = start_error("", |config| config.chdir = Some("/nowhere".into())).await.unwrap();
    assert!(chdir.to_string().contains("/nowhere"), "{chdir}");
}

#[tokio::test]
async fn where_the_application_is_found() {
    let source = "
import os, sys
class Nested:
    @staticmethod
    def wsgi(environ, start_response):
        start_response('200 OK', [])
        text = [__name__, os.path.basename(__file__), os.environ.get('A', ''), os.environ.get('VIRTUAL_ENV', '')]
        text += [os.path.basename(path) for path in sys.path[:2]] + [str(sys.modules[__name__].Nested is Nested)]
        return ['|'.join(text).encode()]
nested = Nested()
";
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().file_name().unwrap().to_str().unwrap().to_owned();
    let Some(mut config) = config(&folder, source) else { return };
    config.application = file_with("nested.wsgi");
    config.env = vec![("A".into(), "b".into())];
    config.pythonpath = vec![folder.path().join("extra")];
    // A virtual environment, as far as this matters: bin/python and the variable.
    fs::create_dir_all(folder.path().join("venv/bin")).unwrap();
    let python = folder.path().join("venv/bin/python");
    write_program(&python, "#!/bin/sh\nexec python3 \"$@\"\n");
    let venv = folder.path().join("venv").to_str().unwrap().to_owned();
    config.virtualenv = Some((&venv).into());
    let pool = WorkerPool::start(config.clone()).await.unwrap();
    let (_, answer) = text(pool.call(get("/")).await.unwrap()).await;
    assert_eq!(answer, format!("app|app.py|b|{venv}|extra|{base}|True"));

    fs::create_dir(folder.path().join("package")).unwrap();
    fs::rename(folder.path().join("app.py"), folder.path().join("package/module.py")).unwrap();
    let callable = Some("Nested.wsgi".to_owned());
    config.application = Application::Module { module: "package.module".into(), callable };
    let pool = WorkerPool::start(config).await.unwrap();
    let (_, answer) = text(pool.call(get("/")).await.unwrap()).await;
    assert_eq!(answer, format!("package.module|module.py|b|{venv}|extra|{base}|True"));
}

#[tokio::test]
async fn many_at_once() {
    for (workers, threads) in [(2, 1), (2, 4)] {
        let served = Served::with(PIDS, |config| (config.workers, config.threads) = (workers, threads)).await;
        let Some(served) = served else { return };
        let calls: Vec<_> = (0..200)
            .map(|number| {
                let pool = served.pool.clone();
                tokio::spawn(
                    async move { text(pool.call(get(&format!("/{number}"))).await.unwrap()).await.0 },
                )
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap(), 200);
        }
        assert_eq!(served.file("log").lines().count(), 200);
    }
}

#[tokio::test]
async fn a_killed_worker_costs_only_what_it_had_begun() {
    let served = Served::with(PIDS, |config| (config.workers, config.threads) = (2, 2)).await;
    let Some(served) = served else { return };
    let mut failed = 0;
    for round in 0..5 {
        let calls: Vec<_> = (0..300)
            .map(|number| {
                let pool = served.pool.clone();
                let path = format!("/{round}-{number}");
                let request = get(&path);
                (path, tokio::spawn(async move { pool.call(request).await.map(|_| ()) }))
            })
            .collect();
        until("some work is done", || served.file("log").lines().count() > round * 300 + 50).await;
        let log = served.file("log");
        let victim = log.lines().last().and_then(|line| line.split(' ').next()).unwrap().to_owned();
        kill_process(pid(&victim), Signal::KILL).unwrap();
        let mut begun: HashMap<String, Vec<String>> = HashMap::new();
        let mut results = Vec::new();
        for (path, call) in calls {
            results.push((path, call.await.unwrap()));
        }
        for line in served.file("log").lines() {
            let (pid, path) = line.split_once(' ').unwrap();
            begun.entry(path.to_owned()).or_default().push(pid.to_owned());
        }
        for (path, result) in results {
            match result {
                // Nothing is run twice.
                Ok(()) => assert_eq!(begun[&path].len(), 1, "{path}"),
                Err(error) => {
                    failed += 1;
                    assert_eq!(error, CallError::Died);
                    assert_eq!(begun.get(&path).map_or(&victim, |pids| &pids[0]), &victim, "{path}");
                }
            }
        }
    }
    // Two threads with at most a full message each, five times.
    assert!(failed <= 5 * 2 * 8, "{failed}");
}

#[tokio::test]
async fn a_worker_that_dies_is_replaced() {
    let Some(served) = Served::new(PIDS).await else { return };
    let first = served.get("/").await.1;
    assert_eq!(served.error("/die").await, CallError::Died);
    let second = served.get("/").await.1;
    assert_ne!(first, second);
    assert_eq!(served.broken("/late").await, b"begun");
    for path in ["/garbage", "/oversize", "/half"] {
        let before = served.get("/").await.1;
        assert_eq!(served.error(path).await, CallError::Died, "{path}");
        assert_ne!(served.get("/").await.1, before, "{path}");
    }
    // A child that outlives the worker keeps none of its streams open.
    assert_eq!(served.error("/fork").await, CallError::Died);
    assert_eq!(served.get("/").await.0, 200);
}

#[tokio::test]
async fn signals_to_a_worker() {
    let Some(served) = Served::new(PIDS).await else { return };
    obeys_signals(&served).await;
}

/// A shell starts background jobs with SIGINT ignored, and children inherit that.
#[tokio::test]
async fn signals_to_a_worker_of_a_background_job() {
    let bin = tempfile::tempdir().unwrap();
    let python = bin.path().join("python");
    write_program(&python, "#!/bin/sh\ntrap '' INT QUIT\nexec python3 \"$@\"\n");
    let Some(served) = Served::with(PIDS, |config| config.python = Some(python)).await else { return };
    obeys_signals(&served).await;
}

async fn obeys_signals(served: &Served) {
    let first = served.get("/").await.1;
    // A service manager sends SIGTERM to every process when it stops the service: the front decides
    // when to end.
    let pool = served.pool.clone();
    let call = tokio::spawn(async move { text(pool.call(get("/slow")).await.unwrap()).await.1 });
    until("begun", || served.file("log").contains("/slow")).await;
    kill_process(pid(&first), Signal::TERM).unwrap();
    assert_eq!(call.await.unwrap(), first);
    assert_eq!(served.get("/").await.1, first);
    // SIGINT is meant for this process alone.
    kill_process(pid(&first), Signal::INT).unwrap();
    until("gone", || test_kill_process(pid(&first)).is_err()).await;
    assert_ne!(served.get("/").await.1, first);
}

#[tokio::test]
async fn an_application_that_does_not_load_again() {
    let Some(served) = Served::new(PIDS).await else { return };
    fs::write(served.folder.path().join("app.py"), "raise ValueError('broken')\n").unwrap();
    assert_eq!(served.error("/die").await, CallError::Died);
    // The request that waits for the new worker fails, and so do all later ones.
    assert_eq!(served.error("/").await, CallError::Unavailable);
    assert_eq!(served.error("/").await, CallError::Unavailable);
    fs::write(served.folder.path().join("app.py"), PIDS).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while served.pool.call(get("/")).await.is_err() {
        assert!(Instant::now() < deadline, "never started again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_worker_that_is_killed_while_it_starts_again() {
    let source = "
import os, time
if os.path.exists('slow'):
    with open('loading', 'w') as log:
        log.write('%s\\n' % os.getpid())
while os.path.exists('slow'):
    time.sleep(0.01)
def application(environ, start_response):
    if environ['PATH_INFO'] == '/die':
        os._exit(3)
    start_response('200 OK', [])
    return [b'here']
";
    let Some(served) = Served::new(source).await else { return };
    fs::write(served.folder.path().join("slow"), "").unwrap();
    assert_eq!(served.error("/die").await, CallError::Died);
    let waiting = served.get("/");
    let killing = async {
        until("loading", || served.file("loading").ends_with('\n')).await;
        kill_process(pid(served.file("loading").trim()), Signal::KILL).unwrap();
        fs::remove_file(served.folder.path().join("slow")).unwrap();
    };
    // A killed worker does not mean that the application cannot load, so the request waits for the
    // next one.
    let ((status, text), ()) = tokio::join!(waiting, killing);
    assert_eq!((status, text.as_str()), (200, "here"));
}

#[tokio::test]
async fn stop_waits_for_what_is_running() {
    let Some(served) = Served::with(PIDS, |config| config.workers = 2).await else { return };
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let pool = served.pool.clone();
            tokio::spawn(async move { text(pool.call(get("/slow")).await.unwrap()).await })
        })
        .collect();
    until("begun", || served.file("log").lines().count() >= 2).await;
    served.pool.stop().await;
    let mut pids = Vec::new();
    for call in calls {
        let (status, text) = call.await.unwrap();
        assert_eq!(status, 200);
        pids.push(pid(&text));
    }
    // Reaped, too: there is no such process any more.
    assert!(pids.into_iter().all(|pid| test_kill_process(pid).is_err()));
}

#[tokio::test]
async fn stop_does_not_wait_for_ever() {
    let source = "
import signal, time
def application(environ, start_response):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start_response('200 OK', [])
    yield b'begun'
    time.sleep(60)
";
    let served = Served::with(source, |config| config.graceful_timeout = Duration::from_millis(200)).await;
    let Some(served) = served else { return };
    let mut body = served.pool.call(get("/")).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().is_ok());
    let start = Instant::now();
    served.pool.stop().await;
    assert!(start.elapsed() < Duration::from_secs(15));
    let served = Served::new(source).await.unwrap();
    let _body = served.pool.call(get("/")).await.unwrap();
    let start = Instant::now();
    // The timeout of 20 seconds was spent before.
    served.pool.stop_by(start).await;
    assert!(start.elapsed() < Duration::from_secs(15));
    assert!(body.frame().await.unwrap().is_err());
}

/// Workers end with a front that is killed, even when they are busy, and what they print goes to
/// standard error.
#[test]
fn no_orphans() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let test = "serve::worker::tests::life::a_front_to_be_killed";
    let mut front = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("CERTKIT_TEST_FRONT", folder.path())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(folder.path().join("stderr")).unwrap())
        .spawn()
        .unwrap();
    let workers = || -> Vec<Pid> {
        let log = fs::read_to_string(folder.path().join("pids")).unwrap_or_default();
        log.lines().map(pid).collect()
    };
    let wait = |what: &str, condition: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !condition() {
            assert!(Instant::now() < deadline, "never: {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    wait("two busy workers", &|| workers().len() == 2);
    front.kill().unwrap();
    let output = front.wait_with_output().unwrap();
    wait("no orphans", &|| workers().into_iter().all(|pid| test_kill_process(pid).is_err()));
    assert!(fs::read_to_string(folder.path().join("stderr")).unwrap().contains("printed"));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("printed"));
}

/// Not a test of its own: what [`no_orphans`] starts as a second process.
#[tokio::test]
async fn a_front_to_be_killed() {
    let Some(folder) = std::env::var_os("CERTKIT_TEST_FRONT") else { return };
    let source = "
import os
def application(environ, start_response):
    print('printed')
    with open('pids', 'a') as log:
        log.write('%d\\n' % os.getpid())
    while True:
        pass
";
    fs::write(std::path::Path::new(&folder).join("app.py"), source).unwrap();
    let config = WorkerConfig {
        chdir: Some(folder.into()),
        workers: 2,
        ..config(&tempfile::tempdir().unwrap(), source).unwrap()
    };
    let pool = WorkerPool::start(config).await.unwrap();
    let _ = tokio::join!(pool.call(get("/")), pool.call(get("/")));
}
