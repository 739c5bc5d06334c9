//! What the guard passes and what it stops, in every cut of the stream.

use proptest::prelude::*;

use super::*;

/// Runs a whole stream through a guard in pieces of the given sizes, over and over: clean bytes and
/// verdict.
fn run(stream: &[u8], sizes: &[usize]) -> (usize, usize, Option<Rejection>) {
    let mut guard = Guard::new(Limits::default());
    let (mut clean, mut received, mut heads) = (0, 0, 0);
    for size in sizes.iter().cycle() {
        received = stream.len().min(received + size.max(&1));
        let progress = guard.check(&stream[clean..received]);
        clean += progress.clean;
        heads += progress.heads;
        if progress.rejection.is_some() || received == stream.len() {
            return (clean, heads, progress.rejection);
        }
    }
    unreachable!("sizes is not empty")
}

fn verdict(stream: impl AsRef<[u8]>) -> Option<u16> {
    let stream = stream.as_ref();
    let whole = run(stream, &[usize::MAX / 2]);
    assert_eq!(run(stream, &[1]), whole, "byte by byte, {:?}", String::from_utf8_lossy(stream));
    whole.2.map(Rejection::status)
}

#[test]
fn good_messages_pass_whole() {
    for stream in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET /a?b=c HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/b HTTP/1.1\r\nHost: a\r\nX:\r\nY:\t z \r\n\r\n",
        "GET /\u{e9} HTTP/1.1\r\nX: \u{e9}\r\n\r\n",
    ] {
        let (clean, _, rejection) = run(stream.as_bytes(), &[usize::MAX / 2]);
        assert_eq!((clean, rejection), (stream.len(), None), "{stream}");
        assert_eq!(verdict(stream), None);
    }
}

#[test]
fn heads_are_passed_whole_and_counted() {
    let stream = b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTT";
    assert_eq!(run(stream, &[usize::MAX / 2]), (38, 2, None));
    assert_eq!(run(stream, &[7]), (38, 2, None));
}

#[test]
fn an_earlier_good_request_is_passed_before_the_bad_one() {
    let stream = b"GET /1 HTTP/1.1\r\n\r\nGET /2  HTTP/1.1\r\n\r\n";
    let (clean, heads, rejection) = run(stream, &[usize::MAX / 2]);
    assert_eq!((clean, heads), (19, 1));
    assert_eq!(rejection.map(Rejection::status), Some(400));
}

#[test]
fn bad_heads() {
    for (head, status) in [
        ("GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
        ("GET /\r\n", 400),
        ("GET  / HTTP/1.1\r\n\r\n", 400),
        (" GET / HTTP/1.1\r\n\r\n", 400),
        ("\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400),
        ("G\u{e9}T / HTTP/1.1\r\n\r\n", 400),
        ("GET a HTTP/1.1\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\n\r\n", 400),
        ("GET /a#b HTTP/1.1\r\n\r\n", 400),
        ("GET /a\0 HTTP/1.1\r\n\r\n", 400),
        ("GET / http/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\n\r\n", 400),
        ("GET / HTTP/1.2\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("CONNECT a:443 HTTP/1.1\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nA\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ] {
        assert_eq!(verdict(head), Some(status), "{head:?}");
    }
}

#[test]
fn a_target_is_text() {
    assert_eq!(verdict(b"GET /\xe9 HTTP/1.1\r\n\r\n"), Some(400));
    assert_eq!(verdict(b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n"), None);
}

#[test]
fn bad_chunks() {
    for body in [
        "5 \r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n",
        "+5\r\nhello\r\n",
        "\r\n",
        ";a\r\n",
        "5\nhello\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "1000000000000000\r\n",
        "0\r\n X: y\r\n\r\n",
        "0\r\nX y\r\n\r\n",
        "0\r\nX: y\n\r\n",
        "0\r\n\n",
        "5;\0\r\nhello\r\n",
    ] {
        let stream = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        assert_eq!(verdict(&stream), Some(400), "{body:?}");
    }
    let extension = format!("5;{}\r\nhello\r\n", "a".repeat(4096));
    let stream = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{extension}");
    assert_eq!(verdict(&stream), None);
    assert_eq!(verdict(stream + "1;a\r\n"), Some(400));
}

#[test]
fn limits_hold_to_the_byte() {
    let limits = Limits::default();
    // `GET ` and ` HTTP/1.1` with the line end: 15 bytes around the target.
    let line = |length: usize| format!("GET /{} HTTP/1.1\r\n", "a".repeat(length - 16));
    assert_eq!(line(limits.request_line).len(), limits.request_line);
    assert_eq!(verdict(line(limits.request_line) + "\r\n"), None);
    assert_eq!(verdict(line(limits.request_line + 1) + "\r\n"), Some(414));
    let head = |length: usize| format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(length - 23));
    assert_eq!(head(limits.head).len(), limits.head);
    assert_eq!(verdict(head(limits.head)), None);
    assert_eq!(verdict(head(limits.head + 1)), Some(431));
    let fields = |number: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(number));
    assert_eq!(verdict(fields(limits.fields)), None);
    assert_eq!(verdict(fields(limits.fields + 1)), Some(431));
    let trailers = |number: usize| {
        format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{}\r\n", "A: b\r\n".repeat(number))
    };
    assert_eq!(verdict(trailers(limits.fields)), None);
    assert_eq!(verdict(trailers(limits.fields + 1)), Some(431));
}

proptest! {
    #[test]
    fn no_bytes_panic_and_pieces_make_no_difference(
        stream in proptest::collection::vec(piece(), 0..40),
        sizes in proptest::collection::vec(1usize..30, 1..8),
    ) {
        let stream = stream.concat();
        prop_assert_eq!(run(&stream, &sizes), run(&stream, &[usize::MAX / 2]));
    }
}

/// Pieces of messages, good and bad, so that random streams get far into the machine.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&[u8]> = vec![
        b"GET / HTTP/1.1\r\n",
        b"POST /x HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 6\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Host: a\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b" ",
        b":",
        b"5\r\nhello\r\n",
        b"0\r\n",
        b"0\r\n\r\n",
        b"hello",
        b"\0",
    ];
    prop_oneof![
        4 => proptest::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ]
}
