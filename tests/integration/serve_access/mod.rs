//! What requests must pass before their route, as clients see it.

mod addresses;
mod forward;
mod pages;
mod rates;
mod sites;
mod users;

use crate::fronts::client::{Reply, ask, request};
use crate::harness::{Test, repository};
use crate::process::{Process, start_plain};

/// certkit on plain HTTP with these arguments.
struct Site {
    process: Process,
    port: u16,
}

impl Site {
    #[track_caller]
    fn start(test: &Test, args: &[&str]) -> Self {
        let (process, port) = start_plain(test, args);
        Self { process, port }
    }

    #[track_caller]
    fn get(&self, target: &str, fields: &[&str]) -> Reply {
        ask(self.port, &request("GET", target, fields, b""))
    }
}

/// The application that says what it was asked.
fn mirror() -> String {
    repository().join("tests/apps/mirror.py").display().to_string()
}
