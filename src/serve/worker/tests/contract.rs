//! PEP 3333, rule by rule.

use super::*;

#[tokio::test]
async fn hello() {
    let source = "
def application(environ, start_response):
    start_response('200 Fine', [('Content-Type', 'text/plain'), ('X-A', 'caf\\xe9'), ('X-A', 'two')])
    return [b'hello']
";
    let Some(served) = Served::new(source).await else { return };
    let response = served.pool.call(get("/a")).await.unwrap();
    assert_eq!(response.headers()["content-length"], "5");
    let values: Vec<_> = response.headers().get_all("x-a").iter().map(|value| value.as_bytes()).collect();
    assert_eq!(values, [&b"caf\xe9"[..], b"two"]);
    assert_eq!(text(response).await, (200, "hello".to_owned()));
    served.pool.stop().await;
    assert_eq!(served.error("/").await, CallError::Stopped);
}

#[tokio::test]
async fn the_environ() {
    let source = "
import io, sys
def application(environ, start_response):
    e = environ
    assert type(e) is dict
    assert all(type(key) is str for key in e)
    assert all(type(e[key]) is str for key in e if '.' not in key), e
    assert e['REQUEST_METHOD'] == 'GET' and e['REQUEST_URI'] == e['RAW_URI'] == '/caf%C3%A9?a=%20b'
    assert e['PATH_INFO'] == '/caf\\xc3\\xa9' and e['QUERY_STRING'] == 'a=%20b'
    assert e['REMOTE_PORT'] == '4711' and e['REMOTE_ADDR'] == '127.0.0.1'
    assert e['HTTP_COOKIE'] == 'a=1' and 'CONTENT_LENGTH' not in e
    assert e['wsgi.version'] == (1, 0) and e['wsgi.url_scheme'] == 'https'
    assert e['wsgi.multithread'] is True and e['wsgi.multiprocess'] is True and e['wsgi.run_once'] is False
    assert e['wsgi.errors'] is sys.stderr and e['wsgi.input_terminated'] is True
    assert e['wsgi.input'].read() == b'' and callable(e['wsgi.file_wrapper'])
    # What one request does to its environ must not reach the next one.
    assert 'x' not in e
    e['x'] = 1
    e['HTTP_HOST'] = 'changed'
    start_response('200 OK', [])
    return [b'good']
";
    let served = Served::with(source, |config| (config.workers, config.threads) = (2, 2)).await;
    let Some(served) = served else { return };
    for _ in 0..3 {
        let mut changing = DictWriter::new();
        changing.insert(b"HTTP_COOKIE", b"a=1");
        let request = WorkerRequest {
            uri: "/caf%C3%A9?a=%20b".into(),
            path: "/caf\u{e9}".into(),
            query: "a=%20b".into(),
            changing: Some(changing.finish()),
            ..get("/")
        };
        assert_eq!(text(served.pool.call(request).await.unwrap()).await, (200, "good".to_owned()));
    }
}

#[tokio::test]
async fn bodies_of_every_shape() {
    let source = "
class Closing:
    def __init__(self, chunks):
        self.chunks = iter(chunks)
    def __iter__(self):
        return self
    def __next__(self):
        return next(self.chunks)
    def close(self):
        open('closed', 'a').write('x')

class Bytes(bytes): pass
class Str(str): pass

def application(environ, start_response):
    path = environ['PATH_INFO']
    headers = [('Content-Type', 'text/plain')]
    if 'length' in path:
        headers.append(('Content-Length', '6'))
    write = start_response(Str('200 OK'), [(Str(name), Str(value)) for name, value in headers])
    if 'write' in path:
        write(b'')
        write(b'w')
    if 'list' in path:
        return [b'abc', b'', b'def']
    if 'tuple' in path:
        return (b'abc', b'def')
    if 'generator' in path:
        return (chunk for chunk in [b'', b'abc', Bytes(b'def'), b''])
    if 'closing' in path:
        return Closing([b'abc', b'def'])
    if 'empty' in path:
        return Closing([])
    if 'sub' in path:
        return [Bytes(b'abcdef')]
";
    let Some(served) = Served::new(source).await else { return };
    for path in ["/list", "/tuple", "/generator", "/closing", "/sub", "/length-list", "/length-closing"] {
        assert_eq!(served.get(path).await, (200, "abcdef".to_owned()), "{path}");
    }
    for path in ["/write-list", "/write-generator", "/write-closing"] {
        assert_eq!(served.get(path).await, (200, "wabcdef".to_owned()), "{path}");
    }
    served.closed("xxx").await;
    let response = served.pool.call(get("/empty")).await.unwrap();
    assert_eq!(response.headers()["content-length"], "0");
    assert_eq!(text(response).await, (200, String::new()));
}

#[tokio::test]
async fn each_chunk_is_sent_before_the_next_is_asked_for() {
    let source = "
import os, time
def wait_for(name):
    while not os.path.exists(name):
        time.sleep(0.001)
def application(environ, start_response):
    write = start_response('200 OK', [])
    write(b'one')
    wait_for('one')
    def rest():
        yield b'two'
        wait_for('two')
        yield b'three'
    return rest()
";
    let Some(served) = Served::new(source).await else { return };
    let mut body = served.pool.call(get("/")).await.unwrap().into_body();
    for piece in ["one", "two", "three"] {
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), piece);
        fs::write(served.folder.path().join(piece), "").unwrap();
    }
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn start_response_rules() {
    let source = "
import sys
def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/never':
        return [b'x']
    if path == '/never-empty':
        return []
    if path == '/late':
        def late():
            start_response('201 Created', [])
            yield b'late'
        return late()
    headers = [('X-First', 'yes')]
    start_response('200 OK', headers)
    if path == '/twice':
        start_response('200 OK', [])
    if path == '/exc-info':
        try:
            raise ValueError('first')
        except ValueError:
            start_response('503 Sorry', [('X-Second', 'yes')], sys.exc_info())
        return [b'replaced']
    if path == '/exc-info-late':
        def body():
            yield b'output'
            try:
                raise ValueError('late')
            except ValueError:
                start_response('503 Sorry', [], sys.exc_info())
            yield b'never'
        return body()
    headers[0] = ('X-First', 'changed')
    return [b'end']
";
    let Some(served) = Served::new(source).await else { return };
    for path in ["/never", "/never-empty", "/twice"] {
        assert_eq!(served.error(path).await, CallError::Failed, "{path}");
    }
    assert_eq!(served.get("/late").await, (201, "late".to_owned()));
    let response = served.pool.call(get("/exc-info")).await.unwrap();
    assert!(!response.headers().contains_key("x-first") && response.headers().contains_key("x-second"));
    assert_eq!(text(response).await, (503, "replaced".to_owned()));
    assert_eq!(served.broken("/exc-info-late").await, b"output");
    // The application's list is its own again after the call.
    let response = served.pool.call(get("/reused")).await.unwrap();
    assert_eq!(response.headers()["x-first"], "yes");
}

#[tokio::test]
async fn statuses_and_headers_that_are_refused() {
    let source = "
CASES = [
    ('200', []), ('OK', []), ('2000 OK', []), ('100 Continue', []), ('200 O\\nK', []), (200, []), ('\\u0662\\u0660\\u0660 OK', []),
    ('200 OK', ()), ('200 OK', {}), ('200 OK', None), ('200 OK', [['A', 'b']]), ('200 OK', [('A',)]), ('200 OK', ['Ab']),
    ('200 OK', [('A', 1)]), ('200 OK', [('A', b'b')]), ('200 OK', [(b'A', 'b')]), ('200 OK', [('A', None)]),
    ('200 OK', [('A', 'b\\r\\nC: d')]), ('200 OK', [('A', 'b\\nc')]), ('200 OK', [('A', '\\0')]), ('200 OK', [('A', '\\x7f')]),
    ('200 OK', [('A', '\\u20ac')]), ('200 OK', [('', 'b')]), ('200 OK', [('A b', 'c')]), ('200 OK', [('A:', 'b')]),
    ('200 OK', [('\\xc4', 'b')]), ('200 OK', [('Connection', 'a\\nb')]), ('200 OK', [('transfer-encoding', 1)]),
    ('200 OK', [('Content-Length', 'x')]), ('200 OK', [('Content-Length', '-1')]), ('200 OK', [('Content-Length', '')]),
    ('200 OK', [('Content-Length', '1'), ('Content-Length', '2')]), ('200 OK', [('A', 'b' * 2000000)]),
    ('200 OK', [('A', 'b')] * 1001), ('200 OK', [('A%d' % n, 'b') for n in range(33000)]),
]
GOOD = [('A', ''), ('A', 'tab\\there'), ('A', '\\xa0\\xff'), (\"!#$%&'*+-.^_`|~09azAZ\", 'b')]
def application(environ, start_response):
    path = environ['PATH_INFO'][1:]
    if path == 'count':
        start_response('200 OK', GOOD)
        return [str(len(CASES)).encode()]
    start_response(*CASES[int(path)])
    return iter([b'a', b'b'])
";
    let Some(served) = Served::new(source).await else { return };
    let response = served.pool.call(get("/count")).await.unwrap();
    assert_eq!(response.headers().get_all("a").iter().count(), 3);
    let count: usize = text(response).await.1.parse().unwrap();
    assert!(count > 20);
    for case in 0..count {
        assert_eq!(served.error(&format!("/{case}")).await, CallError::Failed, "case {case}");
    }
}

#[tokio::test]
async fn errors_before_and_after_output() {
    let source = "
import sys
class Closing:
    def __init__(self, chunks):
        self.chunks = chunks
    def __iter__(self):
        for chunk in self.chunks:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk
    def close(self):
        open('closed', 'a').write('x')
CHUNKS = {
    '/str': ['text'], '/int': [1], '/none': [None], '/late-str': [b'a', 'text'],
    '/raise': [ValueError('x')], '/late-raise': [b'a', b'', ValueError('x')],
    '/exit': [SystemExit(3)], '/late-interrupt': [b'a', KeyboardInterrupt()],
}
def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/at-once':
        raise ValueError('x')
    if path == '/sys-exit':
        sys.exit(3)
    start_response('200 OK', [('X', 'y')])
    if path == '/after-start':
        raise ValueError('x')
    if path == '/list-str':
        return ['text']
    if path == '/list-strs':
        return [b'a', 'text']
    if path == '/plain-str':
        return 'text'
    if path == '/plain-bytes':
        return b'text'
    if path == '/nothing':
        return None
    if path == '/good':
        return [b'good']
    return Closing(CHUNKS[path])
";
    let Some(served) = Served::new(source).await else { return };
    let before =
        ["/at-once", "/sys-exit", "/after-start", "/list-str", "/list-strs", "/plain-str", "/plain-bytes"];
    for path in before.into_iter().chain(["/nothing", "/str", "/int", "/none", "/raise", "/exit"]) {
        assert_eq!(served.error(path).await, CallError::Failed, "{path}");
    }
    for path in ["/late-str", "/late-raise", "/late-interrupt"] {
        assert_eq!(served.broken(path).await, b"a", "{path}");
    }
    // The worker has survived them all.
    assert_eq!(served.get("/good").await, (200, "good".to_owned()));
    served.closed(&"x".repeat(8)).await;
}

#[tokio::test]
async fn content_length_is_kept() {
    let source = "
def application(environ, start_response):
    kind, length = environ['PATH_INFO'][1:].split('-')
    write = start_response('200 OK', [('Content-Length', length)])
    if kind == 'list':
        return [b'abcdef']
    if kind == 'many':
        return [b'abc', b'def']
    if kind == 'write':
        write(b'abc')
        return [b'def', b'ghi']
    if kind == 'large':
        return [b'x' * 300000]
    if kind == 'endless':
        def endless():
            while True:
                yield b'abcdef'
        return endless()
    return iter([b'abc', b'def'])
";
    let Some(served) = Served::new(source).await else { return };
    for kind in ["list", "many", "iter", "write", "endless"] {
        assert_eq!(served.get(&format!("/{kind}-5")).await, (200, "abcde".to_owned()), "{kind}");
        assert_eq!(served.get(&format!("/{kind}-0")).await, (200, String::new()), "{kind}");
    }
    for kind in ["list", "many", "iter"] {
        assert_eq!(served.broken(&format!("/{kind}-7")).await, b"abcdef", "{kind}");
    }
    assert_eq!(served.get("/large-200000").await.1.len(), 200_000);
    assert_eq!(served.broken("/large-400000").await.len(), 300_000);
}

#[tokio::test]
async fn answers_without_a_body() {
    let source = "
class Closing(list):
    def close(self):
        open('closed', 'a').write('x')
def application(environ, start_response):
    path = environ['PATH_INFO']
    status = {'/204': '204 No Content', '/304': '304 Not Modified'}.get(path, '200 OK')
    headers = [('Content-Length', '7')] if path in ('/304', '/length') else []
    write = start_response(status, headers)
    if path == '/write':
        write(b'body')
    if path == '/endless':
        def endless():
            try:
                while True:
                    yield b'x'
            finally:
                open('closed', 'a').write('x')
        return endless()
    if path in ('/length', '/none'):
        return []
    if path == '/list':
        return [b'body']
    return Closing([b'body'])
";
    let Some(served) = Served::new(source).await else { return };
    for path in ["/204", "/304"] {
        let response = served.pool.call(get(path)).await.unwrap();
        assert_eq!(response.headers().contains_key("content-length"), path == "/304");
        assert_eq!(text(response).await.1, "", "{path}");
    }
    let expected = [
        ("/list", Some("4")),
        ("/length", Some("7")),
        ("/none", None),
        ("/other", Some("4")),
        ("/endless", None),
    ];
    for (path, length) in expected.into_iter().chain([("/write", None)]) {
        let response = served.pool.call(head(path)).await.unwrap();
        let found = response.headers().get("content-length").map(|value| value.to_str().unwrap());
        assert_eq!(found, length, "{path}");
        assert_eq!(text(response).await.1, "", "{path}");
    }
    served.closed(&"x".repeat(5)).await;
}

#[tokio::test]
async fn the_input_object() {
    let source = "
def check(read):
    assert read.read(0) == b''
    assert read.readline() == b'first\\n'
    assert read.readline(3) == b'sec'
    assert read.readline(0) == b''
    assert read.readline(100) == b'ond\\n'
    assert read.read(2) == b'th'
    assert read.readlines(1) == [b'ird\\n']
    assert next(read) == b'fourth\\n'
    assert list(read) == [b'fifth\\n', b'end']
    assert read.read() == read.read(-1) == read.read(5) == read.readline() == b''
    assert read.readlines() == []
def application(environ, start_response):
    if environ['PATH_INFO'] == '/check':
        check(environ['wsgi.input'])
        body = b'good'
    else:
        body = environ['wsgi.input'].read()
    start_response('200 OK', [])
    return [body]
";
    let Some(served) = Served::new(source).await else { return };
    let body = "first\nsecond\nthird\nfourth\nfifth\nend";
    let good = (200, "good".to_owned());
    assert_eq!(text(served.pool.call(post("/check", body)).await.unwrap()).await, good);
    for size in [1, 2, 7, 100] {
        let pieces = body.as_bytes().chunks(size).map(|piece| Ok(Bytes::from_static(piece)));
        let response = served.pool.call(upload("/check", pieces)).await.unwrap();
        assert_eq!(text(response).await, good, "pieces of {size}");
    }
    // What is there already comes before the rest.
    let mut request = upload("/echo", ["cd", "", "ef"].map(|piece| Ok(Bytes::from(piece))).into_iter());
    request.body = "ab".into();
    assert_eq!(text(served.pool.call(request).await.unwrap()).await.1, "abcdef");
    // Not read at all.
    let request = upload("/none", [Ok(Bytes::from("x"))].into_iter());
    assert_eq!(text(served.pool.call(request).await.unwrap()).await.0, 200);
}

#[tokio::test]
async fn a_body_that_breaks_off() {
    let source = "
def application(environ, start_response):
    try:
        environ['wsgi.input'].read()
    except OSError:
        start_response('400 Bad Request', [])
        return [b'seen']
    start_response('200 OK', [])
    return [b'missed']
";
    let Some(served) = Served::new(source).await else { return };
    let pieces = [Ok(Bytes::from("x")), Err(io::ErrorKind::UnexpectedEof.into())];
    let response = served.pool.call(upload("/", pieces.into_iter())).await.unwrap();
    assert_eq!(text(response).await, (400, "seen".to_owned()));
}

#[tokio::test]
async fn file_wrapper_sends_from_the_current_position() {
    let source = "
import io
class Pipe:
    def __init__(self):
        self.chunks = [b'a', b'bc', b'']
    def read(self, size):
        assert size == 10
        return self.chunks.pop(0)
class Counted(io.FileIO):
    def close(self):
        if not self.closed:
            open('closed', 'a').write('x')
        super().close()
def application(environ, start_response):
    path = environ['PATH_INFO']
    start_response('200 OK', [('Content-Length', '400000')] if path == '/length' else [])
    if path == '/pipe':
        return environ['wsgi.file_wrapper'](Pipe(), 10)
    if path == '/memory':
        return environ['wsgi.file_wrapper'](io.BytesIO(b'abc'))
    with open('data', 'wb') as out:
        out.write(bytes(range(250)) * 4000)
    data = Counted('data')
    data.seek(300000)
    return environ['wsgi.file_wrapper'](data)
";
    let Some(served) = Served::new(source).await else { return };
    assert_eq!(served.get("/pipe").await.1, "abc");
    assert_eq!(served.get("/memory").await.1, "abc");
    let whole: Vec<u8> = (0..=249).cycle().take(1_000_000).collect();
    for (path, end) in [("/all", 1_000_000), ("/length", 700_000)] {
        let body = served.pool.call(get(path)).await.unwrap().into_body();
        assert!(body.collect().await.unwrap().to_bytes() == whole[300_000..end], "{path}");
    }
    served.closed("xx").await;
}

#[tokio::test]
async fn the_reference_validator_finds_nothing() {
    let source = "
from wsgiref.validate import validator
def plain(environ, start_response):
    size = int(environ.get('CONTENT_LENGTH') or 0)
    body = environ['wsgi.input'].read(size) if size else environ['wsgi.input'].readline(1)
    environ['wsgi.errors'].write('')
    write = start_response('200 OK', [('Content-Type', 'text/plain')])
    if environ['PATH_INFO'] == '/write':
        write(b'written ')
    return [b'got ' + body] if environ['PATH_INFO'] != '/many' else (c for c in [b'got ', body])
application = validator(plain)
";
    let Some(served) = Served::new(source).await else { return };
    assert_eq!(served.get("/").await, (200, "got ".to_owned()));
    assert_eq!(served.get("/write").await, (200, "written got ".to_owned()));
    assert_eq!(
        text(served.pool.call(post("/many", "body")).await.unwrap()).await,
        (200, "got body".to_owned())
    );
    let request = upload("/", [Ok(Bytes::from("x"))].into_iter());
    assert_eq!(text(served.pool.call(request).await.unwrap()).await, (200, "got x".to_owned()));
}
