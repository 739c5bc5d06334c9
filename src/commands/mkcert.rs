//! `certkit mkcert`: a key and a certificate from the CA that is found.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use time::Duration;

use super::ca_lookup::{SigningCa, signing_ca};
use super::mkca::{browser_warning, cannot_issue, new_key};
use super::output::{Output, shell_word};
use super::{Context, Result};
use crate::ca::{LeafProfile, issue_leaf, make_request};
use crate::chain::{self, CheckInput, Located, Origin, TrustStore};
use crate::cli::MkcertArgs;
use crate::finding::{Code, Finding, Severity};
use crate::pem;
use crate::report::{Failure, Outcome, Report, Role};
use crate::sys::clock::date;
use crate::x509::{Certificate, CertificateName, Purpose};

/// Apple's systems refuse server certificates of more days, also from private CAs (support article 103769).
const MAX_DAYS: u32 = 825;
/// What a public CA may give (CA/Browser baseline requirements 6.3.2); private CAs are free to give more.
const USUAL_DAYS: u32 = 398;

/// The file of intermediates that `certkit merge` takes.
const BUNDLE: &str = "ca-bundle.ca";

/// Runs the command.
pub(super) fn run(args: &MkcertArgs, context: &Context<'_>) -> Result {
    let names = names(&args.names)?;
    let warnings = validity_warnings(args)?;
    let ca = signing_ca(&args.ca)?;
    let purpose = if args.client { Purpose::Client } else { Purpose::Server };
    let profile = LeafProfile { names, purpose, validity_days: args.days };
    let key = new_key(args.key_kind)?;
    let issued = issue_leaf(&profile, &key, &ca.certified, context.clock.now()).map_err(cannot_issue)?;
    let certificate = issued.certificate;
    prove(&certificate, &ca, purpose, context)?;

    let mut output = Output::default();
    let what = format!("the certificate for {}", args.names.join(", "));
    output.certificates(
        &with_ending(&args.output, "crt"),
        std::slice::from_ref(&certificate),
        &what,
        args.force,
    );
    output.key(&with_ending(&args.output, "key"), &key, "its private key: keep it secret", args.force);
    if args.csr {
        let request = make_request(&profile, &key).map_err(cannot_issue)?;
        let mut text = String::new();
        pem::write(&mut text, "CERTIFICATE REQUEST", &request);
        let what = "the signing request, in case another CA shall sign";
        output.text(&with_ending(&args.output, "csr"), text.into_bytes(), what, args.force);
    }
    let bundle = args.output.with_file_name(BUNDLE);
    if !ca.bundle.is_empty() {
        output.certificates(&bundle, &ca.bundle, "the intermediates, for certkit merge", args.force);
    }
    let mut created = output.create()?;
    created.certificate = Some(Located::from(certificate.clone()).summary(Role::Leaf));
    let mut report = Report::new(Outcome::Created(created));
    report.findings.extend(warnings);
    report.findings.extend(browser_warning(args.key_kind));
    if issued.clamped {
        report.findings.push(clamped(&certificate, &ca));
    }
    report.next = next(args, &ca, &bundle);
    Ok(report)
}

/// What clients would refuse is not written: names that the CA may not speak for above all.
fn prove(certificate: &Certificate, ca: &SigningCa, purpose: Purpose, context: &Context<'_>) -> Result<()> {
    let path = ca.path.display().to_string();
    let mut trust = TrustStore::default();
    trust.add(ca.certified.leaf().clone(), Origin::File(path.clone()));
    let judgement = chain::check(&CheckInput {
        purpose,
        ..CheckInput::new(&[Located::from(certificate.clone())], &trust, context.clock.now(), &path)
    });
    let mut errors = judgement.findings;
    errors.retain(|finding| finding.severity == Severity::Error);
    if errors.is_empty() { Ok(()) } else { Err(Failure { findings: errors, status: 2 }) }
}

fn names(texts: &[String]) -> Result<Vec<CertificateName>> {
    let mut names = Vec::with_capacity(texts.len());
    for text in texts {
        let name = CertificateName::parse(text).map_err(|error| {
            Finding::error(Code::InvalidName, error.to_string())
                .fix("names look like test.example, *.test.example, 127.0.0.1, ::1 or me@test.example")
        })?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

fn validity_warnings(args: &MkcertArgs) -> Result<Option<Finding>> {
    if args.client || args.days <= USUAL_DAYS {
        return Ok(None);
    }
    if args.days > MAX_DAYS && !args.force {
        let message =
            format!("{} days are too many: iPhones and Macs refuse more than {MAX_DAYS}", args.days);
        return Err(Finding::error(Code::ValidityTooLong, message)
            .fix("leave --days away (397), or insist with --force")
            .into());
    }
    let message = format!("{} days are more than the {USUAL_DAYS} that clients are used to", args.days);
    Ok(Some(Finding::warning(Code::ValidityTooLong, message)))
}

fn clamped(certificate: &Certificate, ca: &SigningCa) -> Finding {
    let end = certificate.not_after + Duration::SECOND;
    let message = format!("the certificate ends on {}, because its CA {} does", date(end), ca.path.display());
    Finding::note(Code::ExpiresSoon, message)
}

fn next(args: &MkcertArgs, ca: &SigningCa, bundle: &Path) -> Vec<String> {
    let word = |path: &Path| shell_word(&path.display().to_string());
    let (certificate, key) = (with_ending(&args.output, "crt"), with_ending(&args.output, "key"));
    let server = args.names.first().map(|name| shell_word(name)).unwrap_or_default();
    if args.client {
        return vec![format!("certkit check {} --purpose client", word(&certificate))];
    }
    if !ca.bundle.is_empty() {
        return vec![format!("certkit merge {} {}", word(&certificate), word(bundle))];
    }
    let check = format!("certkit check {} --host {server} --key {}", word(&certificate), word(&key));
    let serve = format!("certkit serve --cert {} --key {}", word(&certificate), word(&key));
    // A wildcard is no name that a client asks for.
    if server.contains('*') { vec![serve] } else { vec![check, serve] }
}

/// `BASE.crt`; unlike `with_extension` this keeps the dots of `www.example.com`.
fn with_ending(base: &Path, ending: &str) -> PathBuf {
    let mut path = OsString::from(base);
    path.push(".");
    path.push(ending);
    path.into()
}
