//! The target of one new file: a path, or standard output, where nothing binary or secret is
//! printed on a terminal without being asked for.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::output::{Output, Overwrite};
use crate::report::{Created, FileRole, Outcome, Report};
use crate::sys::fs;
use crate::sys::terminal;

/// What standard output carries besides the new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdout {
    Free,
    /// The report in JSON.
    Report,
}

/// What a terminal would show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductKind {
    Binary,
    PublicText,
    SecretText,
}

/// Why a file may not go to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StdoutError {
    #[error("the new file is binary and cannot be shown on a terminal")]
    Binary,
    #[error("standard output cannot carry both the new file and the report in JSON")]
    CarriesReport,
    #[error("a new key cannot go to standard output")]
    NewKey,
    #[error("the private key would be shown on the terminal")]
    Secret,
    #[error("a CA consists of several files, which cannot share standard output")]
    SeveralFiles,
}

/// The target of a new file.
#[derive(Debug)]
pub enum Destination {
    File(PathBuf),
    Stdout {
        /// Whether `-` was typed, and not just nothing.
        is_asked_for: bool,
    },
}

pub struct Product {
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether a private key is in it, protected or not: then nobody else may read the file.
    pub has_key: bool,
    pub role: FileRole,
    /// What it is, for people.
    pub description: String,
}

impl Destination {
    /// From what follows `-o`; nothing and `-` are standard output.
    ///
    /// # Errors
    /// When standard output would have to carry the report too.
    pub fn new(output: Option<&str>, stdout: impl Into<Stdout>) -> Result<Self, StdoutError> {
        let stdout = stdout.into();
        match output {
            Some(file) if file != "-" => Ok(Self::File(file.into())),
            _ if stdout == Stdout::Report => Err(StdoutError::CarriesReport),
            _ => Ok(Self::Stdout { is_asked_for: output.is_some() }),
        }
    }

    /// As it was typed.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdout { .. } => "-".into(),
        }
    }

    /// Whether a product of this kind may go there. Asked before passwords are.
    ///
    /// # Errors
    /// When it would be shown on a terminal where it does not belong.
    pub fn admits(&self, kind: ProductKind) -> Result<(), StdoutError> {
        let Self::Stdout { is_asked_for } = self else { return Ok(()) };
        match kind {
            ProductKind::Binary if terminal::is_stdout() => Err(StdoutError::Binary),
            ProductKind::SecretText if !is_asked_for && terminal::is_stdout() => Err(StdoutError::Secret),
            _ => Ok(()),
        }
    }

    /// Writes a file, or hands the bytes over to be printed.
    ///
    /// # Errors
    /// When a file is in the way or cannot be written; then nothing has changed.
    pub fn deliver(&self, product: Product, overwrite: Overwrite) -> Result<Report, fs::Error> {
        let Self::File(path) = self else {
            return Ok(Report::new(Outcome::Data(product.bytes)));
        };
        Ok(Report::new(Outcome::Created(product.write(path, overwrite)?)))
    }
}

impl Product {
    /// Adds it to the files that are made together.
    pub fn add_to(self, output: &mut Output, path: &Path, overwrite: Overwrite) {
        let contents = self.bytes.to_vec();
        if self.has_key {
            output.private(path, self.role, contents, &self.description, overwrite);
        } else {
            output.text(path, self.role, contents, &self.description, overwrite);
        }
    }

    fn write(self, path: &Path, overwrite: Overwrite) -> Result<Created, fs::Error> {
        let mut output = Output::default();
        self.add_to(&mut output, path, overwrite);
        output.create()
    }
}
