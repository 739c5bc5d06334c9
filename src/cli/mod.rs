//! The command line: clap structs and help text, one file per subcommand, no logic.

mod acme;
mod addresses;
mod after_help;
mod ca;
mod ca_life;
mod check;
mod completions;
mod convert;
mod csr;
mod global;
mod hosts;
mod identity;
mod key;
mod list;
mod live;
mod merge;
mod mkca;
mod mkcert;
mod one_command;
mod parse;
mod renew;
mod renew_timer;
mod revoke;
mod serve;
mod show;
mod sign;
mod trust;

pub use acme::{
    AccountArgs, AccountCommand, AcmeArgs, AcmeCommand, AcmeRenewArgs, AcmeRevokeArgs, ChallengeArgs,
    DeleteArgs, DnsArgs, DnsProvidersArgs, DnsRecordArgs, ImportArgs, InstallTimerArgs, LifeArgs, ListArgs,
    ObtainArgs, StateArgs, WhichAccount,
};
pub use ca::{CaServeArgs, CaServiceArgs, CaServiceCommand};
pub use check::CheckArgs;
use clap::{Parser, Subcommand};
pub use completions::{CompletionsArgs, ManArgs};
pub use convert::{ConvertArgs, Form};
pub use csr::CsrArgs;
pub use global::{Color, Format, GlobalArgs, OptionsArgs, options_help};
pub use hosts::{HostsArgs, HostsChangeArgs, HostsCheckArgs, HostsCommand};
pub use key::{KeyArgs, KeyCommand, KeyDecryptArgs, KeyEncryptArgs, KeyMatchArgs, KeyNewArgs, KeyShowArgs};
pub use list::{CaExportArgs, CaListArgs};
pub use live::LiveArgs;
pub use merge::MergeArgs;
pub use mkca::MkcaArgs;
pub use mkcert::{CaArgs, MkcertArgs};
pub use parse::{UsageError, parse};
pub use renew::RenewArgs;
pub use renew_timer::TimerForm;
pub use revoke::{CrlArgs, RevokeArgs};
pub use serve::ServeArgs;
pub use show::ShowArgs;
pub use sign::{SignArgs, SignProfile};
pub use trust::{
    ShellChoice, StoreArgs, StoreChoice, TrustArgs, TrustChangeArgs, TrustCommand, TrustEnvArgs,
    TrustExportArgs, TrustListArgs, TrustStatusArgs, TrustUninstallArgs,
};

/// One program for the whole TLS life of a web application.
#[derive(Debug, Parser)]
#[command(name = "certkit", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit mkca --intermediate                      a CA of your own
  certkit mkcert test.example                      a server certificate from it
  certkit merge server.crt ca-bundle.ca            chain.pem, in the right order
  certkit check chain.pem --host test.example      whether it holds, or why not
  certkit acme obtain www.example.com --http       a public certificate
  certkit serve --cert chain.pem --key server.key  your application on https

EXIT STATUS
  0  done, or yes
  1  the answer is no, or the input is wrong in a way the report explains
  2  wrong usage, or the work could not be done; nothing was changed";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Mkca(MkcaArgs),
    Mkcert(MkcertArgs),
    Csr(CsrArgs),
    Sign(SignArgs),
    Renew(RenewArgs),
    Revoke(RevokeArgs),
    Crl(CrlArgs),
    List(CaListArgs),
    Export(CaExportArgs),
    Merge(MergeArgs),
    Check(CheckArgs),
    Show(ShowArgs),
    Key(KeyArgs),
    Convert(ConvertArgs),
    Trust(TrustArgs),
    Hosts(HostsArgs),
    Acme(AcmeArgs),
    Ca(CaServiceArgs),
    Serve(Box<ServeArgs>),
    Completions(CompletionsArgs),
    Man(ManArgs),
    Options(OptionsArgs),
}
