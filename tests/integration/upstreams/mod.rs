//! Servers behind certkit (`--upstream`): real ones, hostile ones, WebSockets. The matrix of protocols is in
//! `fronts/itself.rs`.

mod backends;
mod balancing;
mod hostile;
mod sockets;

use crate::harness::{Test, certkit};
use crate::process::{Process, free_port};

/// certkit on plain HTTP with these arguments.
struct Front {
    process: Process,
    port: u16,
}

impl Front {
    #[track_caller]
    fn start(test: &Test, args: &[&str]) -> Self {
        let port = free_port();
        let listen = format!("http:127.0.0.1:{port}");
        let program = test.program(certkit()).args(["serve", "--listen", &listen]).args(args);
        let mut process = Process::start(test, program);
        process.wait_for(([127, 0, 0, 1], port).into());
        Self { process, port }
    }
}
