//! `certkit acme`.

mod account;
mod challenge;
mod delete;
mod dns;
mod dns_account;
mod dns_providers;
mod dns_record;
mod import;
mod install_timer;
mod life;
mod list;
mod new_account;
mod obtain;
mod renew;
mod revoke;
mod state;

use clap::{Args, Subcommand};

pub use self::account::{AccountArgs, AccountCommand, WhichAccount};
pub use self::challenge::ChallengeArgs;
pub use self::delete::DeleteArgs;
pub use self::dns::DnsArgs;
pub use self::dns_providers::DnsProvidersArgs;
pub use self::dns_record::DnsRecordArgs;
pub use self::import::ImportArgs;
pub use self::install_timer::InstallTimerArgs;
pub use self::life::LifeArgs;
pub use self::list::ListArgs;
pub use self::obtain::ObtainArgs;
pub use self::renew::AcmeRenewArgs;
pub use self::revoke::AcmeRevokeArgs;
pub use self::state::StateArgs;

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
    Obtain(Box<ObtainArgs>),
    Renew(AcmeRenewArgs),
    Revoke(AcmeRevokeArgs),
    Delete(DeleteArgs),
    Import(Box<ImportArgs>),
    List(ListArgs),
    Account(AccountArgs),
    DnsRecord(Box<DnsRecordArgs>),
    DnsProviders(DnsProvidersArgs),
    InstallTimer(InstallTimerArgs),
}
