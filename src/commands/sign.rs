//! `certkit sign`: a certificate for a request that somebody else made.

use std::path::{Path, PathBuf};

use super::request_file::RequestFile;
use super::{Context, Result, next_command};
use crate::advice::ca::{
    clamped, hours_for_a_ca, long_validity, not_made_a_ca, omitted_common_name, omitted_name,
    request_refused, requested_certificate_refused, requested_key_refused_by_browsers,
};
use crate::advice::names::{omitted_extensions as omitted, remark};
use crate::ca::{
    BUNDLE_FILE, End, FULL_CHAIN_ENDING, Filed, Issuance, Issued, RequestError, RequestedLeaf, SigningCa,
    SubjectKey, TypedNames, ValidityLimit, certificate_text, key_refused_by_browsers, omitted_extensions,
    requested_ca, verify_request,
};
use crate::chain::Located;
use crate::cli::{SignArgs, SignProfile};
use crate::finding::{Finding, Location};
use crate::operands::ca_lookup::CaChoice;
use crate::operands::output::{Output, Overwrite, beside};
use crate::report::{Failure, FileRole, Outcome, Report, Role};
use crate::sys::shell::path_word;
use crate::x509::{Purpose, Request};

/// Days of a certificate, and of a CA's, by default.
const DAYS: u32 = 397;
const CA_DAYS: u32 = 3650;

pub(super) fn run(args: &SignArgs, context: &Context<'_>) -> Result {
    let output_path = output_path(args);
    if output_path.is_none() {
        context.require_free_stdout()?;
    }
    let RequestFile { request, location, .. } = RequestFile::read(&args.request)?;
    let ca = CaChoice::from(&args.ca).find()?;
    let refused = |error: RequestError| request_refused(&error, &args.request, location.clone());
    verify_request(&request).map_err(refused)?;
    ca.require_safe_key(&request.spki).map_err(|error| Failure::from(error).status(1))?;
    let mut findings: Vec<_> = key_refused_by_browsers(&request)
        .map(|kind| requested_key_refused_by_browsers(&kind, location.clone()))
        .into_iter()
        .collect();
    let has_chain = !ca.bundle.is_empty() && args.profile != SignProfile::Ca;
    let full_chain = output_path.as_deref().filter(|_| has_chain).map(|path| beside(path, FULL_CHAIN_ENDING));
    let filed =
        Filed { file: output_path.as_deref(), other_files: full_chain.as_slice(), ..Filed::default() };
    let issued = issue(args, &request, &location, &ca, filed, &mut findings, context)?;
    let granted: &[Purpose] = match args.profile {
        SignProfile::Ca => &[],
        SignProfile::Client => &[Purpose::Client],
        SignProfile::Server => &[Purpose::Server],
    };
    let asks_for_client = request.extended_key_usage.iter().any(|usage| usage == Purpose::Client.oid());
    let can_be_client = args.profile == SignProfile::Server && asks_for_client;
    findings.extend(omitted(&omitted_extensions(&request, granted), can_be_client));
    if request.asks_for_ca && args.profile != SignProfile::Ca {
        findings.push(not_made_a_ca());
    }
    let Issued { certificate, clamped: is_clamped, event, .. } = issued;
    findings.extend(is_clamped.then(|| clamped(certificate.not_after, &ca.path)));

    let Some(path) = output_path else {
        ca.ledger.append(&[event])?;
        let text = certificate_text(std::slice::from_ref(&certificate));
        return Ok(Report { outcome: Outcome::Data(text.into()), findings, next: Vec::new() });
    };
    let overwrite = Overwrite::forced(args.force);
    let mut output = Output::default();
    let what = format!("the certificate for {}", certificate.label());
    output.certificates(&path, FileRole::Certificate, std::slice::from_ref(&certificate), &what, overwrite);
    let bundle = path.with_file_name(BUNDLE_FILE);
    let next = if let Some(full_chain) = full_chain {
        let chain: Vec<_> = std::iter::once(&certificate).chain(&ca.bundle).cloned().collect();
        output.full_chain(&full_chain, &chain, overwrite);
        output.bundle(&bundle, &ca.bundle, Overwrite::forced(args.force || ca.outdates(&bundle)));
        next_command::merge(&path, &bundle, &next_command::roots_option(&CaChoice::from(&args.ca), &ca))
    } else {
        format!("certkit show {}", path_word(&path))
    };
    ca.spare(output.paths())?;
    let mut created = output.create_issued(&ca.ledger, &[event])?;
    let role = if args.profile == SignProfile::Ca { Role::Intermediate } else { Role::Leaf };
    created.at = Some(context.clock.now());
    created.certificate = Some(Located::from(certificate).summary(role));
    Ok(Report { outcome: Outcome::Created(created), findings, next: vec![next] })
}

/// The path of the certificate; `None` is standard output.
fn output_path(args: &SignArgs) -> Option<PathBuf> {
    match &args.output {
        Some(path) if path == Path::new("-") => None,
        Some(path) => Some(path.clone()),
        None if args.request == "-" => None,
        None => Some(beside(Path::new(&args.request), "crt")),
    }
}

fn issue(
    args: &SignArgs,
    request: &Request,
    location: &Location,
    ca: &SigningCa,
    filed: Filed<'_>,
    findings: &mut Vec<Finding>,
    context: &Context<'_>,
) -> Result<Issued> {
    let now = context.clock.now();
    let refused = |error: RequestError| request_refused(&error, &args.request, location.clone());
    let key = SubjectKey::Public(&request.spki);
    let asked = format!("sign {}", args.request);
    let filed = Filed { requested_by: Some(&asked), ..filed };
    let purpose = match args.profile {
        SignProfile::Ca => {
            let days = match args.days {
                None => CA_DAYS,
                Some(End::Days(days)) => days,
                Some(_) => return Err(hours_for_a_ca()),
            };
            let mut profile = requested_ca(request, ca, days).map_err(refused)?;
            profile.addresses = (&args.addresses).into();
            let request = Issuance { filed, ..Issuance::ca(&profile, key, now) };
            return Ok(ca.issuer(now)?.issue(request)?);
        }
        SignProfile::Client => Purpose::Client,
        SignProfile::Server => Purpose::Server,
    };
    let end = args.until.map_or_else(|| args.days.unwrap_or(End::Days(DAYS)), End::Until);
    let limit = if args.force { ValidityLimit::Unlimited } else { ValidityLimit::Clients };
    let long = end.judge(purpose, limit, now)?;
    let typed = TypedNames::of_server(&args.san)?;
    findings.extend(typed.remarks.iter().map(remark));
    let mut requested = RequestedLeaf::new(request, typed.names, purpose, end).map_err(refused)?;
    requested.profile.addresses = (&args.addresses).into();
    findings.extend(requested.omitted_names.iter().map(|name| omitted_name(name, location.clone())));
    findings.extend(requested.omitted_common_name.as_deref().map(omitted_common_name));
    findings.extend(long.map(long_validity));
    let request = Issuance { filed, ..Issuance::leaf(&requested.profile, key, now) };
    ca.issuer(now)?.issue(request).map_err(requested_certificate_refused)
}
