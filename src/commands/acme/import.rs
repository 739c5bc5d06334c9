//! `certkit acme import`: what another ACME client has, taken over.

use std::path::Path;

use super::install_timer::{command as install_timer, state_option};
use super::{failure, storage};
use crate::acme::import::{
    self, ForeignClient, ImportChoice, ImportState, ImportedAccount, ImportedCertificate,
};
use crate::advice::acme::import::{left_out, omitted, unreadable};
use crate::cli::ImportArgs;
use crate::commands::{Context, Result};
use crate::finding::Severity;
use crate::operands::acme::{given_challenge, server_address};
use crate::report::{Import, ImportedItem, Outcome, Report};

pub(super) fn run(args: &ImportArgs, context: &Context<'_>) -> Result {
    let storage = storage(&args.state)?;
    let choice = ImportChoice {
        challenge: given_challenge(&args.challenge, &args.dns)?,
        server: args.server.as_deref().map(|server| server_address(server, "--server")).transpose()?,
        ca_roots: args.ca_roots.clone(),
        deploy_hook: args.deploy_hook.clone(),
    };
    let foreign = import::read(&args.folder, &choice).map_err(unreadable)?;
    let imported = import::take_over(&storage, foreign, &choice, args.dry_run)
        .map_err(|error| failure(error, context))?;
    let client = imported.client.as_str();
    let mut findings: Vec<_> = imported.omissions.iter().map(|one| omitted(client, one)).collect();
    for account in &imported.accounts {
        if let ImportState::LeftOut(reason) = &account.state {
            let about = format!("account at {}", account.server);
            let mut finding = left_out(&about, reason);
            if account.has_other {
                finding.severity = Severity::Warning;
            }
            findings.push(finding);
        }
    }
    for certificate in &imported.certificates {
        if let ImportState::LeftOut(reason) = &certificate.state {
            findings.push(left_out(&certificate.foreign_name, reason));
        }
        findings.extend(certificate.omissions.iter().map(|one| omitted(&certificate.name, one)));
    }
    let is_any_taken = imported.certificates.iter().any(|one| one.state == ImportState::Taken);
    let next = if args.dry_run || !is_any_taken {
        Vec::new()
    } else {
        next(imported.client, args.state.state.as_deref())
    };
    let outcome = Import {
        client,
        is_dry_run: args.dry_run,
        accounts: imported.accounts.into_iter().map(account).collect(),
        certificates: imported.certificates.into_iter().map(certificate).collect(),
    };
    Ok(Report { outcome: Outcome::Imported(outcome), findings, next })
}

/// Two clients that renew the same certificates use up the server's limits.
fn next(client: ForeignClient, state: Option<&Path>) -> Vec<String> {
    let stop = match client {
        ForeignClient::AcmeSh => "acme.sh --uninstall-cronjob",
        ForeignClient::Certbot => "systemctl disable --now certbot.timer",
        ForeignClient::Lego => "crontab -e  # remove the line that runs lego",
    };
    let timer = install_timer(state);
    timer.into_iter().chain([stop.to_owned(), format!("certkit acme list{}", state_option(state))]).collect()
}

fn account(account: ImportedAccount) -> ImportedItem {
    let (state, reason) = words(account.state);
    ImportedItem {
        name: account.server.clone(),
        names: Vec::new(),
        server: Some(account.server),
        url: account.url,
        not_after: None,
        challenge: None,
        fullchain: None,
        key: None,
        credentials: None,
        commands: Vec::new(),
        state,
        reason,
    }
}

fn certificate(one: ImportedCertificate) -> ImportedItem {
    let (state, reason) = words(one.state);
    let (fullchain, key) = one
        .files
        .map(|files| (files.fullchain.display().to_string(), files.key.display().to_string()))
        .unzip();
    ImportedItem {
        name: one.name,
        names: one.names,
        server: one.server,
        url: None,
        not_after: one.not_after,
        challenge: one.challenge.map(|challenge| challenge.kind().to_string()),
        fullchain,
        key: key.filter(|_| one.is_key_here),
        credentials: one.credentials.map(|path| path.display().to_string()),
        commands: one.commands,
        state,
        reason,
    }
}

fn words(state: ImportState) -> (&'static str, Option<String>) {
    match state {
        ImportState::AlreadyHere => ("already_here", None),
        ImportState::LeftOut(reason) => ("left_out", Some(reason)),
        ImportState::Taken => ("taken", None),
    }
}
