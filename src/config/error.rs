//! Why settings cannot be used.

use std::io;

use super::origin::Origin;

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
    #[error("`{value}` is not a valid value for {word}: {reason}")]
    Value { origin: Origin, word: String, value: String, reason: String },
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
    #[error("`{key}` takes one value, not a list")]
    NotAList { key: String },
    #[error("`{key}` takes {expected}, not a {given}")]
    NotAValue { key: String, expected: &'static str, given: &'static str },
    /// What TOML says.
    #[error("{0}")]
    Toml(String),
    #[error("{key}: the value is longer than {limit} bytes once its placeholders are replaced")]
    TooLong { key: String, limit: usize },
    #[error("the key `{key}` is unknown{}", did_you_mean(*.similar))]
    UnknownKey { key: String, similar: Option<&'static str> },
    #[error("the table [{table}] is unknown; the settings are in [serve]")]
    UnknownTable { table: String },
}

/// The question at the end of a sentence about a word that is unknown.
pub fn did_you_mean(similar: Option<&str>) -> String {
    similar.map(|similar| format!("; did you mean `{similar}`?")).unwrap_or_default()
}
