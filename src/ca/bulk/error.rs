//! Why a file of names could not be worked off.

use std::io;
use std::path::PathBuf;

use crate::ca::error::Error;
use crate::ca::publish::PublishError;
use crate::ca::signing_ca::OwnFileError;
use crate::sys::fs::{self, plain};
use crate::x509::InvalidName;

/// The longest line: some thousand names of full length.
pub(super) const MAX_LINE: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BulkError {
    #[error("the file contains no names")]
    NoNames,
    #[error(transparent)]
    Folder(#[from] fs::Error),
    #[error(transparent)]
    Issue(#[from] Error),
    /// Lines that cannot be used: the first ones, and how many more there are. Nothing was made.
    #[error("some lines are wrong")]
    Lines { errors: Vec<LineError>, more: usize },
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("cannot read the file of names: {}", plain(.0))]
    Read(io::Error),
    /// Those that were made are whole and in the ledger.
    #[error("stopped after {done} of {total} certificates; these are complete and in the ledger")]
    Stopped { error: Box<Self>, done: usize, total: usize },
}

#[derive(Debug, thiserror::Error)]
#[error("line {number}: {problem}")]
pub struct LineError {
    /// Counted from 1.
    pub number: usize,
    pub problem: LineProblem,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    #[error("an earlier line begins with the same name, so both would be written to the same file")]
    Duplicate,
    #[error("`{}` already exists and would be overwritten", .0.display())]
    Exists(PathBuf),
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("this CA is not allowed to issue for {0}")]
    NotAllowed(String),
    #[error("this line is not UTF-8 text")]
    NotUtf8,
    #[error(transparent)]
    OwnFile(#[from] OwnFileError),
    #[error("this line has more than {MAX_LINE} bytes")]
    TooLong,
    #[error("cannot read the next line: {}", plain(.0))]
    Unreadable(io::Error),
}
