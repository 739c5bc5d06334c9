//! One file per subcommand: arguments to a typed request, to a domain call, to a [`Report`].

pub(crate) mod acme;
mod ca;
mod check;
mod completions;
mod convert;
mod crl;
mod csr;
mod export;
mod hosts;
mod key;
mod list;
mod merge;
mod mkca;
mod mkcert;
mod next_command;
mod renew;
mod request_file;
mod revoke;
mod serve;
mod show;
mod sign;
mod timer;
mod trust;

use std::path::PathBuf;
use std::time::Duration;

use crate::advice::output::kept_key;
use crate::ca::announce_waits;
use crate::cli::{CaArgs, Cli, Command, Format, GlobalArgs, LiveArgs};
use crate::console::Console;
use crate::operands::ca_lookup::{CaChoice, key_beside};
use crate::operands::destination::{Stdout, StdoutError};
use crate::operands::ledger_choice::LedgerChoice;
use crate::operands::server_target::ServerOptions;
use crate::report::{Failure, Outcome, Report};
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::fs::take_kept;
use crate::sys::shell::STANDARD_INPUT;

/// Runs the command and reports; failures become reports too.
pub fn run(cli: &Cli) -> Report {
    let context = Context { clock: &SystemClock, console: Console::new(&cli.global), global: &cli.global };
    let console = context.console;
    announce_waits(move |line| console.say(line));
    let result = match &cli.command {
        Command::Mkca(args) => mkca::run(args, &context),
        Command::Mkcert(args) => mkcert::run(args, &context),
        Command::Csr(args) => csr::run(args, &context),
        Command::Sign(args) => sign::run(args, &context),
        Command::Renew(args) => renew::run(args, &context),
        Command::Revoke(args) => revoke::run(args, &context),
        Command::Crl(args) => crl::run(args, &context),
        Command::List(args) => list::run(args, &context),
        Command::Export(args) => export::run(args, &context),
        Command::Merge(args) => merge::run(args, &context),
        Command::Check(args) => check::run(args, &context),
        Command::Show(args) => show::run(args, &context),
        Command::Key(args) => key::run(args, &context),
        Command::Convert(args) => convert::run(args, &context),
        Command::Trust(args) => trust::run(args, &context),
        Command::Hosts(args) => hosts::run(args, &context),
        Command::Acme(args) => acme::run(args, &context),
        Command::Ca(args) => ca::run(args, &context),
        Command::Serve(args) => serve::run(args, &context),
        Command::Completions(args) => completions::completions(args),
        Command::Man(args) => completions::man(args),
        Command::Options(_) => completions::options(),
    };
    let mut report = result.unwrap_or_else(Report::from);
    report.findings.extend(take_kept().iter().map(|path| kept_key(path)));
    explain_standard_input(&mut report);
    report
}

/// Says what stands for standard input in the commands of fixes, also in the reports on several files.
fn explain_standard_input(report: &mut Report) {
    let stands_in = (STANDARD_INPUT, "a file with what came through standard input");
    report.findings.iter_mut().for_each(|finding| finding.explain([stands_in]));
    if let Outcome::Several(reports) = &mut report.outcome {
        reports.iter_mut().for_each(|(_, report)| explain_standard_input(report));
    }
}

/// What every command is given besides its arguments.
pub struct Context<'a> {
    pub clock: &'a dyn Clock,
    /// Progress and remarks while the command runs, on standard error.
    pub console: Console,
    /// The options of every command.
    pub global: &'a GlobalArgs,
}

impl Context<'_> {
    /// Two kinds of data cannot share standard output.
    ///
    /// # Errors
    /// When the report in JSON goes there.
    fn require_free_stdout(&self) -> Result<()> {
        match Stdout::from(self.global.format) {
            Stdout::Free => Ok(()),
            Stdout::Report => Err(StdoutError::CarriesReport.into()),
        }
    }
}

impl From<Format> for Stdout {
    fn from(format: Format) -> Self {
        match format {
            Format::Human => Self::Free,
            Format::Json => Self::Report,
        }
    }
}

impl From<&CaArgs> for CaChoice {
    fn from(args: &CaArgs) -> Self {
        let key = |ca: &PathBuf| args.ca_key.clone().unwrap_or_else(|| key_beside(ca));
        Self {
            files: args.ca.as_ref().map(|ca| (ca.clone(), key(ca))),
            password_file: args.password_file.clone(),
            ledger: LedgerChoice::new(args.ledger.as_deref()),
        }
    }
}

/// What a command gives back.
pub(crate) type Result<T = Report> = std::result::Result<T, Failure>;

/// The options about servers, as `check` and `show` have them.
fn server_options(args: &LiveArgs) -> ServerOptions {
    ServerOptions {
        starttls: args.starttls,
        timeout: args.timeout.map(Duration::from_secs),
        is_deep: false,
        http_port: None,
    }
}
