//! Pure codecs: bytes in, values out, and back. Nothing here knows a socket, so all of it can be
//! tested and fuzzed.
//!
//! A leaf room: it depends on nothing else of this crate.

pub mod cgi_vars;
// No listener and no upstream speaks these two yet; tests and fuzz targets do.
#[cfg(any(test, feature = "internals"))]
pub mod fastcgi;
pub mod http1_guard;
pub mod http2_guard;
pub mod marshal;
#[cfg(any(test, feature = "internals"))]
pub mod scgi;
pub mod uwsgi;
