//! What an error means for the user: code, place, fix, and the exit status. One file per domain.

pub mod convert;
pub mod files;
pub mod hook;
pub mod key;
pub mod server;
pub mod show;
pub mod usage;
