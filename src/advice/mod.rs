//! What an error means for the user: code, place, fix, and the exit status. One file per domain.

pub mod acme;
pub mod ca;
pub mod ca_life;
pub mod ca_server;
pub mod certificate;
pub mod chain;
pub mod config;
pub mod convert;
pub mod files;
pub mod hook;
pub mod hosts;
pub mod key;
pub mod merge;
pub mod names;
pub mod ocsp;
pub mod on_demand;
pub mod output;
pub mod renewal;
pub mod revocation;
pub mod serve;
pub mod server;
pub mod timer;
pub mod trust;
pub mod usage;
