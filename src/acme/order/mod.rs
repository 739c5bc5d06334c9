//! One order (RFC 8555 section 7.4): what may be ordered, its authorizations, its key and request, the download.

pub mod authorization;
pub mod budget;
pub mod download;
pub mod key_kinds;
pub mod next_key;
pub mod open_order;
pub mod order_driver;
pub mod order_key;
pub mod resource;
pub mod signing_request;
pub mod stop;
