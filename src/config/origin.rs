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

impl Origin {
    /// Which variable it is, at the end of a sentence.
    pub(super) fn variable(&self) -> String {
        match self {
            Self::Environment(name) => format!(" (from the variable {name})"),
            Self::File { .. } | Self::Flag => String::new(),
        }
    }
}
