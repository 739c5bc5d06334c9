//! `certkit check`.

use super::{Context, Result};
use crate::cli::CheckArgs;

/// Runs the command.
pub(super) fn run(_args: &CheckArgs, _context: &Context<'_>) -> Result {
    todo!()
}
