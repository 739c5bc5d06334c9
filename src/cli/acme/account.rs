//! `certkit acme account`.

use clap::{Args, Subcommand};

use super::state::StateArgs;

/// Show, change or close an account at a server.
#[derive(Args, Debug)]
#[command(after_help = ACCOUNT_HELP)]
pub struct AccountArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AccountCommand,
}

/// The subcommands of `acme account`.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Show the account as the server knows it
    #[command(after_help = SHOW_HELP)]
    Show(WhichAccount),
    /// Set the account's mail address
    #[command(after_help = UPDATE_HELP)]
    Update(UpdateArgs),
    /// Replace the account's key
    #[command(after_help = ROLLOVER_HELP)]
    Rollover(WhichAccount),
    /// Close the account for good; the next order makes a new one
    #[command(after_help = DEACTIVATE_HELP)]
    Deactivate(WhichAccount),
}

/// Which account a command is about.
#[derive(Args, Debug)]
pub struct WhichAccount {
    /// Address of the server's directory, if there are accounts at several
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

/// Set the account's mail address.
#[derive(Args, Debug)]
pub struct UpdateArgs {
    /// The address; an empty value removes it
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// Which account.
    #[command(flatten)]
    pub which: WhichAccount,
}

const ACCOUNT_HELP: &str = "\
EXAMPLES
  certkit acme account show
  certkit acme account update --email admin@example.com
  certkit acme account rollover --server https://ca.test/dir

EXIT STATUS
  0   done
  1   the server refused
  2   the account does not exist, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";

const SHOW_HELP: &str = "\
EXAMPLES
  certkit acme account show
  certkit acme account show --format json | jq -r .result.account

EXIT STATUS
  0   it is shown
  1   the server refused
  2   the account does not exist, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";

const UPDATE_HELP: &str = "\
EXAMPLES
  certkit acme account update --email admin@example.com
  certkit acme account update --email ''              remove the address

EXIT STATUS
  0   the address is set
  1   the server refused
  2   the address is not valid, the account does not exist, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";

const ROLLOVER_HELP: &str = "\
EXAMPLES
  certkit acme account rollover
  certkit acme account rollover --server https://ca.test/dir

EXIT STATUS
  0   the account has a new key
  1   the server refused; the account keeps its key
  2   the account does not exist, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";

const DEACTIVATE_HELP: &str = "\
EXAMPLES
  certkit acme account deactivate
  certkit acme account deactivate --server https://ca.test/dir

EXIT STATUS
  0   the account is closed
  1   the server refused
  2   the account does not exist, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";
