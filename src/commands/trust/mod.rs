//! `certkit trust`: the CA in the trust stores of this machine.

mod survey;

use std::path::Path;

use zeroize::Zeroizing;

use self::survey::{Survey, kind_of};
use super::{Context, Result};
use crate::advice::trust::{cannot_trust, not_trusted};
use crate::chain::Located;
use crate::cli::{TrustArgs, TrustChangeArgs, TrustCommand, TrustExportArgs, TrustStatusArgs};
use crate::operands::ca_lookup::{root_file, tidy};
use crate::operands::destination::{Destination, Product};
use crate::operands::input::read_certificates;
use crate::operands::output::Overwrite;
use crate::report::{FileRole, Outcome, Role};
use crate::sys::shell::{path_word, shell_word};
use crate::trust::{Action, Anchor, ChangeMode, StoreKind, mobileconfig};

pub(super) fn run(args: &TrustArgs, context: &Context<'_>) -> Result {
    match &args.command {
        TrustCommand::Install(args) => change(args, Action::Install),
        TrustCommand::Uninstall(args) => change(args, Action::Uninstall),
        TrustCommand::Status(args) => status(args),
        TrustCommand::Export(args) => export(args, context),
    }
}

fn change(args: &TrustChangeArgs, action: Action) -> Result {
    let mode = if args.dry_run { ChangeMode::DryRun } else { ChangeMode::Apply };
    let (file, anchor) = anchor(args.status.file.as_deref().or(args.status.ca.as_deref()), action)?;
    let mut survey = Survey::default();
    for store in survey.stores(&args.status)? {
        let command = as_root(&file, store.kind(), action, args.status.root.as_deref());
        let state = crate::trust::change(&*store, &anchor, action, mode);
        survey.add(&*store, state, Some(&command));
    }
    let verb = if action == Action::Install { "install" } else { "uninstall" };
    let next = match action {
        _ if survey.status != 0 => None,
        _ if args.dry_run => Some(command(verb, &file, &args.status)),
        Action::Install => Some(command("status", &file, &args.status)),
        Action::Uninstall => None,
    };
    Ok(survey.report(verb, args.dry_run, file, anchor, next))
}

fn status(args: &TrustStatusArgs) -> Result {
    let (file, anchor) = anchor(args.file.as_deref().or(args.ca.as_deref()), Action::Uninstall)?;
    let mut survey = Survey::default();
    for store in survey.stores(args)? {
        survey.add(&*store, crate::trust::state(&*store, &anchor), None);
    }
    let lacking = survey.stores.iter().filter(|store| !matches!(store.state, "trusted" | "failed"));
    let lacking: Vec<_> = lacking.map(|store| store.path.clone()).collect();
    if !lacking.is_empty() {
        survey.status = survey.status.max(1);
        let install = command("install", &file, args);
        survey.findings.push(not_trusted(&anchor.certificate.label(), &lacking, &install));
    }
    Ok(survey.report("status", false, file, anchor, None))
}

fn export(args: &TrustExportArgs, context: &Context<'_>) -> Result {
    let (_, anchor) = anchor(args.file.as_deref().or(args.ca.as_deref()), Action::Uninstall)?;
    let default = if args.mobileconfig { "ca.mobileconfig" } else { "ca.crt" };
    let output = args.output.as_deref().unwrap_or(default);
    let destination = Destination::new(Some(output), context.global.format)?;
    let ending = Path::new(output).extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let ending = ending.as_deref().unwrap_or_default();
    let is_profile = args.mobileconfig || ending == "mobileconfig";
    let (bytes, form) = match ending {
        _ if is_profile => (mobileconfig(&anchor).into_bytes(), "a profile for iPhone, iPad and Mac with"),
        "der" | "cer" => (anchor.certificate.der.to_vec(), "in DER,"),
        _ => (anchor.pem().into_bytes(), "in PEM,"),
    };
    let description = format!("{form} the CA certificate {}", anchor.certificate.label());
    let role = FileRole::CaCertificate;
    let product = Product { bytes: Zeroizing::new(bytes), has_key: false, role, description };
    let mut report = destination.deliver(product, Overwrite::forced(args.force))?;
    if let Outcome::Created(created) = &mut report.outcome {
        created.at = Some(context.clock.now());
        created.certificate = Some(Located::from(anchor.certificate).summary(Role::Root));
    }
    Ok(report)
}

/// The CA that is named or found, and its file.
fn anchor(file: Option<&Path>, action: Action) -> Result<(String, Anchor)> {
    let path = match file {
        Some(file) => tidy(file),
        None => root_file()?,
    };
    let file = path.display().to_string();
    let read = read_certificates(&file)?;
    if !read.malformed.is_empty() {
        return Err(read.malformed.into());
    }
    let certificates = read.certificates.into_iter().map(|located| located.certificate).collect();
    match Anchor::choose(certificates, action) {
        Ok(anchor) => Ok((file, anchor)),
        Err(error) => Err(cannot_trust(&error, &file)),
    }
}

/// The command that does something to the same stores.
fn command(verb: &str, file: &str, args: &TrustStatusArgs) -> String {
    let mut command = format!("certkit trust {verb} {}", shell_word(file));
    for kind in args.store.iter().filter_map(|choice| kind_of(*choice)) {
        command.push_str(&format!(" --store {kind}"));
    }
    command + &root_option(args.root.as_deref())
}

/// ` --root DIR`, where it was typed.
fn root_option(root: Option<&Path>) -> String {
    root.map(|root| format!(" --root {}", path_word(root))).unwrap_or_default()
}

/// The exact command for root.
fn as_root(file: &str, kind: StoreKind, action: Action, root: Option<&Path>) -> String {
    let program =
        std::env::current_exe().map_or_else(|_| "certkit".into(), |path| path.display().to_string());
    let file =
        std::fs::canonicalize(file).map_or_else(|_| file.to_owned(), |path| path.display().to_string());
    let verb = if action == Action::Install { "install" } else { "uninstall" };
    let options = root_option(root);
    format!("sudo {} trust {verb} {} --store {kind}{options}", shell_word(&program), shell_word(&file))
}
