//! The variant of dns-01 whose records have a label of the account.

use clap::Args;

/// Which name the record of a DNS challenge has.
#[derive(Args, Debug, Default)]
pub struct DnsAccountArgs {
    /// Answer dns-account-01 instead of dns-01: FQDN has a label of the account in front, so that several
    /// accounts can prove the same name at the same time. For servers that offer it
    #[arg(long, help_heading = "Challenge")]
    pub dns_account: bool,
}
