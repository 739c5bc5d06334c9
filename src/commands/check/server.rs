//! `certkit check HOST:PORT`: the chain that a server sends is judged like that of a file, and then the server itself: what it
//! supports, what it would agree to, and over https one header.

use super::Basis;
use super::typed::Typed;
use crate::advice::server::{failure, grade_below};
use crate::chain::{CheckInput, Judgement};
use crate::cli::CheckArgs;
use crate::commands::{Result, server_options};
use crate::finding::{Code, Finding, Location, Severity};
use crate::operands::server_target::{ServerOptions, ServerTarget, decode, parse_host};
use crate::probe::rules::{ServerFacts, ServerJudgement, judge_server};
use crate::probe::verdict::{Guideline, ServerSight, Verdict};
use crate::probe::{
    Connection, Depth, KeyKind, PlainAnswer, PlainHttp, Renegotiation, ServerProgram, Unnamed,
};
use crate::report::{
    Checked, ClientConnection, OtherChainSummary, Outcome, PlainSummary, Report, ServerState, ServerVerdict,
    UnnamedSummary,
};
use crate::x509::HostName;

pub(super) fn run(target: &ServerTarget, output: &str, args: &CheckArgs, basis: &Basis) -> Result {
    let host = args.host.as_deref().map(parse_host).transpose()?.unwrap_or_else(|| target.host.clone());
    // Strict-Transport-Security counts for names only (RFC 6797 section 8.1.1).
    let request = target.path.as_deref().filter(|_| matches!(host, HostName::Dns(_)));
    let probed = target
        .probe(
            &host,
            &ServerOptions { is_deep: args.deep, http_port: args.http_port, ..server_options(&args.live) },
            request,
        )
        .map_err(|error| failure(target, &error, "check"))?;
    let depth = if args.deep { Depth::Deep } else { Depth::Usual };
    let survey = probed.server.survey(&probed.peer, depth);
    let mut summary = target.summary(&host, &probed);
    summary.protocols = survey.versions.iter().map(|version| version.as_str()).collect();
    summary.suites =
        survey.suites.iter().map(|(version, suites)| (version.as_str(), suites.clone())).collect();
    summary.cipher_order =
        survey.orders.iter().map(|(version, order)| (version.as_str(), order.as_str())).collect();
    summary.groups = survey.groups();
    summary.unanswered.clone_from(&survey.unanswered);
    summary.alpn = survey.sessions.as_ref().and_then(|sessions| sessions.alpn.clone());
    summary.resumes_sessions = survey.sessions.as_ref().map(|sessions| sessions.is_resumed);
    summary.accepts_early_data = survey.sessions.as_ref().map(|sessions| sessions.accepts_early_data);
    summary.refuses_fallback = survey.refuses_fallback;
    summary.has_extended_master_secret = survey.has_extended_master_secret.filter(|_| args.deep);
    summary.unnamed = survey.unnamed.as_ref().map(|both| (unnamed(&both.without), unnamed(&both.wrong)));
    summary.plain = survey.plain.iter().map(plain).collect();
    summary.client_renegotiation = survey.renegotiation.map(Renegotiation::as_str);
    let clients = if args.deep { probed.server.clients(&survey) } else { Vec::new() };
    // Last, since an address that does not answer takes longest.
    let addresses =
        if args.deep { probed.server.other_addresses(probed.peer.certificates.first()) } else { Vec::new() };

    let words = target.words();
    let typed = Typed::new(args, output);
    let input = CheckInput {
        is_live: true,
        typed: typed.options(),
        ..CheckInput::new(&probed.certificates, &basis.trust, basis.at, &words)
    };
    let mut judgement = basis.judge(args, Some(&host), input, probed.malformed);
    let other_chain = survey.other_chain.as_ref().map(|other| {
        let label = format!("{}, {}", target.label(), other.kind.as_str());
        let (certificates, malformed) = decode(&label, &other.certificates);
        let input = CheckInput { certificates: &certificates, ..input };
        let judged = basis.judge(args, Some(&host), input, malformed);
        join_chains(&mut judgement, judged, other.kind, &label)
    });
    let facts = ServerFacts {
        peer: &probed.peer,
        survey: &survey,
        starttls: target.starttls,
        depth,
        addresses: &addresses,
        program: args.server.or_else(|| ServerProgram::of(&probed.peer)),
        // Of another time, the clock cannot be compared.
        now: args.at.is_none().then(|| basis.at.into()),
    };
    let location = Location::file(target.label());
    let of_server = judge_server(&facts);
    let does_chain_hold = does_hold(&judgement.findings);
    let verdict = Verdict::of(&ServerSight { facts, does_chain_hold, is_refused: of_server.is_refused });
    let below = args.min_grade.filter(|required| verdict.grade > *required);
    let below = below.map(|required| grade_below(target, &verdict, required));
    let checked = Checked {
        file: target.label(),
        host: Some(host.to_string()),
        server: Some(summary),
        does_chain_hold,
        server_state: state(&of_server),
        verdict: Some(summary_of(&verdict, clients)),
        at: basis.at,
        path: judgement.path,
        missing_issuer: judgement.missing_issuer,
        trusted_by: judgement.trusted_by,
        other_chain,
    };
    let of_server = of_server.findings.into_iter().map(|finding| finding.at(location.clone()));
    let findings = judgement.findings.into_iter().chain(of_server).chain(below).collect();
    Ok(Report { outcome: Outcome::Checked(checked), findings, next: Vec::new() })
}

fn does_hold(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Severity::Error)
}

/// Adds to the findings about a chain those about the server's other one, unless both say the same. The key that the user
/// names belongs to one of the two.
fn join_chains(first: &mut Judgement, other: Judgement, kind: KeyKind, label: &str) -> OtherChainSummary {
    let is_about_key = |finding: &Finding| finding.code == Code::KeyMismatch;
    let mut found = other.findings;
    if found.iter().any(is_about_key) != first.findings.iter().any(is_about_key) {
        found.retain(|finding| !is_about_key(finding));
        first.findings.retain(|finding| !is_about_key(finding));
    }
    let does_hold = does_hold(&found);
    let is_new = |finding: &Finding| {
        let is_same = |one: &Finding| one.code == finding.code && one.message == finding.message;
        !first.findings.iter().any(is_same)
    };
    found.retain(is_new);
    for finding in &mut found {
        finding.location.get_or_insert_with(|| Location::file(label));
    }
    first.findings.extend(found);
    OtherChainSummary { kind: kind.as_str(), does_hold, path: other.path }
}

fn state(judgement: &ServerJudgement) -> ServerState {
    match judgement.findings.iter().map(|finding| finding.severity).max() {
        Some(Severity::Error) if judgement.is_refused => ServerState::Refused,
        Some(Severity::Error) => ServerState::Insecure,
        Some(Severity::Warning) => ServerState::Weak,
        Some(Severity::Note) | None => ServerState::Good,
    }
}

fn unnamed(answer: &Unnamed) -> UnnamedSummary {
    match answer {
        Unnamed::Same => UnnamedSummary::Same,
        Unnamed::Other(names) => UnnamedSummary::Other(names.clone()),
        Unnamed::Refused(why) => UnnamedSummary::Refused(why.clone()),
    }
}

fn plain(plain: &PlainHttp) -> PlainSummary {
    let (answer, status, location) = match &plain.answer {
        PlainAnswer::Http { status, location } => ("http", Some(*status), location.clone()),
        PlainAnswer::Refused => ("refused", None, None),
        PlainAnswer::Silent => ("silent", None, None),
        PlainAnswer::Closed => ("closed", None, None),
    };
    PlainSummary { port: plain.port, answer, status, location }
}

fn summary_of(verdict: &Verdict, clients: Vec<Connection>) -> ServerVerdict {
    ServerVerdict {
        grade: verdict.grade.as_str(),
        because: verdict.because.clone(),
        guideline: verdict.guideline.map(Guideline::as_str),
        missing: verdict.missing.clone(),
        fix_first: verdict.fix_first.clone(),
        clients: clients.into_iter().map(client_connection).collect(),
    }
}

fn client_connection(connection: Connection) -> ClientConnection {
    let client = connection.client;
    match connection.outcome {
        Ok(agreement) => ClientConnection {
            client,
            protocol: Some(agreement.version.as_str()),
            cipher: Some(agreement.suite),
            group: agreement.group,
            reason: None,
        },
        Err(reason) => {
            ClientConnection { client, protocol: None, cipher: None, group: None, reason: Some(reason) }
        }
    }
}
