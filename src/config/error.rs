//! Why settings cannot be used.

use std::io;

use super::option_error::OptionError;
use super::origin::Origin;
use super::similar::did_you_mean;

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
    /// An option of uWSGI, wherever it is from.
    #[error("{error}{}", .origin.variable())]
    Option { origin: Origin, error: OptionError },
    #[error("{file}: {error}")]
    Syntax { file: String, error: SyntaxError },
    /// uWSGI starts, and all requests get status 500.
    #[error("{file} names no application")]
    NoApplication { file: String },
    /// uWSGI does not start.
    #[error("{file} names no socket to listen on")]
    NoListener { file: String },
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
    /// What JSON says.
    #[error("{0}")]
    Json(String),
    #[error("there is no section [{section}]")]
    NoSection { section: String },
    #[error("`{key}` takes one value, not a list")]
    NotAList { key: String },
    #[error("`{key}` takes {expected}, not a {given}")]
    NotAValue { key: String, expected: &'static str, given: &'static str },
    /// What TOML says.
    #[error("{0}")]
    Toml(String),
    #[error("the key `{key}` is unknown{}", did_you_mean(*.similar))]
    UnknownKey { key: String, similar: Option<&'static str> },
    #[error("the table [{table}] is unknown; the settings are in [serve]")]
    UnknownTable { table: String },
    /// What XML says.
    #[error("{0}")]
    Xml(String),
    /// What YAML says.
    #[error("{0}")]
    Yaml(String),
}
