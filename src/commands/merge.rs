//! `certkit merge`.

use super::{Context, Result};
use crate::cli::MergeArgs;

/// Runs the command.
pub(super) fn run(_args: &MergeArgs, _context: &Context<'_>) -> Result {
    todo!()
}
