//! CAs in the stores of this machine, for people.

use std::io::{self, Write};

use super::style::{BOLD, DIM, GREEN, RED, YELLOW, printable};
use crate::report::{Trusted, TrustedCa, TrustedCas, TrustedStore};
use crate::sys::clock::date;

/// Every store and its state.
pub(super) fn write_trusted(out: &mut impl Write, trusted: &Trusted) -> io::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#} {DIM}{}{DIM:#}", printable(&trusted.name), printable(&trusted.file))?;
    write_stores(out, &trusted.stores, trusted.action)?;
    for ca in &trusted.older {
        writeln!(
            out,
            "{BOLD}{}{BOLD:#} {DIM}an older root, which this one replaced{DIM:#}",
            printable(&ca.name)
        )?;
        write_stores(out, &ca.stores, trusted.action)?;
    }
    if trusted.uncovered.is_empty() {
        return Ok(());
    }
    writeln!(out, "programs that ask none of these stores:")?;
    for one in &trusted.uncovered {
        writeln!(out, "  {YELLOW}!{YELLOW:#} {:30}  reads {}", one.program, printable(&one.reads))?;
    }
    Ok(())
}

/// Every CA, where its file is, and its stores.
pub(super) fn write_cas(out: &mut impl Write, list: &TrustedCas) -> io::Result<()> {
    if list.cas.is_empty() {
        writeln!(out, "no CA of certkit was found")?;
    }
    for ca in &list.cas {
        write_ca(out, ca, list.action)?;
    }
    Ok(())
}

fn write_ca(out: &mut impl Write, ca: &TrustedCa, action: &str) -> io::Result<()> {
    let TrustedCa { certificate, name, files, stores } = ca;
    let until = date(certificate.not_after);
    writeln!(out, "{BOLD}{}{BOLD:#} {DIM}valid until {until}{DIM:#}", printable(name))?;
    writeln!(out, "  {DIM}SHA-256 {}{DIM:#}", certificate.sha256)?;
    for file in files {
        writeln!(out, "  file     {}", printable(file))?;
    }
    if files.is_empty() {
        writeln!(out, "  {YELLOW}no file{YELLOW:#}  only stores have it")?;
    }
    write_stores(out, stores, action)?;
    if stores.is_empty() {
        writeln!(out, "  {DIM}no store has it{DIM:#}")?;
    }
    Ok(())
}

fn write_stores(out: &mut impl Write, stores: &[TrustedStore], action: &str) -> io::Result<()> {
    for store in stores {
        let (mark, style) = match store.state {
            "installed" | "removed" | "trusted" => ("✓", GREEN),
            "absent" if action == "uninstall" => ("✓", GREEN),
            "planned" => ("·", DIM),
            "pending" => ("!", YELLOW),
            _ => ("✗", RED),
        };
        writeln!(
            out,
            "  {style}{mark} {:7}  {:12}{style:#}  {}",
            store.kind,
            store.state.replace('_', " "),
            printable(&store.path)
        )?;
        for step in &store.steps {
            writeln!(out, "      {}", printable(step))?;
        }
    }
    Ok(())
}
