//! How many workers there are, how long they serve, and how long a request may take.

use std::collections::HashSet;

use rustix::process::{Pid, test_kill_process};

use super::*;

/// Answers with its process id. `/stuck` never answers, `/stream` answers until the file `go` is there, `/together`
/// when four requests have come, `/grow` takes up memory.
const PIDS: &str = "
import os, time
kept = []
def stream():
    while not os.path.exists('go'):
        yield b'.'
        time.sleep(0.01)
    yield str(os.getpid()).encode()
def application(environ, start_response):
    path = environ['PATH_INFO']
    with open('log', 'a') as log:
        log.write('%s %s\\n' % (os.getpid(), path))
    start_response('200 OK', [])
    if path == '/stuck':
        stay_here()
    if path == '/stream':
        return stream()
    if path == '/together':
        deadline = time.monotonic() + 20
        while open('log').read().count('/together') < 4:
            if time.monotonic() > deadline:
                return [b'alone']
            time.sleep(0.01)
    if path == '/grow':
        kept.append(b'x' * (200 << 20))
    return [str(os.getpid()).encode()]
def stay_here():
    time.sleep(600)
";

fn is_gone(process: &str) -> bool {
    test_kill_process(Pid::from_raw(process.parse().unwrap()).unwrap()).is_err()
}

impl Served {
    async fn process(&self) -> String {
        let (status, text) = self.get("/").await;
        assert_eq!(status, 200);
        text
    }

    /// Asks until another process answers than this one; no request may fail.
    async fn successor_of(&self, process: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let now = self.process().await;
            if now != process {
                return now;
            }
            assert!(Instant::now() < deadline, "{process} is not replaced");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn call_in_background(&self, path: &str) -> tokio::task::JoinHandle<Result<(u16, String), CallError>> {
        let (pool, request) = (self.pool.clone(), get(path));
        tokio::spawn(async move {
            match pool.call(request).await {
                Ok(response) => Ok(text(response).await),
                Err(error) => Err(error),
            }
        })
    }
}

#[tokio::test]
async fn workers_come_and_leave_while_the_pool_runs() {
    let Some(served) = Served::new(PIDS).await else { return };
    let first = served.process().await;
    served.pool.change_workers(3);
    // Only with one thread each can four requests wait for each other.
    let calls: Vec<_> = (0..4).map(|_| served.call_in_background("/together")).collect();
    let mut processes = HashSet::new();
    for call in calls {
        processes.insert(call.await.unwrap().unwrap().1);
    }
    assert!(processes.len() == 4 && processes.contains(&first), "{processes:?}");
    let running: Vec<_> = (0..4).map(|_| served.call_in_background("/stream")).collect();
    until("begun", || served.file("log").matches("/stream").count() == 4).await;
    served.pool.change_workers(-100);
    fs::write(served.folder.path().join("go"), "").unwrap();
    for call in running {
        let (status, text) = call.await.unwrap().unwrap();
        assert!(status == 200 && processes.contains(text.trim_start_matches('.')), "{text}");
    }
    until("one is left", || processes.iter().filter(|process| !is_gone(process)).count() == 1).await;
    assert_eq!(served.process().await, first);
    served.pool.change_workers(1);
    served.pool.stop().await;
    assert!(is_gone(&first));
}

#[tokio::test]
async fn a_request_that_takes_too_long() {
    let limits = WorkerLimits { request_timeout: Duration::from_millis(1500), ..WorkerLimits::default() };
    let served = Served::with(PIDS, |config| {
        config.threads = 2;
        config.limits = limits;
    });
    let Some(served) = served.await else { return };
    let first = served.process().await;
    let streamed = served.call_in_background("/stream");
    until("begun", || served.file("log").contains("/stream")).await;
    assert_eq!(served.error("/stuck").await, CallError::TimedOut);
    assert_eq!(CallError::TimedOut.status(), 504);
    // Its successor is there, and what it streams goes on.
    let second = served.process().await;
    assert_ne!(first, second);
    tokio::time::sleep(Duration::from_millis(1600)).await;
    assert!(!is_gone(&first) && !streamed.is_finished());
    fs::write(served.folder.path().join("go"), "").unwrap();
    let (status, text) = streamed.await.unwrap().unwrap();
    assert!(status == 200 && text.ends_with(&first), "{text}");
    // Now it has nothing else to finish.
    until("killed", || is_gone(&first)).await;
    assert_eq!(served.process().await, second);
}

#[tokio::test]
async fn the_stacks_of_a_worker_that_takes_too_long_are_logged() {
    let source =
        format!("import os\nos.dup2(os.open('printed', os.O_CREAT | os.O_WRONLY | os.O_APPEND), 2)\n{PIDS}");
    let limits = WorkerLimits { request_timeout: Duration::from_millis(100), ..WorkerLimits::default() };
    let Some(served) = Served::with(&source, |config| config.limits = limits).await else { return };
    assert_eq!(served.error("/stuck").await, CallError::TimedOut);
    until("logged", || served.file("printed").contains("in stay_here\n    time.sleep(600)")).await;
    assert!(!served.file("printed").contains("certkit_worker"), "{}", served.file("printed"));
}

#[tokio::test]
async fn a_worker_that_has_had_its_requests_is_replaced_and_none_fails() {
    let limits = WorkerLimits { max_requests: 20, ..WorkerLimits::default() };
    let served = Served::with(PIDS, |config| (config.workers, config.limits) = (2, limits)).await;
    let Some(served) = served else { return };
    let mut processes = HashSet::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    while processes.len() < 6 {
        assert!(Instant::now() < deadline, "{processes:?}");
        let calls: Vec<_> = (0..20).map(|_| served.call_in_background("/")).collect();
        for call in calls {
            let (status, process) = call.await.unwrap().unwrap();
            assert_eq!(status, 200);
            processes.insert(process);
        }
    }
}

#[tokio::test]
async fn a_worker_serves_until_its_successor_has_loaded_the_application() {
    let limits = WorkerLimits { max_lifetime: Duration::from_millis(200), ..WorkerLimits::default() };
    let served = Served::with(PIDS, |config| config.limits = limits).await;
    let Some(served) = served else { return };
    let first = served.process().await;
    let second = served.successor_of(&first).await;
    until("gone", || is_gone(&first)).await;
    fs::write(served.folder.path().join("app.py"), "open('tried', 'a').write('x')\nraise ValueError\n")
        .unwrap();
    until("tried twice", || served.file("tried").len() >= 2).await;
    let still = served.process().await;
    fs::write(served.folder.path().join("app.py"), PIDS).unwrap();
    served.successor_of(&still).await;
    assert!(!second.is_empty());
}

#[tokio::test]
async fn a_worker_that_takes_up_too_much_memory() {
    // Every Python takes up more than 1 MiB.
    for limits in [
        WorkerLimits { max_memory: 1, ..WorkerLimits::default() },
        WorkerLimits { max_memory: 150, ..WorkerLimits::default() },
        WorkerLimits { kill_memory: 150, ..WorkerLimits::default() },
    ] {
        let served = Served::with(PIDS, |config| config.limits = limits.clone()).await;
        let Some(served) = served else { return };
        let first = served.process().await;
        if limits.max_memory != 1 {
            let status = served.get("/grow").await.0;
            // One that is ended at once may be gone before it has answered.
            assert!(status == 200 || limits.kill_memory > 0, "{status}");
        }
        until("another process", || is_gone(&first)).await;
        assert_ne!(served.process().await, first);
    }
}

#[tokio::test]
async fn as_many_workers_as_the_requests_need() {
    let served = Served::with(PIDS, |config| {
        config.workers = 4;
        config.cheaper = Cheaper { least: 1, initial: 0, step: 3 };
    });
    let Some(served) = served.await else { return };
    let calls: Vec<_> = (0..4).map(|_| served.call_in_background("/together")).collect();
    let mut processes = HashSet::new();
    for call in calls {
        processes.insert(call.await.unwrap().unwrap().1);
    }
    assert_eq!(processes.len(), 4, "{processes:?}");
    let left = || processes.iter().filter(|process| !is_gone(process)).count();
    let deadline = Instant::now() + Duration::from_secs(90);
    while left() > 3 {
        assert!(Instant::now() < deadline, "no worker leaves");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(served.get("/").await.0, 200);
}
