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
    Uninstall(TrustUninstallArgs),
    /// List every CA of certkit that a store trusts or a CA folder holds
    #[command(after_help = LIST_HELP)]
    List(TrustListArgs),
    /// Ask each trust store whether it trusts the CA
    Status(TrustStatusArgs),
    /// Print variables for programs that do not ask the stores: Node, pip, requests, git, Java
    Env(TrustEnvArgs),
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
    /// Which stores.
    #[command(flatten)]
    pub stores: StoreArgs,
}

/// Which stores.
#[derive(Args, Debug)]
pub struct StoreArgs {
    /// Which stores; may be repeated
    #[arg(long, value_enum, value_name = "STORE", default_value = "all")]
    pub store: Vec<StoreChoice>,
    /// Use this folder as /, such as a mounted system image; its own commands are printed, not run
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}

/// Which CAs to remove, and from where.
///
/// Without a name the CA that is found is removed, and with it the older roots that it replaced (mkca --force) in the
/// same folder. A CA that is named is removed alone. Only CAs of certkit can be named by fingerprint.
#[derive(Args, Debug)]
pub struct TrustUninstallArgs {
    /// The CA certificate, or the beginning of its SHA-256 fingerprint (8 digits or more) as `trust list` shows it. By
    /// default the CA is looked for in $CERTKIT_CA_DIR, the current folder and $XDG_DATA_HOME/certkit
    #[arg(value_name = "FILE|SHA256", conflicts_with_all = ["ca", "all"])]
    pub file: Option<PathBuf>,
    /// The CA certificate
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    pub ca: Option<PathBuf>,
    /// Remove every CA that certkit made; it asks first
    #[arg(long)]
    pub all: bool,
    /// Do not ask
    #[arg(long, requires = "all")]
    pub yes: bool,
    /// Which stores.
    #[command(flatten)]
    pub stores: StoreArgs,
    /// Print what would be done without doing it
    #[arg(long)]
    pub dry_run: bool,
}

/// Which stores to list.
///
/// CAs are found by their files in $CERTKIT_CA_DIR, the current folder and $XDG_DATA_HOME/certkit, by the ledgers there,
/// and by the marks that certkit gives to what it makes and installs. A CA without a file is in none of these folders.
#[derive(Args, Debug)]
pub struct TrustListArgs {
    /// Which stores.
    #[command(flatten)]
    pub stores: StoreArgs,
}

/// Which CA, and for which shell.
///
/// Most of these variables replace the roots that a program trusts otherwise. They name the system's bundle if the CA is
/// in it; else certkit writes one with the system's roots and the CA to $XDG_DATA_HOME/certkit/trust. docs/trust.md says
/// which program reads what.
#[derive(Args, Debug)]
#[command(after_help = ENV_HELP)]
pub struct TrustEnvArgs {
    /// The CA certificate. By default it is looked for in $CERTKIT_CA_DIR, the current folder and
    /// $XDG_DATA_HOME/certkit
    #[arg(value_name = "FILE", conflicts_with = "ca")]
    pub file: Option<PathBuf>,
    /// The same as FILE
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// How to print them
    #[arg(long, value_enum, value_name = "SHELL", default_value = "sh")]
    pub shell: ShellChoice,
    /// Use this folder as /, such as a mounted system image
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}

/// The words of `--shell`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShellChoice {
    /// sh, bash, zsh
    Sh,
    /// fish
    Fish,
    /// PowerShell
    #[value(name = "powershell", alias = "pwsh")]
    PowerShell,
    /// NAME=value, for docker --env-file, compose, systemd and .env files
    Dotenv,
    /// Lines that make an image trust the CA
    Dockerfile,
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
  eval \"$(certkit trust env)\"                 also Node, pip, requests, git and Java in this shell
  certkit trust list
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
  certkit trust uninstall 4f1d2a90                an old root, by its fingerprint
  certkit trust uninstall --all                   every CA of certkit

EXIT STATUS
  0  the CA is in no store
  2  a store could not be changed, or only by root: the command is printed; the others were changed";

const LIST_HELP: &str = "\
EXAMPLES
  certkit trust list
  certkit trust list --store system --format json

EXIT STATUS
  0  done
  2  a store could not be read";

const ENV_HELP: &str = "\
EXAMPLES
  eval \"$(certkit trust env)\"
  certkit trust env --shell fish | source
  certkit trust env --shell powershell | Out-String | Invoke-Expression
  certkit trust env --shell dotenv >>.env
  certkit trust env --shell dockerfile >>Dockerfile

EXIT STATUS
  0  done
  2  there is no CA; the system has no bundle of roots; a file cannot be written";

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
