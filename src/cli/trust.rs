//! `certkit trust` and its subcommands.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Make this machine trust your CA: system, browsers, Java.
///
/// Anyone who has the CA's key can then impersonate every site to this machine. Trust only a CA
/// whose key you control.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct TrustArgs {
    /// What to do
    #[command(subcommand)]
    pub command: TrustCommand,
}

/// What to do with trust stores.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Install the CA into the trust stores
    #[command(after_help = INSTALL_HELP)]
    Install(TrustChangeArgs),
    /// Remove exactly this CA from the trust stores
    #[command(after_help = UNINSTALL_HELP)]
    Uninstall(TrustChangeArgs),
    /// Ask each trust store whether it trusts the CA
    Status(TrustStatusArgs),
    /// Write the CA certificate to a file for another device
    Export(TrustExportArgs),
}

/// Which CA and which stores to change.
///
/// Stores that do not exist on this machine are skipped. If only root can change a store, the
/// others are changed and the command for that store is printed.
#[derive(Args, Debug)]
pub struct TrustChangeArgs {
    /// Which CA and which stores.
    #[command(flatten)]
    pub status: TrustStatusArgs,
    /// Print what would be done without doing it
    #[arg(long)]
    pub dry_run: bool,
}

/// Which CA and which stores to ask.
#[derive(Args, Debug)]
#[command(after_help = STATUS_HELP)]
pub struct TrustStatusArgs {
    /// The CA certificate. By default it is looked for in $CERTKIT_CA_DIR, the current folder and
    /// $XDG_DATA_HOME/certkit
    #[arg(value_name = "FILE", conflicts_with = "ca")]
    pub file: Option<PathBuf>,
    /// The same as FILE
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Which stores; may be repeated
    #[arg(long, value_enum, value_name = "STORE", default_value = "all")]
    pub store: Vec<StoreChoice>,
    /// Use this folder as /, such as a mounted system image; its own commands are printed, not run
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}

/// Where to write the CA certificate.
///
/// For iPhones and iPads use --mobileconfig: open the file there, install it in Settings, then
/// enable it under General, About, Certificate Trust Settings.
#[derive(Args, Debug)]
#[command(after_help = EXPORT_HELP)]
pub struct TrustExportArgs {
    /// The CA certificate. By default it is looked for in $CERTKIT_CA_DIR, the current folder and
    /// $XDG_DATA_HOME/certkit
    #[arg(value_name = "FILE", conflicts_with = "ca")]
    pub file: Option<PathBuf>,
    /// The same as FILE
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Output file; - is standard output. The ending .der or .cer selects DER (for Android),
    /// .mobileconfig a profile [default: ca.crt, with --mobileconfig ca.mobileconfig]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<String>,
    /// Write a configuration profile for iPhone, iPad and Mac
    #[arg(long)]
    pub mobileconfig: bool,
    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
}

/// The words of `--store`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreChoice {
    /// Every store on this machine
    All,
    /// The operating system's: curl, Python, Go
    System,
    /// The user's NSS database: Chromium, Chrome
    Nss,
    /// Every profile of Firefox
    Firefox,
    /// Java's cacerts
    Java,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit trust install                       install the CA of this folder into every store
  certkit trust status
  certkit trust export --mobileconfig         for an iPhone

EXIT STATUS
  0  done; every store trusts the CA
  1  a store does not trust it
  2  a store could not be read or changed (the others were); a file cannot be read or exists already";

const INSTALL_HELP: &str = "\
EXAMPLES
  certkit trust install
  certkit trust install --store nss --store firefox          browsers only, without root
  certkit trust install /srv/ca/ca.crt --dry-run
  certkit trust install --root /mnt/image --store system

EXIT STATUS
  0  every store trusts the CA now, or did before
  2  a store could not be changed, or only by root: the command is printed; the others were changed";

const UNINSTALL_HELP: &str = "\
EXAMPLES
  certkit trust uninstall
  certkit trust uninstall --store java --dry-run

EXIT STATUS
  0  the CA is in no store
  2  a store could not be changed, or only by root: the command is printed; the others were changed";

const STATUS_HELP: &str = "\
EXAMPLES
  certkit trust status
  certkit trust status --store firefox --format json

EXIT STATUS
  0  every store trusts the CA
  1  a store does not trust it
  2  a store could not be read";

const EXPORT_HELP: &str = "\
EXAMPLES
  certkit trust export -o /media/usb/my-ca.crt
  certkit trust export -o my-ca.cer                          DER, for Android and Windows
  certkit trust export --mobileconfig                        ca.mobileconfig

EXIT STATUS
  0  the file was written
  2  there is no CA, or the file exists already";
