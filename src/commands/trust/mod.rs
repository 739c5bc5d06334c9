//! `certkit trust`: the CA in the trust stores of this machine.

mod environment;
mod ours;
mod removal;
mod survey;

use std::path::Path;

use zeroize::Zeroizing;

use self::ours::{KnownCas, OurCa};
use self::removal::warn_of_old_roots;
use self::survey::{Survey, kind_of};
use super::{Context, Result};
use crate::advice::trust::{cannot_trust, not_trusted};
use crate::chain::Located;
use crate::cli::{
    StoreArgs, StoreChoice, TrustArgs, TrustChangeArgs, TrustCommand, TrustExportArgs, TrustListArgs,
    TrustStatusArgs,
};
use crate::operands::ca_lookup::{root_file, tidy};
use crate::operands::destination::{Destination, Product};
use crate::operands::input::read_certificates;
use crate::operands::output::Overwrite;
use crate::report::{FileRole, Outcome, Report, Role, TrustedCas, UncoveredProgram};
use crate::sys::shell::{path_word, shell_word};
use crate::trust::{
    Action, Anchor, ChangeMode, StoreKind, Surroundings, is_wsl, mobileconfig, uncovered, windows_command,
};

pub(super) fn run(args: &TrustArgs, context: &Context<'_>) -> Result {
    match &args.command {
        TrustCommand::Install(args) => install(args),
        TrustCommand::Uninstall(args) => removal::uninstall(args, context),
        TrustCommand::List(args) => list(args),
        TrustCommand::Status(args) => status(args),
        TrustCommand::Env(args) => environment::run(args),
        TrustCommand::Export(args) => export(args, context),
    }
}

fn install(args: &TrustChangeArgs) -> Result {
    let mode = if args.dry_run { ChangeMode::DryRun } else { ChangeMode::Apply };
    let (file, anchor) = anchor(args.status.file.as_deref().or(args.status.ca.as_deref()), Action::Install)?;
    let options = &args.status.stores;
    let mut survey = Survey::default();
    for store in survey.stores(options)? {
        let command = as_root(&file, store.kind(), Action::Install, options);
        let state = crate::trust::change(&*store, &anchor, Action::Install, mode);
        survey.add(&*store, state, Some(&command));
    }
    let verb = if args.dry_run { "install" } else { "status" };
    let mut next: Vec<_> = (survey.status == 0).then(|| command(verb, &file, options)).into_iter().collect();
    if is_wsl(&Surroundings::from_environment(options.root.as_deref())) {
        next.push(windows_command(&anchor, Path::new(&file), Action::Install));
    }
    Ok(survey.report("install", args.dry_run, file, anchor, next))
}

fn list(args: &TrustListArgs) -> Result {
    let mut survey = Survey::default();
    let stores = survey.stores(&args.stores)?;
    let cas = OurCa::all(&KnownCas::everywhere(), &stores, &mut survey).into_iter().map(|ca| {
        let stores = ca.stores(&stores);
        ca.report(stores)
    });
    let outcome = TrustedCas { action: "list", dry_run: false, cas: cas.collect(), status: survey.status };
    Ok(Report { outcome: Outcome::TrustedCas(outcome), findings: survey.findings, next: Vec::new() })
}

fn status(args: &TrustStatusArgs) -> Result {
    let (file, anchor) = anchor(args.file.as_deref().or(args.ca.as_deref()), Action::Uninstall)?;
    let mut survey = Survey::default();
    let stores = survey.stores(&args.stores)?;
    for store in &stores {
        survey.add(&**store, crate::trust::state(&**store, &anchor), None);
    }
    let lacking = survey.stores.iter().filter(|store| !matches!(store.state, "trusted" | "failed"));
    let lacking: Vec<_> = lacking.map(|store| store.path.clone()).collect();
    if !lacking.is_empty() {
        survey.status = survey.status.max(1);
        let install = command("install", &file, &args.stores);
        survey.findings.push(not_trusted(&anchor.certificate.label(), &lacking, &install));
    }
    warn_of_old_roots(&mut survey, &file, &anchor, &stores, &args.stores);
    let surroundings = Surroundings::from_environment(args.stores.root.as_deref());
    // Programs of another system are not asked, nor is anything about them when one kind of store is.
    if surroundings.root.is_none() && args.stores.store.contains(&StoreChoice::All) {
        let programs = uncovered(&anchor, &surroundings, &|name| std::env::var(name).ok());
        survey.uncovered.extend(programs.into_iter().map(|one| UncoveredProgram {
            program: one.program,
            reads: one.reads,
            is_set_by_environment: one.is_set_by_environment,
        }));
    }
    let is_set = survey.uncovered.iter().any(|one| one.is_set_by_environment);
    let next = is_set.then(|| format!("eval \"$(certkit trust env {})\"", shell_word(&file)));
    Ok(survey.report("status", false, file, anchor, next.into_iter().collect()))
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
fn command(verb: &str, file: &str, stores: &StoreArgs) -> String {
    format!("certkit trust {verb} {}{}", shell_word(file), typed_stores(stores))
}

/// ` --store KIND --root DIR`, where they were typed.
fn typed_stores(stores: &StoreArgs) -> String {
    let kinds = stores.store.iter().filter_map(|choice| kind_of(*choice));
    let kinds: String = kinds.map(|kind| format!(" --store {kind}")).collect();
    kinds + &root_option(stores)
}

/// ` --root DIR`, where it was typed.
fn root_option(stores: &StoreArgs) -> String {
    stores.root.as_deref().map(|root| format!(" --root {}", path_word(root))).unwrap_or_default()
}

/// The exact command for root; the CA by its file or its fingerprint.
fn as_root(ca: &str, kind: StoreKind, action: Action, stores: &StoreArgs) -> String {
    let program =
        std::env::current_exe().map_or_else(|_| "certkit".into(), |path| path.display().to_string());
    let ca = std::fs::canonicalize(ca).map_or_else(|_| ca.to_owned(), |path| path.display().to_string());
    let verb = if action == Action::Install { "install" } else { "uninstall" };
    let options = root_option(stores);
    format!("sudo {} trust {verb} {} --store {kind}{options}", shell_word(&program), shell_word(&ca))
}
