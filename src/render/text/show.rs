//! What `show` found, for people: one paragraph an object, then the tree.

use std::io::{self, Write};

use time::OffsetDateTime;

use super::style::{BOLD, DIM, printable};
use super::wrap::Width;
use crate::report::{FactValue, Shown, ShownItem, SubjectName};
use crate::sys::clock::date;

pub(super) fn write(out: &mut impl Write, shown: &Shown, width: Width) -> io::Result<()> {
    for item in &shown.items {
        write_item(out, item, shown.at, width)?;
    }
    if !shown.tree.is_empty() {
        writeln!(out, "{BOLD}chain{BOLD:#}")?;
        for line in &shown.tree {
            let branch =
                if line.depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat(line.depth - 1)) };
            let label = printable(&line.label);
            write!(out, "  {branch}{label}")?;
            if let Some(issuer) = &line.missing_issuer {
                let indent = 2 + branch.chars().count();
                let start = indent + label.chars().count() + 1;
                let text = format!("(its issuer `{issuer}` is not in the file)");
                write!(out, " {DIM}{}{DIM:#}", width.wrap(&text, start, indent + 2))?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

fn write_item(out: &mut impl Write, item: &ShownItem, at: OffsetDateTime, width: Width) -> io::Result<()> {
    let kind = words(item.kind);
    writeln!(
        out,
        "{kind} {BOLD}{}{BOLD:#} {DIM}{}{DIM:#}",
        printable(&item.title),
        printable(&item.location.to_string())
    )?;
    let column = item.facts.iter().map(|fact| fact.name.len()).max().unwrap_or(0);
    for fact in &item.facts {
        let name = words(fact.name);
        let mut lines = lines(&fact.value, at).into_iter();
        let Some(first) = lines.next() else { continue };
        let indent = column + 4;
        writeln!(out, "  {DIM}{name:column$}{DIM:#}  {}", width.wrap(&first, indent, indent))?;
        for line in lines {
            writeln!(out, "  {:column$}  {}", "", width.wrap(&line, indent, indent))?;
        }
    }
    Ok(())
}

/// A fact's value, a line for each of several.
fn lines(value: &FactValue, at: OffsetDateTime) -> Vec<String> {
    match value {
        FactValue::End(time) => vec![end(*time, at)],
        FactValue::Flag(flag) => vec![if *flag { "yes" } else { "no" }.to_owned()],
        FactValue::Key(key) => vec![key.description.clone()],
        FactValue::List(items) => items.clone(),
        FactValue::Names(names) => names.iter().map(readable).collect(),
        FactValue::Number(number) => vec![number.to_string()],
        FactValue::Revoked(entries) => {
            entries.iter().map(|(serial, time)| format!("{serial} on {}", date(*time))).collect()
        }
        FactValue::Text(text) => vec![text.clone()],
        FactValue::Time(time) => vec![moment(*time)],
    }
}

/// A name; one in Punycode also as people write it.
fn readable(name: &SubjectName) -> String {
    let text = &name.value;
    if name.kind == "dns" && text.contains("xn--") {
        let (unicode, result) = idna::domain_to_unicode(text.trim_start_matches("*."));
        if result.is_ok() {
            return format!("{text} ({unicode})");
        }
    }
    text.clone()
}

/// `not_after` is `not after`.
fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn moment(time: OffsetDateTime) -> String {
    let (hour, minute, second) = time.to_hms();
    format!("{} {hour:02}:{minute:02}:{second:02} UTC", date(time))
}

/// `2027-03-30 12:08:08 UTC (130 days left)`.
fn end(time: OffsetDateTime, at: OffsetDateTime) -> String {
    let left = match (time - at).whole_days() {
        _ if time < at => "expired".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    };
    format!("{} ({left})", moment(time))
}
