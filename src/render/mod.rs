//! Reports as text for people ([`text`]) or JSON for scripts ([`mod@json`]).
//!
//! Standard output carries data: the judgement of `check`, what `show`, `acme list` and `acme account` show,
//! completions, JSON. Everything else goes to standard error. A closed pipe ends quietly, so write errors
//! are dropped here.

mod json;
mod text;

use std::io::Write;

use anstream::{AutoStream, ColorChoice};

use self::text::Width;
pub use self::text::printable;
use crate::cli::{Color, Format, GlobalArgs};
use crate::finding::Finding;
use crate::report::{Outcome, Report};
use crate::sys::terminal::columns;

/// Prints the report of `command` (as `acme obtain`) the way the global options want it.
pub fn report(command: &str, report: &Report, global: &GlobalArgs) {
    if let Outcome::Data(bytes) = &report.outcome {
        // Not through a stream that looks for colours: the bytes may be binary.
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
    }
    let is_json = global.format == Format::Json;
    let mut stdout = AutoStream::new(std::io::stdout(), choice(global)).lock();
    let mut stderr = AutoStream::new(std::io::stderr(), choice(global)).lock();
    // A closed pipe ends quietly: nobody is left to read an error.
    let _ = match &report.outcome {
        // Its lines were written as they came.
        Outcome::Answered { .. } if report.findings.is_empty() => Ok(()),
        Outcome::Data(_) => text::write(&mut stderr, report, stderr_width(), global.quiet),
        _ if is_json => json::write(&mut stdout, command, report),
        Outcome::Text(text) => stdout.write_all(text.as_bytes()),
        Outcome::Account(_)
        | Outcome::Checked(_)
        | Outcome::Hosts(_)
        | Outcome::Listed(_)
        | Outcome::Matched(_)
        | Outcome::Shown(_)
        | Outcome::Trusted(_) => {
            let width = Width::new(columns(std::io::stdout()));
            text::write(&mut stdout, report, width, global.quiet)
        }
        Outcome::Merged(merged) => {
            let data = merged.stdout.as_deref().map_or(Ok(()), |text| stdout.write_all(text));
            data.and_then(|()| text::write(&mut stderr, report, stderr_width(), global.quiet))
        }
        _ => text::write(&mut stderr, report, stderr_width(), global.quiet),
    };
    let _ = stdout.flush();
}

/// Prints a report in JSON, whatever it holds.
pub fn json(command: &str, report: &Report) {
    // A closed pipe ends quietly: nobody is left to read an error.
    let _ = json::write(&mut std::io::stdout().lock(), command, report);
}

fn stderr_width() -> Width {
    Width::new(columns(std::io::stderr()))
}

/// The answer to one line of `check --batch`: one line of JSON. `judged` is why the chain does not hold (nothing, when
/// it does), or why it could not be judged.
pub fn batch_line(id: &serde_json::Value, judged: Result<&[Finding], &Finding>) -> Vec<u8> {
    json::batch_line(id, judged)
}

/// Writes findings, the worst first; `quiet` leaves errors only.
///
/// # Errors
/// When nobody reads any more.
pub fn findings(out: &mut impl Write, findings: &[Finding], quiet: bool) -> std::io::Result<()> {
    text::write_findings(out, findings.iter(), stderr_width(), quiet).map(|_| ())
}

/// When to use colour, as the global options want it.
pub fn choice(global: &GlobalArgs) -> ColorChoice {
    match global.color {
        Color::Always => ColorChoice::AlwaysAnsi,
        Color::Auto => ColorChoice::Auto,
        Color::Never => ColorChoice::Never,
    }
}
