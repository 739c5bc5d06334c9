//! `certkit hosts`: names in the hosts file.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::{Context, Result, next_command};
use crate::advice::hosts::{HostsNameError, foreign_line_left, hosts_failure, not_mapped};
use crate::cli::{HostsArgs, HostsChangeArgs, HostsCheckArgs, HostsCommand};
use crate::operands::ca_lookup::CaChoice;
use crate::report::{HostsEntry, HostsFile, Outcome, Report};
use crate::sys::hosts::{self, Edit, EditMode};
use crate::sys::shell::{path_word, shell_word};
use crate::x509::CertificateName;

pub(super) fn run(args: &HostsArgs, _context: &Context<'_>) -> Result {
    match &args.command {
        HostsCommand::Add(args) => add(args),
        HostsCommand::Remove(args) => remove(args),
        HostsCommand::Check(args) => check(args),
    }
}

fn add(args: &HostsChangeArgs) -> Result {
    let name = host_name(&args.check.name)?;
    let address = args.check.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let (after, changed) = change(args, &name, "add", |file| hosts::add(file, &name, address))?;
    let state = match changed {
        false => "present",
        true if args.dry_run => "planned",
        true => "added",
    };
    let mut report = report("add", args.dry_run, state, &args.check, &name, Some(address), &after);
    if state == "added" {
        if !CaChoice::default().is_found() {
            report.next.push("certkit mkca".to_owned());
        }
        report.next.push(next_command::mkcert(&name, ""));
    }
    Ok(report)
}

fn remove(args: &HostsChangeArgs) -> Result {
    let name = host_name(&args.check.name)?;
    let edit = |file: &[u8]| hosts::remove(file, &name, args.check.address);
    let (after, changed) = change(args, &name, "remove", edit)?;
    let state = match changed {
        false => "absent",
        true if args.dry_run => "planned",
        true => "removed",
    };
    let mut report = report("remove", args.dry_run, state, &args.check, &name, args.check.address, &after);
    let left = hosts::entries(&after, &name);
    let foreign = left.iter().filter(|line| !line.is_ours);
    report.findings.extend(foreign.map(|line| foreign_line_left(&name, &args.check.file, line)));
    Ok(report)
}

fn check(args: &HostsCheckArgs) -> Result {
    let name = host_name(&args.name)?;
    let file = hosts::read(&args.file)
        .map_err(|error| hosts_failure(&error, &args.file, &as_root(args, "check")))?;
    let lines = hosts::entries(&file, &name);
    let is_there = lines.iter().any(|line| args.address.is_none_or(|address| line.address == address));
    let state = if is_there { "present" } else { "absent" };
    let mut report = report("check", false, state, args, &name, args.address, &file);
    if !is_there {
        let add = format!("certkit hosts {}", words("add", &name, args));
        report.findings.push(not_mapped(&name, &args.file, lines.first(), &add));
    }
    Ok(report)
}

/// Changes the file, unless only a plan is asked for. Gives the new contents, and whether they
/// differ.
fn change(
    args: &HostsChangeArgs,
    name: &str,
    verb: &str,
    edit: impl Fn(&[u8]) -> Edit,
) -> Result<(Vec<u8>, bool)> {
    let mode = if args.dry_run { EditMode::DryRun } else { EditMode::Apply };
    let file = &args.check.file;
    hosts::change(file, name, mode, edit)
        .map_err(|error| hosts_failure(&error, file, &as_root(&args.check, verb)))
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
    let lines = hosts::entries(file, name);
    let shown = address.or_else(|| lines.first().map(|line| line.address));
    let entries = lines.iter().map(|line| HostsEntry {
        line: line.line,
        address: line.address.to_string(),
        is_ours: line.is_ours,
    });
    Report::new(Outcome::Hosts(HostsFile {
        action,
        dry_run,
        state,
        file: args.file.display().to_string(),
        name: name.to_owned(),
        entries: entries.collect(),
        windows_line: shown.map(|address| format!("{address} {name}")),
    }))
}

/// The name as the file has it: lower case, Punycode.
fn host_name(text: &str) -> Result<String> {
    Err(match CertificateName::parse(text) {
        Ok(CertificateName::Dns(name)) if !name.contains('*') => return Ok(name),
        Ok(CertificateName::Dns(_)) => HostsNameError::Wildcard,
        Ok(_) => HostsNameError::NotAHost(text.to_owned()),
        Err(error) => HostsNameError::Invalid(error),
    }
    .into())
}

/// `add NAME ADDRESS --file F`, as far as each was typed.
fn words(verb: &str, name: &str, args: &HostsCheckArgs) -> String {
    let address = args.address.map(|address| format!(" {address}")).unwrap_or_default();
    let file = if args.file == Path::new("/etc/hosts") {
        String::new()
    } else {
        format!(" --file {}", path_word(&args.file))
    };
    format!("{verb} {}{address}{file}", shell_word(name))
}

/// The exact command for root.
fn as_root(args: &HostsCheckArgs, verb: &str) -> String {
    let program =
        std::env::current_exe().map_or_else(|_| "certkit".into(), |path| path.display().to_string());
    format!("sudo {} hosts {}", shell_word(&program), words(verb, &args.name, args))
}
