//! Ways to show an ACME server that a name is ours (RFC 8555 section 8).

pub mod http01;
