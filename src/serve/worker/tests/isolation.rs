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
    if path == '/not-begun' and environ['wsgi.input'].read(1):
        os.write(7, b'\\x09\\0\\0\\0N' + sys._getframe(1).f_locals['number'])
        while True:
            time.sleep(1)
    if path == '/overdraw':
        def overdraw():
            yield b'x'
            number = sys._getframe(1).f_locals['self'].number
            piece = (100009).to_bytes(4, 'little') + b'D' + number + b'x' * 100000
            data = piece * 6
            while data:
                data = data[os.write(7, data):]
            while True:
                time.sleep(1)
        start_response('200 OK', [])
        return overdraw()
    if path == '/inherited':
        names = []
        for number in os.listdir('/proc/self/fd'):
            try:
                names.append(os.readlink('/proc/self/fd/' + number))
            except OSError:
                pass
        with open('/proc/self/status') as status:
            names.append([line for line in status if line.startswith('NoNewPrivs')][0].replace('\\t', ' ').strip())
        start_response('200 OK', [])
        return ['\\n'.join(names).encode()]
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

#[tokio::test]
async fn a_worker_sends_no_more_than_it_has_credit_for() {
    let Some(served) = Served::new(FORGER).await else { return };
    let mut body = served.pool.call(get("/overdraw")).await.unwrap().into_body();
    until("replaced", || served.file("loads").lines().count() == 2).await;
    let mut length = 0;
    while let Ok(frame) = body.frame().await.unwrap() {
        length += frame.into_data().unwrap().len();
    }
    assert_eq!(length, 500_001);
    assert_eq!(served.get("/good").await, (200, "/good".to_owned()));
}

#[tokio::test]
async fn a_request_whose_body_was_taken_is_not_run_again() {
    let Some(served) = Served::new(FORGER).await else { return };
    let request = upload("/not-begun", std::iter::once(Ok("body".into())));
    assert_eq!(served.pool.call(request).await.map(|_| ()), Err(CallError::Died));
    until("replaced", || served.file("loads").lines().count() == 2).await;
    assert_eq!(served.get("/good").await, (200, "/good".to_owned()));
}

#[tokio::test]
async fn workers_inherit_nothing_and_gain_no_privileges() {
    let folder = tempfile::tempdir().unwrap();
    let Some(config) = config(&folder, FORGER) else { return };
    // As if anyone who started the front had left a file open for it.
    let secret = folder.path().join("secret");
    fs::write(&secret, "").unwrap();
    let _open = rustix::fs::open(&secret, rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()).unwrap();
    let pool = WorkerPool::start(config).await.unwrap();
    let names = text(pool.call(get("/inherited")).await.unwrap()).await.1;
    assert!(!names.contains("secret"), "{names}");
    assert!(names.ends_with("NoNewPrivs: 1"), "{names}");
    // The front keeps them: its hooks may need sudo.
    assert!(!rustix::thread::no_new_privs().unwrap());
}

/// As `gevent.monkey.patch_all()` does, and more roughly: threads and locks as the application knows them do nothing.
#[tokio::test]
async fn an_application_that_replaces_threads_and_locks() {
    let source = "
import _thread, threading, time
_thread.start_new_thread = _thread.allocate_lock = threading.Lock = lambda *_: None
threading.Thread.start = lambda self: None
waiting = []
def application(environ, start_response):
    waiting.append(1)
    deadline = time.monotonic() + 20
    while len(waiting) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    start_response('200 OK', [])
    return [str(len(waiting) >= 4).encode()]
";
    let Some(served) = Served::with(source, |config| config.threads = 4).await else { return };
    let (one, two) = (served.get("/"), served.get("/"));
    let (three, four) = (served.get("/"), served.get("/"));
    let all = tokio::join!(one, two, three, four);
    let good = || (200, "True".to_owned());
    assert_eq!(all, (good(), good(), good(), good()));
    served.pool.stop().await;
}

#[tokio::test]
async fn headers_that_belong_to_the_connection_are_dropped() {
    let source = "
import os, sys
os.dup2(os.open('printed', os.O_CREAT | os.O_WRONLY | os.O_APPEND), 2)
def application(environ, start_response):
    value = environ['QUERY_STRING'] or 'keep-alive'
    start_response('200 OK', [('Transfer-Encoding', 'chunked'), ('Connection', value), ('keep-alive', '5'), ('A', 'b')])
    return [b'a']
";
    let Some(served) = Served::new(source).await else { return };
    for (query, expected) in [("", None), ("?Close", Some("close")), ("?x,close", Some("close"))] {
        let response = served.pool.call(get(&format!("/{query}"))).await.unwrap();
        let headers = response.headers();
        assert_eq!(headers.get("connection").map(|value| value.to_str().unwrap()), expected, "{query}");
        assert!(!headers.contains_key("transfer-encoding") && !headers.contains_key("keep-alive"));
        assert_eq!((&headers["a"], response.status().as_u16()), (&"b".parse().unwrap(), 200));
    }
    let printed = served.file("printed");
    assert_eq!(printed.matches("Transfer-Encoding of the application is dropped").count(), 1, "{printed}");
    assert_eq!(printed.lines().count(), 1, "{printed}");
}
