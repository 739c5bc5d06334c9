//! What an error means for the user: code, place, fix, and the exit status. One file per domain.

pub mod acme;
pub mod ca;
pub mod chain;
pub mod config;
pub mod files;
pub mod hook;
pub mod hosts;
pub mod merge;
pub mod output;
pub mod serve;
pub mod server;
pub mod trust;
pub mod usage;
