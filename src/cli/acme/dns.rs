//! The options of dns-01 by others: a provider, or a hook of another client.

use std::path::PathBuf;

use clap::Args;

/// How dns-01 is answered, beside who sets the record.
#[derive(Args, Debug, Default)]
pub struct DnsArgs {
    /// File with the secrets for --dns or for a hook of another client, one NAME = "VALUE" per line. Only
    /// its owner may be able to read it
    #[arg(long, value_name = "FILE", help_heading = "Challenge")]
    pub dns_credentials: Option<PathBuf>,
    /// Ask this resolver for CNAMEs, zones and name servers instead of the system's
    #[arg(long, value_name = "ADDRESS", help_heading = "Challenge")]
    pub dns_resolver: Option<String>,
    /// How long to wait at most until all name servers of the zone show the record (default: 120)
    #[arg(long, value_name = "SECONDS", help_heading = "Challenge")]
    pub dns_wait: Option<u64>,
}
