//! What `check` and `show` take for a server in place of a file.

use std::time::Duration;

use clap::{Args, ValueEnum};

/// How to ask a server.
#[derive(Args, Clone, Debug)]
pub struct LiveArgs {
    /// The server speaks this in clear first, and TLS after its STARTTLS command
    #[arg(long, value_enum, value_name = "PROTOCOL", help_heading = "Servers")]
    pub starttls: Option<StarttlsProtocol>,
    /// Give up when the server lets itself be waited for so long [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600), help_heading = "Servers")]
    pub timeout: Option<u64>,
}

impl LiveArgs {
    /// How long to wait for one answer.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(10))
    }
}

/// A protocol with a command to begin TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StarttlsProtocol {
    /// Mail between servers, and its submission; port 587 where none is named.
    Smtp,
    /// Port 143.
    Imap,
    /// Port 110.
    Pop3,
    /// Port 389.
    Ldap,
    /// PostgreSQL, port 5432.
    Postgres,
}
