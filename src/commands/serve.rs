//! `certkit serve`.

use super::{Context, Result};
use crate::cli::ServeArgs;

/// Runs the command.
pub(super) fn run(_args: &ServeArgs, _context: &Context<'_>) -> Result {
    todo!()
}
