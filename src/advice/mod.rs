//! What an error means for the user: code, place, fix, and the exit status. One file per domain.

pub mod ca;
pub mod files;
pub mod hook;
pub mod hosts;
pub mod output;
pub mod server;
pub mod trust;
pub mod usage;
