//! What one worker does wrong harms that one alone.

use super::*;

/// Every load of the application leaves a line in `loads`.
const FORGER: &str = "
import os, sys, time
with open('loads', 'a') as log:
    log.write('%d\\n' % os.getpid())
def forge(ids):
    # 7 is the first thread's stream.
    data = b''.join(b'\\x09\\0\\0\\0X' + number.to_bytes(8, 'little') for number in ids)
    while data:
        data = data[os.write(7, data):]
def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/hold':
        open('holds', 'w').close()
        while not os.path.exists('go'):
            time.sleep(0.001)
    if path == '/first-million':
        forge(range(1, 1000001))
    if path == '/next-hundred':
        own = int.from_bytes(sys._getframe(1).f_locals['number'], 'little')
        forge(number for number in range(own - 100, own + 100) if number != own)
    if path == '/nonblock':
        os.set_blocking(5, False)
    start_response('200 OK', [])
    return [path.encode()]
";

#[tokio::test]
async fn a_worker_cannot_answer_for_another() {
    for path in ["/first-million", "/next-hundred"] {
        let Some(served) = Served::with(FORGER, |config| config.workers = 2).await else { return };
        let pool = served.pool.clone();
        let held = tokio::spawn(async move { text(pool.call(get("/hold")).await.unwrap()).await });
        until("held", || served.folder.path().join("holds").exists()).await;
        assert_eq!(served.error(path).await, CallError::Died, "{path}");
        // It is replaced, and nothing happened to the request of the other worker.
        until("replaced", || served.file("loads").lines().count() == 3).await;
        assert_eq!(served.get("/good").await, (200, "/good".to_owned()));
        assert!(!held.is_finished());
        fs::write(served.folder.path().join("go"), "").unwrap();
        assert_eq!(held.await.unwrap(), (200, "/hold".to_owned()));
    }
}

#[tokio::test]
async fn a_queue_that_does_not_block_ends_no_worker() {
    let served = Served::with(FORGER, |config| (config.workers, config.threads) = (2, 2)).await;
    let Some(served) = served else { return };
    let calls = (0..4).map(|_| served.get("/nonblock"));
    for (status, _) in futures_util::future::join_all(calls).await {
        assert_eq!(status, 200);
    }
    for _ in 0..5 {
        let calls = (0..50).map(|_| served.get("/good"));
        assert!(futures_util::future::join_all(calls).await.iter().all(|(status, _)| *status == 200));
    }
    assert_eq!(served.file("loads").lines().count(), 2);
}
