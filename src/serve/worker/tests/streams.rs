//! Large bodies, slow clients, clients that leave.

use super::*;

const SIZE: usize = 64 * 1024 * 1024;

/// A piece of a test body: every piece is different.
fn piece(number: usize, length: usize) -> Bytes {
    let mut piece = vec![b'x'; length];
    piece[..8].copy_from_slice(&(number as u64).to_le_bytes());
    piece.into()
}

#[tokio::test]
async fn large_bodies_both_ways() {
    let source = "
import zlib
def application(environ, start_response):
    read = environ['wsgi.input'].read
    start_response('200 OK', [])
    if environ['PATH_INFO'] == '/echo':
        return iter(lambda: read(100000), b'')
    checksum, length = 0, 0
    for data in iter(lambda: read(1000000), b''):
        checksum, length = zlib.crc32(data, checksum), length + len(data)
    return [('%d %d' % (length, checksum)).encode()]
";
    let Some(served) = Served::new(source).await else { return };
    let pieces = || (0..SIZE / 65536).map(|number| Ok(piece(number, 65536)));
    let response = served.pool.call(upload("/sum", pieces())).await.unwrap();
    let (_, sum) = text(response).await;
    assert!(sum.starts_with(&format!("{SIZE} ")), "{sum}");

    let mut body = served.pool.call(upload("/echo", pieces())).await.unwrap().into_body();
    let mut expected = pieces().map(Result::unwrap);
    let mut open = Bytes::new();
    while let Some(frame) = body.frame().await {
        let mut data = frame.unwrap().into_data().unwrap();
        while !data.is_empty() {
            if open.is_empty() {
                open = expected.next().expect("more than was sent");
            }
            let length = usize::min(open.len(), data.len());
            assert!(open.split_to(length) == data.split_to(length));
        }
    }
    assert!(open.is_empty() && expected.next().is_none());
}

#[tokio::test]
async fn an_answer_says_which_process_it_is_from() {
    let source = "
import os
def application(environ, start_response):
    start_response('200 OK', [])
    pid = str(os.getpid()).encode()
    return [pid] if environ['PATH_INFO'] == '/whole' else iter((pid[:1], pid[1:]))
";
    let Some(served) = Served::new(source).await else { return };
    for path in ["/whole", "/stream"] {
        let response = served.pool.call(get(path)).await.unwrap();
        let worker = response.body().worker();
        assert_eq!(text(response).await, (200, worker.to_string()), "{path}");
    }
}

const PRODUCER: &str = "
import time
class Producer:
    def __init__(self, chunk, pause):
        self.chunk, self.pause = chunk, pause
    def __iter__(self):
        for number in range(100000):
            with open('produced', 'w') as log:
                log.write(str(number * len(self.chunk)))
            yield self.chunk
            time.sleep(self.pause)
    def close(self):
        with open('closed', 'a') as log:
            log.write('x')
def application(environ, start_response):
    path = environ['PATH_INFO']
    write = start_response('200 OK', [])
    if path == '/write':
        try:
            while True:
                write(b'x' * 1000)
                time.sleep(0.01)
        finally:
            Producer(b'', 0).close()
    if path == '/quick':
        return [b'quick']
    if path == '/late':
        with open('begun', 'w') as log:
            log.write('x')
        time.sleep(0.5)
    return Producer(b'x' * 100000, 0) if path == '/fast' else Producer(b'x', 0.01)
";

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_application() {
    let Some(served) = Served::new(PRODUCER).await else { return };
    let response = served.pool.call(get("/fast")).await.unwrap();
    let produced = || served.file("produced").parse().unwrap_or(0);
    // As far as there is credit: 512 KiB.
    until("the credit is used up", || produced() >= 400_000).await;
    let mut before = 0;
    let deadline = Instant::now() + Duration::from_secs(20);
    while before != produced() {
        assert!(Instant::now() < deadline, "still producing");
        before = produced();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(before < 600_000, "{before}");
    drop(response);
    served.closed("x").await;
    assert_eq!(served.get("/quick").await.1, "quick");
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let Some(served) = Served::new(PRODUCER).await else { return };
    let mut times = String::new();
    for path in ["/slow", "/write", "/fast"] {
        let mut body = served.pool.call(get(path)).await.unwrap().into_body();
        assert!(body.frame().await.unwrap().is_ok());
        drop(body);
        times.push('x');
        let left = Instant::now();
        served.closed(&times).await;
        assert!(left.elapsed() < Duration::from_secs(5), "{path}");
    }
    // Before the answer has begun: nobody takes it.
    let pool = served.pool.clone();
    let call = tokio::spawn(async move { pool.call(get("/late")).await.map(|_| ()) });
    until("begun", || served.file("begun") == "x").await;
    call.abort();
    assert!(call.await.is_err());
    times.push('x');
    served.closed(&times).await;
    assert_eq!(served.get("/quick").await.1, "quick");
}

#[tokio::test]
async fn a_stream_holds_up_nobody_else() {
    let served = Served::with(PRODUCER, |config| config.threads = 2).await;
    let Some(served) = served else { return };
    let response = served.pool.call(get("/fast")).await.unwrap();
    for _ in 0..20 {
        assert_eq!(served.get("/quick").await.1, "quick");
    }
    drop(response);
    served.closed("x").await;
}

#[tokio::test]
async fn what_there_is_credit_for_waits_for_no_client() {
    let source = "
def application(environ, start_response):
    start_response('200 OK', [])
    if environ['PATH_INFO'] == '/quick':
        return [b'quick']
    return (b'x' * 10000 for _ in range(int(environ['QUERY_STRING'])))
";
    let Some(served) = Served::with(source, |config| config.threads = 2).await else { return };
    // Many more than there are threads, and nobody reads.
    let mut slow = Vec::new();
    for _ in 0..16 {
        slow.push(served.pool.call(get("/stream?30")).await.unwrap());
    }
    assert_eq!(served.get("/quick").await.1, "quick");
    for response in slow {
        assert_eq!(text(response).await.1.len(), 300_000);
    }
    // Anyone who takes everything at once leaves the threads free, whatever the size.
    let large = (0..16).map(|_| served.get("/stream?300"));
    for (_, body) in futures_util::future::join_all(large).await {
        assert_eq!(body.len(), 3_000_000);
    }
}

#[tokio::test]
async fn what_is_all_there_is_one_answer() {
    let source = "
class Response:
    # As Django's: no list, but its iterator is a list's.
    def __init__(self, chunks):
        self.chunks = chunks
    def __iter__(self):
        return iter(self.chunks)
    def close(self):
        open('closed', 'a').write('x')
def generator():
    yield b'abc'
    yield b'def'
def application(environ, start_response):
    start_response('200 OK', [])
    return {
        '/list': iter([b'abc', b'def']),
        '/tuple': (b'abc', b'def'),
        '/tuple-iterator': iter((b'abc', b'def')),
        '/response': Response([b'abc', b'def']),
        '/large': Response([b'x' * 100000] * 2),
        '/map': map(bytes, [b'abc', b'def']),
        '/generator': generator(),
    }[environ['PATH_INFO']]
";
    let Some(served) = Served::new(source).await else { return };
    let whole = ["/list", "/tuple", "/tuple-iterator", "/response"];
    // Of these the next chunk is made when it is asked for, so the first must be sent before.
    let streams = ["/map", "/generator"];
    for path in whole.into_iter().chain(streams) {
        let response = served.pool.call(get(path)).await.unwrap();
        let length = response.headers().get("content-length").map(|value| value.to_str().unwrap());
        assert_eq!(length, whole.contains(&path).then_some("6"), "{path}");
        assert_eq!(response.body().size_hint().exact(), whole.contains(&path).then_some(6), "{path}");
        assert_eq!(text(response).await.1, "abcdef", "{path}");
    }
    served.closed("x").await;
    let response = served.pool.call(get("/large")).await.unwrap();
    assert_eq!(response.headers()["content-length"], "200000");
    assert_eq!(text(response).await.1.len(), 200_000);
    served.closed("xx").await;
}

#[tokio::test]
async fn bodies_are_read_on_other_threads() {
    let Some(served) = Served::with(PRODUCER, |config| config.threads = 2).await else { return };
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let pool = served.pool.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let mut body = pool.call(get("/fast")).await.unwrap().into_body();
                    let mut length = 0;
                    while length < 2_000_000 {
                        length += body.frame().await.unwrap().unwrap().into_data().unwrap().len();
                    }
                    drop(body);
                    text(pool.call(get("/quick")).await.unwrap()).await.1
                })
            })
        })
        .collect();
    for reader in readers {
        let read = tokio::task::spawn_blocking(|| reader.join().unwrap());
        assert_eq!(read.await.unwrap(), "quick");
    }
    served.closed("xxxx").await;
}

#[tokio::test]
async fn a_stream_holds_up_nobody_in_its_message() {
    let served = Served::with(PRODUCER, |config| config.threads = 2).await;
    let Some(served) = served else { return };
    // Three at once for one process are one message; nobody reads the first answer.
    let three =
        async { tokio::join!(served.pool.call(get("/fast")), served.get("/quick"), served.get("/quick")) };
    let (stream, first, second) = tokio::time::timeout(Duration::from_secs(20), three).await.unwrap();
    assert_eq!((first.1.as_str(), second.1.as_str()), ("quick", "quick"));
    drop(stream);
    served.closed("x").await;
}

/// `/meet` answers when six of them run at the same time, `/wait` when there is a file `go`.
const MEETING: &str = "
import os, threading, time
def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/meet':
        open('here-%d-%d' % (os.getpid(), threading.get_ident()), 'w').close()
        while sum(name.startswith('here-') for name in os.listdir('.')) < 6:
            time.sleep(0.01)
    if path == '/wait':
        open('waits', 'w').close()
        while not os.path.exists('go'):
            time.sleep(0.01)
    if path == '/die':
        time.sleep(0.2)
        os._exit(3)
    with open('log', 'a') as log:
        log.write(path + '\\n')
    start_response('200 OK', [])
    return [path.encode()]
";

#[tokio::test]
async fn requests_that_wait_go_to_idle_threads() {
    let served = Served::with(MEETING, |config| (config.workers, config.threads) = (2, 4)).await;
    let Some(served) = served else { return };
    let meet = || served.get("/meet");
    let six = async { tokio::join!(meet(), meet(), meet(), meet(), meet(), meet()) };
    let answers = tokio::time::timeout(Duration::from_secs(20), six).await.expect("they never meet");
    assert_eq!(answers.0, (200, "/meet".to_owned()));
    assert_eq!(answers.5, (200, "/meet".to_owned()));
    assert_eq!(served.file("log").lines().count(), 6);
}

#[tokio::test]
async fn a_finished_answer_waits_for_nobody() {
    let Some(served) = Served::new(MEETING).await else { return };
    // One thread, so one message.
    let quick = async {
        let answer = served.get("/quick").await;
        assert!(!served.folder.path().join("go").exists());
        fs::write(served.folder.path().join("go"), "").unwrap();
        answer
    };
    let three = async { tokio::join!(quick, served.get("/wait"), served.get("/after")) };
    let (quick, wait, after) = tokio::time::timeout(Duration::from_secs(20), three).await.unwrap();
    assert_eq!((quick.1.as_str(), wait.1.as_str(), after.1.as_str()), ("/quick", "/wait", "/after"));
    assert_eq!(served.file("log"), "/quick\n/wait\n/after\n");
    // Nor does a crash take it along.
    let Some(served) = Served::new(MEETING).await else { return };
    let three = async { tokio::join!(served.get("/quick"), served.error("/die"), served.get("/after")) };
    let (quick, died, after) = tokio::time::timeout(Duration::from_secs(20), three).await.unwrap();
    assert_eq!((quick.0, died, after.0), (200, CallError::Died, 200));
}

#[tokio::test]
async fn an_upload_whose_client_is_slow_holds_up_nobody_else() {
    let source = "
def application(environ, start_response):
    body = environ['wsgi.input'].read()
    start_response('200 OK', [])
    return [body or b'quick']
";
    let Some(served) = Served::with(source, |config| config.threads = 2).await else { return };
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let request = WorkerRequest {
        method: http::Method::POST,
        rest: Some(Received(receiver).boxed_unsync()),
        ..get("/")
    };
    let pool = served.pool.clone();
    let call = tokio::spawn(async move { text(pool.call(request).await.unwrap()).await.1 });
    sender.send(Bytes::from("slow")).await.unwrap();
    for _ in 0..20 {
        assert_eq!(served.get("/").await.1, "quick");
    }
    drop(sender);
    assert_eq!(call.await.unwrap(), "slow");
}

#[tokio::test]
async fn a_worker_that_dies_during_an_upload() {
    let source = "
import os, threading
def application(environ, start_response):
    if environ['PATH_INFO'] == '/':
        environ['wsgi.input'].read(1)
        threading.Timer(0.05, os._exit, [1]).start()
        environ['wsgi.input'].read()
    start_response('200 OK', [])
    return [b'new']
";
    let Some(served) = Served::new(source).await else { return };
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    sender.send(Bytes::from("x")).await.unwrap();
    let rest = Some(Received(receiver).boxed_unsync());
    let request = WorkerRequest { method: http::Method::POST, rest, ..get("/") };
    assert_eq!(served.pool.call(request).await.unwrap_err(), CallError::Died);
    assert_eq!(served.get("/new").await.1, "new");
}

/// A body that waits for its pieces.
struct Received(tokio::sync::mpsc::Receiver<Bytes>);

impl Body for Received {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
