//! `certkit list`: a table with a bar for the part of each lifetime that is left.

use std::io::{self, Write};

use anstyle::Style;
use time::OffsetDateTime;

use super::lifetime;
use super::style::{BOLD, DIM, RED, printable};
use super::wrap::Width;
use crate::report::{RecordedCertificate, RecordedCertificates, RecordedState};
use crate::sys::clock::date;

const BAR: usize = lifetime::COLUMNS;
/// Columns before the names: bar, days and date with their gaps.
const LEADING: usize = BAR + 2 + 7 + 2 + 10 + 2;
/// With fewer columns for the names, the serial number goes below them.
const LEAST_NAMES: usize = 20;

pub(super) fn list(out: &mut impl Write, recorded: &RecordedCertificates, width: Width) -> io::Result<()> {
    let certificates = &recorded.certificates;
    let serial = certificates.iter().map(|one| one.serial.len()).max().unwrap_or_default();
    let longest =
        certificates.iter().map(|one| one.names.join(" ").chars().count()).max().unwrap_or_default();
    let columns = width.columns().unwrap_or(usize::MAX);
    let beside = columns.saturating_sub(LEADING + serial + 2);
    let is_beside = beside >= LEAST_NAMES.min(longest);
    let names = longest.min(if is_beside { beside } else { columns.saturating_sub(LEADING) }).max(5);
    if !certificates.is_empty() {
        let head = format!("{:BAR$}  {:>7}  {:10}  {:names$}", "left", "", "until", "names");
        let head = if is_beside { format!("{head}  serial number") } else { head };
        writeln!(out, "{DIM}{}{DIM:#}", head.trim_end())?;
    }
    for one in certificates {
        let (style, bar, days) = bar(one, recorded.at);
        let shown = cut(&printable(&one.names.join(" ")), names);
        write!(out, "{style}{bar:BAR$}{style:#}  {days:>7}  {}  ", date(one.not_after))?;
        if is_beside {
            writeln!(out, "{BOLD}{shown:names$}{BOLD:#}  {}", one.serial)?;
        } else {
            writeln!(out, "{BOLD}{shown}{BOLD:#}")?;
            writeln!(out, "{:BAR$}  {DIM}{}{DIM:#}", "", one.serial)?;
        }
        if recorded.is_detailed {
            details(out, one)?;
        }
    }
    let (expired, revoked) = recorded.hidden;
    let count = match certificates.len() {
        1 => "1 certificate".to_owned(),
        count => format!("{count} certificates"),
    };
    let hidden = match (expired, revoked) {
        (0, 0) => String::new(),
        (expired, 0) => format!("; {expired} expired, see --all"),
        (0, revoked) => format!("; {revoked} revoked, see --all"),
        (expired, revoked) => format!("; {expired} expired and {revoked} revoked, see --all"),
    };
    writeln!(out, "{DIM}{}{DIM:#}", width.wrap(&format!("{count}{hidden}"), 0, 2))
}

/// What the first two columns show, and its colour; no meaning rests on the colour alone.
fn bar(one: &RecordedCertificate, at: OffsetDateTime) -> (Style, String, String) {
    let left = one.not_after - at;
    match &one.state {
        RecordedState::Expired => return (DIM, "expired".to_owned(), String::new()),
        RecordedState::Revoked { .. } => return (RED, "revoked".to_owned(), String::new()),
        RecordedState::Valid => {}
    }
    let (style, bar) = lifetime::bar(one.not_before, one.not_after, at);
    let days = match left.whole_days() {
        0 => format!("{} h", left.whole_hours().max(0)),
        days => format!("{days} d"),
    };
    (style, bar, days)
}

fn details(out: &mut impl Write, one: &RecordedCertificate) -> io::Result<()> {
    let mut line = |name: &str, text: &str| writeln!(out, "    {name:13}{DIM}{}{DIM:#}", printable(text));
    if let RecordedState::Revoked { at, reason } = &one.state {
        line("revoked", &format!("{} ({reason})", date(*at)))?;
    }
    if let Some(file) = &one.file {
        let newer = if one.is_replaced { " (holds a newer one)" } else { "" };
        line("file", &format!("{}{newer}", file.display()))?;
    }
    if let Some(file) = &one.key_file {
        line("key", &file.display().to_string())?;
    }
    for file in &one.other_files {
        line("also in", &file.display().to_string())?;
    }
    if let Some(request) = &one.requested_by {
        line("requested by", request)?;
    }
    Ok(())
}

/// The text in so many columns, with a mark where something is missing.
fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    text.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const AT: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn recorded(names: &str, days: i64, state: RecordedState) -> RecordedCertificate {
        RecordedCertificate {
            serial: "4f0a9c314f0a9c314f0a9c314f0a9c31".into(),
            names: names.split(' ').map(str::to_owned).collect(),
            not_before: AT - Duration::days(100 - days),
            not_after: AT + Duration::days(days),
            state,
            is_replaced: false,
            issuer_key_sha256: String::new(),
            sha256: String::new(),
            key_sha256: None,
            file: None,
            key_file: None,
            other_files: Vec::new(),
            requested_by: None,
            is_kept: true,
        }
    }

    fn shown(certificates: Vec<RecordedCertificate>, columns: Option<usize>) -> String {
        let recorded = RecordedCertificates {
            at: AT,
            ledger: "ledger.jsonl".into(),
            certificates,
            hidden: (1, 2),
            is_detailed: false,
        };
        let mut out = Vec::new();
        list(&mut out, &recorded, Width::new(columns)).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn bars_by_what_is_left() {
        let text = shown(
            vec![
                recorded("a.test", 50, RecordedState::Valid),
                recorded("b.test", 0, RecordedState::Expired),
                recorded("c.test", 3, RecordedState::Valid),
            ],
            None,
        );
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1], "█████░░░░░     50 d  2027-01-09  a.test  4f0a9c314f0a9c314f0a9c314f0a9c31");
        assert!(lines[2].starts_with("expired             "), "{text}");
        assert!(lines[3].starts_with("█░░░░░░░░░      3 d"), "{text}");
        assert_eq!(lines[4], "3 certificates; 1 expired and 2 revoked, see --all");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in [40, 60, 80, 100, 200] {
            let names = "www.a-rather-long-name.test.example a-rather-long-name.test.example 10.1.2.3";
            let text = shown(vec![recorded(names, 50, RecordedState::Valid)], Some(columns));
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= columns.max(44), "{columns}: {widest}\n{text}");
        }
    }
}
