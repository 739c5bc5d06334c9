//! The path of a request: one spelling for every target, which says the same when it is sent on.
#![no_main]

use certkit::internals::protocol::request_path::{TargetError, decoded, resolved};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(path) = decoded(data) else { return };
    assert!(path.starts_with(b"/") && path.len() <= data.len() + 1);
    assert!(!path.iter().any(|byte| b"\0\r\n".contains(byte)));
    let mut segments: Vec<_> = path.split(|&byte| byte == b'/').skip(1).collect();
    // Only the last one may be empty: a slash at the end.
    if segments.last() == Some(&&b""[..]) {
        segments.pop();
    }
    assert!(segments.iter().all(|segment| !matches!(*segment, b"" | b"." | b"..")));
    assert_eq!(resolved(&path).as_deref(), Ok(&path[..]));
    // Another server that decodes what is sent on finds the same path.
    let sent: Vec<u8> = path.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect();
    assert_eq!(decoded(&sent).as_deref(), Ok(&path[..]));
    // What is above the root is nowhere.
    assert_eq!(resolved(&[b"/..", &path[..]].concat()), Err(TargetError::AboveRoot));
});
