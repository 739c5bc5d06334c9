//! Which ledger a CA uses: the one next to it, another file, or none.

use std::path::{Path, PathBuf};

use crate::ca::Ledger;
use crate::sys::shell::path_word;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LedgerChoice {
    /// `ledger.jsonl` in the CA's folder.
    #[default]
    Beside,
    File(PathBuf),
    /// The one in the CA's folder is read and not written.
    ReadOnly,
}

impl LedgerChoice {
    /// From what follows `--ledger`. `./none` is a file.
    pub fn new(typed: Option<&Path>) -> Self {
        match typed {
            None => Self::Beside,
            Some(none) if none == Path::new("none") => Self::ReadOnly,
            Some(path) => Self::File(path.to_path_buf()),
        }
    }

    /// The ledger of a CA; `beside` is the one in its folder.
    pub fn of(&self, beside: Ledger) -> Ledger {
        match self {
            Self::Beside => beside,
            Self::File(path) => beside.moved_to(path.clone()),
            Self::ReadOnly => beside.read_only(),
        }
    }

    /// The option that names it again, for the next command.
    pub fn option(&self) -> String {
        match self {
            Self::Beside => String::new(),
            Self::File(path) => format!(" --ledger {}", path_word(path)),
            Self::ReadOnly => " --ledger none".to_owned(),
        }
    }
}
