//! Where one new file goes: to a path, or to standard output, where nothing binary or secret meets a terminal unasked.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::output::Output;
use crate::cli::Format;
use crate::finding::{Code, Finding};
use crate::report::{Failure, FileRole, Outcome, Report};
use crate::sys::terminal;

/// Where a file goes.
#[derive(Debug)]
pub enum Destination {
    /// A path.
    File(PathBuf),
    /// Standard output.
    Stdout {
        /// Whether `-` was typed, and not just nothing.
        is_asked_for: bool,
    },
}

/// The file.
pub struct Product {
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether a private key is in it, protected or not: then nobody else may read the file.
    pub has_key: bool,
    /// What it holds.
    pub role: FileRole,
    /// What it is, for people.
    pub description: String,
}

impl Destination {
    /// From what follows `-o`; nothing and `-` are standard output.
    ///
    /// # Errors
    /// When standard output would have to carry a report in JSON too.
    pub fn new(output: Option<&str>, format: Format) -> Result<Self, Failure> {
        match output {
            Some(file) if file != "-" => Ok(Self::File(file.into())),
            _ if format == Format::Json => {
                let message = "standard output cannot carry both the new file and the report in JSON";
                Err(Finding::error(Code::InvalidSetting, message).fix("name a file with -o").into())
            }
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
    /// When it would be shown on a terminal that it does not belong on.
    pub fn admits(&self, is_binary: bool, is_secret: bool) -> Result<(), Failure> {
        let Self::Stdout { is_asked_for } = self else { return Ok(()) };
        if !terminal::is_stdout() || !(is_binary || (is_secret && !is_asked_for)) {
            return Ok(());
        }
        Err(if is_binary {
            Finding::error(Code::InvalidSetting, "the new file is binary; a terminal cannot show it")
                .fix("name a file with -o, or pass it on through a pipe")
        } else {
            Finding::error(Code::InvalidSetting, "the private key would be shown on the terminal")
                .fix("name a file with -o, or insist with -o -")
        }
        .into())
    }

    /// Writes a file, or hands the bytes over to be printed.
    ///
    /// # Errors
    /// When a file is in the way or cannot be written; then nothing has changed.
    pub fn deliver(&self, product: Product, force: bool) -> Result<Report, Failure> {
        let Self::File(path) = self else {
            return Ok(Report::new(Outcome::Data(product.bytes)));
        };
        let mut output = Output::default();
        output.product(path, product, force);
        Ok(Report::new(Outcome::Created(output.create()?)))
    }
}

impl Output {
    /// Adds a file that may hold a private key.
    pub fn product(&mut self, path: &Path, product: Product, force: bool) {
        let contents = product.bytes.to_vec();
        if product.has_key {
            self.private(path, product.role, contents, &product.description, force);
        } else {
            self.text(path, product.role, contents, &product.description, force);
        }
    }
}
