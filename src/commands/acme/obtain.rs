//! `certkit acme obtain`.

use std::io::IsTerminal;

use super::install_timer::command as install_timer;
use super::obtained::{KeyPlace, report};
use super::{caller, failure, runtime, storage};
use crate::acme::storage::Storage;
use crate::acme::{self, Due, GivenRequest, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, Plan, Prepared, Rehearsal};
use crate::advice::acme::request;
use crate::cli::{Format, ObtainArgs};
use crate::commands::request_file::RequestFile;
use crate::commands::{Context, Result};
use crate::finding::Finding;
use crate::operands::acme::{
    certificate_names, challenge_method, check_mail_address, given_account, life_settings, server_addresses,
    with_account_label,
};
use crate::operands::acme_request::OrderedRequest;
use crate::report::{Created, Outcome, Report};
use crate::sources::acme_accounts::open_other_accounts;
use crate::sources::acme_caller::{AcmeCaller, Consent};
use crate::sys::clock::date;
use crate::x509::{Certificate, KeyKind};

pub(super) fn run(args: &ObtainArgs, context: &Context<'_>) -> Result {
    let storage = storage(&args.state)?;
    let (plan, omitted) = plan(args, &storage)?;
    let name = plan.names.first().cloned().unwrap_or_default();
    let caller = caller(context, Some(&name), consent(args.account.agree_tos, context));
    let failure = |error| failure(error, context);
    acme::end_orders_on_signals().map_err(|error| failure(acme::Error::EventLoop(error)))?;
    if args.dry_run {
        return rehearse(plan, &storage, &caller, context);
    }
    let others = plan.clone();
    let key = if plan.request.is_some() { KeyPlace::Elsewhere } else { KeyPlace::Here };
    let is_json = context.global.format == Format::Json;
    // Users read it before anything is ordered, programs in the report.
    if !is_json {
        context.console.findings(omitted.as_slice());
    }
    let (mut report, leaf) = match acme::prepare(plan, &storage, &caller, context.clock.now())
        .map_err(failure)?
    {
        Prepared::HookOnly(hook) => {
            let (current, run) = hook.run(&caller).map_err(failure)?;
            let report = report(&current.files, key, &current.chain, "unchanged", Vec::new(), run.as_ref());
            (report, current.chain.into_iter().next())
        }
        Prepared::Needed(issuance) => {
            let runtime = runtime().map_err(failure)?;
            let new = runtime.block_on(issuance.run(&caller)).map_err(failure)?;
            let report = report(&new.files, key, &new.chain, "new", new.remarks, new.hook.as_ref());
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
            let report = report(&current.files, key, &current.chain, "unchanged", Vec::new(), None);
            (report, current.chain.into_iter().next())
        }
    };
    report.findings.extend(omitted.filter(|_| is_json));
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

/// What is wanted, and what of a signing request is not issued.
fn plan(args: &ObtainArgs, storage: &Storage) -> Result<(Plan, Option<Finding>)> {
    let servers = server_addresses(&args.server, "--server")?;
    let server = match servers.first() {
        Some(url) => url.clone(),
        None if args.staging => LETS_ENCRYPT_STAGING.to_owned(),
        None => LETS_ENCRYPT.to_owned(),
    };
    let ordered = args.csr.as_deref().map(|file| ordered_request(file, &server)).transpose()?;
    let (names, request, omitted) = match ordered {
        Some((OrderedRequest { names, request, .. }, omitted)) => (names, Some(request), omitted),
        None => (certificate_names(args.names.iter().map(String::as_str), &server)?, None, None),
    };
    if let Some(email) = &args.account.email {
        check_mail_address(email)?;
    }
    let external_account =
        given_account(args.account.eab_kid.as_deref(), args.account.eab_hmac_file.as_deref())?;
    // A record that cannot be read is an error later, where it is needed.
    let before = names.first().and_then(|name| storage.certificate(name).record().ok().flatten());
    let challenge = challenge_method(&args.challenge, &args.dns, before.and_then(|record| record.challenge))?;
    let challenge = with_account_label(challenge, args.dns_account.dns_account, "--dns-account")?;
    let plan = Plan {
        names,
        server,
        servers: if servers.len() > 1 { servers } else { Vec::new() },
        ca_roots: args.ca_roots.clone(),
        email: args.account.email.clone(),
        external_account,
        key_kind: request
            .as_ref()
            .map_or(Some(args.key_kind), GivenRequest::key_kind)
            .unwrap_or(KeyKind::EcdsaP256),
        request,
        profile: args.profile.clone(),
        preferred_chain: args.preferred_chain.clone(),
        deploy_hook: args.deploy_hook.clone(),
        key_group: args.key_group.clone(),
        life: life_settings(&args.life),
        force: args.force,
        ..Plan::new(challenge)
    };
    Ok((plan, omitted))
}

/// The request of a file, and what of it is not issued.
fn ordered_request(file: &str, server: &str) -> Result<(OrderedRequest, Option<Finding>)> {
    let RequestFile { request, der, location } = RequestFile::read(file)?;
    let ordered = OrderedRequest::new(&der, &request, server)
        .map_err(|error| request::refused(&error, file, location.clone()))?;
    let omitted = request::omitted(&ordered.omitted, location);
    Ok((ordered, omitted))
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
