//! Reports for people: what was done, what was found (worst first), what to do next.

mod acme;
mod acme_life;
mod chain;
mod files;
mod findings;
mod ledger;
mod lifetime;
mod show;
mod style;
mod tools;
mod trust;
mod wrap;

use std::io::{self, Write};

pub(super) use self::findings::write_findings;
use self::style::DIM;
pub use self::style::printable;
pub(super) use self::tools::WINDOWS_HOSTS;
pub(super) use self::wrap::Width;
use crate::report::{Outcome, Report};

/// Writes the whole report; `quiet` leaves errors only.
pub(super) fn write(out: &mut impl Write, report: &Report, width: Width, quiet: bool) -> io::Result<()> {
    if let Outcome::Several(reports) = &report.outcome {
        for (number, (_, report)) in reports.iter().enumerate() {
            if number > 0 && !quiet {
                writeln!(out)?;
            }
            write(out, report, width, quiet)?;
        }
        return Ok(());
    }
    let mut outcome = Vec::new();
    if !quiet {
        write_outcome(&mut outcome, report, width)?;
    }
    out.write_all(&outcome)?;
    let has_outcome = !outcome.is_empty();
    let mut findings = Vec::new();
    let has_findings = write_findings(&mut findings, report.all_findings(), width, quiet)?;
    if has_outcome && has_findings {
        writeln!(out)?;
    }
    out.write_all(&findings)?;
    if !quiet && !report.next.is_empty() {
        if has_outcome || has_findings {
            writeln!(out)?;
        }
        writeln!(out, "{DIM}next:{DIM:#}")?;
        for command in &report.next {
            writeln!(out, "  {}", printable(command))?;
        }
    }
    Ok(())
}

/// What was done or judged.
fn write_outcome(out: &mut impl Write, report: &Report, width: Width) -> io::Result<()> {
    match &report.outcome {
        Outcome::Account(account) => acme::account(out, account)?,
        Outcome::DnsRecords(records) => acme::dns_records(out, records)?,
        Outcome::Checked(checked) => chain::write_checked(out, checked, report, width)?,
        Outcome::Converted(converted) => tools::write_converted(out, converted)?,
        Outcome::Created(created) => files::write_created(out, created, width)?,
        Outcome::Deleted(deleted) => acme_life::deleted(out, deleted, width)?,
        Outcome::Hosts(hosts) => tools::write_hosts(out, hosts)?,
        Outcome::Imported(import) => acme_life::imported(out, import, width)?,
        Outcome::DnsProviders(providers) => acme::dns_providers(out, providers)?,
        Outcome::Listed(kept) => acme::list(out, kept)?,
        Outcome::Matched(matched) => tools::write_matched(out, matched)?,
        Outcome::Merged(merged) => chain::write_merged(out, merged)?,
        Outcome::Recorded(recorded) => ledger::list(out, recorded, width)?,
        Outcome::Renewed(renewals) => acme::renewals(out, renewals, width)?,
        Outcome::Revoked(revoked) => acme::revoked(out, revoked)?,
        Outcome::Shown(shown) => show::write(out, shown, width)?,
        Outcome::Trusted(trusted) => trust::write_trusted(out, trusted)?,
        Outcome::TrustedCas(cas) => trust::write_cas(out, cas)?,
        Outcome::Answered { .. }
        | Outcome::Data(_)
        | Outcome::Failed { .. }
        | Outcome::Nothing
        | Outcome::Several(_)
        | Outcome::Text(_)
        | Outcome::TrustEnvironment(_) => {}
    }
    Ok(())
}
