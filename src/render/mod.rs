//! Reports as text for people ([`text`]) or JSON for scripts ([`json`]).
//!
//! Standard output carries data: the judgement of `check`, what `show`, `acme list` and `acme account` show,
//! completions, JSON. Everything else is talk and goes to standard error. A closed pipe ends quietly, so write errors
//! are dropped here.

mod json;
mod text;

use std::io::{IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

use self::text::Width;
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

/// Standard output for answers that are written as they come.
#[derive(Debug)]
pub struct Answers(std::io::StdoutLock<'static>);

impl Answers {
    /// Takes standard output.
    pub fn new() -> Self {
        Self(std::io::stdout().lock())
    }

    /// Writes some answers.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn write(&mut self, lines: &[u8]) -> std::io::Result<()> {
        self.0.write_all(lines)?;
        self.0.flush()
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self::new()
    }
}

/// What a command says while it runs, on standard error.
#[derive(Clone, Copy, Debug)]
pub struct Talk {
    quiet: bool,
    choice: ColorChoice,
}

impl Talk {
    /// As the global options want it.
    pub fn new(global: &GlobalArgs) -> Self {
        Self { quiet: global.quiet, choice: choice(global) }
    }

    /// Whether nothing but errors is said.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Says a line, unless told to be quiet.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            let _ = writeln!(AutoStream::new(std::io::stderr(), self.choice), "{}", text::printable(line));
        }
    }

    /// Says how far the work has come, on one line that the next one replaces; on a terminal only.
    pub fn progress(&self, line: &str) {
        let stderr = std::io::stderr();
        if !self.quiet && stderr.is_terminal() {
            // To the beginning of the line, and what is longer than the new text goes.
            let _ = write!(stderr.lock(), "\r{}\x1b[K", text::printable(line));
        }
    }

    /// Says what was found; quiet silences all but errors.
    pub fn findings(&self, findings: &[Finding]) {
        let mut stderr = AutoStream::new(std::io::stderr(), self.choice);
        let _ = text::write_findings(&mut stderr, findings.iter(), stderr_width(), self.quiet);
    }
}

fn choice(global: &GlobalArgs) -> ColorChoice {
    match global.color {
        Color::Always => ColorChoice::AlwaysAnsi,
        Color::Auto => ColorChoice::Auto,
        Color::Never => ColorChoice::Never,
    }
}
