//! What the tools around certificates did, for people: `convert`, `key match`, `trust`.

use std::io::{self, Write};

use super::human::{BOLD, DIM, GREEN, RED, YELLOW, printable};
use crate::report::{Converted, Matched, Trusted};

/// The new file and what is in it.
pub(super) fn write_converted(out: &mut impl Write, converted: &Converted) -> io::Result<()> {
    let path = printable(&converted.output);
    writeln!(out, "{GREEN}✓{GREEN:#} {BOLD}{path}{BOLD:#}  {}", printable(&converted.description))?;
    for item in &converted.items {
        write!(out, "  {} {BOLD}{}{BOLD:#}", item.kind.replace('_', " "), printable(&item.title))?;
        if let Some(name) = &item.name {
            write!(out, " {DIM}under the name {}{DIM:#}", printable(name))?;
        }
        writeln!(out, "{}", if item.encrypted { ", encrypted" } else { "" })?;
    }
    Ok(())
}

/// Which files belong to the key.
pub(super) fn write_matched(out: &mut impl Write, matched: &Matched) -> io::Result<()> {
    writeln!(
        out,
        "{BOLD}{}{BOLD:#} {DIM}{}, public key SHA-256 {}{DIM:#}",
        printable(&matched.key),
        matched.description,
        matched.public_key_sha256
    )?;
    for one in &matched.candidates {
        let (mark, style, word) =
            if one.fits { ("✓", GREEN, "fits") } else { ("✗", RED, "does not fit") };
        writeln!(
            out,
            "  {style}{mark} {word}{style:#} {BOLD}{}{BOLD:#} {DIM}{} {}{DIM:#}",
            printable(&one.file),
            one.kind.replace('_', " "),
            printable(&one.name)
        )?;
    }
    Ok(())
}

/// Every store and how it stands.
pub(super) fn write_trusted(out: &mut impl Write, trusted: &Trusted) -> io::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#} {DIM}{}{DIM:#}", printable(&trusted.name), printable(&trusted.file))?;
    for store in &trusted.stores {
        let (mark, style) = match store.state {
            "installed" | "removed" | "trusted" => ("✓", GREEN),
            "absent" if trusted.action == "uninstall" => ("✓", GREEN),
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
