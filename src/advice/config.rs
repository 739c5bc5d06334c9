//! Settings that cannot be used.

use crate::config::{IgnoredOption, SettingsError};
use crate::finding::{Code, Finding, Location};
use crate::operands::input::cannot_read;
use crate::report::Failure;

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let message = error.to_string();
        let (location, fix) = match error {
            SettingsError::Read { file, source } => return cannot_read(&file, source).into(),
            SettingsError::NotUtf8 { file } => (Location::file(file), "Save the file in UTF-8."),
            SettingsError::Syntax { file, error } => {
                let location = match error.line {
                    Some(line) => Location::line(file, line),
                    None => Location::file(file),
                };
                (location, "`certkit serve --help` lists all settings and their values.")
            }
        };
        Finding::error(Code::InvalidSetting, message).at(location).fix(fix).into()
    }
}

pub fn ignored_option(ignored: &IgnoredOption) -> Finding {
    let message = format!("the option `{}` has no effect in certkit", ignored.option);
    Finding::warning(Code::InvalidSetting, message).at(Location::line(&ignored.file, ignored.line))
}
