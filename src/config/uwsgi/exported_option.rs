//! An option in the one list of all sources; uWSGI calls these exported options.

use std::ffi::OsString;

use crate::config::origin::Origin;
use crate::config::setting::Setting;

/// A word with its value and where it comes from.
#[derive(Clone, Debug)]
pub struct ExportedOption {
    pub word: String,
    /// `None` for what is not text.
    pub value: Option<String>,
    /// As it was typed, where it is from the command line.
    pub(super) typed: OsString,
    pub origin: Origin,
    /// Whether it has had its effect while it was read, so that its placeholders stay.
    pub(super) is_settled: bool,
    /// An option of certkit's own command line, for this setting.
    pub setting: Option<&'static Setting>,
    /// Whether it stands for itself: what an option that a file declares itself means does not.
    pub is_shown: bool,
}

impl ExportedOption {
    pub(super) fn new(word: String, value: Option<String>, origin: Origin) -> Self {
        Self { word, value, typed: OsString::new(), origin, is_settled: false, setting: None, is_shown: true }
    }
}
