//! `certkit acme obtain`.

use std::io::IsTerminal;
use std::path::Path;

use super::install_timer::command as install_timer;
use super::{caller, failure, runtime, storage};
use crate::acme::storage::{LiveFiles, Storage};
use crate::acme::{self, Due, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, Plan, Prepared, Rehearsal, Remark};
use crate::advice::acme::{deploy_hook, remark};
use crate::chain::Located;
use crate::cli::ObtainArgs;
use crate::commands::{Context, Result};
use crate::operands::acme::{
    certificate_names, challenge_method, check_mail_address, given_account, life_settings, server_addresses,
    with_account_label,
};
use crate::operands::output::shell_word;
use crate::report::{Created, CreatedFile, FileRole, Outcome, Report, Role};
use crate::sources::acme_accounts::open_other_accounts;
use crate::sources::acme_caller::{AcmeCaller, Consent};
use crate::sys::clock::date;
use crate::sys::hook::HookRun;
use crate::x509::Certificate;

pub(super) fn run(args: &ObtainArgs, context: &Context<'_>) -> Result {
    let storage = storage(&args.state)?;
    let plan = plan(args, &storage)?;
    let name = plan.names.first().cloned().unwrap_or_default();
    let caller = caller(context, Some(&name), consent(args.agree_tos, context));
    let failure = |error| failure(error, context);
    acme::end_orders_on_signals().map_err(|error| failure(acme::Error::EventLoop(error)))?;
    if args.dry_run {
        return rehearse(plan, &storage, &caller, context);
    }
    let others = plan.clone();
    let (mut report, leaf) =
        match acme::prepare(plan, &storage, &caller, context.clock.now()).map_err(failure)? {
            Prepared::HookOnly(hook) => {
                let (current, run) = hook.run(&caller).map_err(failure)?;
                let report = report(&current.files, &current.chain, "unchanged", Vec::new(), run.as_ref());
                (report, current.chain.into_iter().next())
            }
            Prepared::Needed(issuance) => {
                let runtime = runtime().map_err(failure)?;
                let new = runtime.block_on(issuance.run(&caller)).map_err(failure)?;
                let report = report(&new.files, &new.chain, "new", new.remarks, new.hook.as_ref());
                (report, new.chain.into_iter().next())
            }
            Prepared::NotDue(current) => {
                let Due { at, by_server } = current.due;
                let until = date(current.chain.first().map_or(at, |leaf| leaf.not_after));
                let why = if by_server { " (the server asks for that)" } else { "" };
                context.console.say(&format!(
                    "{name}: nothing to do. The certificate is valid until {until} and renews after \
                 {}{why}; --force gets a new one now.",
                    date(at),
                ));
                let report = report(&current.files, &current.chain, "unchanged", Vec::new(), None);
                (report, current.chain.into_iter().next())
            }
        };
    if let Some(command) = install_timer(args.state.state.as_deref()) {
        report.next.insert(0, command);
    }
    if let Some(leaf) = leaf {
        say_tlsa(&storage, &name, &leaf, context);
    }
    if others.servers.len() > 1 {
        let runtime = runtime().map_err(failure)?;
        runtime.block_on(open_other_accounts(&others, &storage, &caller));
    }
    Ok(report)
}

/// Says what the TLSA records must be, where the key is known ahead. One that cannot be read has been reported before.
fn say_tlsa(storage: &Storage, name: &str, leaf: &Certificate, context: &Context<'_>) {
    let store = storage.certificate(name);
    let Ok(Some(record)) = store.record() else { return };
    let records = acme::tlsa_records(&store, &record, leaf).unwrap_or_default();
    for (of, tlsa) in ["this key", "the next key"].iter().zip(records) {
        context.console.say(&format!("{name}: TLSA record of {of}: {tlsa}"));
    }
}

fn plan(args: &ObtainArgs, storage: &Storage) -> Result<Plan> {
    let servers = server_addresses(&args.server)?;
    let server = match servers.first() {
        Some(url) => url.clone(),
        None if args.staging => LETS_ENCRYPT_STAGING.to_owned(),
        None => LETS_ENCRYPT.to_owned(),
    };
    let names = certificate_names(args.names.iter().map(String::as_str), &server)?;
    if let Some(email) = &args.email {
        check_mail_address(email)?;
    }
    let external_account = given_account(args.eab_kid.as_deref(), args.eab_hmac_file.as_deref())?;
    // A record that cannot be read is an error later, where it is needed.
    let before = names.first().and_then(|name| storage.certificate(name).record().ok().flatten());
    let challenge = challenge_method(&args.challenge, &args.dns, before.and_then(|record| record.challenge))?;
    let challenge = with_account_label(challenge, args.dns_account.dns_account)?;
    Ok(Plan {
        names,
        server,
        servers: if servers.len() > 1 { servers } else { Vec::new() },
        ca_roots: args.ca_roots.clone(),
        email: args.email.clone(),
        external_account,
        key_kind: args.key_kind,
        profile: args.profile.clone(),
        preferred_chain: args.preferred_chain.clone(),
        deploy_hook: args.deploy_hook.clone(),
        key_group: args.key_group.clone(),
        life: life_settings(&args.life),
        force: args.force,
        ..Plan::new(challenge)
    })
}

/// The user is asked on a terminal only, and not with `--quiet`.
pub(super) fn consent<'a>(agrees: bool, context: &Context<'a>) -> Consent<'a> {
    let console = context.console;
    if agrees {
        Consent::Given
    } else if console.is_quiet() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        Consent::Missing
    } else {
        Consent::Asked(Box::new(move || {
            console.say("Do you agree to them? [y/N]");
            let mut line = String::new();
            // A line that cannot be read is not a yes.
            let _ = std::io::stdin().read_line(&mut line);
            matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
        }))
    }
}

fn rehearse(plan: Plan, storage: &Storage, caller: &AcmeCaller<'_>, context: &Context<'_>) -> Result {
    let rehearsal = runtime()
        .and_then(|runtime| runtime.block_on(acme::rehearse(plan, storage, caller, context.clock.now())));
    let result = match rehearsal.map_err(|error| failure(error, context))? {
        Rehearsal::Issued => "the test server issued a certificate",
        Rehearsal::Validated => "the server validated all names; no certificate was requested",
    };
    context.console.say(&format!("dry run: {result}; nothing was kept"));
    Ok(Report::new(Outcome::Created(Created::default())))
}

fn report(
    files: &LiveFiles,
    chain: &[Certificate],
    state: &str,
    remarks: Vec<Remark>,
    hook: Option<&HookRun>,
) -> Report {
    let shown = |path: &Path| path.display().to_string();
    let file = |path: &Path, role, what: &str| CreatedFile {
        path: shown(path),
        role,
        mode: None,
        description: format!("{what} ({state})"),
    };
    let created = Created {
        files: vec![
            file(
                &files.fullchain,
                FileRole::Chain,
                "server certificate and intermediates: give this to the server",
            ),
            file(&files.key, FileRole::PrivateKey, "private key, keep it secret"),
            file(&files.cert, FileRole::Certificate, "server certificate alone"),
            file(&files.chain, FileRole::Intermediates, "intermediates alone"),
        ],
        certificate: chain.first().map(|leaf| Located::from(leaf.clone()).summary(Role::Leaf)),
        ..Created::default()
    };
    Report {
        findings: remarks.into_iter().map(remark).chain(hook.and_then(deploy_hook)).collect(),
        next: vec![format!(
            "certkit serve --cert {} --key {}",
            shell_word(&shown(&files.fullchain)),
            shell_word(&shown(&files.key))
        )],
        outcome: Outcome::Created(created),
    }
}
