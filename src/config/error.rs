//! Why settings cannot be used.

use std::io;

use super::option_error::OptionError;
use super::origin::Origin;
use crate::finding::did_you_mean;

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
    /// A site that cannot be served.
    #[error("{problem}")]
    Site { origin: Origin, problem: SiteProblem },
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

/// Why a site cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum SiteProblem {
    #[error("this site has no `host`")]
    NoHost,
    #[error("`{host}` is a host of another site already, {other}")]
    HostTwice { host: String, other: String },
    #[error("the site {host} has nothing to serve")]
    Nothing { host: String },
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
    #[error("a route needs a `path`, as in `path = \"/shop\"`")]
    NoPath,
    #[error("`{key}` is written as a table, [[{}]]", if key == "route" { "site.route" } else { key })]
    NoTables { key: String },
    #[error("`{key}` does not belong to a path; write it into the table of the site")]
    NotOfRoute { key: String },
    #[error("`{key}` is a setting of the whole server; write it into [serve]")]
    OfServer { key: String },
    /// What TOML says.
    #[error("{0}")]
    Toml(String),
    #[error("the key `{key}` is unknown{}", did_you_mean(*.similar))]
    UnknownKey { key: String, similar: Option<&'static str> },
    #[error("the table [{table}] is unknown; the settings are in [serve], and in [[site]] for further sites")]
    UnknownTable { table: String },
    /// What XML says.
    #[error("{0}")]
    Xml(String),
    /// What YAML says.
    #[error("{0}")]
    Yaml(String),
}
