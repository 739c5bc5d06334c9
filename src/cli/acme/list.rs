//! `certkit acme list`.

use clap::Args;

use super::state::StateArgs;

/// List the certificates: names, server, days left, next renewal, last failure.
#[derive(Args, Debug)]
#[command(after_help = LIST_HELP)]
pub struct ListArgs {
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

const LIST_HELP: &str = "\
EXAMPLES
  certkit acme list
  certkit acme list --format json | \\
      jq '.result.certificates[] | select(.days_left < 10).name'

EXIT STATUS
  0   the list is printed, even if it is empty
  2   the state cannot be read";
