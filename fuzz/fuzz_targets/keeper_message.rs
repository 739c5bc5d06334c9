//! What a front sends to the process that stays root: bytes are one message or none.
#![no_main]

use certkit::internals::sys::keeper::message::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(message) = Message::decode(data)
        && let Some(encoded) = message.encode()
    {
        assert_eq!(encoded, data);
    }
});
