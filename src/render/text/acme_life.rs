//! What `certkit acme delete` and `import` print.

use std::io::{self, Write};

use super::style::{BOLD, DIM, GREEN, YELLOW, printable};
use super::wrap::Width;
use crate::report::{Deleted, Import, ImportedItem};
use crate::sys::clock::date;

/// Writes what was deleted, where its copy is, and what still holds.
pub(super) fn deleted(out: &mut impl Write, deleted: &Deleted, width: Width) -> io::Result<()> {
    let name = printable(&deleted.name);
    let mut sentence =
        format!("is deleted and will not be renewed; its files are in {}", printable(&deleted.copy));
    if let Some(end) = deleted.not_after.filter(|_| !deleted.is_revoked) {
        sentence.push_str(&format!("; it is not revoked and is valid until {}", date(end)));
    }
    let sentence = width.wrap(&sentence, name.chars().count() + 4, 4);
    writeln!(out, "{GREEN}✓{GREEN:#} {BOLD}{name}{BOLD:#}  {sentence}")
}

/// Writes a line for each account and certificate, and where the files are that servers should read from now on.
pub(super) fn imported(out: &mut impl Write, import: &Import, width: Width) -> io::Result<()> {
    if import.accounts.is_empty() && import.certificates.is_empty() {
        writeln!(out, "{} has no accounts and no certificates there", import.client)?;
    }
    let is_dry_run = import.is_dry_run;
    for account in &import.accounts {
        item(out, "account at ", account, is_dry_run, width)?;
    }
    for certificate in &import.certificates {
        item(out, "", certificate, is_dry_run, width)?;
        if let Some(fullchain) =
            certificate.fullchain.as_ref().filter(|_| certificate.state == "taken" && !is_dry_run)
        {
            writeln!(out, "  files    {DIM}{}{DIM:#}", printable(fullchain))?;
        }
        if let Some(credentials) = &certificate.credentials {
            writeln!(out, "  DNS by   {DIM}{}{DIM:#}", printable(credentials))?;
        }
        for (hook, command) in &certificate.commands {
            self::command(out, hook, command)?;
        }
    }
    if is_dry_run {
        writeln!(out, "dry run: nothing was written")?;
    }
    Ok(())
}

/// Writes a command that will be run, each of its lines as it is.
fn command(out: &mut impl Write, hook: &str, command: &str) -> io::Result<()> {
    let mut label = format!("runs {hook}:");
    for line in command.lines() {
        writeln!(out, "  {label:<13}{DIM}{}{DIM:#}", printable(line))?;
        label.clear();
    }
    Ok(())
}

fn item(
    out: &mut impl Write,
    before: &str,
    item: &ImportedItem,
    is_dry_run: bool,
    width: Width,
) -> io::Result<()> {
    let name = format!("{before}{}", printable(&item.name));
    let (mark, style) = if item.state == "left_out" { ("!", YELLOW) } else { ("✓", GREEN) };
    let mut sentence = match item.state {
        "taken" if is_dry_run => "would be taken over".to_owned(),
        "taken" => "is taken over".to_owned(),
        "already_here" => "is here already".to_owned(),
        _ => "is left out".to_owned(),
    };
    if let Some(end) = item.not_after.filter(|_| item.state != "left_out") {
        sentence.push_str(&format!(", valid until {}", date(end)));
    }
    if let Some(challenge) = item.challenge.as_ref().filter(|_| item.state == "taken") {
        sentence.push_str(&format!(", renews by {challenge}"));
    }
    let sentence = width.wrap(&sentence, name.chars().count() + 4, 4);
    writeln!(out, "{style}{mark}{style:#} {BOLD}{name}{BOLD:#}  {sentence}")
}
