//! The `certkit` program; [`certkit::run`] is all of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    certkit::run()
}
