//! Notes about options that the server starts with nevertheless.

use super::origin::Origin;
use crate::finding::did_you_mean;

/// Something that the user may not expect.
#[derive(Debug)]
pub struct OptionNote {
    /// `None` where several options are meant.
    pub origin: Option<Origin>,
    pub remark: OptionRemark,
}

#[derive(Debug, thiserror::Error)]
pub enum OptionRemark {
    /// Words that need nothing.
    #[error("not needed in certkit: {}", .0.join(", "))]
    Accepted(Vec<String>),
    #[error("`{word}`: {note}")]
    Converted { word: String, note: String },
    /// Refused without `--lenient`.
    #[error("`{word}` has no effect: {way_out}")]
    Lenient { word: String, way_out: &'static str },
    #[error("`{word}` has no effect in certkit yet")]
    NotYet { word: String },
    /// Of an option that has none.
    #[error("`{word}` has no value, and no effect")]
    Empty { word: String },
    #[error("`{word}`: `{value}` counts as {number}, in uWSGI as in certkit")]
    Number { word: String, value: String, number: String },
    /// uWSGI binds it once, too.
    #[error("{socket} is there twice; it is one socket, and speaks what its first line says")]
    Repeated { socket: String },
    /// uWSGI would take the value of the file.
    #[error(
        "`{word}` is on the command line and in an option file: certkit takes the command line; uWSGI reads a bare \
         file last, and takes what comes last"
    )]
    Order { word: &'static str },
    #[error("the option `{word}` has no effect: uWSGI does not know it either{}", did_you_mean(*.similar))]
    Unknown { word: String, similar: Option<&'static str> },
}
