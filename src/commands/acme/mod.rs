//! `certkit acme`: certificates from an ACME server.

mod account;
mod delete;
mod dns_providers;
mod dns_record;
mod import;
mod install_timer;
mod list;
mod obtain;
mod obtained;
mod renew;
mod renew_one;
mod revoke;

use std::io::IsTerminal;
use std::time::Instant;

use super::{Context, Result};
use crate::acme::Error;
use crate::acme::storage::Storage;
use crate::advice;
use crate::cli::{AcmeArgs, AcmeCommand, StateArgs};
use crate::operands::acme::state_directory;
use crate::report::Failure;
use crate::sources::acme_caller::{AcmeCaller, Consent};

pub(super) fn run(args: &AcmeArgs, context: &Context<'_>) -> Result {
    match &args.command {
        AcmeCommand::Obtain(args) => obtain::run(args, context),
        AcmeCommand::Renew(args) => renew::run(args, context),
        AcmeCommand::Revoke(args) => revoke::run(args, context),
        AcmeCommand::Delete(args) => delete::run(args, context),
        AcmeCommand::Import(args) => import::run(args, context),
        AcmeCommand::List(args) => list::run(args, context),
        AcmeCommand::Account(args) => account::run(args, context),
        AcmeCommand::DnsRecord(args) => dns_record::run(args, context),
        AcmeCommand::DnsProviders(args) => dns_providers::run(args, context),
        AcmeCommand::InstallTimer(args) => install_timer::run(args, context),
    }
}

fn storage(args: &StateArgs) -> Result<Storage> {
    Ok(Storage::new(state_directory(args.state.as_deref())?))
}

/// One thread is enough: an ACME client waits.
fn runtime() -> std::result::Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::EventLoop)
}

fn failure(error: impl Into<Error>, context: &Context<'_>) -> Failure {
    advice::acme::failure(error.into(), context.clock.now())
}

/// The user of this command; `about` is the certificate that the lines are about.
fn caller<'a>(context: &Context<'a>, about: Option<&str>, consent: Consent<'a>) -> AcmeCaller<'a> {
    let console = context.console;
    let about = about.map_or_else(String::new, |name| format!("{name}: "));
    // On a terminal the user sees how long each step takes.
    let started = std::io::stderr().is_terminal().then(Instant::now);
    let say = move |line: &str| {
        let time = started.map(|started| format!("{:5.1} s  ", started.elapsed().as_secs_f32()));
        console.say(&format!("{}{about}{line}", time.unwrap_or_default()));
    };
    AcmeCaller::new(say, consent, context.clock)
}
