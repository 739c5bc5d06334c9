//! `certkit sign`: a certificate for a request that somebody else made.
//!
//! A request is a stranger's wish. Its names and its key are taken, once it has proved that its owner has the key; who
//! it may speak for otherwise is not for it to say.

use std::path::{Path, PathBuf};

use super::csr::{beside, refuse_json};
use super::issuing::{
    BUNDLE, asked_days, cannot_issue, certificate_name, clamped, issued_event, issuer, names, prove,
    validity_warning,
};
use super::{Context, Result};
use crate::ca::{CaProfile, End, Issued, LeafProfile, Subject};
use crate::chain::Located;
use crate::cli::{SignArgs, SignProfile};
use crate::container::BlockKind;
use crate::finding::{Code, Finding, Location};
use crate::operands::ca_lookup::{SigningCa, signing_ca};
use crate::operands::input::{location, name, read_contents};
use crate::operands::output::{Output, certificate_text, ledger_failure, shell_word};
use crate::operands::password::Passwords;
use crate::report::{Failure, FileRole, Outcome, Report, Role};
use crate::x509::{CertificateName, P521, PublicKeyKind, Purpose, Request, SignatureCheck};

/// Days of a certificate, and of a CA's, where nothing else is said.
const DAYS: u32 = 397;
const CA_DAYS: u32 = 3650;

/// Runs the command.
pub(super) fn run(args: &SignArgs, context: &Context<'_>) -> Result {
    let now = context.clock.now();
    let output_path = output_path(args);
    refuse_json(output_path.is_none(), context)?;
    let (request, location) = read(&args.request)?;
    let ca = signing_ca(&args.ca)?;
    let mut findings = judge(&request, &location)?;
    let Issued { certificate, clamped: is_clamped } = if args.profile == SignProfile::Ca {
        issue_ca(args, &request, &location, &ca, context)?
    } else {
        let days = asked_days(args.days.unwrap_or(DAYS), args.until, now)?;
        let profile = profile(args, &request, &location, &mut findings)?;
        findings.extend(validity_warning(days, profile.purpose, args.force)?);
        let issued = issuer(&ca, context)?.issue_leaf(&profile, &request.spki, now).map_err(cannot_issue)?;
        // What clients would refuse here is the request's doing: its names or its key.
        prove(&issued.certificate, &ca, profile.purpose, now).map_err(|failure| failure.status(1))?;
        issued
    };
    if request.asks_for_ca && args.profile != SignProfile::Ca {
        let message = "the request asks to become a CA; that was not granted";
        findings.push(Finding::note(Code::NotACa, message).fix("if it shall be one: --profile ca"));
    }
    if is_clamped {
        findings.push(clamped(&certificate, &ca));
    }

    let events = [issued_event(&ca, &certificate, output_path.as_deref())];
    let Some(path) = output_path else {
        ca.ledger.append(&events).map_err(|error| ledger_failure(&error))?;
        let text = certificate_text(std::slice::from_ref(&certificate));
        return Ok(Report { outcome: Outcome::Data(text.into()), findings, next: Vec::new() });
    };
    let mut output = Output::default();
    let what = format!("the certificate for {}", certificate.label());
    output.certificates(&path, FileRole::Certificate, std::slice::from_ref(&certificate), &what, args.force);
    let bundle = path.with_file_name(BUNDLE);
    let word = |path: &Path| shell_word(&path.display().to_string());
    let next = if ca.bundle.is_empty() {
        format!("certkit show {}", word(&path))
    } else {
        output.certificates(
            &bundle,
            FileRole::Intermediates,
            &ca.bundle,
            "the intermediates, for certkit merge",
            args.force,
        );
        format!("certkit merge {} {}", word(&path), word(&bundle))
    };
    ca.spare(output.paths())?;
    let mut created = output.create_issued(&ca.ledger, &events)?;
    let role = if args.profile == SignProfile::Ca { Role::Intermediate } else { Role::Leaf };
    created.certificate = Some(Located::from(certificate).summary(role));
    Ok(Report { outcome: Outcome::Created(created), findings, next: vec![next] })
}

/// Where the certificate goes; `None` is standard output.
fn output_path(args: &SignArgs) -> Option<PathBuf> {
    match &args.output {
        Some(path) if path == Path::new("-") => None,
        Some(path) => Some(path.clone()),
        None if args.request == "-" => None,
        None => Some(beside(Path::new(&args.request), "crt")),
    }
}

/// The one request of a file.
fn read(file: &str) -> Result<(Request, Location)> {
    let (_, contents) = read_contents(file, &mut Passwords::unattended())?;
    let mut requests = contents.blocks.iter().filter(|block| block.kind == BlockKind::CertificateRequest);
    let (Some(block), None) = (requests.next(), requests.next()) else {
        let found: Vec<_> = contents.blocks.iter().map(|block| block.kind.as_str()).collect();
        let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
        let message = format!("one certificate signing request is wanted; {} has: {found}", name(file));
        return Err(Finding::error(Code::NotARequest, message)
            .at(Location::file(file))
            .fix("make a request from a key: certkit csr NAME --key FILE")
            .into());
    };
    let location = location(file, block);
    let request = Request::from_der(&block.der).map_err(|error| {
        Finding::error(Code::DerMalformed, error.to_string())
            .at(location.clone())
            .fix("get it again from where it came from")
    })?;
    Ok((request, location))
}

/// Whether the request may be signed at all; what is to be said of its key.
fn judge(request: &Request, location: &Location) -> Result<Vec<Finding>> {
    let kind = PublicKeyKind::new(&request.spki);
    let no = |code, message: String, fix: &str| -> Result<Vec<Finding>> {
        Err(Failure::new(Finding::error(code, message).at(location.clone()).fix(fix)).status(1))
    };
    if let PublicKeyKind::Rsa(bits @ ..2048) = kind {
        let message = format!("the key has {bits} bits, and clients refuse RSA keys below 2048");
        return no(Code::WeakKey, message, "make a new key, and the request from it: certkit csr NAME");
    }
    match request.proof_of_possession() {
        SignatureCheck::Valid => {}
        SignatureCheck::Invalid => {
            let message = "the request was not signed by its own key: it was changed, or somebody else's key was put in";
            return no(Code::BadSignature, message.into(), "have it made again by the owner of the key");
        }
        SignatureCheck::Unsupported => {
            let message = format!(
                "its signature ({}, {kind}) cannot be verified, so nothing proves that its owner has the key",
                request.signature
            );
            let fix = "have it signed again with SHA-256 (RSA-PSS: with a salt as long as the hash), by a key of P-256, P-384, P-521, Ed25519 or RSA";
            return no(Code::WeakSignature, message, fix);
        }
    }
    let is_browser_key = match &kind {
        PublicKeyKind::Ec(Some(curve)) => curve != P521,
        PublicKeyKind::Rsa(_) => true,
        _ => false,
    };
    Ok(if is_browser_key {
        Vec::new()
    } else {
        let message = format!("browsers refuse keys of kind {kind}; curl and Python take some of them");
        vec![Finding::warning(Code::BrowserUnsupported, message).at(location.clone())]
    })
}

/// Names and subject of the certificate.
fn profile(
    args: &SignArgs,
    request: &Request,
    location: &Location,
    findings: &mut Vec<Finding>,
) -> Result<LeafProfile> {
    let purpose = if args.profile == SignProfile::Client { Purpose::Client } else { Purpose::Server };
    let mut wanted = Vec::new();
    for name in &request.names {
        match certificate_name(name) {
            Some(name) if wanted.contains(&name) => {}
            Some(name) => wanted.push(name),
            None => {
                let message =
                    format!("left out: the request asks for `{name}`, a name that certkit does not certify");
                findings.push(Finding::warning(Code::InvalidName, message).at(location.clone()));
            }
        }
    }
    for name in names(&args.san)? {
        if !wanted.contains(&name) {
            wanted.push(name);
        }
    }
    // A client is known by its subject as well; a server is not.
    let is_known_by_subject = purpose == Purpose::Client && !request.subject.is_empty();
    if wanted.is_empty() && !is_known_by_subject {
        return Err(no_names(args, request, location));
    }
    let mut profile = LeafProfile::new(wanted, purpose, args.days.unwrap_or(DAYS));
    if let Some(until) = args.until {
        profile.end = End::Until(until);
    }
    let common_name = request.subject.common_name();
    let is_among_names = common_name
        .is_some_and(|name| CertificateName::parse(name).is_ok_and(|name| profile.names.contains(&name)));
    if is_known_by_subject || is_among_names {
        profile.subject = Some(Subject::copied(&request.subject));
    } else if let Some(name) = common_name {
        let message =
            format!("the request's common name `{name}` is none of the names to certify, and was left out");
        findings.push(Finding::note(Code::CommonName, message).fix("to certify it as well: --san NAME"));
    }
    Ok(profile)
}

/// No current client looks at the common name, so a certificate with nothing else would be refused.
fn no_names(args: &SignArgs, request: &Request, location: &Location) -> Failure {
    let file = shell_word(&args.request);
    let finding = match request.subject.common_name() {
        Some(name) if CertificateName::parse(name).is_ok() => {
            let message =
                format!("the request has its name `{name}` in the CN only, where no current client looks");
            Finding::error(Code::NoSan, message)
                .fix(format!("certkit sign {file} --san {}", shell_word(name)))
        }
        _ => Finding::error(Code::NoSan, "the request asks for no name")
            .fix(format!("say which: certkit sign {file} --san www.test.example")),
    };
    Failure::new(finding.at(location.clone())).status(1)
}

/// A CA below ours: its subject is the request's.
fn issue_ca(
    args: &SignArgs,
    request: &Request,
    location: &Location,
    ca: &SigningCa,
    context: &Context<'_>,
) -> Result<Issued> {
    let issuer_certificate = ca.certified.leaf();
    let no = |code, message: String, fix: &str| -> Result<Issued> {
        Err(Failure::new(Finding::error(code, message).at(location.clone()).fix(fix)).status(1))
    };
    let Some(name) = request.subject.common_name() else {
        let message = "a CA needs a common name, to be told apart in trust stores";
        return no(Code::EmptyName, message.into(), "make the request with one: CN=Team CA");
    };
    if request.subject.der == issuer_certificate.subject.der {
        let message = format!("`{name}` is the name of the CA itself");
        return no(Code::InvalidName, message, "make the request with a name of its own");
    }
    let path_length = issuer_certificate.basic_constraints.and_then(|constraints| constraints.path_length);
    if path_length == Some(0) {
        let message = format!("the CA {} may have no CA below it (path length 0)", ca.path.display());
        return no(
            Code::PathLength,
            message,
            "name a root that may: one made by certkit mkca --intermediate",
        );
    }
    let profile = CaProfile::new(Subject::copied(&request.subject), args.days.unwrap_or(CA_DAYS), 0);
    issuer(ca, context)?.issue_ca(&profile, &request.spki, context.clock.now()).map_err(cannot_issue)
}
