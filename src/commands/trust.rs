//! `certkit trust`: the CA in the trust stores of this machine.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Context, Result};
use crate::chain::Located;
use crate::cli::{StoreChoice, TrustArgs, TrustChangeArgs, TrustCommand, TrustExportArgs, TrustStatusArgs};
use crate::finding::{Code, Finding, Location};
use crate::operands::ca_lookup::{root_file, tidy};
use crate::operands::destination::{Destination, Product};
use crate::operands::input::read_certificates;
use crate::operands::output::{Overwrite, shell_word};
use crate::report::{Failure, FileRole, Outcome, Report, Role, Trusted, TrustedStore};
use crate::trust::{Action, Anchor, Holding, Kind, Store, Surroundings, Trouble, find, mobileconfig};

/// Runs the command.
pub(super) fn run(args: &TrustArgs, context: &Context<'_>) -> Result {
    match &args.command {
        TrustCommand::Install(args) => change(args, Action::Install),
        TrustCommand::Uninstall(args) => change(args, Action::Uninstall),
        TrustCommand::Status(args) => status(args),
        TrustCommand::Export(args) => export(args, context),
    }
}

fn change(args: &TrustChangeArgs, action: Action) -> Result {
    let (file, anchor) = anchor(args.status.file.as_deref().or(args.status.ca.as_deref()), action)?;
    let mut work = Work::new(args.status.root.as_deref());
    for store in work.stores(&args.status)? {
        let changed = changed(&*store, &anchor, action, args.dry_run);
        let place = store.place().display().to_string();
        let (state, steps) = match changed {
            Ok(done) => done,
            Err(Trouble::Rights) => {
                let command = as_root(&file, store.kind(), action, args.status.root.as_deref());
                work.trouble(
                    Finding::error(Code::Permission, format!("only root may change {place}"))
                        .fix(command.clone()),
                );
                ("needs_rights", vec![command])
            }
            Err(trouble) => {
                work.trouble(explain(&trouble, &place, store.kind()));
                ("failed", Vec::new())
            }
        };
        work.done.push(TrustedStore { kind: store.kind().as_str(), path: place, state, steps });
    }
    let word = if action == Action::Install { "install" } else { "uninstall" };
    let next = match action {
        _ if work.status != 0 => None,
        _ if args.dry_run => Some(command(word, &file, &args.status)),
        Action::Install => Some(command("status", &file, &args.status)),
        _ => None,
    };
    Ok(work.report(word, args.dry_run, file, anchor, next))
}

/// Changes one store and asks it whether that worked.
fn changed(
    store: &dyn Store,
    anchor: &Anchor,
    action: Action,
    dry_run: bool,
) -> std::result::Result<(&'static str, Vec<String>), Trouble> {
    let before = store.holds(anchor)?;
    match (action, &before) {
        (Action::Install, Holding::Trusted) => return Ok(("trusted", Vec::new())),
        (Action::Uninstall, Holding::Absent) => return Ok(("absent", Vec::new())),
        _ => {}
    }
    if dry_run {
        return Ok(("planned", store.plan(anchor, action)));
    }
    match action {
        Action::Install => store.install(anchor)?,
        Action::Uninstall => store.uninstall(anchor)?,
    }
    match (action, store.holds(anchor)?) {
        (Action::Install, Holding::Trusted) => Ok(("installed", Vec::new())),
        (Action::Uninstall, Holding::Absent) => Ok(("removed", Vec::new())),
        // Below another root nothing is run here.
        (Action::Install, Holding::Pending(command)) => Ok(("pending", vec![command])),
        (Action::Install, _) => Err(Trouble::Failed("it was put in, but is still not trusted".into())),
        (Action::Uninstall, _) => {
            Err(Trouble::Failed("it is still there: the system brought it from elsewhere".into()))
        }
    }
}

fn status(args: &TrustStatusArgs) -> Result {
    let (file, anchor) = anchor(args.file.as_deref().or(args.ca.as_deref()), Action::Uninstall)?;
    let mut work = Work::new(args.root.as_deref());
    let mut lacking = Vec::new();
    for store in work.stores(args)? {
        let place = store.place().display().to_string();
        let (state, steps) = match store.holds(&anchor) {
            Ok(Holding::Trusted) => ("trusted", Vec::new()),
            Ok(Holding::Pending(command)) => ("pending", vec![format!("still to run: {command}")]),
            Ok(Holding::Absent) => ("absent", Vec::new()),
            Ok(Holding::Untrusted) => ("untrusted", Vec::new()),
            Err(trouble) => {
                work.trouble(explain(&trouble, &place, store.kind()));
                ("failed", Vec::new())
            }
        };
        if !matches!(state, "trusted" | "failed") {
            work.status = work.status.max(1);
            lacking.push(place.clone());
        }
        work.done.push(TrustedStore { kind: store.kind().as_str(), path: place, state, steps });
    }
    if !lacking.is_empty() {
        let message = format!("`{}` is not trusted by {}", anchor.certificate.label(), lacking.join(", "));
        let fix = command("install", &file, args);
        work.findings.push(Finding::error(Code::UntrustedRoot, message).fix(fix));
    }
    Ok(work.report("status", false, file, anchor, None))
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
    let label = anchor.certificate.label();
    let description = format!("{form} the CA certificate {label}");
    let product =
        Product { bytes: Zeroizing::new(bytes), has_key: false, role: FileRole::CaCertificate, description };
    let mut report = destination.deliver(product, Overwrite::forced(args.force))?;
    if let Outcome::Created(created) = &mut report.outcome {
        created.certificate = Some(Located::from(anchor.certificate).summary(Role::Root));
    }
    Ok(report)
}

/// The CA that is meant, and its file.
fn anchor(file: Option<&Path>, action: Action) -> Result<(String, Anchor)> {
    let path = match file {
        Some(file) => tidy(file),
        None => root_file()?,
    };
    let file = path.display().to_string();
    let read = read_certificates(&file)?;
    if !read.malformed.is_empty() {
        return Err(Failure { findings: read.malformed, status: 2 });
    }
    let mut certificates = read.certificates;
    // In a file of several it is the root that is to be trusted.
    if certificates.len() > 1 {
        certificates.retain(|located| located.certificate.is_self_signed());
    }
    let one = match <[Located; 1]>::try_from(certificates) {
        Ok([one]) => one,
        Err(several) => {
            let message =
                format!("{file} holds {} self-signed CA certificates; one is needed", several.len());
            return Err(Finding::error(Code::InvalidSetting, message)
                .at(Location::file(&file))
                .fix("name a file with the one certificate that is meant")
                .into());
        }
    };
    let certificate = one.certificate;
    // Whatever it is, it may be taken out.
    if action == Action::Install && !certificate.is_ca() {
        let message = format!("`{}` is no CA: trusting it would do nothing", certificate.label());
        return Err(Finding::error(Code::NotACa, message)
            .at(Location::file(&file))
            .fix("name the certificate of the CA, as ca.crt")
            .into());
    }
    if action == Action::Install && !certificate.is_self_issued() {
        let message = format!("`{}` is an intermediate; most programs trust roots only", certificate.label());
        return Err(Finding::error(Code::NotACa, message)
            .at(Location::file(&file))
            .fix(format!("name the root: the certificate of `{}`", certificate.issuer.label()))
            .into());
    }
    Ok((file, Anchor::new(certificate)))
}

/// What is done store by store.
struct Work {
    surroundings: Surroundings,
    done: Vec<TrustedStore>,
    findings: Vec<Finding>,
    status: u8,
}

impl Work {
    fn new(root: Option<&Path>) -> Self {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let surroundings = Surroundings {
            root: root.filter(|root| *root != Path::new("/")).map(Path::to_path_buf),
            home: absolute("HOME"),
            java_home: absolute("JAVA_HOME"),
            path: std::env::var_os("PATH")
                .map(|path| std::env::split_paths(&path).collect())
                .unwrap_or_default(),
        };
        Self { surroundings, done: Vec::new(), findings: Vec::new(), status: 0 }
    }

    /// The stores that are meant and are here.
    fn stores(&mut self, args: &TrustStatusArgs) -> Result<Vec<Box<dyn Store>>> {
        let all = args.store.contains(&StoreChoice::All);
        let mut stores = Vec::new();
        for kind in Kind::ALL {
            let is_asked_for = args.store.iter().any(|choice| kind_of(*choice) == Some(kind));
            // The user's databases are no part of another system.
            let is_elsewhere = self.surroundings.root.is_some() && matches!(kind, Kind::Nss | Kind::Firefox);
            if !is_asked_for && (!all || is_elsewhere) {
                continue;
            }
            let found = find(kind, &self.surroundings, is_asked_for);
            if found.is_empty() && is_asked_for {
                self.trouble(nothing_here(kind));
            }
            stores.extend(found);
        }
        if stores.is_empty() && self.findings.is_empty() {
            let message = "no trust store was found: no known layout of a system, no browser, no Java";
            return Err(Finding::error(Code::TrustStore, message)
                .fix("certkit trust export writes the certificate into a file to import by hand")
                .into());
        }
        Ok(stores)
    }

    fn trouble(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.status = 2;
    }

    fn report(
        self,
        action: &'static str,
        dry_run: bool,
        file: String,
        anchor: Anchor,
        next: Option<String>,
    ) -> Report {
        let trusted = Trusted {
            action,
            dry_run,
            file,
            name: anchor.name,
            certificate: Located::from(anchor.certificate).summary(Role::Root),
            stores: self.done,
            status: self.status,
        };
        Report {
            outcome: Outcome::Trusted(trusted),
            findings: self.findings,
            next: next.into_iter().collect(),
        }
    }
}

fn kind_of(choice: StoreChoice) -> Option<Kind> {
    match choice {
        StoreChoice::All => None,
        StoreChoice::System => Some(Kind::System),
        StoreChoice::Nss => Some(Kind::Nss),
        StoreChoice::Firefox => Some(Kind::Firefox),
        StoreChoice::Java => Some(Kind::Java),
    }
}

fn nothing_here(kind: Kind) -> Finding {
    let (message, fix) = match kind {
        Kind::System => (
            "this system keeps trusted certificates in none of the known places",
            "install the package ca-certificates; or trust export, and import by hand",
        ),
        Kind::Nss => ("there is no home folder for an NSS database", "set HOME"),
        Kind::Firefox => {
            ("no profile of Firefox was found", "start Firefox once, so that it makes a profile")
        }
        Kind::Java => {
            ("no Java with a cacerts file was found", "set JAVA_HOME to the folder of the Java that is meant")
        }
    };
    Finding::error(Code::TrustStore, message).fix(fix)
}

fn explain(trouble: &Trouble, place: &str, kind: Kind) -> Finding {
    let finding = Finding::error(
        Code::TrustStore,
        format!("the store {place} could not be asked or changed: {trouble}"),
    )
    .at(Location::file(place));
    match trouble {
        Trouble::MissingProgram { install, .. } => finding.fix(install.clone()),
        Trouble::Rights => finding.fix("run it as the owner of that folder"),
        Trouble::SharedName(..) => finding.fix("take it out in the browser: Settings, Privacy and Security, Certificates"),
        _ if matches!(kind, Kind::Nss | Kind::Firefox) => finding.fix(
            "close the browser and try again; if a primary password protects it, import the certificate in the browser's settings",
        ),
        _ => finding.fix("read what the tool says; certkit trust status asks again"),
    }
}

/// The command that does something to the same stores.
fn command(word: &str, file: &str, args: &TrustStatusArgs) -> String {
    let mut command = format!("certkit trust {word} {}", shell_word(file));
    for kind in args.store.iter().filter_map(|choice| kind_of(*choice)) {
        command.push_str(&format!(" --store {kind}"));
    }
    command + &root_option(args.root.as_deref())
}

/// ` --root DIR`, where it was typed.
fn root_option(root: Option<&Path>) -> String {
    root.map(|root| format!(" --root {}", shell_word(&root.display().to_string()))).unwrap_or_default()
}

/// The exact command for whoever may become root.
fn as_root(file: &str, kind: Kind, action: Action, root: Option<&Path>) -> String {
    let program =
        std::env::current_exe().map_or_else(|_| "certkit".into(), |path| path.display().to_string());
    let file =
        std::fs::canonicalize(file).map_or_else(|_| file.to_owned(), |path| path.display().to_string());
    let word = if action == Action::Install { "install" } else { "uninstall" };
    let options = root_option(root);
    format!("sudo {} trust {word} {} --store {kind}{options}", shell_word(&program), shell_word(&file))
}
