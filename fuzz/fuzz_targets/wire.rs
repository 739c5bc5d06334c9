//! What other programs send before it is known to be a request: FastCGI parameters and record headers, SCGI heads, HTTP/2
//! frames in pieces.
#![no_main]

use std::time::Duration;

use certkit::internals::protocol::http2_guard::Http2Guard;
use certkit::internals::protocol::{fastcgi, scgi};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(&header) = data.first_chunk()
        && let Ok(decoded) = fastcgi::RecordHeader::decode(header)
    {
        assert_eq!(fastcgi::RecordHeader::decode(decoded.encode()), Ok(decoded));
    }
    if let Ok(params) = fastcgi::decode_params(data) {
        let mut writer = fastcgi::ParamsWriter::default();
        params.iter().for_each(|(name, value)| writer.insert(name, value));
        let written = writer.finish();
        assert_eq!(fastcgi::decode_params(&written).as_ref(), Ok(&params));
    }
    if let Ok(Some(head)) = scgi::decode_head(data, 64 * 1024) {
        assert!(head.length <= data.len() && !head.variables.is_empty());
        // Without its last byte it is a beginning.
        assert!(matches!(scgi::decode_head(&data[..head.length - 1], 64 * 1024), Ok(None)));
    }
    let (size, rest) =
        data.split_first().map_or((1, data), |(first, rest)| (usize::from(*first).max(1), rest));
    let mut guard = Http2Guard::default();
    for piece in rest.chunks(size) {
        if guard.received(piece, || Duration::from_secs(1)).is_err() {
            break;
        }
        guard.sent(size);
    }
});
