//! `certkit check HOST:PORT`: the chain that a server sends is judged like that of a file, and then the server itself: what it
//! speaks, what it would agree to, and over https one header.

use super::Basis;
use super::server_words as words;
use crate::cli::CheckArgs;
use crate::commands::{Context, Result};
use crate::finding::{Finding, Location};
use crate::operands::password::Passwords;
use crate::operands::server_target::{Place, parse_host};
use crate::probe::{Depth, Peer, Possession, Strength, Survey, Version};
use crate::report::{Checked, Outcome, Report};
use crate::x509::HostName;

/// How long browsers should insist on https: two years, as Mozilla's guideline has it.
const HSTS_SECONDS: u64 = 63_072_000;
/// A finite-field group that is smaller can be broken, or will be (RFC 9325 section 4.1).
const DH_BITS: usize = 2048;

/// Runs the command.
pub(super) fn run(place: &Place, args: &CheckArgs, context: &Context<'_>) -> Result {
    let host = args.host.as_deref().map(parse_host).transpose()?.unwrap_or_else(|| place.host.clone());
    let mut passwords = Passwords::new("--key-password-file", args.key_password_file.as_deref());
    let basis = Basis::read(args, Some(host.clone()), &mut passwords, context)?;
    // Strict-Transport-Security counts for names only (RFC 6797 section 8.1.1).
    let request = place.path.as_deref().filter(|_| matches!(host, HostName::Dns(_)));
    let seen = place.look(&host, &args.live, "check", request)?;
    let survey = seen.server.survey(&seen.peer, if args.deep { Depth::Deep } else { Depth::Usual });
    let mut summary = place.summary(&host, &seen);
    summary.protocols = survey.versions.iter().map(|version| version.as_str()).collect();
    summary.suites =
        survey.suites.iter().map(|(version, suites)| (version.as_str(), suites.clone())).collect();
    summary.groups.clone_from(&survey.groups);

    let judgement = basis.judge(args, &seen.certificates, seen.malformed, &place.words(), true);
    let mut findings = judgement.findings;
    let at = |finding: Finding| finding.at(Location::file(place.label()));
    findings.extend(of_handshake(place, &seen.peer).into_iter().map(at));
    findings.extend(of_survey(place, &seen.peer, &survey, args.deep).into_iter().map(at));
    findings.extend(of_headers(&seen.peer).map(at));
    let checked = Checked {
        file: place.label(),
        host: Some(host.to_string()),
        server: Some(summary),
        at: basis.at,
        path: judgement.path,
        missing_issuer: judgement.missing_issuer,
        trusted_by: judgement.trusted_by,
    };
    Ok(Report { outcome: Outcome::Checked(checked), findings, next: Vec::new() })
}

/// What the one honest handshake shows.
fn of_handshake(place: &Place, peer: &Peer) -> Vec<Finding> {
    let mut findings = Vec::new();
    if peer.possession == Possession::Refuted {
        findings.push(words::wrong_key());
    }
    match &peer.broken_off {
        Some(_) if peer.version < Version::Tls12 => {
            findings.push(words::only_old_protocols(peer.version, place));
        }
        Some(_) if peer.is_by_hand && peer.strength != Strength::Good => {
            findings.push(words::only_poor_suites(&peer.cipher, place))
        }
        Some(_) if peer.wants_client_certificate => findings.push(words::wants_client_certificate()),
        Some(why) => findings.push(words::broken_off(why)),
        None if peer.wants_client_certificate => findings.push(words::wants_client_certificate()),
        None => {}
    }
    findings
}

/// What the server would agree to besides.
fn of_survey(place: &Place, peer: &Peer, survey: &Survey, is_deep: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_current = peer.version >= Version::Tls12;
    let old: Vec<_> = survey.versions.iter().copied().filter(|version| *version < Version::Tls12).collect();
    if is_current && !old.is_empty() {
        findings.push(words::old_protocols(&old, place));
    }
    if peer.version == Version::Tls12 && !survey.versions.contains(&Version::Tls13) {
        findings.push(words::no_tls13(place));
    }
    for strength in [Strength::Broken, Strength::TripleDes, Strength::StaticRsa, Strength::Outdated] {
        let suites = survey.poor_suites.iter().filter(|suite| suite.strength() == strength);
        let suites: Vec<_> = suites.map(|suite| suite.name).collect();
        if !suites.is_empty() {
            findings.push(words::poor_suites(strength, &suites, is_deep, place));
        }
    }
    if let Some(bits) = survey.dh_bits.filter(|bits| *bits < DH_BITS) {
        findings.push(words::small_group(bits, place));
    }
    if survey.is_stuffable == Some(true) {
        findings.push(words::stuffed());
    }
    if survey.is_compressed {
        findings.push(words::compression());
    }
    if survey.is_renegotiation_safe == Some(false) {
        findings.push(words::insecure_renegotiation());
    }
    if survey.is_hybrid == Some(false) {
        findings.push(words::no_post_quantum(place));
    }
    findings.extend(survey.failure.as_ref().map(words::incomplete));
    findings
}

/// What the header of https says.
fn of_headers(peer: &Peer) -> Option<Finding> {
    let answer = match peer.http.as_ref()? {
        Ok(answer) => answer,
        Err(_) if peer.wants_client_certificate => return None,
        Err(why) => return Some(words::no_http_answer(why)),
    };
    match answer.hsts_max_age() {
        Some(seconds) if seconds >= HSTS_SECONDS => None,
        Some(seconds) => Some(words::short_hsts(seconds)),
        None => Some(words::no_hsts(answer.hsts.as_deref())),
    }
}
