//! Pure codecs: bytes in, values out, and back. Nothing here reads or writes a socket.

pub mod marshal;
