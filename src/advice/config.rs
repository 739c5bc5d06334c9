//! Settings that cannot be used.

use crate::config::{IgnoredOption, MAX_FILE_BYTES, Origin, SettingsError, did_you_mean};
use crate::finding::{Code, Finding, Location};
use crate::operands::read::ReadError;
use crate::report::Failure;

const HELP: &str = "Run `certkit serve --help`; it lists all settings and their values.";

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let message = error.to_string();
        let (location, fix) = match error {
            SettingsError::Read { file, source } => {
                return ReadError::new(&file, source, MAX_FILE_BYTES).into();
            }
            SettingsError::NotUtf8 { file } => (Location::file(file), "Save the file in UTF-8."),
            SettingsError::Syntax { file, error } => match error.line {
                Some(line) => (Location::line(file, line), HELP),
                None => (Location::file(file), HELP),
            },
            SettingsError::Value { origin: Origin::File { file, line }, .. } => {
                (Location::line(file, line), HELP)
            }
            SettingsError::Value { .. } => {
                return Finding::error(Code::InvalidSetting, message).fix(HELP).into();
            }
        };
        Finding::error(Code::InvalidSetting, message).at(location).fix(fix).into()
    }
}

/// A setting that was changed, but that a running server keeps.
pub fn needs_restart(setting: &str) -> Finding {
    let message = format!("the setting `{setting}` has changed, but the running server keeps its old value");
    Finding::warning(Code::InvalidSetting, message).fix("Restart the server to apply the change.")
}

pub fn ignored_option(ignored: &IgnoredOption) -> Finding {
    let question = did_you_mean(ignored.similar);
    let message = format!("the option `{}` has no effect in certkit{question}", ignored.option);
    Finding::warning(Code::InvalidSetting, message).at(Location::line(&ignored.file, ignored.line))
}
