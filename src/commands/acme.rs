//! `certkit acme`.

use super::{Context, Result};
use crate::cli::AcmeArgs;

/// Runs the command.
pub(super) fn run(_args: &AcmeArgs, _context: &Context<'_>) -> Result {
    todo!()
}
