//! The command line: clap structs and help text, one file per subcommand, no logic.

mod acme;
mod check;
mod completions;
mod convert;
mod csr;
mod hosts;
mod key;
mod live;
mod merge;
mod mkca;
mod mkcert;
mod renew;
mod revoke;
mod serve;
mod show;
mod sign;
mod trust;

use std::ffi::OsString;

pub use acme::{
    AccountArgs, AccountCommand, AcmeArgs, AcmeCommand, AcmeRenewArgs, AcmeRevokeArgs, ChallengeArgs,
    InstallTimerArgs, ListArgs, ObtainArgs, StateArgs, WhichAccount,
};
pub use check::CheckArgs;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
pub use completions::{CompletionsArgs, ManArgs};
pub use convert::{ConvertArgs, Form};
pub use csr::CsrArgs;
pub use hosts::{HostsArgs, HostsChangeArgs, HostsCheckArgs, HostsCommand};
pub use key::{KeyArgs, KeyCommand, KeyDecryptArgs, KeyEncryptArgs, KeyMatchArgs, KeyNewArgs, KeyShowArgs};
pub use live::LiveArgs;
pub use merge::MergeArgs;
pub use mkca::MkcaArgs;
pub use mkcert::{CaArgs, MkcertArgs};
pub use renew::RenewArgs;
pub use revoke::{CrlArgs, RevokeArgs};
pub use serve::{Listen, ServeArgs};
pub use show::ShowArgs;
pub use sign::{SignArgs, SignProfile};
pub use trust::{StoreChoice, TrustArgs, TrustChangeArgs, TrustCommand, TrustExportArgs, TrustStatusArgs};

/// One program for the whole TLS life of a web application.
#[derive(Debug, Parser)]
#[command(name = "certkit", version, max_term_width = 110, after_help = AFTER_HELP)]
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
  certkit mkca --intermediate                        a CA of your own
  certkit mkcert test.example                        a server certificate from it
  certkit merge server.crt ca-bundle.ca              chain.pem: server certificate first
  certkit check chain.pem --host test.example        does it hold, and if not, why
  certkit acme obtain www.example.com --http         a certificate from Let's Encrypt
  certkit serve --cert chain.pem --key server.key    your Python application on https

EXIT STATUS
  0  done, or yes
  1  the answer is no, or the input is wrong in a way the report explains
  2  wrong usage, or the work could not be done; nothing was changed";

/// Options of every command.
#[derive(Args, Clone, Debug)]
pub struct GlobalArgs {
    /// Report for people or, as one JSON object, for scripts
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    pub format: Format,
    /// Print errors only
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,
    /// Tell what is being done (twice: in detail)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
    /// When to use colour; NO_COLOR is obeyed
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    pub color: Color,
}

/// Whom the report is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text.
    #[default]
    Human,
    /// One object with `schema`.
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Always.
    Always,
    /// On a terminal.
    #[default]
    Auto,
    /// Never.
    Never,
}

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
    Merge(MergeArgs),
    Check(CheckArgs),
    Show(ShowArgs),
    Key(KeyArgs),
    Convert(ConvertArgs),
    Trust(TrustArgs),
    Hosts(HostsArgs),
    Acme(AcmeArgs),
    Serve(Box<ServeArgs>),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// A command line that was understood: what it says, and the command's name as `acme obtain`.
#[derive(Debug)]
pub struct Parsed {
    /// The arguments.
    pub cli: Cli,
    /// The subcommands that were typed.
    pub command: String,
}

/// A command line that was not.
#[derive(Debug)]
pub struct UsageError {
    /// What clap says, or the help that was asked for.
    pub error: clap::Error,
    /// The subcommands that were typed.
    pub command: String,
    /// Whether the report was asked for in JSON.
    pub is_json: bool,
}

/// Parses the command line.
///
/// # Errors
/// When it is wrong, and when help or version was asked for.
pub fn parse(words: &[OsString]) -> Result<Parsed, Box<UsageError>> {
    let mut definition = Cli::command();
    let matches = definition.try_get_matches_from_mut(words).and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        Ok(Parsed { cli, command: command_name(&matches) })
    });
    matches.map_err(|error| {
        let command = typed_command(&definition, words);
        let is_json = words.iter().any(|word| word == "--format=json")
            || words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json");
        Box::new(UsageError { error, command, is_json })
    })
}

fn command_name(matches: &ArgMatches) -> String {
    let mut names = Vec::new();
    let mut rest = matches;
    while let Some((name, below)) = rest.subcommand() {
        names.push(name);
        rest = below;
    }
    names.join(" ")
}

/// The subcommands at the beginning of a line that clap did not understand.
fn typed_command(definition: &clap::Command, words: &[OsString]) -> String {
    let mut names = Vec::new();
    let mut rest = definition;
    for word in words.iter().skip(1) {
        let Some(below) = word.to_str().and_then(|word| rest.find_subcommand(word)) else { continue };
        names.push(below.get_name());
        rest = below;
    }
    names.join(" ")
}
