//! The HTTPS server and its Python workers.

pub mod worker;
