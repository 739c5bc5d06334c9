//! Settings that cannot be used.

use crate::config::{MAX_FILE_BYTES, OptionNote, OptionRemark, Origin, Settings, SettingsError};
use crate::finding::{Code, Finding, Location};
use crate::operands::read::ReadError;
use crate::report::Failure;

const HELP: &str = "Run `certkit serve --help`; it lists all settings and their values.";

const OPTION_HELP: &str = "Change or remove the option; docs/uwsgi.md lists what certkit does with each.";

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
            SettingsError::Option { origin, .. } => {
                return of_origin(&origin, message).fix(OPTION_HELP).into();
            }
            SettingsError::Value { origin, .. } => return of_origin(&origin, message).fix(HELP).into(),
        };
        Finding::error(Code::InvalidSetting, message).at(location).fix(fix).into()
    }
}

/// A setting that was changed, but that a running server keeps.
pub fn needs_restart(setting: &str) -> Finding {
    let message = format!("the setting `{setting}` has changed, but the running server keeps its old value");
    Finding::warning(Code::InvalidSetting, message).fix("Restart the server to apply the change.")
}

/// Why the server does not start with these settings, if it does not.
pub fn refused(settings: &mut Settings) -> Option<Failure> {
    let findings: Vec<_> = std::mem::take(&mut settings.refused)
        .into_iter()
        .flat_map(|error| Failure::from(error).findings)
        .collect();
    (!findings.is_empty()).then_some(Failure { findings, status: 2 })
}

fn of_origin(origin: &Origin, message: String) -> Finding {
    let finding = Finding::error(Code::InvalidSetting, message);
    match origin {
        Origin::File { file, line } => finding.at(Location::line(file, *line)),
        Origin::Environment(_) | Origin::Flag => finding,
    }
}

/// What to say of an option that the server starts with.
pub fn note(note: &OptionNote) -> Finding {
    let message = note.remark.to_string();
    let finding = match note.remark {
        OptionRemark::Accepted(_) | OptionRemark::Converted { .. } => {
            Finding::note(Code::InvalidSetting, message)
        }
        _ => Finding::warning(Code::InvalidSetting, message),
    };
    match &note.origin {
        Some(Origin::File { file, line }) => finding.at(Location::line(file, *line)),
        Some(Origin::Environment(_) | Origin::Flag) | None => finding,
    }
}

/// A file of settings that was read at the start, and that the server cannot read any more.
pub fn out_of_reach(file: &str) -> Finding {
    let message =
        format!("`{file}` is out of reach for the user of the running server; the settings stay as they are");
    Finding::warning(Code::Permission, message)
        .at(Location::file(file.to_owned()))
        .fix("Restart the server to apply changed settings, or let this user read the file.")
}
