//! The guard in front of the HTTP/1.1 parser: however the bytes are cut into reads, the verdict is the same.
#![no_main]

use certkit::internals::protocol::http1_guard::{Guard, Limits, Rejection};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&step, stream)) = data.split_first() else { return };
    let limits = Limits { request_line: 200, head: 600, fields: 8, chunk_extensions: 20 };
    let whole = read(stream, stream.len().max(1), limits);
    let parts = read(stream, 1 + usize::from(step % 16), limits);
    assert_eq!(whole, parts);
    let (clean, heads, rejection) = whole;
    assert!(clean <= stream.len());
    if heads > 0 {
        // No byte that a parser could take for the end of a line where another does not.
        let first_head = stream[..clean].split(|byte| *byte == b'\n').next().unwrap_or_default();
        assert_eq!(first_head.last(), Some(&b'\r'));
    }
    if let Some(rejection) = rejection {
        assert!((400..=505).contains(&rejection.status()));
    }
});

/// How many bytes are clean, how many heads they hold, and why not more.
fn read(stream: &[u8], step: usize, limits: Limits) -> (usize, usize, Option<Rejection>) {
    let mut guard = Guard::new(limits);
    let (mut clean, mut heads, mut there) = (0, 0, 0);
    while there < stream.len() {
        there = (there + step).min(stream.len());
        let progress = guard.check(&stream[clean..there]);
        clean += progress.clean;
        heads += progress.heads;
        assert!(clean <= there);
        if progress.rejection.is_some() {
            return (clean, heads, progress.rejection);
        }
    }
    (clean, heads, None)
}
