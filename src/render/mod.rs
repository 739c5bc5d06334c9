//! Reports as text for people ([`text`]) or JSON for scripts ([`mod@json`]).
//!
//! Standard output carries data: the judgement of `check`, what `show`, `acme list` and `acme account` show,
//! completions, JSON. Everything else goes to standard error. A closed pipe ends quietly, so write errors
//! are dropped here.

mod json;
mod text;

use std::io::Write;

use anstream::stream::RawStream;
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
    // Standard error has no buffer of its own, so a report would take a system call for each word in bold.
    let mut stdout = AutoStream::new(Vec::new(), known_choice(choice(global), &std::io::stdout()));
    let mut stderr = AutoStream::new(Vec::new(), known_choice(choice(global), &std::io::stderr()));
    // Writing into memory does not fail.
    let _ = match &report.outcome {
        // Its lines were written as they came.
        Outcome::Answered { .. } if report.findings.is_empty() => Ok(()),
        Outcome::Data(_) => text::write(&mut stderr, report, stderr_width(), global.quiet),
        Outcome::Several(reports) if is_json => reports
            .iter()
            .try_for_each(|(name, report)| json::write_one_of_several(&mut stdout, command, name, report)),
        _ if is_json => json::write(&mut stdout, command, report),
        Outcome::Text(text) => stdout.write_all(text.as_bytes()),
        Outcome::Account(_)
        | Outcome::DnsRecords(_)
        | Outcome::Checked(_)
        | Outcome::DnsProviders(_)
        | Outcome::Hosts(_)
        | Outcome::Listed(_)
        | Outcome::Matched(_)
        | Outcome::Recorded(_)
        | Outcome::Several(_)
        | Outcome::Shown(_)
        | Outcome::Trusted(_)
        | Outcome::TrustedCas(_) => {
            let width = Width::new(columns(std::io::stdout()));
            text::write(&mut stdout, report, width, global.quiet)
        }
        Outcome::Merged(merged) => {
            let data = merged.stdout.as_deref().map_or(Ok(()), |text| stdout.write_all(text));
            data.and_then(|()| text::write(&mut stderr, report, stderr_width(), global.quiet))
        }
        Outcome::TrustEnvironment(environment) => stdout
            .write_all(environment.text.as_bytes())
            .and_then(|()| text::write(&mut stderr, report, stderr_width(), global.quiet)),
        _ => text::write(&mut stderr, report, stderr_width(), global.quiet),
    };
    // A closed pipe ends quietly: nobody is left to read an error.
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(&stdout.into_inner()).and_then(|()| out.flush());
    let _ = std::io::stderr().write_all(&stderr.into_inner());
}

/// Whether to use colour on `stream`, where the options leave it open.
fn known_choice(choice: ColorChoice, stream: &impl RawStream) -> ColorChoice {
    if choice == ColorChoice::Auto { AutoStream::choice(stream) } else { choice }
}

/// Prints a report in JSON, whatever it holds.
pub fn json(command: &str, report: &Report) {
    // A closed pipe ends quietly: nobody is left to read an error.
    let _ = json::write(&mut std::io::stdout().lock(), command, report);
}

fn stderr_width() -> Width {
    Width::new(columns(std::io::stderr()))
}

/// The answer to one line of `check --batch`: one line of JSON. `judged` is what was found (without an error the chain
/// holds), or why it could not be judged.
pub fn batch_line(id: &serde_json::Value, judged: Result<&[Finding], &Finding>) -> Vec<u8> {
    json::batch_line(id, judged)
}

/// Prints findings on standard error, the worst first; `quiet` leaves errors only.
///
/// # Errors
/// When nobody reads any more.
pub fn findings(findings: &[Finding], quiet: bool, choice: ColorChoice) -> std::io::Result<()> {
    let mut stderr = AutoStream::new(Vec::new(), known_choice(choice, &std::io::stderr()));
    text::write_findings(&mut stderr, findings.iter(), stderr_width(), quiet)?;
    std::io::stderr().write_all(&stderr.into_inner())
}

/// When to use colour, as the global options want it.
pub fn choice(global: &GlobalArgs) -> ColorChoice {
    match global.color {
        Color::Always => ColorChoice::AlwaysAnsi,
        Color::Auto => ColorChoice::Auto,
        Color::Never => ColorChoice::Never,
    }
}
