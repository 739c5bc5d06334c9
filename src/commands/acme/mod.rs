//! `certkit acme`: arguments to a plan, the journey's steps to lines, its errors to findings.

mod account;
mod challenge;
mod failure;
mod judge;
mod likely;
mod list;
mod obtain;
mod renew;
mod revoke;
mod timer;
mod user;
mod wishes;

use std::path::PathBuf;

use super::{Context, Result};
use crate::acme::storage::Storage;
use crate::advice::hook;
use crate::cli::{AcmeArgs, AcmeCommand, StateArgs};
use crate::finding::{Code, Finding};
use crate::report::Failure;
use crate::sys::fs::plain;
use crate::sys::hook::HookRun;

pub(crate) use self::failure::{failure, minute};
pub(crate) use self::obtain::{check_mail_address, server_address};
pub(crate) use self::user::User;

/// Runs the command.
pub(crate) fn run(args: &AcmeArgs, context: &Context<'_>) -> Result {
    match &args.command {
        AcmeCommand::Obtain(args) => obtain::run(args, context),
        AcmeCommand::Renew(args) => renew::run(args, context),
        AcmeCommand::Revoke(args) => revoke::run(args, context),
        AcmeCommand::List(args) => list::run(args, context),
        AcmeCommand::Account(args) => account::run(args, context),
        AcmeCommand::InstallTimer(args) => timer::run(args, context),
    }
}

fn storage(args: &StateArgs) -> Result<Storage> {
    Ok(Storage::new(match &args.state {
        Some(state) => state.clone(),
        None => default_state()?,
    }))
}

/// One thread is enough: an ACME client waits.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Finding::error(Code::Io, format!("cannot start the event loop: {}", plain(&error))))
    })
}

/// What there is to say of a deploy hook that failed.
pub(crate) fn hook_finding(run: &HookRun) -> Option<Finding> {
    hook::failed(run, "Fix the hook, then run the same command again. It repeats only the hook.")
}

/// `/var/lib/certkit` for root, else `$XDG_STATE_HOME/certkit`, which is `~/.local/state/certkit` by default.
pub(crate) fn default_state() -> Result<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Ok("/var/lib/certkit".into());
    }
    let from = |variable, below: &str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .map(|path| path.join(below))
    };
    from("XDG_STATE_HOME", "certkit").or_else(|| from("HOME", ".local/state/certkit")).ok_or_else(|| {
        Failure::new(
            Finding::error(Code::NotFound, "no place for the state: neither XDG_STATE_HOME nor HOME is set")
                .fix("say where, as --state DIR"),
        )
    })
}
