//! `certkit mkca`: a root, and an intermediate if wanted.

use std::path::PathBuf;

use super::ca_lookup::{INTERMEDIATE, ROOT, data_folder, tidy};
use super::output::{Output, create_folder, shell_word};
use super::{Context, Result};
use crate::ca::{CaProfile, Constraint, issue_intermediate, make_root};
use crate::chain::Located;
use crate::cli::MkcaArgs;
use crate::finding::{Code, Finding};
use crate::report::{Failure, Outcome, Report, Role};
use crate::sys::clock::date;
use crate::x509::{KeyKind, PrivateKey};

/// Runs the command.
pub(super) fn run(args: &MkcaArgs, context: &Context<'_>) -> Result {
    let now = context.clock.now();
    let permitted =
        args.permit.iter().map(|text| Constraint::parse(text)).collect::<std::result::Result<_, _>>();
    let permitted = permitted.map_err(|error| {
        Finding::error(Code::InvalidName, error.to_string())
            .fix("--permit takes a domain (test) or an address range (10.0.0.0/8)")
    })?;
    let folder = folder(args)?;
    let name = |kind: &str| common_name(args.name.as_deref(), kind, &date(now));

    let mut profile = CaProfile {
        common_name: name("CA"),
        validity_days: args.days,
        path_length: u8::from(args.intermediate),
        permitted,
    };
    let root = make_root(&profile, new_key(args.key_kind)?, now).map_err(cannot_issue)?;
    let mut output = Output::default();
    let path = |file| tidy(&folder.join(file));
    output.certificates(
        &path(ROOT.0),
        root.chain(),
        "the CA's certificate: clients that trust it trust all it signs",
        args.force,
    );
    output.key(&path(ROOT.1), root.key(), "its private key: keep it secret", args.force);
    if args.intermediate {
        profile.common_name = name("intermediate CA");
        profile.path_length = 0;
        let intermediate =
            issue_intermediate(&profile, new_key(args.key_kind)?, &root, now).map_err(cannot_issue)?;
        output.certificates(
            &path(INTERMEDIATE.0),
            intermediate.chain(),
            "the intermediate's certificate: servers send it along",
            args.force,
        );
        let what = "its private key: this one signs; ca.key can go into a safe";
        output.key(&path(INTERMEDIATE.1), intermediate.key(), what, args.force);
    }
    if !folder.as_os_str().is_empty() {
        create_folder(&folder)?;
    }
    let mut created = output.create()?;
    created.certificate = Some(Located::from(root.leaf().clone()).summary(Role::Root));
    let mut report = Report::new(Outcome::Created(created));
    report.findings.extend(browser_warning(args.key_kind));
    report.next.push(next(args));
    Ok(report)
}

/// Where the files go.
fn folder(args: &MkcaArgs) -> Result<PathBuf> {
    if !args.global {
        return Ok(args.output.clone());
    }
    data_folder().ok_or_else(|| {
        Finding::error(Code::InvalidSetting, "neither XDG_DATA_HOME nor HOME is set")
            .fix("name a folder with -o")
            .into()
    })
}

/// `NAME user@host 2026-11-20`: two CAs in a trust store must be told apart, and iOS hides roots without a name.
pub(super) fn common_name(name: Option<&str>, kind: &str, date: &str) -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "user".into());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let who = match name {
        Some(name) if kind == "CA" => name.to_owned(),
        Some(name) => format!("{name} {kind}"),
        None => format!("certkit {kind}"),
    };
    format!("{who} {user}@{host} {date}")
}

pub(super) fn new_key(kind: KeyKind) -> Result<PrivateKey> {
    PrivateKey::generate(kind).map_err(|error| Finding::error(Code::Io, error.to_string()).into())
}

/// Why nothing could be issued, in words.
pub(super) fn cannot_issue(error: crate::ca::Error) -> Failure {
    use crate::ca::Error::*;
    let (code, fix) = match &error {
        IssuerNotValid { .. } => {
            (Code::Expired, "make a new CA: certkit mkca --force, and have clients trust it")
        }
        NotACa(_) => (Code::NotACa, "name a CA certificate with --ca, or make one: certkit mkca"),
        NotAsMeant(_) => (
            Code::InvalidSetting,
            "this CA certificate has a form that certkit cannot issue from exactly; use one made by certkit mkca",
        ),
        _ => (Code::Io, "if it happens again, report it with this message"),
    };
    let finding = match &error {
        IssuerNotValid { label, not_before, not_after } => Finding::error(
            code,
            format!(
                "the CA `{label}` is valid from {} to {} only; it cannot issue now",
                date(*not_before),
                date(*not_after)
            ),
        ),
        _ => Finding::error(code, error.to_string()),
    };
    finding.fix(fix).into()
}

/// Ed25519 and P-521 are fine keys that browsers do not take.
pub(super) fn browser_warning(kind: KeyKind) -> Option<Finding> {
    matches!(kind, KeyKind::Ed25519 | KeyKind::EcdsaP521).then(|| {
        Finding::warning(
            Code::BrowserUnsupported,
            format!("browsers refuse keys of kind {kind}; curl and Python take them"),
        )
        .fix("for browsers use -k p256")
    })
}

fn next(args: &MkcaArgs) -> String {
    if args.global || args.output.as_os_str() == "." {
        return "certkit mkcert test.example".into();
    }
    let (certificate, key) = if args.intermediate { INTERMEDIATE } else { ROOT };
    let word = |file| shell_word(&args.output.join(file).display().to_string());
    format!("certkit mkcert test.example --ca {} --ca-key {}", word(certificate), word(key))
}
