//! `certkit acme dns-record`.

use std::path::PathBuf;

use clap::Args;

use super::new_account::NewAccountArgs;
use super::state::StateArgs;

/// Print the TXT records that let this account have certificates for names, by dns-persist-01.
///
/// Set them once. Then `certkit acme obtain NAME --dns-persist` and all renewals only read them; no
/// program needs access to the DNS. The account is made if there is none.
#[derive(Args, Debug)]
#[command(after_help = DNS_RECORD_HELP)]
pub struct DnsRecordArgs {
    /// DNS names; a wildcard's record is also for the name itself
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Let the record end after so many days
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// Make one value for all names, so that records of several names show that they are of one account
    #[arg(long)]
    pub one_value: bool,
    /// The ACME server: letsencrypt (the default), letsencrypt-staging, zerossl, google, or the address of a
    /// directory
    #[arg(long, value_name = "SERVER", help_heading = "Server")]
    pub server: Option<String>,
    /// Use Let's Encrypt's test server
    #[arg(long, conflicts_with = "server", help_heading = "Server")]
    pub staging: bool,
    /// Trust these CA certificates for the ACME server itself, instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "Server")]
    pub ca_roots: Option<PathBuf>,
    /// What a new account needs.
    #[command(flatten)]
    pub account: NewAccountArgs,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

const DNS_RECORD_HELP: &str = "\
EXAMPLES
  certkit acme dns-record www.example.com --agree-tos
  certkit acme dns-record '*.example.com' --days 365
  certkit acme dns-record www.example.com --server zerossl \\
      --eab-kid KID --eab-hmac-file secret.txt
  certkit acme dns-record a.test --format json | jq -r '.result.records[].value'

EXIT STATUS
  0   the records are printed
  1   the server refused, or does not offer dns-persist-01
  2   wrong usage, no consent to the terms, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";
