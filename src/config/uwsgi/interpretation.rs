//! What the options of all sources mean for certkit: values for settings, notes, and what stops the start.

use std::path::{Path, PathBuf};

use super::exported_option::ExportedOption;
use super::reader::OptionList;
use crate::config::assignment::Assignment;
use crate::config::error::SettingsError;
use crate::config::option_error::OptionError;
use crate::config::option_note::{OptionNote, OptionRemark};
use crate::config::option_value::{integer, is_true, leading_digits};
use crate::config::option_word::{Converted, OptionFacts, OptionValue, OptionWord, Support};
use crate::config::option_words::{OptionMeaning, similar_word};
use crate::config::origin::Origin;
use crate::config::setting::{Setting, Takes};
use crate::config::table;
use crate::serve::mount::MountChoice;

/// The values of all sources, each source by itself, and what there is to say.
#[derive(Debug, Default)]
pub(crate) struct Interpretation {
    pub flags: Vec<Assignment>,
    pub files: Vec<Assignment>,
    pub environment: Vec<Assignment>,
    pub notes: Vec<OptionNote>,
    /// Why the server does not start.
    pub refused: Vec<SettingsError>,
    /// Lines to print.
    pub printed: Vec<String>,
    accepted: Vec<String>,
    is_strict: bool,
    is_lenient: bool,
}

impl Interpretation {
    pub(crate) fn of(list: &OptionList) -> Self {
        let facts = facts(list);
        let is_on = |word: &str| is_on(list, word);
        let mut meaning =
            Self { is_strict: is_on("strict"), is_lenient: is_on("lenient"), ..Self::default() };
        for option in &list.options {
            let (sets, remark) = meaning.one(option, list, &facts);
            if let Some(remark) = remark {
                meaning.notes.push(OptionNote { origin: Some(option.origin.clone()), remark });
            }
            let assignment = Assignment {
                word: option.word.clone(),
                value: option.value.clone().unwrap_or_default().into(),
                origin: option.origin.clone(),
                sets,
            };
            match &option.origin {
                Origin::File { .. } => meaning.files.push(assignment),
                Origin::Environment(name) if name.starts_with("UWSGI_") => {
                    meaning.environment.push(assignment)
                }
                Origin::Environment(_) | Origin::Flag => meaning.flags.push(assignment),
            }
        }
        if !meaning.accepted.is_empty() {
            let words = std::mem::take(&mut meaning.accepted);
            meaning.notes.insert(0, OptionNote { origin: None, remark: OptionRemark::Accepted(words) });
        }
        meaning
    }

    /// The settings that an option is for, and what to say of it.
    fn one(
        &mut self,
        option: &ExportedOption,
        list: &OptionList,
        facts: &OptionFacts,
    ) -> (Sets, Option<OptionRemark>) {
        let value = option.value.as_deref().unwrap_or_default();
        if let Some(setting) = option.setting {
            let value = option.value.clone().map_or_else(|| option.typed.clone(), Into::into);
            let assignment = Assignment::new(setting, value, option.origin.clone());
            return (assignment.sets, None);
        }
        match OptionMeaning::of(&option.word) {
            OptionMeaning::Setting(setting) => {
                let is_empty =
                    value.is_empty() && !matches!(setting.takes, Takes::Switch | Takes::Optional(_));
                if is_empty && setting.uwsgi_value != OptionValue::Protects {
                    return (Vec::new(), Some(OptionRemark::Empty { word: option.word.clone() }));
                }
                match setting_value(setting, &option.word, value, facts) {
                    Ok((value, remark)) => {
                        (value.map(|value| (setting, value.into())).into_iter().collect(), remark)
                    }
                    Err(reason) => {
                        self.refuse(option, OptionError::Value { word: option.word.clone(), reason });
                        (Vec::new(), None)
                    }
                }
            }
            OptionMeaning::Word(row) => self.word(row, option, value, facts),
            OptionMeaning::Unknown if list.declared.contains(&option.word) => (Vec::new(), None),
            OptionMeaning::Unknown => (Vec::new(), self.unknown(option, list)),
        }
    }

    fn word(
        &mut self,
        row: &OptionWord,
        option: &ExportedOption,
        value: &str,
        facts: &OptionFacts,
    ) -> (Sets, Option<OptionRemark>) {
        let word = option.word.clone();
        // A switch that is off asks for nothing.
        let takes_none = row.names().any(|(name, argument)| {
            name == word && argument == crate::config::option_word::OptionArgument::None
        });
        if takes_none && !is_true(value) {
            return (Vec::new(), None);
        }
        let remark = match row.support {
            Support::Sets(convert, _) => match convert(value, facts) {
                Ok(Converted { sets, note }) => {
                    let known = sets.into_iter();
                    let known = known.filter_map(|(name, value)| table::named(name).zip(Some(value.into())));
                    return (known.collect(), note.map(|note| OptionRemark::Converted { word, note }));
                }
                Err(reason) => {
                    self.refuse(option, OptionError::Value { word, reason });
                    None
                }
            },
            Support::Reading => {
                if matches!(option.word.as_str(), "print" | "iprint") {
                    self.printed.push(value.to_owned());
                }
                None
            }
            Support::Accepted(_) => {
                if !self.accepted.contains(&word) {
                    self.accepted.push(word);
                }
                None
            }
            Support::Refused(way_out) if self.is_lenient => Some(OptionRemark::Lenient { word, way_out }),
            Support::Refused(way_out) | Support::Protects(way_out) => {
                let is_lenient = matches!(row.support, Support::Refused(_));
                self.refuse(
                    option,
                    OptionError::Unsupported { word, way_out: way_out.to_owned(), is_lenient },
                );
                None
            }
            Support::NotYet => Some(OptionRemark::NotYet { word }),
            Support::NotYetRefused => {
                self.refuse(option, OptionError::NotYet { word });
                None
            }
        };
        (Vec::new(), remark)
    }

    /// A placeholder, in uWSGI's own view; a slip, in that of the user.
    fn unknown(&mut self, option: &ExportedOption, list: &OptionList) -> Option<OptionRemark> {
        let similar = similar_word(&option.word);
        let word = option.word.clone();
        if self.is_strict && !option.is_settled {
            self.refuse(option, OptionError::Unknown { word, similar });
            return None;
        }
        let is_used = list.referenced.contains(&option.word);
        // Variables are often there for other programs.
        let is_foreign = similar.is_none() && matches!(option.origin, Origin::Environment(_));
        if option.is_settled || is_used || is_foreign {
            None
        } else {
            Some(OptionRemark::Unknown { word, similar })
        }
    }

    fn refuse(&mut self, option: &ExportedOption, error: OptionError) {
        self.refused.push(SettingsError::Option { origin: option.origin.clone(), error });
    }
}

type Sets = Vec<(&'static Setting, std::ffi::OsString)>;

/// The value of a setting as certkit writes it, if there is one.
fn setting_value(
    setting: &Setting,
    word: &str,
    value: &str,
    facts: &OptionFacts,
) -> Result<(Option<String>, Option<OptionRemark>), String> {
    let written = |value: String| Ok((Some(value), None));
    let is_limit = matches!(setting.uwsgi_value, OptionValue::Limit | OptionValue::TimeLimit);
    let zero = match setting.uwsgi_value {
        OptionValue::Text => return written(value.to_owned()),
        OptionValue::Switch => return written(is_true(value).to_string()),
        OptionValue::FromChdir => return written(facts.below_chdir(value)),
        OptionValue::Protects if value.is_empty() => return Err("it has no value".to_owned()),
        OptionValue::Protects => return written(value.to_owned()),
        OptionValue::Pair if !value.contains('=') => {
            let note = format!("`{value}` has no `=`, and sets nothing");
            return Ok((None, Some(OptionRemark::Converted { word: word.to_owned(), note })));
        }
        OptionValue::Pair => return written(value.to_owned()),
        OptionValue::Count(zero) => zero,
        OptionValue::Number | OptionValue::Seconds | OptionValue::Limit | OptionValue::TimeLimit => "0",
    };
    let digits = leading_digits(value.trim_start());
    if digits.is_empty() && is_limit {
        return Err(match unresolved(value) {
            Some(reason) => reason,
            None => format!(
                "`{value}` has no digits, and uWSGI reads it as 0; write a number, or 0 if that is meant"
            ),
        });
    }
    let behind = value.trim_start().get(digits.len()..).unwrap_or_default();
    let is_remark = behind.is_empty() || behind.starts_with([' ', '\t', ';', '#']);
    let number = if digits.is_empty() { "0" } else { digits };
    let remark = (digits.is_empty() || !is_remark).then(|| OptionRemark::Number {
        word: word.to_owned(),
        value: value.to_owned(),
        number: number.to_owned(),
    });
    let is_time = matches!(setting.uwsgi_value, OptionValue::Seconds | OptionValue::TimeLimit);
    let number = match number.bytes().all(|digit| digit == b'0') {
        true => zero.to_owned(),
        false if is_time => integer(number).min(LONGEST_SPAN).to_string(),
        false => number.to_owned(),
    };
    Ok(((!number.is_empty()).then_some(number), remark))
}

/// What a placeholder names that is not there.
fn unresolved(value: &str) -> Option<String> {
    let name = |start: &str| Some(value.split_once(start)?.1.split_once(')')?.0);
    let variable = name("$(").map(|name| format!("the variable `{name}` is not set"));
    variable.or_else(|| name("%(").map(|name| format!("there is no option `{name}`")))
}

/// In seconds; see [`Span`](crate::config::values::Span).
const LONGEST_SPAN: i64 = 365 * 24 * 60 * 60;

/// Whether the last value of a switch is true.
fn is_on(list: &OptionList, word: &str) -> bool {
    let last = list.options.iter().rev().find(|option| option.word == word);
    last.is_some_and(|option| is_true(option.value.as_deref().unwrap_or_default()))
}

/// What one option must know of others.
fn facts(list: &OptionList) -> OptionFacts {
    let values = |words: &'static [&'static str]| {
        let named = list.options.iter().filter(move |option| words.contains(&option.word.as_str()));
        named.map(|option| (&option.origin, option.value.as_deref().unwrap_or_default()))
    };
    let is_on = |word: &str| is_on(list, word);
    let start = std::env::current_dir().unwrap_or_default();
    let rank = |origin: &Origin| match origin {
        Origin::Flag => 2,
        Origin::File { .. } => 1,
        Origin::Environment(_) => 0,
    };
    // The last of the highest source.
    let chdir = values(&["chdir"]).max_by_key(|(origin, _)| rank(origin)).map_or("", |(_, chdir)| chdir);
    OptionFacts {
        protocol: values(&["protocol", "socket-protocol"])
            .next_back()
            .map_or("", |(_, value)| value)
            .to_owned(),
        shared_sockets: values(&["shared-socket", "undeferred-shared-socket"])
            .map(|(_, value)| value.to_owned())
            .collect(),
        chdir: PathBuf::from(&start).join(Path::new(chdir)),
        mount_choice: if is_on("ignore-script-name") {
            MountChoice::AppId
        } else if is_on("manage-script-name") {
            MountChoice::PathInfo
        } else {
            MountChoice::ScriptName
        },
        no_default_app: is_on("no-default-app"),
        is_shown: values(&["show-config"]).next().is_some(),
    }
}
