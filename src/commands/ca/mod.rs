//! `certkit ca`: the CA as a service.

mod serve;

use super::{Context, Result};
use crate::cli::{CaServiceArgs, CaServiceCommand};

pub(super) fn run(args: &CaServiceArgs, context: &Context<'_>) -> Result {
    match &args.command {
        CaServiceCommand::Serve(args) => serve::run(args, context),
    }
}
