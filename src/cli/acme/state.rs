//! Where the state of ACME is kept.

use std::path::PathBuf;

use clap::Args;

/// Where the state is.
#[derive(Args, Debug)]
pub struct StateArgs {
    /// Where accounts, orders and certificates are kept
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}
