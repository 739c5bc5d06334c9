//! `certkit acme account`.

use super::{caller, failure, runtime, storage};
use crate::acme::{self, AccountView};
use crate::cli::{AccountArgs, AccountCommand, WhichAccount};
use crate::commands::{Context, Result};
use crate::operands::acme::{check_mail_address, server_address};
use crate::report::{Outcome, Report, ShownAccount};
use crate::sources::acme_caller::Consent;

pub(super) fn run(args: &AccountArgs, context: &Context<'_>) -> Result {
    let which = match &args.command {
        AccountCommand::Deactivate(which) | AccountCommand::Rollover(which) | AccountCommand::Show(which) => {
            which
        }
        AccountCommand::Update(args) => &args.which,
    };
    let WhichAccount { server, state } = which;
    let storage = storage(state)?;
    let server = server.as_deref().map(|server| server_address(server, "--server")).transpose()?;
    let server = server.as_deref();
    let user = caller(context, None, Consent::Missing);
    let runtime = runtime().map_err(|error| failure(error, context))?;
    storage.check_access().map_err(|error| failure(error, context))?;
    let (view, done) = match &args.command {
        AccountCommand::Deactivate(_) => {
            (runtime.block_on(acme::deactivate(&storage, server, &user)), Some("the account is closed"))
        }
        AccountCommand::Rollover(_) => {
            (runtime.block_on(acme::roll_over(&storage, server, &user)), Some("the account has a new key"))
        }
        AccountCommand::Show(_) => (runtime.block_on(acme::show(&storage, server, &user)), None),
        AccountCommand::Update(args) => {
            let email = Some(args.email.as_str()).filter(|email| !email.is_empty());
            if let Some(email) = email {
                check_mail_address(email)?;
            }
            let update = acme::update(&storage, server, email, &user);
            (runtime.block_on(update), Some("the mail address is set"))
        }
    };
    Ok(Report::new(Outcome::Account(shown(view.map_err(|error| failure(error, context))?, done))))
}

fn shown(view: AccountView, done: Option<&'static str>) -> ShownAccount {
    ShownAccount {
        done,
        server: view.server,
        url: view.url,
        status: view.status,
        contacts: view.contacts,
        terms_agreed: view.terms_agreed,
        key: view.key.display().to_string(),
    }
}
