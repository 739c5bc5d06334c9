//! What `certkit acme` shows besides files that were written: the list, the renewals, the account.

use std::io::{self, Write};

use anstyle::Style;
use time::OffsetDateTime;

use super::lifetime;
use super::style::{BOLD, DIM, GREEN, RED, YELLOW, printable};
use super::wrap::Width;
use crate::report::{
    DnsRecords, Kept, KeptCertificates, ListedProvider, Renewal, RenewalState, Renewals, Revoked,
    ShownAccount,
};
use crate::sys::clock::date;

/// Writes the list: a paragraph for each certificate, since names and addresses are long, under a bar for the part of its
/// lifetime that is left. The one that ends first comes first.
pub(super) fn list(out: &mut impl Write, kept: &KeptCertificates) -> io::Result<()> {
    if kept.certificates.is_empty() {
        writeln!(out, "no certificates")?;
    }
    let mut certificates: Vec<_> = kept.certificates.iter().collect();
    certificates.sort_by_key(|one| one.not_after);
    let longest =
        certificates.iter().map(|one| printable(&one.name).chars().count()).max().unwrap_or_default();
    for certificate in certificates {
        let Kept { name, names, server, server_name, .. } = certificate;
        let (style, bar, validity) = validity(certificate, kept.at);
        let name = printable(name);
        // A name that is much longer than the others must not push the bars away.
        writeln!(
            out,
            "{style}{bar}{style:#}  {BOLD}{name:0$}{BOLD:#}  {style}{validity}{style:#}",
            longest.min(40)
        )?;
        writeln!(out, "  names    {}", printable(&names.join(" ")))?;
        writeln!(out, "  server   {}", printable(server_name.unwrap_or(server)))?;
        let kind = match &certificate.profile {
            Some(profile) => format!("{}, profile {profile}", certificate.key_kind),
            None => certificate.key_kind.clone(),
        };
        let place = if certificate.is_requested { ", of a signing request; it is not kept here" } else { "" };
        writeln!(out, "  key      {}{place}", printable(&kind))?;
        for (word, tlsa) in ["tlsa", "next key"].iter().zip(&certificate.tlsa) {
            writeln!(out, "  {word:8} {tlsa}")?;
        }
        writeln!(out, "  renewal  {}", renewal_day(certificate, kept.at))?;
        if let Some((at, message)) = &certificate.last_failure {
            let times = if certificate.failures == 1 { "once" } else { "repeatedly" };
            writeln!(out, "  {RED}failed{RED:#}   {times}, last on {}: {}", minute(*at), printable(message))?;
        }
        if let Some(next) = certificate.next_try {
            let when =
                if next > kept.at { format!("after {}", minute(next)) } else { "at the next run".to_owned() };
            writeln!(out, "  next try {when}")?;
        }
        if let Some(failure) = &certificate.hook_failure {
            writeln!(out, "  {RED}hook{RED:#}     failed: {}", printable(failure))?;
        }
        writeln!(out, "  files    {DIM}{}{DIM:#}", printable(&certificate.fullchain))?;
    }
    Ok(())
}

/// Writes the providers: a paragraph for each.
pub(super) fn dns_providers(out: &mut impl Write, providers: &[ListedProvider]) -> io::Result<()> {
    for provider in providers {
        writeln!(out, "{BOLD}{}{BOLD:#}  {}", provider.name, provider.title)?;
        if !provider.required.is_empty() {
            writeln!(out, "  required  {}", provider.required.join(" "))?;
        }
        if !provider.optional.is_empty() {
            writeln!(out, "  optional  {}", provider.optional.join(" "))?;
        }
        writeln!(out, "  see       {DIM}{}{DIM:#}", provider.documentation)?;
    }
    Ok(())
}

/// A bar with its colour, and the same in words; no meaning rests on the colour alone.
fn validity(certificate: &Kept, at: OffsetDateTime) -> (Style, String, String) {
    let (Some(not_before), Some(not_after)) = (certificate.not_before, certificate.not_after) else {
        return (RED, lifetime::EMPTY_BAR.to_owned(), "cannot be read".to_owned());
    };
    let (style, bar) = lifetime::bar(not_before, not_after, at);
    if let Some(revoked) = certificate.revoked {
        return (RED, lifetime::EMPTY_BAR.to_owned(), format!("revoked on {}", date(revoked)));
    }
    if not_after < at {
        return (RED, lifetime::EMPTY_BAR.to_owned(), format!("expired {}", date(not_after)));
    }
    let is_due = certificate.next_renewal.is_some_and(|next| next < at);
    let style = if is_due && style == GREEN { YELLOW } else { style };
    let left = match (not_after - at).whole_days() {
        0 => format!("{} h left", (not_after - at).whole_hours()),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    };
    (style, bar, format!("{left}, valid until {}", date(not_after)))
}

fn renewal_day(certificate: &Kept, at: OffsetDateTime) -> String {
    let who = if certificate.by_server { ", chosen by the server" } else { "" };
    match certificate.next_renewal {
        None if certificate.revoked.is_some() => "never: it is revoked".to_owned(),
        None => "by the program that answers its challenges".to_owned(),
        Some(next) if next <= at => format!("due since {}{who}", date(next)),
        Some(next) => format!("after {}{who}", minute(next)),
    }
}

/// Writes a line for each certificate that was looked after.
pub(super) fn renewals(out: &mut impl Write, renewals: &Renewals, width: Width) -> io::Result<()> {
    if renewals.certificates.is_empty() {
        writeln!(out, "no certificates")?;
    }
    for renewal in &renewals.certificates {
        let (mark, style) = match renewal.state {
            RenewalState::Failed => ("✗", RED),
            _ if renewal.hook_failed => ("✗", RED),
            RenewalState::HeldBack | RenewalState::Revoked | RenewalState::TryLater => ("!", YELLOW),
            RenewalState::Elsewhere | RenewalState::NotDue | RenewalState::Renewed => ("✓", GREEN),
        };
        let name = printable(&renewal.name);
        let state = width.wrap(&sentence(renewal), name.chars().count() + 4, 4);
        writeln!(out, "{style}{mark}{style:#} {BOLD}{name}{BOLD:#}  {state}")?;
    }
    Ok(())
}

fn sentence(renewal: &Renewal) -> String {
    let next = renewal.next.map(minute);
    let valid = match renewal.not_after {
        Some(end) => format!("valid until {}", date(end)),
        None => "valid".to_owned(),
    };
    let reason = renewal.reason.as_deref().map(printable).unwrap_or_default();
    let mut text = match (renewal.state, next) {
        (RenewalState::Elsewhere, _) => "renewed by the program that answers its challenges".to_owned(),
        (RenewalState::Failed, Some(next)) => format!("failed; next attempt after {next}: {reason}"),
        (RenewalState::Failed, None) => format!("failed: {reason}"),
        (RenewalState::HeldBack, Some(next)) => {
            format!("failed earlier; next attempt after {next}: {reason}")
        }
        (RenewalState::HeldBack, None) => format!("failed earlier: {reason}"),
        (RenewalState::NotDue, Some(next)) => format!("{valid}, renews after {next}"),
        (RenewalState::NotDue, None) => valid,
        (RenewalState::Renewed, Some(next)) => format!("renewed, {valid}, renews after {next}"),
        (RenewalState::Renewed, None) => format!("renewed, {valid}"),
        (RenewalState::Revoked, _) => "revoked; will not be renewed".to_owned(),
        (RenewalState::TryLater, Some(next)) => {
            format!("the server is unavailable; next attempt after {next}: {reason}")
        }
        (RenewalState::TryLater, None) => format!("the server is unavailable: {reason}"),
    };
    if renewal.hook_failed {
        text.push_str("; the deploy hook failed");
    }
    text
}

/// Writes what was revoked.
pub(super) fn revoked(out: &mut impl Write, revoked: &Revoked) -> io::Result<()> {
    let reason = revoked.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    writeln!(
        out,
        "{GREEN}✓{GREEN:#} {BOLD}{}{BOLD:#}  serial {} is revoked{reason}; it will not be renewed",
        printable(&revoked.name),
        revoked.serial,
    )
}

/// Writes what is known of an account.
pub(super) fn account(out: &mut impl Write, account: &ShownAccount) -> io::Result<()> {
    if let Some(done) = account.done {
        writeln!(out, "{GREEN}✓{GREEN:#} {done}")?;
    }
    let contacts = if account.contacts.is_empty() { "none".to_owned() } else { account.contacts.join(" ") };
    writeln!(out, "server   {}", printable(&account.server))?;
    writeln!(out, "account  {}", printable(&account.url))?;
    writeln!(out, "status   {}", printable(&account.status))?;
    writeln!(out, "contact  {}", printable(&contacts))?;
    if let Some(terms) = &account.terms_agreed {
        writeln!(out, "terms    {}", printable(terms))?;
    }
    writeln!(out, "key      {}", printable(&account.key))
}

/// Writes records as lines of a zone file, as they are and nothing else: they are copied.
pub(super) fn dns_records(out: &mut impl Write, records: &DnsRecords) -> io::Result<()> {
    for record in &records.records {
        let strings: Vec<_> = record.strings.iter().map(|text| format!("\"{}\"", printable(text))).collect();
        writeln!(out, "{}. IN TXT {}", printable(&record.name), strings.join(" "))?;
    }
    Ok(())
}

/// A time as people read it in a list: 2026-11-20 12:00 UTC.
fn minute(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    format!("{} {:02}:{:02} UTC", date(time), time.hour(), time.minute())
}
