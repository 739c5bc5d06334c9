//! From words to arguments.

use std::borrow::Cow;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::one_command::one_command;
use super::serve::{
    hidden_variables, with_equals_sign, with_option_words, with_variables, without_variables,
};
use super::{Cli, after_help, options_help};
use crate::config::option_words;
use crate::sys::terminal;

/// A command line that was understood: what it says, and the command's name as `acme obtain`.
#[derive(Debug)]
pub struct Parsed {
    /// The arguments.
    pub cli: Cli,
    /// The subcommands that were typed.
    pub command: String,
}

/// A command line that was not.
#[derive(Debug)]
pub struct UsageError {
    /// What clap says, or the help that was asked for.
    pub error: clap::Error,
    /// The subcommands that were typed.
    pub command: String,
    /// Whether the report was asked for in JSON.
    pub is_json: bool,
}

/// Parses the command line.
///
/// # Errors
/// When it is wrong, and when help or version was asked for.
pub fn parse(words: &[OsString]) -> Result<Parsed, Box<UsageError>> {
    // Changing the whole definition costs time at every start, so it is changed only for a help.
    let asks_for_help = words.iter().any(|word| word == "--help" || word == "-h" || word == "help");
    if !asks_for_help
        && let Some(mut definition) = one_command(words)
        && let Ok(parsed) = understood(&mut definition, words)
    {
        return Ok(parsed);
    }
    let mut definition = if asks_for_help { short_helps(words) } else { Cli::command() };
    // A thousand words that no help lists: only who may have typed one waits for them.
    let mut words = Cow::Borrowed(words);
    if words.iter().any(|word| word == "serve") {
        definition = definition.mut_subcommand("serve", with_option_words);
        words.to_mut().iter_mut().for_each(with_equals_sign);
    }
    let words = &*words;
    understood(&mut definition, words).map_err(|error| {
        let command = typed_command(&definition, words);
        let is_json = words.iter().any(|word| word == "--format=json")
            || words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json");
        let error = with_own_tip(with_short_help(error, words), &command);
        Box::new(UsageError { error, command, is_json })
    })
}

fn understood(definition: &mut clap::Command, words: &[OsString]) -> Result<Parsed, clap::Error> {
    let matches = match definition.try_get_matches_from_mut(words) {
        Err(error) if error.kind() == ErrorKind::ArgumentConflict => below_what_is_typed(words)?,
        matches => matches?,
    };
    let cli = Cli::from_arg_matches(&matches)?;
    Ok(Parsed { cli, command: command_name(&matches) })
}

/// What is typed for `serve` hides what it conflicts with in the environment, which is a layer below it, as in
/// certkit.toml: deploy hooks and the shells of other programs have such variables for purposes of their own.
fn below_what_is_typed(words: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let definition = |hidden: &[&'static str]| {
        Cli::command().mut_subcommand("serve", |serve| without_variables(with_option_words(serve), hidden))
    };
    // First without any: two options that are typed conflict still.
    let typed = definition(&with_variables()).try_get_matches_from(words)?;
    let hidden = typed.subcommand_matches("serve").map(hidden_variables).unwrap_or_default();
    definition(&hidden).try_get_matches_from(words)
}

/// Among a thousand words clap finds a similar one for everything.
fn with_own_tip(mut error: clap::Error, command: &str) -> clap::Error {
    if command != "serve" || error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    error.remove(ContextKind::Suggested);
    error.remove(ContextKind::SuggestedArg);
    let similar = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) => word.strip_prefix("--").and_then(option_words::similar_option),
        _ => None,
    };
    if let Some(similar) = similar {
        error.insert(ContextKind::SuggestedArg, ContextValue::String(format!("--{similar}")));
    }
    error
}

/// The help that clap prints where the command is missing, with the options of every command in one line.
fn with_short_help(error: clap::Error, words: &[OsString]) -> clap::Error {
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if is_help { short_helps(words).try_get_matches_from(words).err().unwrap_or(error) } else { error }
}

fn command_name(matches: &ArgMatches) -> String {
    let mut names = Vec::new();
    let mut rest = matches;
    while let Some((name, below)) = rest.subcommand() {
        names.push(name);
        rest = below;
    }
    names.join(" ")
}

/// The subcommands at the beginning of a line that clap did not understand.
fn typed_command(definition: &clap::Command, words: &[OsString]) -> String {
    let mut names = Vec::new();
    let mut rest = definition;
    for word in words.iter().skip(1) {
        let Some(below) = word.to_str().and_then(|word| rest.find_subcommand(word)) else { continue };
        names.push(below.get_name());
        rest = below;
    }
    names.join(" ")
}

/// The command line with short helps.
fn short_helps(words: &[OsString]) -> clap::Command {
    let hidden = |arg: clap::Arg| {
        let is_global = arg.is_global_set();
        arg.hide(is_global)
    };
    let columns = terminal::columns(std::io::stdout());
    brief(Cli::command().mut_args(hidden), columns, words)
        .mut_subcommand("options", |options| options.long_about(options_help(columns)))
}

/// Only the command of the line and those above it, since no other help is printed.
fn brief(command: clap::Command, columns: Option<usize>, words: &[OsString]) -> clap::Command {
    let is_typed = |name: &str| words.iter().any(|word| word == name);
    let names = command.get_subcommands().map(|below| below.get_name().to_owned());
    let names: Vec<_> = names.filter(|name| is_typed(name)).collect();
    let fitted = command.get_after_help().map(|text| after_help::fitted(&text.to_string(), columns));
    let command = match fitted {
        Some(text) => command.help_template(HELP).after_help(text),
        None => command.help_template(HELP),
    };
    names
        .into_iter()
        .fold(command, |command, name| command.mut_subcommand(name, |below| brief(below, columns, words)))
}

const HELP: &str = "\
{before-help}{about-with-newline}
{usage-heading} {usage}

{all-args}

All commands: --format human|json, -q, -v, --color WHEN; see `certkit help options`{after-help}";
