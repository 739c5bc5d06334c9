//! Servers behind certkit (`--upstream`): real ones, hostile ones, hostile clients, WebSockets. The matrix of protocols is in
//! `fronts/itself.rs`.

mod backends;
mod balancing;
mod clients;
mod faults;
mod hostile;
mod matrix;
mod php;
mod site;
mod sockets;

use crate::harness::Test;
use crate::process::{Process, start_plain};

/// certkit on plain HTTP with these arguments.
struct Front {
    process: Process,
    port: u16,
}

impl Front {
    #[track_caller]
    fn start(test: &Test, args: &[&str]) -> Self {
        let (process, port) = start_plain(test, args);
        Self { process, port }
    }
}
