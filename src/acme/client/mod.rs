//! Requests to an ACME server: signed (RFC 8555 section 6), repeated where that helps, over one connection a server; and the account there.

pub mod account;
pub mod connections;
pub mod http;
pub mod retry;
pub mod server;
pub mod signed;
