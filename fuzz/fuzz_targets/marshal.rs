//! What a Python worker sends, read in any order of types; and bytes that certkit writes come back.
#![no_main]

use certkit::internals::protocol::marshal::{Reader, write_bytes};
use certkit_fuzz::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let steps = bytes.some(32);
    let mut reader = Reader::new(bytes.0);
    for step in steps {
        let done = match step % 4 {
            0 => reader.list().map(|count| assert!(u64::from(count) <= u64::from(u32::MAX))),
            1 => reader.tuple(u32::from(step >> 2)),
            2 => reader.bytes().map(|read| assert!(read.len() <= bytes.0.len())),
            _ => reader.text().map(|read| assert!(read.len() <= bytes.0.len())),
        };
        if done.is_err() {
            break;
        }
    }
    let _ = reader.end();

    let mut out = Vec::new();
    write_bytes(&mut out, data);
    let mut reader = Reader::new(&out);
    assert_eq!(reader.bytes(), Ok(data));
    assert_eq!(reader.end(), Ok(()));
});
