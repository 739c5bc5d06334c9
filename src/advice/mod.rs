//! What an error means for the user: code, place, fix, and the exit status. One file per domain.

pub mod chain;
pub mod files;
pub mod merge;
pub mod server;
pub mod usage;
