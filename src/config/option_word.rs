//! A word of uWSGI that is not a name of a setting, and what it means here.

use std::path::{Path, PathBuf};

use crate::serve::mount::MountChoice;

/// A row of the [table](super::table) for several words that are treated alike.
#[derive(Clone, Copy)]
pub struct OptionWord {
    /// Separated by blanks. A word with `!` behind it takes no value, one with `?` perhaps none.
    pub words: &'static str,
    pub support: Support,
}

/// What certkit does with a word.
#[derive(Clone, Copy)]
pub enum Support {
    /// It becomes settings of certkit.
    Sets(
        Conversion,
        #[cfg_attr(
            not(any(test, feature = "internals")),
            expect(dead_code, reason = "docs/uwsgi.md prints it")
        )]
        &'static str,
    ),
    /// The readers of option files obey it.
    Reading,
    /// Nothing is to be done for it: why.
    Accepted(
        #[cfg_attr(
            not(any(test, feature = "internals")),
            expect(dead_code, reason = "docs/uwsgi.md prints it")
        )]
        &'static str,
    ),
    /// certkit does not do this: what to do instead. `--lenient` accepts it.
    Refused(&'static str),
    /// As above, but it is never accepted, because the word protects.
    Protects(&'static str),
    /// Not done yet: the server starts without it, and says so.
    NotYet,
    /// Not done yet, and the word protects or decides what is served: the start is refused.
    NotYetRefused,
}

/// A value as settings with their values.
///
/// # Errors
/// Why certkit cannot do what the value asks for, and what to do instead.
pub type Conversion = fn(&str, &OptionFacts) -> Result<Converted, String>;

/// What the other options say.
#[derive(Clone, Debug, Default)]
pub struct OptionFacts {
    /// What `socket` speaks; empty for uwsgi.
    pub protocol: String,
    /// The addresses of `shared-socket`, by number.
    pub shared_sockets: Vec<String>,
    /// The folder that the application runs in, absolute.
    pub chdir: PathBuf,
    /// What chooses among mounted applications.
    pub mount_choice: MountChoice,
    /// Whether none of them is the default.
    pub no_default_app: bool,
    /// Whether the settings are printed only.
    pub is_shown: bool,
}

/// What a value becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Converted {
    pub sets: Vec<(&'static str, String)>,
    /// Something to say of it.
    pub note: Option<String>,
}

/// How uWSGI writes the value of a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptionValue {
    /// As certkit does.
    #[default]
    Text,
    /// The digits at its beginning; none are 0.
    Number,
    /// The same; 0 stands for this, or with an empty text for no value at all.
    Count(&'static str),
    /// Seconds in digits, which certkit counts up to a year.
    Seconds,
    /// A number that protects, so that it is never 0 by mistake: what has no digits is refused.
    Limit,
    /// The same, in seconds.
    TimeLimit,
    /// `NAME=VALUE`; what has no equals sign sets nothing.
    Pair,
    /// Text that protects: it is never empty.
    Protects,
    /// Everything but four words is true.
    Switch,
    /// A path from the folder that the application runs in.
    FromChdir,
}

/// Whether a word takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionArgument {
    Required,
    Optional,
    None,
}

impl OptionWord {
    /// The words, each with whether it takes a value.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, OptionArgument)> + use<> {
        self.words.split_whitespace().map(|word| match (word.strip_suffix('!'), word.strip_suffix('?')) {
            (Some(word), _) => (word, OptionArgument::None),
            (None, Some(word)) => (word, OptionArgument::Optional),
            (None, None) => (word, OptionArgument::Required),
        })
    }
}

impl OptionFacts {
    /// A path from the folder that the application runs in.
    pub fn below_chdir(&self, path: &str) -> String {
        if path.is_empty() { String::new() } else { self.chdir.join(Path::new(path)).display().to_string() }
    }
}

impl Converted {
    pub fn one(setting: &'static str, value: impl Into<String>) -> Self {
        Self { sets: vec![(setting, value.into())], note: None }
    }
}
