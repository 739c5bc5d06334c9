//! What the tools around certificates did, for people: `convert`, `key match`, `hosts`.

use std::io::{self, Write};

use super::style::{BOLD, DIM, GREEN, RED, printable};
use crate::report::{Converted, HostsFile, Matched};

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
        matched.summary.description,
        matched.public_key_sha256
    )?;
    for one in &matched.candidates {
        let (mark, style, word) =
            if one.fits { ("✓", GREEN, "matches") } else { ("✗", RED, "does not match") };
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

/// Where Windows has its hosts file.
pub(in crate::render) const WINDOWS_HOSTS: &str = r"C:\Windows\System32\drivers\etc\hosts";

/// What became of a name in the hosts file.
pub(super) fn write_hosts(out: &mut impl Write, hosts: &HostsFile) -> io::Result<()> {
    let (mark, style) = match (hosts.action, hosts.state) {
        (_, "planned") => ("·", DIM),
        ("check", "absent") => ("✗", RED),
        _ => ("✓", GREEN),
    };
    let state = match hosts.state {
        "planned" => "would change in",
        "present" if hosts.action == "add" => "is already in",
        "absent" if hosts.action == "remove" => "was not in",
        "present" => "is in",
        "absent" => "is not in",
        "added" => "added to",
        "removed" => "removed from",
        other => other,
    };
    writeln!(
        out,
        "{style}{mark}{style:#} {BOLD}{}{BOLD:#} {state} {DIM}{}{DIM:#}",
        printable(&hosts.name),
        printable(&hosts.file)
    )?;
    for entry in &hosts.entries {
        let whose = if entry.is_ours { "" } else { ", not certkit's" };
        writeln!(out, "  {} {DIM}line {}{whose}{DIM:#}", entry.address, entry.line)?;
    }
    if let Some(line) = hosts.windows_line.as_ref().filter(|_| hosts.action == "add") {
        writeln!(out, "  {DIM}on Windows: {WINDOWS_HOSTS}  {}{DIM:#}", printable(line))?;
    }
    Ok(())
}
