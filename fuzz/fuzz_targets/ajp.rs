//! AJP: packets, requests and parts of bodies; what is read can be written and read again.
#![no_main]

use certkit::internals::protocol::ajp::{
    PACKET_HEADER, decode_body, decode_forward, decode_header, front, packet_type,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some((&header, payload)) = data.split_first_chunk::<PACKET_HEADER>()
        && let Ok(length) = decode_header(header)
        && let Some(payload) = payload.get(..length)
    {
        assert_eq!(front::packet(payload), &data[..PACKET_HEADER + length]);
    }
    let _ = packet_type(data);
    assert!(data.ends_with(decode_body(data)));
    if let Ok(request) = decode_forward(data) {
        let written = front::forward(&request);
        let again = decode_forward(&written).expect("what was written");
        assert_eq!(
            (again.uri, &again.fields, &again.attributes),
            (request.uri, &request.fields, &request.attributes)
        );
        assert_eq!(again.method, request.method);
    }
});
