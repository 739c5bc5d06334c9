//! Settings: read from the command line, the environment, `certkit.toml` and option files of uWSGI, laid over each other,
//! and turned into one decided [`ServeConfig`](crate::serve::config::ServeConfig).
//!
//! Every [`Setting`] is a row of one [table]. What a source says is a list of words with values and where each comes
//! from ([`Assignment`]); [`read`] puts the lists of all sources together, so that later ones override or append, and
//! applies them to the defaults ([`ServeSettings`]).

mod application;
mod assignment;
mod attached_daemon;
mod emperor;
mod error;
mod file_format;
mod hook;
mod layers;
mod option_defaults;
mod option_error;
mod option_note;
mod option_value;
pub mod option_word;
pub mod option_words;
mod origin;
mod overlay;
#[cfg(test)]
mod page;
mod setting;
mod settings;
mod show;
mod similar;
mod site_settings;
mod site_table;
pub mod table;
mod toml;
mod toml_source;
pub mod uwsgi;
#[cfg(test)]
mod uwsgi_page;
pub mod values;

pub use self::assignment::Assignment;
pub use self::attached_daemon::AttachedDaemon;
pub use self::emperor::EmperorSettings;
pub use self::error::{SettingsError, SiteProblem};
pub use self::file_format::option_file_word;
pub use self::hook::{HookPhase, PhasedHook};
pub use self::layers::{Occasion, Settings, read};
pub use self::option_note::{OptionNote, OptionRemark};
pub use self::origin::Origin;
pub use self::setting::{Setting, Takes};
pub use self::settings::{AcmeChallenge, AcmeSettings, ProcessSettings, ServeSettings};
pub use self::site_table::SiteTable;
pub use self::uwsgi::MAX_FILE_BYTES;
