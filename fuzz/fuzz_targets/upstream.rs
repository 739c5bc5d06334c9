//! What servers behind certkit send: heads of CGI and HTTP, packets of AJP.
#![no_main]

use certkit::internals::protocol::ajp::front::{self, Reply};
use certkit::internals::protocol::cgi_response::decode_head;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    const LIMIT: usize = 200;
    match decode_head(data, LIMIT) {
        Ok(Some((head, length))) => {
            assert!(length <= LIMIT && length <= data.len());
            assert!(!head.status.is_informational());
            assert_eq!(head.content_length.is_some(), head.fields.contains_key("content-length"));
            // More bytes make no difference.
            let again = decode_head(&data[..length], LIMIT);
            assert_eq!(again, Ok(Some((head, length))));
        }
        Ok(None) => assert!(data.len() < LIMIT),
        Err(_) => {}
    }
    match front::decode_reply(data) {
        Ok(Reply::Chunk(chunk)) => assert!(chunk.len() + 3 <= data.len()),
        Ok(Reply::Head { fields, .. }) => assert!(fields.len() <= data.len()),
        _ => {}
    }
});
