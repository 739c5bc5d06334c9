//! Where the value of a setting comes from.

/// A source of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    File {
        file: String,
        /// Counted from 1.
        line: usize,
    },
    Flag,
    /// The variable's name.
    Environment(String),
}
