//! The `certkit` program: parse, run, render, exit.

use std::process::ExitCode;

use certkit::cli::Cli;
use certkit::{commands, render};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let report = commands::run(&cli);
    render::report(&report, &cli.global);
    ExitCode::from(report.exit_status())
}
