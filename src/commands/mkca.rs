//! `certkit mkca`.

use super::{Context, Result};
use crate::cli::MkcaArgs;

/// Runs the command.
pub(super) fn run(_args: &MkcaArgs, _context: &Context<'_>) -> Result {
    todo!()
}
