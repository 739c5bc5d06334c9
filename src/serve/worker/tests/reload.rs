//! New code takes over from old code.

use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::super::generation::Generation;
use super::*;

/// Answers with the version that the module beside it names; `/pid` with its process id.
const VERSIONED: &str = "
import os, time
import version
def application(environ, start_response):
    path = environ['PATH_INFO']
    start_response('200 OK', [])
    if path == '/pid':
        return [str(os.getpid()).encode()]
    if path == '/hold':
        open(os.environ['MARKS'] + '/holds', 'w').close()
        while not os.path.exists(os.environ['MARKS'] + '/go'):
            time.sleep(0.001)
    if path == '/stream':
        def stream():
            yield b'begun '
            while not os.path.exists(os.environ['MARKS'] + '/go'):
                time.sleep(0.001)
            yield version.NAME
        return stream()
    return [version.NAME]
";

/// A folder with two releases, of which `current` leads to the first.
fn releases(folder: &Path) {
    for name in ["one", "two"] {
        let release = folder.join(name);
        fs::create_dir(&release).unwrap();
        fs::write(release.join("app.py"), VERSIONED).unwrap();
        fs::write(release.join("version.py"), format!("NAME = b'{name}'\n")).unwrap();
    }
    point(folder, "one");
}

fn point(folder: &Path, release: &str) {
    let _ = fs::remove_file(folder.join("current"));
    symlink(release, folder.join("current")).unwrap();
}

/// A pool that serves `current`, and how it was configured.
async fn served(change: impl FnOnce(&mut WorkerConfig)) -> Option<(Served, WorkerConfig)> {
    let folder = tempfile::tempdir().unwrap();
    releases(folder.path());
    let mut config = config(&folder, "")?;
    config.chdir = Some(folder.path().join("current"));
    config.env = vec![("MARKS".into(), folder.path().into()), ("PYTHONDONTWRITEBYTECODE".into(), "1".into())];
    change(&mut config);
    let pool = WorkerPool::start(config.clone()).await.unwrap();
    Some((Served { pool, folder }, config))
}

async fn pid(served: &Served) -> Pid {
    Pid::from_raw(served.get("/pid").await.1.parse().unwrap()).unwrap()
}

#[tokio::test]
async fn a_release_is_switched_by_reloading_and_not_before() {
    let Some((served, config)) = served(|_| {}).await else { return };
    assert_eq!(served.get("/").await.1, "one");
    point(served.folder.path(), "two");
    let first = pid(&served).await;
    kill_process(first, Signal::KILL).unwrap();
    until("gone", || test_kill_process(first).is_err()).await;
    // A worker that starts again runs what the others run.
    assert_eq!(served.get("/").await.1, "one");
    let second = pid(&served).await;
    assert_ne!(first, second);
    served.pool.reload(config).await.unwrap();
    for _ in 0..20 {
        assert_eq!(served.get("/").await.1, "two");
    }
    until("the old worker has left", || test_kill_process(second).is_err()).await;
}

#[tokio::test]
async fn files_modules_and_paths_belong_to_their_release() {
    for kind in ["file", "module", "pythonpath"] {
        let found = served(|config| {
            let folder = config.chdir.take().unwrap();
            match kind {
                "file" => {
                    config.application = Application::File { path: folder.join("app.py"), callable: None };
                }
                "module" => {
                    config.application = Application::Module { module: "app".into(), callable: None };
                    config.chdir = Some(folder);
                }
                _ => {
                    config.application = Application::Module { module: "app".into(), callable: None };
                    config.pythonpath = vec![folder];
                }
            }
        });
        let Some((served, config)) = found.await else { return };
        point(served.folder.path(), "two");
        let first = pid(&served).await;
        kill_process(first, Signal::KILL).unwrap();
        until("gone", || test_kill_process(first).is_err()).await;
        assert_eq!(served.get("/").await.1, "one", "{kind}");
        served.pool.reload(config).await.unwrap();
        assert_eq!(served.get("/").await.1, "two", "{kind}");
    }
}

#[tokio::test]
async fn code_that_does_not_load_changes_nothing() {
    let Some((served, config)) = served(|config| config.workers = 2).await else { return };
    let release = served.folder.path().join("two");
    fs::write(release.join("version.py"), "raise ValueError('grief')\n").unwrap();
    point(served.folder.path(), "two");
    let error = served.pool.reload(config.clone()).await.unwrap_err();
    assert!(error.to_string().contains("ValueError: grief"), "{error}");
    assert_eq!(served.get("/").await.1, "one");
    let missing = WorkerConfig { chdir: Some("/nowhere".into()), ..config.clone() };
    assert!(served.pool.reload(missing).await.is_err());
    assert_eq!(served.get("/").await.1, "one");
    fs::write(release.join("version.py"), "NAME = b'corrected'\n").unwrap();
    served.pool.reload(config).await.unwrap();
    assert_eq!(served.get("/").await.1, "corrected");
}

#[tokio::test]
async fn what_is_prepared_serves_once_it_is_switched_or_leaves() {
    let Some((served, config)) = served(|_| {}).await else { return };
    point(served.folder.path(), "two");
    let prepared = served.pool.prepare(config.clone()).await.unwrap();
    assert_eq!(served.get("/").await.1, "one");
    drop(prepared);
    // The next reload does not wait for anything of the one that was given up.
    let prepared = served.pool.prepare(config.clone()).await.unwrap();
    assert_eq!(served.get("/").await.1, "one");
    prepared.switch();
    assert_eq!(served.get("/").await.1, "two");

    // A pool that stops waits for what is prepared, whose workers leave with it.
    point(served.folder.path(), "one");
    let prepared = served.pool.prepare(config).await.unwrap();
    let pool = served.pool.clone();
    let stopping = tokio::spawn(async move { pool.stop().await });
    tokio::task::yield_now().await;
    assert!(!stopping.is_finished());
    drop(prepared);
    stopping.await.unwrap();
}

#[tokio::test]
async fn no_request_fails_while_code_is_reloaded() {
    let found = served(|config| (config.workers, config.threads) = (2, 2)).await;
    let Some((served, config)) = found else { return };
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let clients = (0..8).map(|_| async {
        let mut answers = 0;
        while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
            let (status, text) = served.get("/").await;
            assert!(status == 200 && ["one", "two"].contains(&text.as_str()), "{status} {text}");
            answers += 1;
        }
        answers
    });
    let reloads = async {
        for release in ["two", "one", "two"] {
            point(served.folder.path(), release);
            served.pool.reload(config.clone()).await.unwrap();
            assert_eq!(served.get("/").await.1, release);
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(clients), reloads);
    assert!(answers.into_iter().all(|count| count > 0));
}

#[tokio::test]
async fn what_runs_ends_in_the_old_code_and_what_waits_runs_in_the_new() {
    let Some((served, config)) = served(|_| {}).await else { return };
    let old = pid(&served).await;
    let mut stream = served.pool.call(get("/stream")).await.unwrap().into_body();
    assert_eq!(stream.frame().await.unwrap().unwrap().into_data().unwrap(), "begun ");
    // The only thread streams.
    let pool = served.pool.clone();
    let waiting = tokio::spawn(async move { text(pool.call(get("/")).await.unwrap()).await.1 });
    point(served.folder.path(), "two");
    // Twice: a generation may be left before it has begun anything.
    served.pool.reload(config.clone()).await.unwrap();
    served.pool.reload(config).await.unwrap();
    assert_eq!(waiting.await.unwrap(), "two");
    assert_eq!(served.get("/").await.1, "two");
    fs::write(served.folder.path().join("go"), "").unwrap();
    assert_eq!(stream.collect().await.unwrap().to_bytes(), "one");
    until("the old worker has left", || test_kill_process(old).is_err()).await;
}

#[tokio::test]
async fn a_worker_leaves_only_when_all_its_answers_are_sent() {
    let source = "
import os, sys, time
def application(environ, start_response):
    path = environ['PATH_INFO']
    worker = sys._getframe(1).f_globals
    pack, runner = worker['pack'], worker['_thread'].get_ident()
    def slow(answers):
        # Called by the thread that does not run requests.
        if worker['_thread'].get_ident() != runner:
            open('taken', 'w').close()
            while not os.path.exists('go'):
                time.sleep(0.001)
        return pack(answers)
    if path == '/slow':
        worker['pack'] = slow
        while not os.path.exists('taken'):
            time.sleep(0.001)
    start_response('200 OK', [])
    return [path.encode()]
";
    let folder = tempfile::tempdir().unwrap();
    let Some(config) = config(&folder, source) else { return };
    let served = Served { pool: WorkerPool::start(config.clone()).await.unwrap(), folder };
    // They travel together, as neither was there before the other.
    let calls = async { tokio::join!(served.get("/quick"), served.get("/slow")) };
    let leaving = async {
        until("taken", || served.folder.path().join("taken").exists()).await;
        served.pool.reload(config).await.unwrap();
        // Time to leave too early.
        tokio::time::sleep(Duration::from_millis(300)).await;
        fs::write(served.folder.path().join("go"), "").unwrap();
    };
    let ((quick, slow), ()) = tokio::join!(calls, leaving);
    assert_eq!((quick, slow), ((200, "/quick".to_owned()), (200, "/slow".to_owned())));
}

#[tokio::test]
async fn what_is_handed_on_to_a_stopped_generation_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    releases(folder.path());
    let Some(mut config) = config(&folder, "") else { return };
    config.chdir = Some(folder.path().join("one"));
    config.env = vec![("MARKS".into(), folder.path().into())];
    let (reload, history) = (Arc::default(), Arc::default());
    let old = supervisor::start(config.clone(), folder.path(), &reload, &history).await.unwrap();
    let new = supervisor::start(config, folder.path(), &reload, &history).await.unwrap();
    let call = |generation: &Arc<Generation>, path| {
        let (reply, answer) = oneshot::channel();
        generation.submit(Call { request: get(path), reply }).unwrap();
        answer
    };
    let held = call(&old, "/hold");
    until("held", || folder.path().join("holds").exists()).await;
    let waiting = call(&old, "/");
    new.stop(Instant::now()).await;
    old.give_way_to(Arc::clone(&new));
    let answer = tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("no answer");
    assert_eq!(answer.unwrap().unwrap_err(), CallError::Stopped);
    let (reply, _answer) = oneshot::channel();
    assert_eq!(old.submit(Call { request: get("/"), reply }), Err(CallError::Stopped));
    fs::write(folder.path().join("go"), "").unwrap();
    old.leave(Instant::now() + Duration::from_secs(20)).await;
    assert_eq!(held.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn the_old_code_has_its_time_and_no_more() {
    let found = served(|config| config.graceful_timeout = Duration::from_millis(100)).await;
    let Some((served, config)) = found else { return };
    let pool = served.pool.clone();
    let held = tokio::spawn(async move { pool.call(get("/hold")).await.map(|_| ()) });
    until("held", || served.folder.path().join("holds").exists()).await;
    served.pool.reload(config).await.unwrap();
    assert_eq!(held.await.unwrap(), Err(CallError::Died));
    assert_eq!(served.get("/").await.0, 200);
}

#[tokio::test]
async fn stopping_ends_a_reload_and_all_generations() {
    let Some((served, config)) = served(|_| {}).await else { return };
    let old = pid(&served).await;
    let mut stream = served.pool.call(get("/stream")).await.unwrap().into_body();
    assert!(stream.frame().await.unwrap().is_ok());
    served.pool.reload(config.clone()).await.unwrap();
    let new = pid(&served).await;
    // This one never loads.
    let release = served.folder.path().join("one");
    let loads = served.folder.path().join("loads");
    let source = format!("import time\nopen({loads:?}, 'w').close()\ntime.sleep(1000)\n");
    fs::write(release.join("version.py"), source).unwrap();
    let pool = served.pool.clone();
    let reload = tokio::spawn(async move { pool.reload(config).await });
    until("it loads", || loads.exists()).await;
    served.pool.stop_by(Instant::now()).await;
    assert!(matches!(reload.await.unwrap(), Err(StartError::Stopping)));
    assert!([old, new].into_iter().all(|pid| test_kill_process(pid).is_err()));
    assert_eq!(served.error("/").await, CallError::Stopped);
}
