//! The definition of one command alone. That of all commands takes clap about a millisecond at every start, which is a
//! third of what a short command takes.

use std::ffi::OsString;

use clap::{Args, Command};

use super::{
    AcmeArgs, CaExportArgs, CaListArgs, CaServiceArgs, CheckArgs, ConvertArgs, CrlArgs, CsrArgs, GlobalArgs,
    HostsArgs, KeyArgs, MergeArgs, MkcaArgs, MkcertArgs, RenewArgs, RevokeArgs, ShowArgs, SignArgs,
    TrustArgs,
};

/// Adds the arguments of a command.
type Augment = fn(Command) -> Command;

/// Commands whose definition is the same alone. `serve` gets words of its own before it is parsed.
const COMMANDS: [(&str, Augment); 18] = [
    ("mkca", MkcaArgs::augment_args),
    ("mkcert", MkcertArgs::augment_args),
    ("csr", CsrArgs::augment_args),
    ("sign", SignArgs::augment_args),
    ("renew", RenewArgs::augment_args),
    ("revoke", RevokeArgs::augment_args),
    ("crl", CrlArgs::augment_args),
    ("list", CaListArgs::augment_args),
    ("export", CaExportArgs::augment_args),
    ("merge", MergeArgs::augment_args),
    ("check", CheckArgs::augment_args),
    ("show", ShowArgs::augment_args),
    ("key", KeyArgs::augment_args),
    ("convert", ConvertArgs::augment_args),
    ("trust", TrustArgs::augment_args),
    ("hosts", HostsArgs::augment_args),
    ("acme", AcmeArgs::augment_args),
    ("ca", CaServiceArgs::augment_args),
];

/// For a line whose first word is a command. What it parses is right; what it refuses is for the whole definition to
/// say, whose help and advice know all commands.
pub(super) fn one_command(words: &[OsString]) -> Option<Command> {
    let word = words.get(1)?.to_str()?;
    let (name, augment) = COMMANDS.iter().find(|(name, _)| *name == word)?;
    let whole = GlobalArgs::augment_args(Command::new("certkit"));
    Some(whole.subcommand(augment(Command::new(*name))))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches};

    use super::*;
    use crate::cli::Cli;

    /// Names, aliases, and what each argument takes.
    fn described(command: &Command) -> Vec<String> {
        let arguments = command.get_arguments().map(|arg| format!("{arg:?}"));
        let below = command.get_subcommands().flat_map(|below| {
            let name = format!("{} {:?}", below.get_name(), below.get_all_aliases().collect::<Vec<_>>());
            std::iter::once(name).chain(described(below))
        });
        arguments.chain(below).collect()
    }

    #[test]
    fn one_command_is_that_of_the_whole() {
        let mut whole = Cli::command();
        whole.build();
        let alone = ["serve", "completions", "man", "options", "help"];
        for command in whole.get_subcommands().filter(|command| !alone.contains(&command.get_name())) {
            let name = command.get_name();
            let words = ["certkit", name].map(OsString::from);
            let mut one = one_command(&words).unwrap_or_else(|| panic!("{name}"));
            one.build();
            assert_eq!(described(one.find_subcommand(name).unwrap()), described(command), "{name}");
        }
    }

    #[test]
    fn options_of_every_command_are_known() {
        let words = ["certkit", "mkcert", "a.test", "-q", "--format", "json"].map(OsString::from);
        let matches = one_command(&words).unwrap().try_get_matches_from(&words).unwrap();
        let cli = Cli::from_arg_matches(&matches).unwrap();
        assert!(matches!(cli.command, crate::cli::Command::Mkcert(_)));
        assert!(one_command(&["certkit", "--format", "json", "mkcert"].map(OsString::from)).is_none());
    }
}
