//! Describing files and servers.

use crate::finding::{Code, Finding};
use crate::operands::input::name;
use crate::report::Failure;

/// Why nothing is described.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    #[error("--host applies to servers, but {} is a file", name(file))]
    HostOfFile { file: String },
}

impl From<ShowError> for Failure {
    fn from(error: ShowError) -> Self {
        Finding::error(Code::InvalidSetting, error.to_string()).fix("Name a server: HOST:PORT.").into()
    }
}
