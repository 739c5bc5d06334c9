//! What the readers of all formats give.

use crate::config::error::SyntaxProblem;

/// An option as a file has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OptionLine {
    /// Counted from 1.
    pub line: usize,
    pub word: String,
    /// Empty for a word alone.
    pub value: String,
}

/// What stops a reader, and on which line.
#[derive(Debug)]
pub(super) struct ReadProblem {
    pub problem: SyntaxProblem,
    pub line: Option<usize>,
}

/// The section of ini files, and the key or object of the others, where none is named.
pub(super) const SECTION: &str = "uwsgi";

pub(super) type OptionLines = Result<Vec<OptionLine>, ReadProblem>;

impl ReadProblem {
    /// uWSGI would silently start with nothing.
    pub(super) fn no_section(section: &str) -> Self {
        Self { problem: SyntaxProblem::NoSection { section: section.to_owned() }, line: None }
    }

    pub(super) fn at(line: usize, problem: SyntaxProblem) -> Self {
        Self { problem, line: Some(line) }
    }
}
