//! The block of variables of a uwsgi request: what is read can be written and read again.
#![no_main]

use certkit::internals::protocol::uwsgi::{HEADER_LENGTH, Header, decode_variables, encode_request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(&header) = data.first_chunk::<HEADER_LENGTH>() {
        let decoded = Header::decode(header);
        assert_eq!(decoded.encode(), header);
        let _ = decoded.kind();
    }
    if let Ok(variables) = decode_variables(data) {
        assert!(variables.iter().all(|(name, _)| !name.is_empty()));
        if let Ok(packet) = encode_request(variables.iter().copied()) {
            assert_eq!(&packet[HEADER_LENGTH..], data);
        }
    }
});
