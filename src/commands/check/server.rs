//! `certkit check HOST:PORT`: the chain that a server sends is judged like that of a file, and then the server itself: what it
//! supports, what it would agree to, and over https one header.

use super::Basis;
use crate::advice::server::failure;
use crate::chain::CheckInput;
use crate::cli::CheckArgs;
use crate::commands::{Context, Result, server_options};
use crate::finding::Location;
use crate::operands::password::Passwords;
use crate::operands::server_target::{ServerTarget, parse_host};
use crate::probe::Depth;
use crate::probe::rules::{ServerFacts, judge_server};
use crate::report::{Checked, Outcome, Report};
use crate::x509::HostName;

pub(super) fn run(target: &ServerTarget, args: &CheckArgs, context: &Context<'_>) -> Result {
    let host = args.host.as_deref().map(parse_host).transpose()?.unwrap_or_else(|| target.host.clone());
    let mut passwords = Passwords::new("--key-password-file", args.key_password_file.as_deref());
    let basis = Basis::read(args, Some(host.clone()), &mut passwords, context)?;
    // Strict-Transport-Security counts for names only (RFC 6797 section 8.1.1).
    let request = target.path.as_deref().filter(|_| matches!(host, HostName::Dns(_)));
    let probed = target
        .probe(&host, &server_options(&args.live), request)
        .map_err(|error| failure(target, &error, "check"))?;
    let depth = if args.deep { Depth::Deep } else { Depth::Usual };
    let survey = probed.server.survey(&probed.peer, depth);
    let mut summary = target.summary(&host, &probed);
    summary.protocols = survey.versions.iter().map(|version| version.as_str()).collect();
    summary.suites =
        survey.suites.iter().map(|(version, suites)| (version.as_str(), suites.clone())).collect();
    summary.groups.clone_from(&survey.groups);

    let words = target.words();
    let input =
        CheckInput { is_live: true, ..CheckInput::new(&probed.certificates, &basis.trust, basis.at, &words) };
    let judgement = basis.judge(args, input, probed.malformed);
    let facts = ServerFacts { peer: &probed.peer, survey: &survey, starttls: target.starttls, depth };
    let location = Location::file(target.label());
    let of_server = judge_server(&facts).into_iter().map(|finding| finding.at(location.clone()));
    let checked = Checked {
        file: target.label(),
        host: Some(host.to_string()),
        server: Some(summary),
        at: basis.at,
        path: judgement.path,
        missing_issuer: judgement.missing_issuer,
        trusted_by: judgement.trusted_by,
    };
    let findings = judgement.findings.into_iter().chain(of_server).collect();
    Ok(Report { outcome: Outcome::Checked(checked), findings, next: Vec::new() })
}
