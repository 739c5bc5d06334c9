//! Settings: read from `certkit.toml` and uWSGI ini files, laid over each other, and turned into one decided
//! [`ServeConfig`](crate::serve::config::ServeConfig).
//!
//! Every layer is a [`PartialServe`], in which everything may be missing. Command line and environment make one, each
//! file makes one, and [`PartialServe::combine`] lays them over each other.

mod combine;
mod partial;
pub mod toml;
pub mod uwsgi_ini;
pub mod values;

pub use partial::PartialServe;

/// Why a settings file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What is wrong.
    pub message: String,
    /// In which line, counted from 1.
    pub line: Option<usize>,
}
