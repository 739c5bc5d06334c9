//! `certkit acme dns-record`: the TXT records for dns-persist-01.

use std::path::PathBuf;

use time::Duration;

use super::obtain::consent;
use super::{caller, failure, runtime, storage};
use crate::acme::challenge::ChallengeMethod;
use crate::acme::{self, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, Plan, WantedRecord};
use crate::cli::DnsRecordArgs;
use crate::commands::{Context, Result};
use crate::operands::acme::{certificate_names, check_mail_address, given_account, server_address};
use crate::operands::output::shell_word;
use crate::report::{DnsRecord, DnsRecords, Outcome, Report};

pub(super) fn run(args: &DnsRecordArgs, context: &Context<'_>) -> Result {
    let challenge = ChallengeMethod::DnsPersist(None);
    let server = match &args.server {
        Some(server) => server_address(server, "--server")?,
        None if args.staging => LETS_ENCRYPT_STAGING.to_owned(),
        None => LETS_ENCRYPT.to_owned(),
    };
    let names = certificate_names(args.names.iter().map(String::as_str), &server)?;
    for name in &names {
        challenge.can_prove(name).map_err(|error| failure(error, context))?;
    }
    args.account.email.as_deref().map_or(Ok(()), check_mail_address)?;
    let plan = Plan {
        names,
        server,
        ca_roots: args.ca_roots.clone(),
        email: args.account.email.clone(),
        external_account: given_account(
            args.account.eab_kid.as_deref(),
            args.account.eab_hmac_file.as_deref(),
        )?,
        ..Plan::new(challenge)
    };
    let storage = storage(&args.state)?;
    storage.check_access().map_err(|error| failure(error, context))?;
    let until = args.days.map(|days| (context.clock.now() + Duration::days(days.into())).unix_timestamp());
    let user = caller(context, None, consent(args.account.agree_tos, context));
    let runtime = runtime().map_err(|error| failure(error, context))?;
    let records = acme::wanted_records(&plan, &storage, until, args.one_value, &user);
    let records = runtime.block_on(records).map_err(|error| failure(error, context))?;
    let words: Vec<_> = args.names.iter().map(|name| shell_word(name)).collect();
    let records = records.iter().map(shown).collect();
    let mut report = Report::new(Outcome::DnsRecords(DnsRecords { records }));
    report.next = vec![format!("certkit acme obtain {} --dns-persist{}", words.join(" "), options(args))];
    Ok(report)
}

/// Those options that the next command needs too.
fn options(args: &DnsRecordArgs) -> String {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let given = [
        ("--server", args.server.clone()),
        ("--ca-roots", path(&args.ca_roots)),
        ("--state", path(&args.state.state)),
    ];
    let given =
        given.into_iter().filter_map(|(option, value)| Some(format!(" {option} {}", shell_word(&value?))));
    given.chain(args.staging.then(|| " --staging".to_owned())).collect()
}

fn shown(wanted: &WantedRecord) -> DnsRecord {
    DnsRecord {
        name: wanted.name.clone(),
        value: wanted.record.to_string(),
        strings: wanted.record.strings(),
    }
}
