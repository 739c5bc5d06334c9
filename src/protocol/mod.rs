//! Pure codecs: bytes in, values out, and back. Nothing here knows a socket, so all of it can be
//! tested and fuzzed.
//!
//! A leaf room: it depends on nothing else of this crate.

pub mod ajp;
pub mod cgi_response;
pub mod cgi_vars;
pub mod fastcgi;
pub mod http1_guard;
pub mod http2_guard;
pub mod marshal;
pub mod proxy_header;
pub mod request_path;
pub mod scgi;
pub mod uwsgi;
