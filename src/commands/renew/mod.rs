//! `certkit renew`: the same certificate again, with a new validity.

mod ca;
mod candidates;
mod chain;
mod lists;
mod plan;
mod planner;
mod tally;
mod timer;
mod write;

use std::collections::HashSet;

use time::OffsetDateTime;

use self::ca::renew_cas;
use self::candidates::{Checks, candidates};
use self::plan::Plan;
use self::planner::Planner;
use self::tally::Tally;
use self::write::{Prepared, prepare, write};
use super::{Context, Result};
use crate::advice::ca::broken_lines;
use crate::advice::hook;
use crate::ca::SigningCa;
use crate::cli::RenewArgs;
use crate::finding::{Finding, Severity};
use crate::operands::ca_lookup::CaChoice;
use crate::operands::password::Passwords;
use crate::report::{CertificateSummary, Outcome, Report};
use crate::sys::hook::Hook;
use crate::sys::shell::shell_word;

/// Exit status: a certificate could not be renewed, or one of its files.
const FAILED: u8 = 2;
/// Exit status: the certificates are fine, the deploy hook failed.
const HOOK_FAILED: u8 = 3;

pub(super) fn run(args: &RenewArgs, context: &Context<'_>) -> Result {
    let choice = CaChoice::from(&args.ca);
    if let Some(form) = args.timer.install_timer {
        return timer::install(args, form, &choice.find()?, context);
    }
    let mut tally = Tally::default();
    match renew_cas(args, &choice, &mut tally, context.clock.now())? {
        Some((ca, files)) => {
            renew(args, &files, &ca, &mut tally, context)?;
            if args.crl {
                lists::make_if_due(args, &ca, &mut tally, context);
            }
        }
        None => finish(args, Vec::new(), &mut tally, context),
    }
    let Tally { mut created, count, findings, .. } = tally;
    let next = count.renewed.first().map(|(file, _)| format!("certkit show {}", shell_word(file)));
    created.at = Some(context.clock.now());
    created.renewal = Some(count);
    Ok(Report { outcome: Outcome::Created(created), findings, next: next.into_iter().collect() })
}

fn renew(
    args: &RenewArgs,
    files: &[String],
    ca: &SigningCa,
    tally: &mut Tally,
    context: &Context<'_>,
) -> Result<()> {
    let now = context.clock.now();
    let records = ca.family_records()?;
    tally.findings.extend(broken_lines(&records.broken));
    let mut due = tally.check(&Checks::new(ca, &records, now), &candidates(files, args, &records));
    let passwords = Passwords::new("--key-password-file", args.key_password_file.as_deref());
    let mut planner = Planner::new(&due, args.rekey, passwords);
    let mut renewed = Vec::new();
    while !due.is_empty() {
        let mut plans = Vec::with_capacity(due.len());
        let mut written = HashSet::new();
        let mut later = Vec::new();
        for one in due {
            let plan = planner.plan(one);
            if let Ok(plan) = &plan {
                tally.take_covered(plan);
            }
            match plan {
                Ok(plan) if args.dry_run => tally.take_plan(plan),
                // Two that share a file: the second is put into what the first has made of it.
                Ok(plan) if plan.written().any(|path| written.contains(&path)) => later.push(plan.due),
                Ok(plan) => {
                    written.extend(plan.written());
                    plans.push(plan);
                }
                Err(failure) => tally.fail(failure),
            }
        }
        renewed.extend(issue(plans, ca, tally, now)?);
        planner.read_files_again();
        due = later;
    }
    tally.fail_containers();
    finish(args, renewed, tally, context);
    Ok(())
}

/// Says what became of it, and runs the deploy hook.
fn finish(args: &RenewArgs, renewed: Vec<Prepared>, tally: &mut Tally, context: &Context<'_>) {
    tally.count.is_dry_run = args.dry_run;
    // CAs are in it already.
    if args.dry_run {
        return;
    }
    if renewed.is_empty() && tally.count.renewed.is_empty() {
        let not_due = tally.count.certificates.len();
        let certificates = if not_due == 1 { "certificate" } else { "certificates" };
        if not_due > 0 || tally.created.status != FAILED {
            context.console.say(&format!("{not_due} {certificates} checked, none due"));
        }
        return;
    }
    let has_failed = tally.created.status == FAILED;
    tally.created.status = args.exit_code_if_renewed;
    if let Some(command) = &args.deploy_hook
        && let Some(finding) = run_hook(command, &tally.count.renewed, &renewed)
    {
        tally.findings.push(finding);
        tally.created.status = HOOK_FAILED;
    }
    if has_failed {
        tally.created.status = FAILED;
    }
    renewed.into_iter().for_each(|one| tally.take_renewed(one, args.if_within.unwrap_or_default()));
}

/// Issues and writes; gives those that are renewed.
fn issue(
    plans: Vec<Plan<'_>>,
    ca: &SigningCa,
    tally: &mut Tally,
    now: OffsetDateTime,
) -> Result<Vec<Prepared>> {
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let issuer = ca.issuer(now)?;
    let mut prepared = Vec::with_capacity(plans.len());
    for plan in plans {
        match prepare(plan, ca, &issuer, now) {
            Ok(one) => prepared.push(one),
            Err(failure) => tally.fail(failure),
        }
    }
    let (renewed, failures) = write(prepared, ca, &mut tally.created.files);
    failures.into_iter().for_each(|failure| tally.fail(failure));
    if renewed.iter().flat_map(|one| &one.notes).any(|note| note.severity == Severity::Error) {
        tally.created.status = FAILED;
    }
    Ok(renewed)
}

/// Runs the user's command once for all that was renewed. It gets the names of the files that still hold an old
/// certificate.
fn run_hook(command: &str, cas: &[(String, CertificateSummary)], renewed: &[Prepared]) -> Option<Finding> {
    let cas = cas.iter().map(|(file, _)| file.as_str());
    let files: Vec<_> = cas.chain(renewed.iter().map(|one| one.file.as_str())).collect();
    let left: Vec<_> = renewed.iter().flat_map(|one| one.left.iter().map(String::as_str)).collect();
    let run = Hook::new(command)
        .env("CERTKIT_RENEWED", files.join("\n"))
        .env("CERTKIT_NOT_RENEWED", left.join("\n"))
        .showing_output()
        .run();
    hook::failed(&run, &format!("Fix the hook, then run it: `{command}`."))
}
