//! Tracebacks for clients on this machine (`--catch-exceptions`).

use super::*;

const SOURCE: &str = "
def application(environ, start_response):
    environ['REMOTE_ADDR'] = '127.0.0.1'
    if environ['PATH_INFO'] == '/begun':
        start_response('200 OK', [])
        return pieces()
    raise KeyError('the secret')

def pieces():
    yield b'begun'
    raise KeyError('the secret')
";

/// A request from this client, with one more header field.
fn from(address: &str, path: &str, field: Option<&str>) -> WorkerRequest {
    let mut changing = DictWriter::new();
    changing.insert(b"REMOTE_ADDR", address.as_bytes());
    if let Some(name) = field {
        changing.insert(name.as_bytes(), b"127.0.0.1");
    }
    WorkerRequest { changing: Some(changing.finish()), ..get(path) }
}

#[tokio::test]
async fn clients_on_this_machine_get_the_traceback() {
    let Some(served) = Served::with(SOURCE, |config| config.shows_exceptions = true).await else { return };
    for address in ["127.0.0.1", "127.5.0.1", "::1"] {
        let (status, body) = text(served.pool.call(from(address, "/", None)).await.unwrap()).await;
        assert_eq!(status, 500, "{address}");
        assert!(
            body.starts_with("Traceback") && body.contains("KeyError: 'the secret'"),
            "{address}: {body}"
        );
    }
    let head = WorkerRequest { method: http::Method::HEAD, ..from("::1", "/", None) };
    assert_eq!(text(served.pool.call(head).await.unwrap()).await, (500, String::new()));
    // Nobody else does, and no proxy on this machine.
    for (address, field) in [
        ("192.0.2.1", None),
        ("", None),
        ("12.7.0.1", None),
        ("127.0.0.1", Some("HTTP_X_FORWARDED_FOR")),
        ("127.0.0.1", Some("HTTP_FORWARDED")),
        ("::1", Some("HTTP_X_REAL_IP")),
        ("::1", Some("HTTP_VIA")),
    ] {
        let called = served.pool.call(from(address, "/", field)).await;
        assert!(called.is_err(), "{address} {field:?}");
    }
    // What has begun breaks off.
    assert_eq!(served.broken("/begun").await, b"begun");
}

#[tokio::test]
async fn without_the_option_nobody_gets_one() {
    let Some(served) = Served::new(SOURCE).await else { return };
    assert!(served.pool.call(from("127.0.0.1", "/", None)).await.is_err());
}
