//! The options of every command, and the page that explains them.

use clap::{Args, ValueEnum};

use super::after_help::fitted;

/// Options of every command.
#[derive(Args, Clone, Debug)]
pub struct GlobalArgs {
    /// Report as text for people or as one JSON object for scripts
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    pub format: Format,
    /// Print errors only
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,
    /// Log more (serve; -vv: debug)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
    /// When to use colour; the variable NO_COLOR turns it off
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    pub color: Color,
}

/// Whom the report is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text.
    #[default]
    Human,
    /// One object with `schema`.
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Always.
    Always,
    /// On a terminal.
    #[default]
    Auto,
    /// Never.
    Never,
}

/// The options and variables of every command
#[derive(Args, Debug)]
#[command(long_about = OPTIONS_HELP, hide = true)]
pub struct OptionsArgs {}

/// What `certkit help options` prints, fitted to the terminal.
pub fn options_help(columns: Option<usize>) -> String {
    fitted(OPTIONS_HELP, columns)
}

const OPTIONS_HELP: &str = "\
The options and variables of every command

OPTIONS
  --format human|json  Report as text for people (human, the default) or as one JSON object for \
scripts. docs/json.md describes every field.
  -q, --quiet          Print errors only: no report, no progress, no next commands.
  -v, --verbose        serve: log more (certkit's debug messages); -vv: debug messages of all parts.
  --color WHEN         When to use colour: auto (on a terminal, the default), always or never.
  -h, --help           Print help. For some commands `--help` says more than `-h`.

VARIABLES
  CERTKIT_PASSWORD     The password of a key or PKCS#12 file, where no option names a file with it.
  CERTKIT_CA_DIR       Where to look for the CA before the current folder.
  CERTKIT_LOG          serve: what to log, for example `info` or `certkit=debug`.
  COLUMNS              How wide the text may be; the width of the terminal by default.
  NO_COLOR             If set, no colour.

FILES
  ca.crt, ca.key                        Your CA: in $CERTKIT_CA_DIR, the current folder, or \
$XDG_DATA_HOME/certkit (`mkca --global`), in this order.
  ./certkit.toml                        Settings of `certkit serve` in this folder.
  $XDG_CONFIG_HOME/certkit/config.toml  Settings of `certkit serve` for the user.

  `-` as a file name is standard input or standard output. Data goes to standard output, all else \
to standard error.

EXIT STATUS
  0   done, or the answer is yes
  1   the answer is no, or the input is wrong in a way that the report explains
  2   wrong usage, or the work could not be done; nothing was changed
  3   acme, renew: the certificate is fine, the deploy hook failed
  75  acme: try again later";
