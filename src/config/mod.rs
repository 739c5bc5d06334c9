//! Settings: read from `certkit.toml` and uWSGI ini files, laid over each other, and turned into
//! one decided [`ServeConfig`](crate::serve::config::ServeConfig).
//!
//! Every layer is a [`PartialServe`], in which everything may be missing. Command line and
//! environment make one, each file makes one, and [`PartialServe::combine`] lays them over each
//! other.

mod application;
mod combine;
mod deserialize;
mod error;
mod layers;
mod partial;
mod toml;
pub mod uwsgi_ini;
pub mod values;

pub use self::error::SettingsError;
pub use self::layers::{IgnoredOption, MAX_FILE_BYTES, Settings, read};
pub use self::partial::PartialServe;
