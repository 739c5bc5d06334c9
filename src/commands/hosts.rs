//! `certkit hosts`: names in the hosts file.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::{Context, Result};
use crate::cli::{HostsArgs, HostsChangeArgs, HostsCheckArgs, HostsCommand};
use crate::finding::{Code, Finding, Location};
use crate::operands::output::shell_word;
use crate::report::{Failure, HostsEntry, HostsFile, Outcome, Report};
use crate::sys::fs::{plain, read_limited};
use crate::sys::hosts::{self, Edit, Entry};
use crate::sys::replace::Replacing;
use crate::x509::CertificateName;

/// More than any hosts file has; those that block advertisements have a few megabytes.
const MAX_BYTES: u64 = 64 << 20;

/// Runs the command.
pub(super) fn run(args: &HostsArgs, _context: &Context<'_>) -> Result {
    match &args.command {
        HostsCommand::Add(args) => add(args),
        HostsCommand::Remove(args) => remove(args),
        HostsCommand::Check(args) => check(args),
    }
}

fn add(args: &HostsChangeArgs) -> Result {
    let name = name(&args.check.name)?;
    let address = args.check.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let edit = |file: &[u8]| hosts::add(file, &name, address);
    let (state, after) = change(args, "add", edit)?;
    let mut report = report("add", args.dry_run, state, &args.check, &name, Some(address), &after);
    if state == "added" {
        report.next.push(format!("certkit mkcert {}", shell_word(&name)));
    }
    Ok(report)
}

fn remove(args: &HostsChangeArgs) -> Result {
    let name = name(&args.check.name)?;
    let edit = |file: &[u8]| hosts::remove(file, &name, args.check.address);
    let (state, after) = change(args, "remove", edit)?;
    let mut report = report("remove", args.dry_run, state, &args.check, &name, args.check.address, &after);
    for left in hosts::entries(&after, &name).iter().filter(|entry| !entry.is_ours) {
        let message = format!("{name} still points to {}: that line is not certkit's", left.address);
        report.findings.push(
            Finding::warning(Code::HostsEntry, message)
                .at(place(&args.check.file, left))
                .fix("if it shall go too, delete it with an editor"),
        );
    }
    Ok(report)
}

fn check(args: &HostsCheckArgs) -> Result {
    let name = name(&args.name)?;
    let file = read_limited(&args.file, MAX_BYTES).map_err(|error| cannot(&error, args, "read"))?;
    let found = hosts::entries(&file, &name);
    let fits = |entry: &&Entry| args.address.is_none_or(|address| entry.address == address);
    let is_there = found.iter().any(|entry| fits(&entry));
    let state = if is_there { "present" } else { "absent" };
    let mut report = report("check", false, state, args, &name, args.address, &file);
    if !is_there {
        let add = |address: Option<IpAddr>| {
            let address = address.map(|address| format!(" {address}")).unwrap_or_default();
            format!("certkit hosts add {}{address}{}", shell_word(&name), file_option(&args.file))
        };
        let (message, at) = match found.first() {
            Some(other) => {
                (format!("{name} points to {} in the hosts file", other.address), place(&args.file, other))
            }
            None => {
                (format!("{name} is not in the hosts file"), Location::file(args.file.display().to_string()))
            }
        };
        report.findings.push(Finding::error(Code::HostsEntry, message).at(at).fix(add(args.address)));
    }
    Ok(report)
}

/// Changes the file, unless only asked what would be. Gives what was done in a word, and the new contents.
fn change(
    args: &HostsChangeArgs,
    word: &'static str,
    edit: impl Fn(&[u8]) -> Edit,
) -> Result<(&'static str, Vec<u8>)> {
    let failed = |error: &io::Error, action| cannot_change(error, args, word, action);
    let mut replacing = Replacing::open(&args.check.file).map_err(|error| failed(&error, "read"))?;
    let before = replacing.read(MAX_BYTES).map_err(|error| failed(&error, "read"))?;
    match edit(&before) {
        Edit::Nothing => Ok((if word == "add" { "present" } else { "absent" }, before)),
        Edit::Changed(after) if args.dry_run => Ok(("planned", after)),
        Edit::Changed(after) => {
            replacing.write(&after).map_err(|error| failed(&error, "change"))?;
            Ok((if word == "add" { "added" } else { "removed" }, after))
        }
        Edit::Conflict(entry) => {
            let message = format!(
                "another line gives {} to {}; a second one would not be looked at",
                args.check.name, entry.address
            );
            Err(Finding::error(Code::HostsEntry, message)
                .at(place(&args.check.file, &entry))
                .fix("change that line with an editor, then run the command again")
                .into())
        }
    }
}

fn report(
    action: &'static str,
    dry_run: bool,
    state: &'static str,
    args: &HostsCheckArgs,
    name: &str,
    address: Option<IpAddr>,
    file: &[u8],
) -> Report {
    let entries = hosts::entries(file, name);
    let entry = |entry: &Entry| HostsEntry {
        line: entry.line,
        address: entry.address.to_string(),
        is_ours: entry.is_ours,
    };
    let shown = address.or_else(|| entries.first().map(|entry| entry.address));
    Report::new(Outcome::Hosts(HostsFile {
        action,
        dry_run,
        state,
        file: args.file.display().to_string(),
        name: name.to_owned(),
        entries: entries.iter().map(entry).collect(),
        windows_line: shown.map(|address| format!("{address} {name}")),
    }))
}

/// The name as the file has it: lower case, Punycode.
fn name(text: &str) -> Result<String> {
    let (message, fix) = match CertificateName::parse(text) {
        Ok(CertificateName::Dns(name)) if !name.contains('*') => return Ok(name),
        Ok(CertificateName::Dns(_)) => (
            "the hosts file knows no wildcards".to_owned(),
            "add each name by itself; names below .localhost need no line at all",
        ),
        Ok(_) => (format!("{text} is no name of a host"), "the name comes first, then the address"),
        Err(error) => (
            error.to_string().replace("no name for a certificate", "no name of a host"),
            "names look like www.mysite.test",
        ),
    };
    Err(Finding::error(Code::InvalidName, message).fix(fix).into())
}

fn place(file: &Path, entry: &Entry) -> Location {
    Location::line(file.display().to_string(), entry.line)
}

/// ` --file F`, where it is not the usual one.
fn file_option(file: &Path) -> String {
    match file.to_str() {
        Some("/etc/hosts") => String::new(),
        _ => format!(" --file {}", shell_word(&file.display().to_string())),
    }
}

fn cannot_change(error: &io::Error, args: &HostsChangeArgs, word: &str, action: &str) -> Failure {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return cannot(error, &args.check, action);
    }
    let program =
        std::env::current_exe().map_or_else(|_| "certkit".into(), |path| path.display().to_string());
    let address = args.check.address.map(|address| format!(" {address}")).unwrap_or_default();
    let command = format!(
        "sudo {} hosts {word} {}{address}{}",
        shell_word(&program),
        shell_word(&args.check.name),
        file_option(&args.check.file)
    );
    let file = args.check.file.display().to_string();
    Finding::error(Code::Permission, format!("you may not change {file}"))
        .at(Location::file(file))
        .fix(command)
        .into()
}

fn cannot(error: &io::Error, args: &HostsCheckArgs, action: &str) -> Failure {
    let file = args.file.display().to_string();
    let code = match error.kind() {
        io::ErrorKind::NotFound => Code::NotFound,
        io::ErrorKind::PermissionDenied => Code::Permission,
        io::ErrorKind::IsADirectory => Code::IsDirectory,
        _ => Code::Io,
    };
    Finding::error(code, format!("cannot {action} {file}: {}", plain(error)))
        .at(Location::file(&file))
        .fix("name the hosts file with --file; mostly it is /etc/hosts")
        .into()
}
