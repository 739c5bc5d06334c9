//! What an error means for the user: code, place, fix, and the exit status. One file per domain.

pub mod acme;
pub mod chain;
pub mod config;
pub mod files;
pub mod hook;
pub mod merge;
pub mod serve;
pub mod server;
pub mod usage;
