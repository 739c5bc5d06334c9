//! `certkit serve`: its options are the rows of the table of settings.

use std::ffi::OsString;

use clap::builder::{FalseyValueParser, Resettable, ValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueHint};

use crate::config::option_word::OptionArgument;
use crate::config::{Assignment, Origin, Setting, Takes, option_words, table};

/// What was typed, and what the environment adds to it.
#[derive(Debug)]
pub struct ServeArgs {
    /// In the order of the command line.
    pub settings: Vec<Assignment>,
}

impl Args for ServeArgs {
    fn augment_args(command: Command) -> Command {
        let about = ABOUT.split("\n\n").next().unwrap_or(ABOUT).trim_end_matches('.');
        command.about(about).long_about(ABOUT).after_help(AFTER_HELP).args(table::settings().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ServeArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut settings = Vec::new();
        for setting in table::settings() {
            let origin = match (matches.value_source(setting.word), setting.environment) {
                (Some(ValueSource::CommandLine), _) => Origin::Flag,
                (Some(ValueSource::EnvVariable), Some(variable)) => Origin::Environment(variable.to_owned()),
                _ => continue,
            };
            let places = matches.indices_of(setting.word).into_iter().flatten();
            if setting.takes == Takes::Switch {
                let value = matches.get_flag(setting.word).to_string().into();
                let place = places.last().unwrap_or_default();
                settings.push((place, Assignment::new(setting, value, origin)));
                continue;
            }
            let values = matches.get_raw(setting.word).into_iter().flatten();
            settings.extend(
                places.zip(values).map(|(place, value)| {
                    (place, Assignment::new(setting, value.to_owned(), origin.clone()))
                }),
            );
        }
        for (word, _) in option_words::names() {
            // Only the words that were typed are there.
            if !matches.try_contains_id(word).unwrap_or(false) || table::named(word).is_some() {
                continue;
            }
            let places = matches.indices_of(word).into_iter().flatten();
            let values = matches.get_raw(word).into_iter().flatten();
            let typed = |value: &OsString| Assignment::option_word(word, value.clone());
            settings.extend(places.zip(values).map(|(place, value)| (place, typed(&value.to_owned()))));
        }
        settings.sort_by_key(|(place, _)| *place);
        Ok(Self { settings: settings.into_iter().map(|(_, setting)| setting).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The short flags of uWSGI that settings do not have. `-q`, `-v` and `-h` are certkit's own.
const SHORT: &[(&str, char)] = &[
    ("abstract-socket", 'a'),
    ("cgi-mode", 'c'),
    ("chmod-socket", 'C'),
    ("daemonize", 'd'),
    ("disable-logging", 'L'),
    ("enable-threads", 'T'),
    ("harakiri", 't'),
    ("json", 'j'),
    ("master", 'M'),
    ("max-requests", 'R'),
    ("memory-report", 'm'),
    ("reaper", 'r'),
    ("set", 'S'),
    ("sharedarea", 'A'),
    ("single-interpreter", 'i'),
    ("socket", 's'),
    ("socket-timeout", 'z'),
    ("spooler", 'Q'),
    ("xml", 'x'),
    ("yaml", 'y'),
];

/// Adds every option of uWSGI other than the settings, without a line in the help.
pub(super) fn with_option_words(command: Command) -> Command {
    let words = option_words::names().filter(|(word, _)| table::named(word).is_none());
    command.args(words.map(|(word, argument)| {
        let arg = Arg::new(word)
            .long(word)
            .hide(true)
            .action(ArgAction::Append)
            .value_parser(ValueParser::os_string());
        let arg = match SHORT.iter().find(|(long, _)| *long == word) {
            Some((_, short)) => arg.short(*short),
            None => arg,
        };
        match argument {
            OptionArgument::Required => arg.allow_hyphen_values(true),
            OptionArgument::Optional | OptionArgument::None => {
                arg.num_args(0..=1).require_equals(true).default_missing_value("true")
            }
        }
    }))
}

/// The settings that the environment may have.
pub(super) fn with_variables() -> Vec<&'static str> {
    table::settings().filter(|setting| setting.environment.is_some()).map(|setting| setting.word).collect()
}

/// Those of them that conflict with an option that is typed.
pub(super) fn hidden_variables(matches: &ArgMatches) -> Vec<&'static str> {
    let is_typed = |word: &str| matches.value_source(word) == Some(ValueSource::CommandLine);
    let typed: Vec<_> = table::settings().filter(|setting| is_typed(setting.word)).collect();
    let mut words = with_variables();
    words.retain(|word| typed.iter().any(|setting| setting.conflicts.contains(word)));
    words
}

/// The command without these variables.
pub(super) fn without_variables(command: Command, words: &[&'static str]) -> Command {
    words.iter().fold(command, |command, word| command.mut_arg(word, |arg| arg.env(Resettable::Reset)))
}

/// uWSGI's `-C664`: where a value may be missing, clap takes one behind an equals sign only.
pub(super) fn with_equals_sign(word: &mut OsString) {
    let mode = word.to_str().and_then(|word| word.strip_prefix("-C"));
    if let Some(mode) = mode.filter(|mode| mode.starts_with(|first: char| first.is_ascii_digit())) {
        *word = format!("-C={mode}").into();
    }
}

/// A row of the table for clap. Values are judged later, with those of the files.
fn argument(setting: &'static Setting) -> Arg {
    let mut help = setting.help.to_owned();
    if !setting.default.is_empty() {
        help += &format!(" [default: {}]", setting.default);
    }
    let mut arg = Arg::new(setting.word).conflicts_with_all(setting.conflicts);
    if !setting.more.is_empty() {
        arg = arg.long_help(format!("{help}\n\n{}", setting.more));
    }
    arg = arg.help(help);
    if let Some(variable) = setting.environment {
        arg = arg.env(variable).hide_env_values(true);
    }
    if setting.takes == Takes::Switch {
        arg = arg.action(ArgAction::SetTrue).value_parser(FalseyValueParser::new());
    } else {
        arg = arg.value_name(setting.value).value_parser(ValueParser::os_string());
    }
    if setting.is_path() {
        arg = arg.value_hint(ValueHint::AnyPath);
    }
    if let Some(separator) = setting.separator {
        arg = arg.value_delimiter(separator);
    }
    match setting.takes {
        Takes::Argument => return arg,
        Takes::Optional(missing) => {
            arg = arg.num_args(0..=1).require_equals(true).default_missing_value(missing);
        }
        Takes::List | Takes::Joined => arg = arg.action(ArgAction::Append),
        Takes::One | Takes::Switch => {}
    }
    arg = arg.long(setting.word).visible_aliases(setting.aliases).help_heading(setting.heading);
    // Those of uWSGI work, and are not in the help.
    let of_uwsgi = SHORT.iter().filter(|(word, _)| setting.is_named(word)).map(|(_, short)| *short);
    arg = arg.short_aliases(of_uwsgi);
    if let Some(short) = setting.short { arg.short(short) } else { arg }
}

const ABOUT: &str = "\
Serve a Python web application on https.

Runs any WSGI application (Flask, Django, Bottle, ...) in worker processes of your own Python. Without --cert or \
--acme it makes a certificate for localhost. Without APP it looks in this folder for certkit.toml, uwsgi.ini, \
manage.py, wsgi.py, app.py, index.py and main.py, then for a folder named static or public.";

const AFTER_HELP: &str = "\
The same settings can be in ./certkit.toml or $XDG_CONFIG_HOME/certkit/config.toml:
  [serve]
  app = \"app.py\"
  listen = [\"https:*:443\"]

Signals: TERM and INT stop the server after running requests have finished, QUIT (or a second INT) stops it at \
once. HUP reloads code, settings and certificates; with --acme it also checks for renewal and retries what has failed. \
Certificate files that change are reloaded without a signal.

Workers are never given the key. They run as the same user as certkit, so the application can read the key file if that \
user can.

EXAMPLES
  certkit serve app.py                                     https://localhost:8443/ with a certificate made for it
  certkit serve --cert chain.pem --key server.key app.py   with your certificate
  certkit serve --listen https:*:443 --redirect-http *:80 mysite.wsgi
  certkit serve --listen https:*:443 --redirect-http *:80 \\
      --acme www.example.com --agree-tos app.py            with a certificate from Let's Encrypt
  certkit serve --listen uwsgi+unix:/run/app.sock app.py   behind nginx's uwsgi_pass
  certkit serve uwsgi.ini                                  instead of uWSGI, with its option file
  certkit serve --mount /shop=shop.py --mount /blog=blog.wsgi:app      several applications
  certkit serve --check                                    judges certkit.toml and what it names

EXIT STATUS
  0  stopped by a signal
  1  the application does not load, or the certificates cannot be used
  2  wrong usage, or the server could not start: port in use, file or interpreter missing";
