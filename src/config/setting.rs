//! One setting of `serve`: everything that command line, files and pages need to know of it.

use std::ffi::OsStr;

use super::option_word::OptionValue;
use super::settings::ServeSettings;

/// A row of the [table](super::table).
#[derive(Clone, Copy)]
pub struct Setting {
    /// The option without its dashes, and the key in `certkit.toml`.
    pub word: &'static str,
    pub short: Option<char>,
    /// Further names as option and key.
    pub aliases: &'static [&'static str],
    /// Names in option files of uWSGI.
    pub uwsgi: &'static [&'static str],
    /// How those write the value.
    pub uwsgi_value: OptionValue,
    /// The environment variable.
    pub environment: Option<&'static str>,
    pub takes: Takes,
    /// What the help calls the value; empty for switches.
    pub value: &'static str,
    /// Splits one text into several values.
    pub separator: Option<char>,
    /// In words; empty if there is none. What comes before a `;` must be what [`ServeSettings`] has by default.
    pub default: &'static str,
    /// One sentence without full stop.
    pub help: &'static str,
    /// Why, and what else there is to know; empty for most.
    pub more: &'static str,
    pub heading: &'static str,
    /// Options that cannot be given beside this one.
    pub conflicts: &'static [&'static str],
    /// Settings that hide this one if a layer above has them. A setting always hides itself, unless it is
    /// [`Takes::Joined`].
    pub hidden_by: &'static [&'static str],
    /// Where it can be set.
    pub scope: Scope,
    /// For this command line only: not in files.
    pub only_flag: bool,
    /// Whether a running server cannot change it.
    pub needs_restart: bool,
    /// The setting that such a value is meant for instead.
    pub instead: Option<fn(&OsStr) -> Option<&'static str>>,
    /// Takes a value over, after those before it.
    ///
    /// # Errors
    /// What is expected instead of this value.
    pub set: fn(&mut ServeSettings, &OsStr) -> Result<(), String>,
}

/// How many values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One, on the command line without its name.
    Argument,
    /// `true` or `false`; as an option none.
    Switch,
    /// One; the last one counts.
    One,
    /// As an option perhaps none: it is this one then.
    Optional(&'static str),
    /// Several, all from one layer.
    List,
    /// Several, those of all layers.
    Joined,
}

/// Where a setting can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// For the whole server.
    Server,
    /// For each site. A site is a layer above `[serve]`: what is there holds for all sites that set nothing else.
    Site,
    /// For one site alone: what is served there. A site does not have it from `[serve]`.
    Content,
}

impl Setting {
    /// The values of a row that says nothing about them.
    pub const NEW: Self = Self {
        word: "",
        short: None,
        aliases: &[],
        uwsgi: &[],
        uwsgi_value: OptionValue::Text,
        environment: None,
        takes: Takes::One,
        value: "",
        separator: None,
        default: "",
        help: "",
        more: "",
        heading: "",
        conflicts: &[],
        hidden_by: &[],
        scope: Scope::Server,
        only_flag: false,
        needs_restart: false,
        instead: None,
        set: |_, _| Ok(()),
    };

    /// Whether it has this name as an option and key.
    pub fn is_named(&self, word: &str) -> bool {
        self.word == word || self.aliases.contains(&word)
    }

    /// Whether several values are kept.
    pub fn is_list(&self) -> bool {
        matches!(self.takes, Takes::List | Takes::Joined)
    }

    /// Where it can be set: what holds below a path, in each site, which has the paths.
    pub fn scope(&self) -> Scope {
        if self.scope == Scope::Server && self.is_by_path() { Scope::Site } else { self.scope }
    }

    /// Whether its values begin with a path and `=`: in the table of a route, what follows is enough.
    pub fn is_by_path(&self) -> bool {
        self.is_list() && self.value.starts_with('/') && self.value.contains('=')
    }

    /// Whether its values are paths: in the table of a route it is a switch.
    pub fn is_path_list(&self) -> bool {
        self.is_list() && self.value == "/PATH"
    }

    /// Whether its value is the path of a file or folder.
    pub fn is_path(&self) -> bool {
        matches!(self.value, "DIR" | "FILE" | "FOLDER" | "PROGRAM")
    }
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word)
    }
}
