//! `certkit acme delete`.

use std::io::IsTerminal;

use super::install_timer::state_option;
use super::{caller, failure, storage};
use crate::acme::{self, DeletedCertificate};
use crate::advice::acme::not_deleted;
use crate::cli::DeleteArgs;
use crate::commands::{Context, Result};
use crate::operands::output::shell_word;
use crate::report::{Deleted, Outcome, Report};
use crate::sources::acme_caller::Consent;
use crate::sys::clock::date;

pub(super) fn run(args: &DeleteArgs, context: &Context<'_>) -> Result {
    let storage = storage(&args.state)?;
    let failure = |error| failure(error, context);
    let name = acme::certificate_name(&args.name).unwrap_or_else(|_| args.name.clone());
    let doomed = acme::look_up(&storage, &name).map_err(failure)?;
    if !args.yes {
        confirm(&doomed, args, context)?;
    }
    let user = caller(context, None, Consent::Missing);
    let deleted = acme::delete(&storage, &name, &user, context.clock.now()).map_err(failure)?;
    Ok(Report::new(Outcome::Deleted(Deleted {
        name: deleted.name,
        names: deleted.names,
        not_after: deleted.leaf.map(|leaf| leaf.not_after),
        is_revoked: deleted.is_revoked,
        copy: deleted.folder.display().to_string(),
    })))
}

/// Says what goes, and asks.
fn confirm(doomed: &DeletedCertificate, args: &DeleteArgs, context: &Context<'_>) -> Result<()> {
    let state = state_option(args.state.state.as_deref());
    let command = format!("certkit acme delete {} --yes{state}", shell_word(&args.name));
    let is_asked =
        !context.console.is_quiet() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !is_asked {
        return Err(not_deleted(&doomed.name, &command));
    }
    let names = if doomed.names.is_empty() { doomed.name.clone() } else { doomed.names.join(" ") };
    let until = doomed.leaf.as_ref().map(|leaf| format!(", valid until {}", date(leaf.not_after)));
    context.console.say(&format!("{names}{}", until.unwrap_or_default()));
    context.console.say(&format!("Servers that read {} will not find it any more.", doomed.folder.display()));
    context.console.say("Delete this certificate? [y/N]");
    let mut line = String::new();
    // A line that cannot be read is not a yes.
    let _ = std::io::stdin().read_line(&mut line);
    match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(not_deleted(&doomed.name, &command)),
    }
}
