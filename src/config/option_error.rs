//! What is wrong with an option, wherever it comes from.

use crate::finding::did_you_mean;

/// Why an option of uWSGI cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OptionError {
    #[error("option files include each other more than {limit} levels deep")]
    EndlessIncludes { limit: usize },
    #[error("an option file ends the start with `exit`")]
    Exit,
    #[error("`{file}` cannot be read: {reason}")]
    Include { file: String, reason: String },
    #[error("`{word}` takes NAME=VALUE")]
    NotAPair { word: String },
    #[error("`{key}` is an option, not a placeholder; use `set` for it")]
    NotAPlaceholder { key: String },
    #[error("`{word}` is inside another condition or loop, which uWSGI does not support")]
    NestedBlock { word: String },
    #[error("`{section}` names a section without a file, and no option file is being read")]
    NoFile { section: String },
    /// uWSGI runs a program, or fetches from the network, for such a value.
    #[error(
        "`{value}`: certkit reads settings from files only; it runs no program and fetches nothing for them"
    )]
    Scheme { value: String },
    #[error("{word}: the value is longer than {limit} bytes once its placeholders are replaced")]
    TooLong { word: String, limit: usize },
    #[error("there are more than {limit} options, includes and loops counted")]
    TooMany { limit: usize },
    #[error("the option files have more than {limit} bytes, includes and loops counted")]
    TooLarge { limit: usize },
    #[error("the option `{word}` is unknown{}", did_you_mean(*.similar))]
    Unknown { word: String, similar: Option<&'static str> },
    #[error("certkit does not support `{word}`: {way_out}{}", if *.is_lenient { "; --lenient starts without it" } else { "" })]
    Unsupported { word: String, way_out: String, is_lenient: bool },
    /// With `--lenient` as well.
    #[error("certkit does not support `{word}` yet, and does not start as if it were not there")]
    NotYet { word: String },
    /// It cannot do what the value asks for.
    #[error("`{word}`: {reason}")]
    Value { word: String, reason: String },
}
