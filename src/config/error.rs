//! Why settings cannot be used.

use std::io;

/// Why the layers of settings cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{file} is not UTF-8 text")]
    NotUtf8 { file: String },
    #[error("cannot read {file}")]
    Read {
        file: String,
        #[source]
        source: io::Error,
    },
    #[error("{file}: {error}")]
    Syntax { file: String, error: SyntaxError },
}

/// What is wrong in the text of a settings file.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct SyntaxError {
    pub problem: SyntaxProblem,
    /// Counted from 1; `None` where the whole file is meant.
    pub line: Option<usize>,
}

#[derive(Debug, thiserror::Error)]
pub enum SyntaxProblem {
    #[error("there is no section [uwsgi]")]
    NoSection,
    /// What TOML says, or the type of a value.
    #[error("{0}")]
    Toml(String),
    #[error("{key}: the value is longer than {limit} bytes once its placeholders are replaced")]
    TooLong { key: String, limit: usize },
    #[error("{key} = {value}: {reason}")]
    Value { key: String, value: String, reason: String },
}
