//! The header of the PROXY protocol: without its last byte it is a beginning, and what follows changes nothing.
#![no_main]

use certkit::internals::protocol::proxy_header::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(Some(header)) = decode(data) {
        assert_eq!(decode(&data[..header.length]), Ok(Some(header)));
        assert_eq!(decode(&data[..header.length - 1]), Ok(None));
    }
});
