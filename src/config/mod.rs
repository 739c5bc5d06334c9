//! Settings: read from the command line, the environment, `certkit.toml` and uWSGI option files, laid over each other,
//! and turned into one decided [`ServeConfig`](crate::serve::config::ServeConfig).
//!
//! Every [`Setting`] is a row of one [table]. What a source says is a list of words with values and where each comes
//! from ([`Assignment`]); [`read`] puts the lists of all sources together, so that later ones override or append, and
//! applies them to the defaults ([`ServeSettings`]).

mod application;
mod assignment;
mod error;
mod layers;
mod option_words;
mod origin;
#[cfg(test)]
mod page;
mod setting;
mod settings;
mod show;
mod similar;
pub mod table;
mod toml;
pub mod uwsgi_ini;
pub mod values;

pub use self::assignment::Assignment;
pub use self::error::{SettingsError, did_you_mean};
pub use self::layers::{IgnoredOption, MAX_FILE_BYTES, Settings, read};
pub use self::origin::Origin;
pub use self::setting::{Setting, Takes};
pub use self::settings::{ProcessSettings, ServeSettings};
