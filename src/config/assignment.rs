//! Values for settings, with where they come from.

use std::ffi::{OsStr, OsString};

use super::error::SettingsError;
use super::file_format::is_option_file;
use super::origin::Origin;
use super::setting::Setting;
use super::settings::ServeSettings;
use super::table;

/// A word with its value, as a source gives them.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// As it is written, such as `socket` in an option file.
    pub word: String,
    /// As it is written, with placeholders replaced.
    pub value: OsString,
    pub origin: Origin,
    /// The settings that it stands for, with their values: usually one, with the value as it is written. None for
    /// words without effect.
    pub sets: Vec<(&'static Setting, OsString)>,
}

impl Assignment {
    /// A value for `setting` itself.
    pub fn new(setting: &'static Setting, value: OsString, origin: Origin) -> Self {
        let meant = setting.instead.and_then(|instead| instead(&value)).and_then(table::named);
        let sets = vec![(meant.unwrap_or(setting), value.clone())];
        Self { word: setting.word.to_owned(), value, origin, sets }
    }

    /// A word of uWSGI on the command line.
    pub fn option_word(word: &str, value: OsString) -> Self {
        Self { word: word.to_owned(), value, origin: Origin::Flag, sets: Vec::new() }
    }

    /// The option file that APP names.
    pub(super) fn option_file(&self) -> Option<&str> {
        self.value.to_str().filter(|app| self.word == "app" && is_option_file(app))
    }

    /// The setting that it names itself, by certkit's name.
    pub(super) fn given_for(&self) -> Option<&'static Setting> {
        if self.sets.is_empty() { None } else { table::named(&self.word) }
    }

    /// Sets what it stands for.
    pub(super) fn apply(&self, settings: &mut ServeSettings) -> Result<(), SettingsError> {
        self.sets.iter().try_for_each(|(setting, value)| {
            (setting.set)(settings, value).map_err(|reason| self.refused(value, reason))
        })
    }

    /// Why a value of it cannot be used.
    pub(super) fn refused(&self, value: &OsStr, reason: String) -> SettingsError {
        let word = match &self.origin {
            // A key alone is enough in option files, and its value is one that nobody has written.
            Origin::File { .. } => format!("`{}`", self.word),
            Origin::Flag if self.word == "app" => "APP".to_owned(),
            Origin::Flag => format!("--{}", self.word),
            Origin::Environment(variable) => variable.clone(),
        };
        let value = value.display().to_string();
        SettingsError::Value { origin: self.origin.clone(), word, value, reason }
    }
}
