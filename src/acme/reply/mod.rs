//! What a server's answer can be (lenient where servers differ from RFC 8555), and what a call can end with.

pub mod address;
pub mod call_error;
pub mod lenient;
pub mod protocol_error;
pub mod transport_error;
