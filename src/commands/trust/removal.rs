//! `certkit trust uninstall`: one CA with the roots that it replaced, one by its fingerprint, or all of certkit's.

use std::io::IsTerminal;
use std::path::Path;

use super::ours::{KnownCas, OurCa};
use super::survey::Survey;
use super::{anchor, as_root, command, typed_stores};
use crate::advice::trust::{not_one_of_ours, old_root, uninstall_all};
use crate::cli::{StoreArgs, TrustUninstallArgs};
use crate::commands::{Context, Result};
use crate::report::{Outcome, Report, TrustedCa, TrustedCas};
use crate::trust::{Action, Anchor, ChangeMode, Store, Surroundings, is_wsl, windows_command};

pub(super) fn uninstall(args: &TrustUninstallArgs, context: &Context<'_>) -> Result {
    let fingerprint = args.file.as_deref().filter(|file| !file.exists()).and_then(fingerprint);
    if args.all || fingerprint.is_some() {
        return several(args, fingerprint.as_deref(), context);
    }
    let named = args.file.as_deref().or(args.ca.as_deref());
    let (file, anchor) = anchor(named, Action::Uninstall)?;
    let mut survey = Survey::default();
    let stores = survey.stores(&args.stores)?;
    for store in &stores {
        let command = as_root(&file, store.kind(), Action::Uninstall, &args.stores);
        let state = crate::trust::change(&**store, &anchor, Action::Uninstall, mode(args));
        survey.add(&**store, state, Some(&command));
    }
    // What cannot be asked was reported above.
    let others = OurCa::all(&KnownCas::beside(Path::new(&file)), &stores, &mut Survey::default());
    for ca in others {
        let is_other = ca.anchor.certificate != anchor.certificate && !ca.holdings.is_empty();
        match (is_other, named) {
            (true, None) if ca.is_known => {
                let removed = remove(ca, &stores, args, &mut survey);
                survey.older.push(removed);
            }
            (true, _) if ca.is_known || ca.resembles(&anchor.certificate) => {
                let command = by_fingerprint(&ca, &args.stores);
                survey.findings.push(old_root(&ca.anchor.name, &command));
            }
            _ => {}
        }
    }
    let windows = is_wsl(&Surroundings::from_environment(args.stores.root.as_deref()))
        .then(|| windows_command(&anchor, Path::new(&file), Action::Uninstall));
    let again = (args.dry_run && survey.status == 0).then(|| match named {
        // Without a name again: that removes the older roots too.
        None => format!("certkit trust uninstall{}", typed_stores(&args.stores)),
        Some(_) => command("uninstall", &file, &args.stores),
    });
    let next = again.into_iter().chain(windows).collect();
    Ok(survey.report("uninstall", args.dry_run, file, anchor, next))
}

/// The beginning of a fingerprint, in lower case without colons.
fn fingerprint(typed: &Path) -> Option<String> {
    let digits: String = typed.to_str()?.chars().filter(|c| *c != ':').collect();
    let is_hex = digits.len() >= 8 && digits.len() <= 64 && digits.chars().all(|c| c.is_ascii_hexdigit());
    is_hex.then(|| digits.to_lowercase())
}

/// All of certkit's, or the one that is named.
fn several(args: &TrustUninstallArgs, fingerprint: Option<&str>, context: &Context<'_>) -> Result {
    let mut survey = Survey::default();
    let stores = survey.stores(&args.stores)?;
    let mut cas = OurCa::all(&KnownCas::everywhere(), &stores, &mut survey);
    match fingerprint {
        None => cas.retain(|ca| !ca.holdings.is_empty()),
        Some(digits) => {
            cas.retain(|ca| ca.anchor.certificate.sha256().starts_with(digits));
            if cas.len() != 1 {
                let names: Vec<_> = cas.iter().map(|ca| ca.anchor.name.as_str()).collect();
                return Err(not_one_of_ours(digits, &names));
            }
        }
    }
    if args.all && !args.yes && !args.dry_run && !cas.is_empty() {
        confirm(&cas, args, context)?;
    }
    let cas = cas.into_iter().map(|ca| remove(ca, &stores, args, &mut survey)).collect();
    let next = match fingerprint {
        _ if !args.dry_run || survey.status != 0 => Vec::new(),
        // What goes has just been shown.
        None => vec![format!("certkit trust uninstall --all --yes{}", typed_stores(&args.stores))],
        Some(digits) => vec![format!("certkit trust uninstall {digits}{}", typed_stores(&args.stores))],
    };
    let (findings, status) = (survey.findings, survey.status);
    let outcome = TrustedCas { action: "uninstall", dry_run: args.dry_run, cas, status };
    Ok(Report { outcome: Outcome::TrustedCas(outcome), findings, next })
}

/// Names what goes, and asks.
fn confirm(cas: &[OurCa], args: &TrustUninstallArgs, context: &Context<'_>) -> Result<()> {
    let names: Vec<_> = cas.iter().map(|ca| ca.anchor.name.as_str()).collect();
    let command = format!("certkit trust uninstall --all --yes{}", typed_stores(&args.stores));
    let is_asked =
        !context.console.is_quiet() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !is_asked {
        return Err(uninstall_all(&names, &command));
    }
    for ca in cas {
        let until = crate::sys::clock::date(ca.anchor.certificate.not_after);
        context.console.say(&format!("{}, valid until {until}", ca.anchor.name));
    }
    context.console.say("Remove these CAs from the trust stores? [y/N]");
    let mut line = String::new();
    // A line that cannot be read is not a yes.
    let _ = std::io::stdin().read_line(&mut line);
    match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(uninstall_all(&names, &command)),
    }
}

/// Removes a CA from the stores that have it.
fn remove(ca: OurCa, stores: &[Box<dyn Store>], args: &TrustUninstallArgs, survey: &mut Survey) -> TrustedCa {
    let mut done = Survey::default();
    for store in ca.holdings.iter().filter_map(|(index, _)| stores.get(*index)) {
        let state = crate::trust::change(&**store, &ca.anchor, Action::Uninstall, mode(args));
        let command = as_root(&ca.short_fingerprint(), store.kind(), Action::Uninstall, &args.stores);
        done.add(&**store, state, Some(&command));
    }
    survey.findings.append(&mut done.findings);
    survey.status = survey.status.max(done.status);
    ca.report(done.stores)
}

/// The command that removes a CA that has no file.
pub(super) fn by_fingerprint(ca: &OurCa, stores: &StoreArgs) -> String {
    format!("certkit trust uninstall {}{}", ca.short_fingerprint(), typed_stores(stores))
}

/// Warns of roots that this one replaced and that are still trusted.
pub(super) fn warn_of_old_roots(
    survey: &mut Survey,
    file: &str,
    anchor: &Anchor,
    stores: &[Box<dyn Store>],
    args: &StoreArgs,
) {
    for ca in OurCa::all(&KnownCas::beside(Path::new(file)), stores, &mut Survey::default()) {
        let is_other = ca.anchor.certificate != anchor.certificate && !ca.holdings.is_empty();
        if is_other && (ca.is_known || ca.resembles(&anchor.certificate)) {
            survey.findings.push(old_root(&ca.anchor.name, &by_fingerprint(&ca, args)));
            let stores = ca.stores(stores);
            survey.older.push(ca.report(stores));
        }
    }
}

const fn mode(args: &TrustUninstallArgs) -> ChangeMode {
    if args.dry_run { ChangeMode::DryRun } else { ChangeMode::Apply }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_has_eight_digits_or_more() {
        let of = |text: &str| fingerprint(Path::new(text));
        assert_eq!(of("AB:CD:EF:01:23").as_deref(), Some("abcdef0123"));
        assert_eq!(of("abcdef01").as_deref(), Some("abcdef01"));
        for other in ["abcdef0", "ca.crt", "abcdefgh1", &"a".repeat(65)] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
