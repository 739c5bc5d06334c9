//! Findings for people: the worst first, a blank line between them, the wrong lines of a file quoted.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::io::{self, Write};

use super::style::{CYAN, DIM, RED, YELLOW, printable};
use super::wrap::Width;
use crate::finding::{Finding, FixLine, Severity, Snippet, fix_lines};

/// A fix longer than this, in bytes, is printed once.
const LONG_FIX: usize = 200;

/// Writes findings; `quiet` leaves errors only. Gives whether anything was written.
pub(in crate::render) fn write_findings<'a>(
    out: &mut impl Write,
    findings: impl Iterator<Item = &'a Finding>,
    width: Width,
    quiet: bool,
) -> io::Result<bool> {
    let mut findings: Vec<_> =
        findings.filter(|finding| !quiet || finding.severity == Severity::Error).collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let mut long_fixes = HashSet::new();
    for (index, finding) in findings.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let fix = finding.fix.as_deref().map(|fix| {
            let is_repeated = fix.len() > LONG_FIX && !long_fixes.insert(fix);
            if is_repeated { "as above" } else { fix }
        });
        write_finding(out, finding, fix, width)?;
    }
    Ok(!findings.is_empty())
}

fn write_finding(out: &mut impl Write, finding: &Finding, fix: Option<&str>, width: Width) -> io::Result<()> {
    let (word, style) = match finding.severity {
        Severity::Error => ("error", RED),
        Severity::Note => ("note", CYAN),
        Severity::Warning => ("warning", YELLOW),
    };
    let code = finding.code.as_str();
    let start = word.len() + code.len() + 3;
    writeln!(out, "{style}{word}{style:#}{DIM}[{code}]{DIM:#} {}", width.wrap(&finding.message, start, 2))?;
    if let Some(location) = &finding.location {
        writeln!(out, "  {DIM}where:{DIM:#} {}", printable(&location.to_string()))?;
    }
    if let Some(snippet) = &finding.snippet {
        write_snippet(out, snippet)?;
    }
    if let Some(fix) = fix {
        write_fix(out, fix, width)?;
    }
    Ok(())
}

/// Sentences are broken to fit; a command stays on its line, so that it can be copied.
fn write_fix(out: &mut impl Write, fix: &str, width: Width) -> io::Result<()> {
    let lines = fix_lines(fix);
    // Commands after a sentence are moved in.
    let mut indent = "";
    for (index, line) in lines.iter().enumerate() {
        match index {
            0 => write!(out, "  {DIM}fix:{DIM:#}   ")?,
            _ => write!(out, "         ")?,
        }
        match line {
            FixLine::Sentence(sentence) => {
                writeln!(out, "{}", width.wrap(sentence, 9, 9))?;
                indent = "  ";
            }
            FixLine::Command(command) => writeln!(out, "{indent}{}", printable(command))?,
        }
    }
    Ok(())
}

/// `  12 | -----END CERTIFICATE----------BEGIN CERTIFICATE-----`, and a caret below what is wrong.
fn write_snippet(out: &mut impl Write, snippet: &Snippet) -> io::Result<()> {
    let number = snippet.line.to_string();
    let margin = " ".repeat(number.len());
    writeln!(out, "  {DIM}{margin} |{DIM:#}")?;
    writeln!(out, "  {DIM}{number} |{DIM:#} {}", printable(&snippet.text))?;
    let carets = "^".repeat(snippet.length.max(1));
    writeln!(out, "  {DIM}{margin} |{DIM:#} {}{RED}{carets}{RED:#}", " ".repeat(snippet.column))
}
