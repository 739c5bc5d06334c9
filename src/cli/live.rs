//! What `check` and `show` take for a server in place of a file.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::probe::Starttls;

/// How to ask a server.
#[derive(Args, Clone, Debug)]
pub struct LiveArgs {
    /// The server starts with this protocol unencrypted, and TLS begins after its STARTTLS command
    #[arg(long, value_enum, value_name = "PROTOCOL", help_heading = "Servers")]
    pub starttls: Option<Starttls>,
    /// Give up SECONDS after the start, whatever the server does [default: 10; with --deep 60]
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=600),
        help_heading = "Servers"
    )]
    pub timeout: Option<u64>,
}

impl ValueEnum for Starttls {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Imap => "Port 143",
            Self::Ldap => "Port 389",
            Self::Pop3 => "Port 110",
            Self::Postgres => "PostgreSQL, port 5432",
            Self::Smtp => "Mail servers and mail submission; port 587 unless another is named",
        };
        Some(PossibleValue::new(self.as_str()).help(help))
    }
}
