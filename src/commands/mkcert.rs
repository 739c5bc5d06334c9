//! `certkit mkcert`.

use super::{Context, Result};
use crate::cli::MkcertArgs;

/// Runs the command.
pub(super) fn run(_args: &MkcertArgs, _context: &Context<'_>) -> Result {
    todo!()
}
