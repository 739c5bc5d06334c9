//! `certkit crl`: from the ledger into the list.

use std::path::Path;

use super::{Context, Result};
use crate::advice::ca::broken_lines;
use crate::advice::revocation::{imported, missing_lists};
use crate::ca::{ListRequest, MadeList};
use crate::cli::CrlArgs;
use crate::operands::ca_folder::{CaFolder, ListsOnDisk, listed_relatives};
use crate::operands::ca_lookup::CaChoice;
use crate::operands::password::Passwords;
use crate::report::{Created, CreatedFile, FileRole, ListedCa, Outcome, Report, RevocationList};
use crate::sys::clock::date;
use crate::sys::fs::PUBLIC;
use crate::sys::shell::path_word;

pub(super) fn run(args: &CrlArgs, context: &Context<'_>) -> Result {
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    if to_stdout {
        context.require_free_stdout()?;
    }
    let ca = CaChoice::from(&args.ca).find()?;
    let path = args.output.clone().unwrap_or_else(|| ca.path.with_extension("crl"));
    // Nobody is asked a second time: the key of the root often has the same password.
    let mut passwords = Passwords::new("--password-file", args.ca.password_file.as_deref()).without_asking();
    let mut above = CaFolder::of(&ca.path, ca.ledger.clone()).above(&ca, &mut passwords);
    let in_place = if to_stdout { ca.path.with_extension("crl") } else { path.clone() };
    above.extend(listed_relatives(&ca, &above, &in_place, &mut passwords));
    let made = ca.make_lists(&ListRequest {
        days: args.days,
        now: context.clock.now(),
        output: (!to_stdout).then_some(path.as_path()),
        replaces_others: args.force,
        files: &ListsOnDisk,
        above: &above,
    })?;
    let mut findings: Vec<_> = imported(made.imported, ca.ledger.path()).into_iter().collect();
    findings.extend(missing_lists(&made.missing, &path));
    findings.extend(broken_lines(&made.broken));
    if to_stdout {
        return Ok(Report { findings, ..Report::new(Outcome::Data(made.text.into())) });
    }
    let file = path.display().to_string();
    let list = |list: MadeList| ListedCa {
        issuer: list.issuer,
        number: list.number,
        revoked: list.revoked,
        next_update: list.next_update,
    };
    let lists: Vec<_> = made.lists.into_iter().map(list).collect();
    let mut lines = lists.iter().enumerate().map(|(index, list)| match index {
        0 => described(list),
        _ => format!("of `{}`, {}", list.issuer, described(list)),
    });
    let description = lines.by_ref().collect::<Vec<_>>().join("\nand ");
    let files =
        vec![CreatedFile { path: file.clone(), role: FileRole::Crl, mode: Some(PUBLIC), description }];
    let list = RevocationList { path: file, lists, imported: made.imported };
    let outcome = Outcome::Created(Created { files, list: Some(list), ..Created::default() });
    Ok(Report { outcome, findings, next: vec![format!("certkit show {}", path_word(&path))] })
}

fn described(list: &ListedCa) -> String {
    let certificates = if list.revoked == 1 { "certificate" } else { "certificates" };
    let number = list.number.map(|number| format!(" number {number}")).unwrap_or_default();
    let due = list.next_update.map(|next| format!("; the next list is due by {}", date(next)));
    format!("list{number}: {} {certificates} revoked{}", list.revoked, due.unwrap_or_default())
}
