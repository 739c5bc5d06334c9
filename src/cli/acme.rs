//! `certkit acme`.

use clap::{Args, Subcommand};

/// Get certificates from Let's Encrypt or another ACME server.
#[derive(Args, Debug)]
pub struct AcmeArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AcmeCommand,
}

/// The subcommands of `acme`.
#[derive(Debug, Subcommand)]
pub enum AcmeCommand {
    /// Get a certificate
    Obtain(ObtainArgs),
}

/// Get a certificate.
#[derive(Args, Debug)]
pub struct ObtainArgs {
    /// The DNS name
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
}
