//! Reports for people: what was done, what was found (worst first), what to do next.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use time::OffsetDateTime;

use crate::finding::{Finding, Severity};
use crate::report::{CertificateSummary, Checked, Created, Merged, Outcome, Report, Role, ServerSummary};
use crate::sys::clock::date;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GREEN: Style = AnsiColor::Green.on_default().bold();
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default();
/// The same mend is not said twice when it is longer than this, in bytes.
const LONG_FIX: usize = 200;

/// Writes the whole report; `quiet` leaves errors only.
pub(super) fn write(out: &mut impl Write, report: &Report, quiet: bool) -> io::Result<()> {
    if !quiet {
        match &report.outcome {
            Outcome::Account(account) => super::acme::account(out, account)?,
            Outcome::Listed(kept) => super::acme::list(out, kept)?,
            Outcome::Renewed(renewals) => super::acme::renewals(out, renewals)?,
            Outcome::Revoked(revoked) => super::acme::revoked(out, revoked)?,
            Outcome::Checked(checked) => write_checked(out, checked, report)?,
            Outcome::Converted(converted) => super::tools::write_converted(out, converted)?,
            Outcome::Created(created) => write_created(out, created)?,
            Outcome::Hosts(hosts) => super::tools::write_hosts(out, hosts)?,
            Outcome::Matched(matched) => super::tools::write_matched(out, matched)?,
            Outcome::Merged(merged) => write_merged(out, merged)?,
            Outcome::Shown(shown) => super::show::write(out, shown)?,
            Outcome::Trusted(trusted) => super::tools::write_trusted(out, trusted)?,
            Outcome::Answered { .. }
            | Outcome::Data(_)
            | Outcome::Failed { .. }
            | Outcome::Nothing
            | Outcome::Text(_) => {}
        }
    }
    if let Outcome::Renewed(renewals) = &report.outcome {
        for renewal in &renewals.certificates {
            write_findings(out, &renewal.findings, quiet)?;
        }
    }
    write_findings(out, &report.findings, quiet)?;
    if !quiet && !report.next.is_empty() {
        writeln!(out, "{DIM}next:{DIM:#}")?;
        for command in &report.next {
            writeln!(out, "  {}", printable(command))?;
        }
    }
    Ok(())
}

/// Writes findings, worst first; `quiet` leaves errors only.
pub(super) fn write_findings(out: &mut impl Write, findings: &[Finding], quiet: bool) -> io::Result<()> {
    let mut findings: Vec<_> =
        findings.iter().filter(|finding| !quiet || finding.severity == Severity::Error).collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let mut long_fixes = HashSet::new();
    for finding in findings {
        let (word, style) = match finding.severity {
            Severity::Error => ("error", RED),
            Severity::Warning => ("warning", YELLOW),
            Severity::Note => ("note", CYAN),
        };
        writeln!(
            out,
            "{style}{word}{style:#}{DIM}[{}]{DIM:#} {}",
            finding.code,
            indented(&finding.message, 2)
        )?;
        if let Some(location) = &finding.location {
            writeln!(out, "  {DIM}where:{DIM:#} {}", printable(&location.to_string()))?;
        }
        if let Some(fix) = &finding.fix {
            // A list of cipher suites is not read twice.
            let is_told = fix.len() > LONG_FIX && !long_fixes.insert(fix);
            let fix = if is_told { "as above" } else { fix };
            writeln!(out, "  {DIM}mend:{DIM:#}  {}", indented(fix, 9))?;
        }
    }
    Ok(())
}

fn write_checked(out: &mut impl Write, checked: &Checked, report: &Report) -> io::Result<()> {
    let (mark, style, verdict) = match (report.exit_status() != 0, &checked.server) {
        (false, _) => ("✓", GREEN, "the chain holds"),
        (true, None) => ("✗", RED, "the chain does not hold"),
        (true, Some(_)) => ("✗", RED, "clients refuse this server"),
    };
    let is_refused = report.exit_status() != 0 && checked.server.is_some();
    let host = checked.host.as_ref().filter(|_| !is_refused);
    let host = host.map(|host| format!(" for {host}")).unwrap_or_default();
    writeln!(out, "{style}{mark} {}: {verdict}{}{style:#}", printable(&checked.file), printable(&host))?;
    if let Some(server) = &checked.server {
        write_server(out, server)?;
    }
    for (depth, certificate) in checked.path.iter().enumerate() {
        let (mark, style) = match certificate.verdict {
            Some(Severity::Error) => ("✗", RED),
            Some(Severity::Warning) => ("!", YELLOW),
            Some(Severity::Note) | None => ("✓", GREEN),
        };
        writeln!(
            out,
            "  {}{style}{mark}{style:#} {BOLD}{}{BOLD:#} {DIM}{}, {}, {}{DIM:#}",
            branch(depth),
            printable(&certificate.label),
            role(certificate.role),
            key_and_signature(certificate),
            days_left(certificate, checked.at)
        )?;
    }
    if let Some(issuer) = &checked.missing_issuer {
        let branch = branch(checked.path.len());
        writeln!(out, "  {branch}{RED}✗{RED:#} {BOLD}{}{BOLD:#} {DIM}is missing{DIM:#}", printable(issuer))?;
    }
    if let Some(trusted_by) = &checked.trusted_by {
        writeln!(out, "  {DIM}trusted by {}{DIM:#}", printable(trusted_by))?;
    }
    let leaf = checked.path.first();
    let asked: Vec<_> = leaf.iter().flat_map(|leaf| leaf.ocsp_urls.iter().chain(&leaf.crl_urls)).collect();
    if !asked.is_empty() {
        let asked: Vec<_> = asked.into_iter().map(|url| printable(url)).collect();
        writeln!(out, "  {DIM}whether it was revoked is told at {}{DIM:#}", asked.join(", "))?;
    }
    Ok(())
}

/// `TLSv1.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768, from 192.0.2.7:443`, and what else it takes if that was asked.
fn write_server(out: &mut impl Write, server: &ServerSummary) -> io::Result<()> {
    let group = server.group.as_ref().map(|group| format!(", {group}")).unwrap_or_default();
    writeln!(
        out,
        "  {DIM}{}, {}{group}, from {}{DIM:#}",
        server.protocol,
        printable(&server.cipher),
        server.address
    )?;
    for (version, suites) in &server.suites {
        writeln!(out, "  {DIM}{version}:{DIM:#} {}", suites.join(", "))?;
    }
    if !server.groups.is_empty() {
        writeln!(out, "  {DIM}groups:{DIM:#} {}", server.groups.join(", "))?;
    }
    Ok(())
}

/// What stands in front of a certificate of the tree; the leaf has nothing.
fn branch(depth: usize) -> String {
    depth.checked_sub(1).map(|columns| format!("{}└ ", "  ".repeat(columns))).unwrap_or_default()
}

/// `ECDSA P-256, signed by RSA with SHA-256`; the kind is not said twice.
fn key_and_signature(certificate: &CertificateSummary) -> String {
    let kind = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    let signature = &certificate.signature;
    match signature.split_once(" with ") {
        Some((_, hash)) if kind(signature) == kind(&certificate.key) => {
            format!("{}, {hash}", certificate.key)
        }
        _ => format!("{}, signed by {signature}", certificate.key),
    }
}

fn write_merged(out: &mut impl Write, merged: &Merged) -> io::Result<()> {
    let name = if merged.output == "-" { "standard output" } else { &merged.output };
    writeln!(out, "{GREEN}✓ {}{GREEN:#}", printable(name))?;
    for certificate in &merged.certificates {
        if let Some((first, last)) = certificate.location.as_ref().and_then(|location| location.lines) {
            writeln!(
                out,
                "  lines {first}-{last}  {} {BOLD}{}{BOLD:#}",
                role(certificate.role),
                printable(&certificate.label)
            )?;
        }
    }
    Ok(())
}

fn write_created(out: &mut impl Write, created: &Created) -> io::Result<()> {
    let width = created.files.iter().map(|file| file.path.chars().count()).max().unwrap_or(0);
    for file in &created.files {
        let path = printable(&file.path);
        writeln!(out, "{GREEN}✓{GREEN:#} {BOLD}{path:width$}{BOLD:#}  {}", printable(&file.description))?;
    }
    if let Some(certificate) = &created.certificate {
        writeln!(
            out,
            "  {DIM}{}, {}, until {}, signed by {}{DIM:#}",
            printable(&certificate.label),
            certificate.key,
            date(certificate.not_after),
            printable(issuer_label(certificate))
        )?;
    }
    Ok(())
}

/// The issuer's common name, else all of its name.
fn issuer_label(certificate: &CertificateSummary) -> &str {
    certificate.issuer.split(", ").find_map(|part| part.strip_prefix("CN=")).unwrap_or(&certificate.issuer)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Leaf => "server certificate",
        Role::Intermediate => "intermediate",
        Role::Root => "root",
    }
}

/// `until 2027-12-22 (396 days left)`.
fn days_left(certificate: &CertificateSummary, at: OffsetDateTime) -> String {
    let end = date(certificate.not_after);
    let days = (certificate.not_after - at).whole_days();
    match days {
        _ if certificate.not_after < at => format!("ended {end}"),
        _ if certificate.not_before > at => format!("begins {}", date(certificate.not_before)),
        1 => format!("until {end} (1 day left)"),
        _ => format!("until {end} ({days} days left)"),
    }
}

/// Text from files and peers never reaches a terminal with control characters in it.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || is_direction_mark(c) { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// Marks that reorder the text around them, which could disguise a name.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Lines after the first, moved in by `columns`.
fn indented(text: &str, columns: usize) -> String {
    let gap = format!("\n{}", " ".repeat(columns));
    text.lines().map(printable).collect::<Vec<_>>().join(&gap)
}
