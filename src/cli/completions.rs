//! `certkit completions` and `certkit man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Print shell completions.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLES
  certkit completions bash > ~/.local/share/bash-completion/completions/certkit
  certkit completions zsh > ~/.zfunc/_certkit
  certkit completions fish > ~/.config/fish/completions/certkit.fish

EXIT STATUS
  0  printed
  2  wrong usage")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Print the manual page, or write one per command into a folder.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLES
  certkit man | man -l -
  certkit man /usr/local/share/man/man1

EXIT STATUS
  0  printed or written
  2  the folder cannot be written")]
pub struct ManArgs {
    /// Write certkit.1, certkit-merge.1 and so on into this folder
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
}
