//! The chain that `check` judged and `merge` put together.

use std::io::{self, Write};

use time::OffsetDateTime;

use super::style::{BOLD, DIM, GREEN, RED, YELLOW, printable};
use super::wrap::Width;
use crate::finding::Severity;
use crate::report::{
    CertificateSummary, Checked, Merged, Report, Role, ServerState, ServerSummary, ServerVerdict,
    UnnamedSummary,
};
use crate::sys::clock::date;

pub(super) fn write_checked(
    out: &mut impl Write,
    checked: &Checked,
    report: &Report,
    width: Width,
) -> io::Result<()> {
    let host = checked.host.as_ref().map(|host| format!(" for {host}")).unwrap_or_default();
    let (mark, style, verdict) = match (report.exit_status() != 0, &checked.server, checked.server_state) {
        (true, None, _) => ("✗", RED, format!("the chain does not hold{host}")),
        (true, Some(_), ServerState::Insecure) if checked.does_chain_hold => {
            ("✗", RED, format!("the chain holds{host}, but the server is not secure"))
        }
        (true, Some(_), _) => ("✗", RED, "clients refuse this server".to_owned()),
        (false, _, ServerState::Good) => ("✓", GREEN, format!("the chain holds{host}")),
        (false, _, _) => ("!", YELLOW, format!("the chain holds{host}; the server can be improved")),
    };
    let headline = format!("{}: {verdict}", checked.file);
    writeln!(out, "{style}{mark} {}{style:#}", width.wrap(&headline, 2, 2))?;
    if let Some(server) = &checked.server {
        write_server(out, server, width)?;
    }
    if let Some(verdict) = &checked.verdict {
        write_verdict(out, verdict, width)?;
    }
    write_path(out, &checked.path, checked.at, width)?;
    if let Some(issuer) = &checked.missing_issuer {
        let branch = branch(checked.path.len());
        writeln!(out, "  {branch}{RED}✗{RED:#} {BOLD}{}{BOLD:#} {DIM}is missing{DIM:#}", printable(issuer))?;
    }
    if let Some(trusted_by) = &checked.trusted_by {
        let text = format!("trusted by {trusted_by}");
        writeln!(out, "  {DIM}{}{DIM:#}", width.wrap(&text, 2, 4))?;
    }
    if let Some(other) = &checked.other_chain {
        let holds = if other.does_hold { "it holds" } else { "it does not hold" };
        let text = format!("clients that know {} only get another chain; {holds}:", other.kind);
        writeln!(out, "  {DIM}{}{DIM:#}", width.wrap(&text, 2, 4))?;
        write_path(out, &other.path, checked.at, width)?;
    }
    let leaf = checked.path.first();
    let asked: Vec<_> = leaf.iter().flat_map(|leaf| leaf.ocsp_urls.iter().chain(&leaf.crl_urls)).collect();
    if !asked.is_empty() {
        let asked: Vec<_> = asked.into_iter().map(String::as_str).collect();
        let text = format!("revocation is published at {}", asked.join(", "));
        writeln!(out, "  {DIM}{}{DIM:#}", width.wrap(&text, 2, 4))?;
    }
    Ok(())
}

/// A line for each certificate of a path.
fn write_path(
    out: &mut impl Write,
    path: &[CertificateSummary],
    at: OffsetDateTime,
    width: Width,
) -> io::Result<()> {
    for (depth, certificate) in path.iter().enumerate() {
        let (mark, style) = match certificate.verdict {
            Some(Severity::Error) => ("✗", RED),
            Some(Severity::Warning) => ("!", YELLOW),
            Some(Severity::Note) | None => ("✓", GREEN),
        };
        let branch = branch(depth);
        let label = printable(&certificate.label);
        let facts = format!(
            "{}, {}, {}",
            role(certificate),
            key_and_signature(certificate),
            days_left(certificate, at)
        );
        let indent = 4 + branch.chars().count();
        let facts = width.wrap(&facts, indent + label.chars().count() + 1, indent);
        writeln!(out, "  {branch}{style}{mark}{style:#} {BOLD}{label}{BOLD:#} {DIM}{facts}{DIM:#}")?;
    }
    Ok(())
}

/// `TLSv1.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768, from 192.0.2.7:443`, and what else it takes if that was asked.
fn write_server(out: &mut impl Write, server: &ServerSummary, width: Width) -> io::Result<()> {
    let group = server.group.as_ref().map(|group| format!(", {group}")).unwrap_or_default();
    let agreed = format!("{}, {}{group}, from {}", server.protocol, server.cipher, server.address);
    writeln!(out, "  {DIM}{}{DIM:#}", width.wrap(&agreed, 2, 4))?;
    let mut list = |name: &str, items: &[String]| {
        let items = width.wrap(&items.join(", "), name.len() + 4, 4);
        writeln!(out, "  {DIM}{name}:{DIM:#} {items}")
    };
    for (version, suites) in &server.suites {
        let order = server.cipher_order.iter().find(|(of, _)| of == version).map(|(_, order)| match *order {
            "client" => " (the client's order decides)",
            "server" => " (in its own order)",
            _ => " (in its own order, but ChaCha20 where the client puts it first)",
        });
        let mut suites = suites.clone();
        if let Some(last) = suites.last_mut() {
            last.push_str(order.unwrap_or_default());
        }
        list(version, &suites)?;
    }
    if !server.groups.is_empty() {
        list("groups", &server.groups)?;
    }
    if let Some((without, wrong)) = &server.unnamed {
        list("without SNI", &[unnamed(without)])?;
        list("with a wrong name", &[unnamed(wrong)])?;
    }
    for plain in &server.plain {
        let leads = plain.location.as_ref().map(|location| format!(", to {}", printable(location)));
        let answer = match plain.status {
            Some(status) => format!("status {status}{}", leads.unwrap_or_default()),
            None => plain.answer.to_owned(),
        };
        list(&format!("without TLS on port {}", plain.port), &[answer])?;
    }
    let abilities = abilities(server);
    if !abilities.is_empty() {
        list("also", &abilities)?;
    }
    Ok(())
}

/// `grade B: TLS 1.3 is missing; fix first: no_tls13`, Mozilla's guideline, and a line for each client.
fn write_verdict(out: &mut impl Write, verdict: &ServerVerdict, width: Width) -> io::Result<()> {
    let style = match verdict.grade {
        "A+" | "A" => GREEN,
        "B" | "C" => YELLOW,
        _ => RED,
    };
    let because =
        if verdict.because.is_empty() { String::new() } else { format!(": {}", verdict.because.join("; ")) };
    let codes: Vec<_> = verdict.fix_first.iter().map(|code| code.as_str()).collect();
    let first = if codes.is_empty() { String::new() } else { format!("; fix first: {}", codes.join(", ")) };
    let reasons = width.wrap(&format!("{because}{first}"), 2 + "grade A+".len(), 4);
    writeln!(out, "  {style}grade {}{style:#}{reasons}", verdict.grade)?;
    let guideline = match verdict.guideline {
        Some(name) => format!("meets Mozilla's {name} configuration"),
        None if verdict.missing.is_empty() => return write_clients(out, verdict, width),
        None => format!("for Mozilla's intermediate configuration it lacks: {}", verdict.missing.join("; ")),
    };
    writeln!(out, "  {DIM}{}{DIM:#}", width.wrap(&guideline, 2, 4))?;
    write_clients(out, verdict, width)
}

fn write_clients(out: &mut impl Write, verdict: &ServerVerdict, width: Width) -> io::Result<()> {
    let longest = verdict.clients.iter().map(|client| client.client.len()).max().unwrap_or_default();
    for client in &verdict.clients {
        let (mark, style) = if client.reason.is_none() { ("✓", GREEN) } else { ("✗", RED) };
        let agreed =
            [client.protocol, client.cipher.as_deref(), client.group.as_deref(), client.reason.as_deref()];
        let agreed: Vec<_> = agreed.into_iter().flatten().collect();
        let agreed = width.wrap(&agreed.join(", "), longest + 5, 6);
        writeln!(out, "  {style}{mark}{style:#} {:longest$} {DIM}{agreed}{DIM:#}", client.client)?;
    }
    Ok(())
}

/// What a client gets that does not call the server by its name.
fn unnamed(summary: &UnnamedSummary) -> String {
    match summary {
        UnnamedSummary::Same => "the same certificate".to_owned(),
        UnnamedSummary::Other(names) if names.is_empty() => "a certificate without a name".to_owned(),
        UnnamedSummary::Other(names) => printable(&format!("the certificate for {}", names.join(", "))),
        UnnamedSummary::Refused(why) => format!("refused: {why}"),
    }
}

/// What else was seen, such as `HTTP/2`, `sessions are resumed`.
fn abilities(server: &ServerSummary) -> Vec<String> {
    let of = |known: Option<bool>, yes: &str, no: &str| known.map(|is| if is { yes } else { no }.to_owned());
    [
        server.alpn.as_ref().map(|name| format!("ALPN {name}")),
        of(server.resumes_sessions, "sessions are resumed", "sessions are not resumed"),
        of(server.accepts_early_data, "early data is accepted", "no early data"),
        of(server.has_extended_master_secret, "extended master secret", "no extended master secret"),
        of(server.refuses_fallback, "fallback is refused", "fallback is accepted"),
        server.client_renegotiation.map(|granted| match granted {
            "none" => "no renegotiation by clients".to_owned(),
            kind => format!("{kind} renegotiation by clients"),
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What precedes a certificate of the tree; the leaf has nothing.
fn branch(depth: usize) -> String {
    depth.checked_sub(1).map(|columns| format!("{}└ ", "  ".repeat(columns))).unwrap_or_default()
}

/// `ECDSA P-256, signed by RSA with SHA-256`; the kind is named once.
fn key_and_signature(certificate: &CertificateSummary) -> String {
    let kind = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    let signature = &certificate.signature;
    let key = certificate.key.description.as_str();
    match signature.split_once(" with ") {
        Some((_, hash)) if kind(signature) == kind(key) => {
            format!("{key}, {hash}")
        }
        _ => format!("{key}, signed by {signature}"),
    }
}

pub(super) fn write_merged(out: &mut impl Write, merged: &Merged) -> io::Result<()> {
    let name = if merged.output == "-" { "standard output" } else { &merged.output };
    writeln!(out, "{GREEN}✓ {}{GREEN:#}", printable(name))?;
    for certificate in &merged.certificates {
        if let Some((first, last)) = certificate.location.as_ref().and_then(|location| location.lines) {
            let role = role(certificate);
            writeln!(out, "  lines {first}-{last}  {role} {BOLD}{}{BOLD:#}", printable(&certificate.label))?;
        }
    }
    Ok(())
}

fn role(certificate: &CertificateSummary) -> &'static str {
    match certificate.role {
        Role::Leaf if certificate.is_for_clients_only => "client certificate",
        Role::Leaf => "server certificate",
        Role::Intermediate => "intermediate",
        Role::Root => "root",
    }
}

/// `valid until 2027-12-22 (396 days left)`.
fn days_left(certificate: &CertificateSummary, at: OffsetDateTime) -> String {
    let end = date(certificate.not_after);
    let days = (certificate.not_after - at).whole_days();
    match days {
        _ if certificate.not_after < at => format!("expired {end}"),
        _ if certificate.not_before > at => format!("not valid before {}", date(certificate.not_before)),
        1 => format!("valid until {end} (1 day left)"),
        _ => format!("valid until {end} ({days} days left)"),
    }
}
