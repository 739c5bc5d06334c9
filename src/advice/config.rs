//! Settings that cannot be used.

use crate::config::{
    Assignment, MAX_FILE_BYTES, OptionNote, OptionRemark, Origin, Settings, SettingsError, SiteProblem, table,
};
use crate::finding::{Code, Finding, Location};
use crate::operands::read::ReadError;
use crate::report::Failure;
use crate::serve::Error;

const HELP: &str = "Run `certkit serve --help`; it lists all settings and their values.";

const OPTION_HELP: &str = "Change or remove the option; docs/uwsgi.md lists what certkit does with each.";
const NAME_SOCKET: &str = "Add a line such as `http-socket = :8000` or `socket = /run/app.sock`, or start certkit with `--listen http:*:8000`.";
const NAME_APPLICATION: &str = "Add a line such as `module = pkg.mod:app` or `wsgi-file = app.py`; uWSGI would send status 500 for \
                                every request.";

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
            SettingsError::Value { origin, word, .. } => {
                return of_origin(&origin, message).fix(value_help(&word)).into();
            }
            SettingsError::Site { origin, problem } => {
                let fix = match problem {
                    SiteProblem::NoHost => "Name its hosts, as in `host = \"www.example.com\"`.",
                    SiteProblem::HostTwice { .. } => "Give each host to one site.",
                    SiteProblem::Nothing { .. } => {
                        "Name an application (`app`), a folder (`static-root`), an `upstream`, or a route."
                    }
                };
                return of_origin(&origin, message).fix(fix).into();
            }
            SettingsError::NoApplication { file } => (Location::file(file), NAME_APPLICATION),
            SettingsError::NoListener { file } => (Location::file(file), NAME_SOCKET),
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
    let findings = std::mem::take(&mut settings.refused).into_iter();
    let findings = grouped(findings.flat_map(|error| Failure::from(error).findings));
    (!findings.is_empty()).then_some(Failure { findings, status: 2 })
}

fn of_origin(origin: &Origin, message: String) -> Finding {
    let finding = Finding::error(Code::InvalidSetting, message);
    match origin {
        Origin::File { file, line } => finding.at(Location::line(file, *line)),
        Origin::Environment(_) | Origin::Flag => finding,
    }
}

/// A server that cannot listen, at the line that names the socket.
pub fn not_bound(error: Error, assignments: &[Assignment]) -> Failure {
    let origin = match &error {
        Error::Bind { address, .. } => {
            let is_it = |one: &&Assignment| {
                one.sets.iter().any(|(setting, value)| {
                    let named = value.to_str().and_then(|value| value.parse().ok());
                    setting.word == "listen" && named.as_ref() == Some(address)
                })
            };
            assignments.iter().find(is_it).map(|one| one.origin.clone())
        }
        _ => None,
    };
    let mut failure = Failure::from(error);
    if let (Some(Origin::File { file, line }), Some(finding)) = (origin, failure.findings.first_mut()) {
        finding.location = Some(Location::line(file, line));
    }
    failure
}

/// What the value of an option of uWSGI is for.
fn value_help(word: &str) -> String {
    let word = word.trim_matches('`');
    match table::settings().find(|setting| setting.uwsgi.contains(&word)) {
        Some(setting) => format!("{}. docs/uwsgi.md lists all options of uWSGI.", setting.help),
        None => HELP.to_owned(),
    }
}

/// What to say of options that the server starts with.
pub fn notes(notes: &[OptionNote]) -> Vec<Finding> {
    grouped(notes.iter().map(note))
}

/// The findings that differ in their lines only become one, at the first of these lines.
fn grouped(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut groups: Vec<(Finding, Vec<usize>)> = Vec::new();
    for finding in findings {
        let place = |finding: &Finding| match &finding.location {
            Some(Location { file, lines, .. }) => (Some(file.clone()), lines.map(|(first, _)| first)),
            None => (None, None),
        };
        let (file, line) = place(&finding);
        let is_same = |(first, _): &&mut (Finding, Vec<usize>)| {
            first.message == finding.message && first.fix == finding.fix && place(first).0 == file
        };
        match (groups.iter_mut().find(is_same), line) {
            (Some((_, lines)), Some(line)) => lines.push(line),
            (Some(_), None) => {}
            (None, _) => groups.push((finding, Vec::new())),
        }
    }
    let one = |(mut finding, lines): (Finding, Vec<usize>)| {
        if !lines.is_empty() {
            let lines: Vec<_> = lines.iter().map(usize::to_string).collect();
            let noun = if lines.len() == 1 { "line" } else { "lines" };
            finding.message += &format!(" (also {noun} {})", lines.join(", "));
        }
        finding
    };
    groups.into_iter().map(one).collect()
}

fn note(note: &OptionNote) -> Finding {
    let message = note.remark.to_string();
    let finding = match note.remark {
        OptionRemark::Accepted(_)
        | OptionRemark::Converted { .. }
        | OptionRemark::Empty { .. }
        | OptionRemark::Repeated { .. } => Finding::note(Code::OptionIgnored, message),
        OptionRemark::Lenient { .. } | OptionRemark::NotYet { .. } => {
            Finding::warning(Code::OptionIgnored, message)
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
