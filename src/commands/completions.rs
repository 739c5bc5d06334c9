//! `certkit completions` and `certkit man`: from the same definitions as `--help`.

use clap::CommandFactory;

use super::Result;
use crate::advice::output::manual_pages;
use crate::cli::{Cli, CompletionsArgs, ManArgs, options_help};
use crate::report::{Created, CreatedFile, FileRole, Outcome, Report};
use crate::sys::terminal;

/// Prints the completions of one shell.
pub(super) fn completions(args: &CompletionsArgs) -> Result {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "certkit", &mut text);
    Ok(Report::new(Outcome::Text(String::from_utf8_lossy(&text).into_owned())))
}

/// Prints the options of every command.
pub(super) fn options() -> Result {
    Ok(Report::new(Outcome::Text(format!("{}\n", options_help(terminal::columns(std::io::stdout()))))))
}

/// Prints the manual page, or writes one per command.
pub(super) fn man(args: &ManArgs) -> Result {
    let command = Cli::command();
    let Some(directory) = &args.directory else {
        let mut text = Vec::new();
        // Writing to memory cannot fail.
        let _ = clap_mangen::Man::new(command).render(&mut text);
        return Ok(Report::new(Outcome::Text(String::from_utf8_lossy(&text).into_owned())));
    };
    let cannot_write = |error| manual_pages(directory, &error);
    std::fs::create_dir_all(directory).map_err(cannot_write)?;
    clap_mangen::generate_to(command, directory).map_err(cannot_write)?;
    let files = vec![CreatedFile {
        path: directory.join("certkit.1").display().to_string(),
        role: FileRole::Other,
        mode: None,
        description: "and one page per command".into(),
    }];
    Ok(Report::new(Outcome::Created(Created { files, ..Created::default() })))
}
