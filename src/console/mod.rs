//! What a command prints before its report: progress and findings on standard error, the answers of a batch on standard
//! output.

use std::io::{self, IsTerminal, StdoutLock, Write};

use anstream::{AutoStream, ColorChoice};

use crate::cli::GlobalArgs;
use crate::finding::Finding;
pub use crate::render::batch_line;
use crate::render::{choice, findings, printable};

/// Standard error while a command runs.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    quiet: bool,
    choice: ColorChoice,
}

impl Console {
    /// As the global options want it.
    pub fn new(global: &GlobalArgs) -> Self {
        Self { quiet: global.quiet, choice: choice(global) }
    }

    /// Whether only errors are printed.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub fn say(&self, line: &str) {
        if !self.quiet {
            // A closed pipe ends quietly; so below.
            let line = format!("{}\n", printable(line));
            let _ = AutoStream::new(io::stderr(), self.choice).write_all(line.as_bytes());
        }
    }

    /// Prints how far the work has come, on one line that the next one replaces; on a terminal only.
    pub fn progress(&self, line: &str) {
        let stderr = io::stderr();
        if !self.quiet && stderr.is_terminal() {
            // To the beginning of the line; what is longer than the new text is erased.
            let _ = write!(stderr.lock(), "\r{}\x1b[K", printable(line));
        }
    }

    /// Prints findings, the worst first; when quiet, errors only.
    pub fn findings(&self, found: &[Finding]) {
        let _ = findings(found, self.quiet, self.choice);
    }
}

/// Standard output for the answers of a batch, which are printed as they come.
#[derive(Debug)]
pub struct BatchOutput(StdoutLock<'static>);

impl BatchOutput {
    pub fn lock() -> Self {
        Self(io::stdout().lock())
    }

    /// Prints some lines.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.0.write_all(lines)?;
        self.0.flush()
    }
}
