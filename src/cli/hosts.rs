//! `certkit hosts` and its subcommands.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Point names to this machine for development, in the hosts file.
///
/// Lines go into a marked block. The rest of the file stays the same byte for byte, and so do its
/// mode and owner.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct HostsArgs {
    /// What to do
    #[command(subcommand)]
    pub command: HostsCommand,
}

/// What to do with the hosts file.
#[derive(Debug, Subcommand)]
pub enum HostsCommand {
    /// Add a name
    #[command(after_help = ADD_HELP)]
    Add(HostsChangeArgs),
    /// Remove a name that was added
    #[command(after_help = REMOVE_HELP)]
    Remove(HostsChangeArgs),
    /// Check whether a name is there
    Check(HostsCheckArgs),
}

/// What to change.
#[derive(Args, Debug)]
pub struct HostsChangeArgs {
    /// Which name, in which file.
    #[command(flatten)]
    pub check: HostsCheckArgs,
    /// Print what would be done without doing it
    #[arg(long)]
    pub dry_run: bool,
}

/// Which name, in which file.
#[derive(Args, Debug)]
#[command(after_help = CHECK_HELP)]
pub struct HostsCheckArgs {
    /// Host name; the hosts file supports no wildcards
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Its IPv4 or IPv6 address [default for add: 127.0.0.1; otherwise any]
    #[arg(value_name = "IP")]
    pub address: Option<IpAddr>,
    /// The hosts file
    #[arg(long, value_name = "FILE", default_value = "/etc/hosts")]
    pub file: PathBuf,
}

const AFTER_HELP: &str = "\
EXAMPLES
  sudo certkit hosts add www.mysite.test
  certkit hosts check www.mysite.test
  sudo certkit hosts remove www.mysite.test

EXIT STATUS
  0  done, or yes
  1  the answer is no
  2  the file cannot be read or changed, or another line conflicts; nothing was changed";

const ADD_HELP: &str = "\
EXAMPLES
  sudo certkit hosts add www.mysite.test                   127.0.0.1
  sudo certkit hosts add www.mysite.test ::1
  certkit hosts add www.mysite.test --dry-run
  certkit hosts add www.mysite.test \\
      --file /mnt/c/Windows/System32/drivers/etc/hosts

EXIT STATUS
  0  the name is there
  2  the file cannot be read or changed, or another line maps the name to another address; nothing was changed";

const REMOVE_HELP: &str = "\
EXAMPLES
  sudo certkit hosts remove www.mysite.test
  sudo certkit hosts remove www.mysite.test ::1

EXIT STATUS
  0  certkit has no line with the name in the file
  2  the file cannot be read or changed; nothing was changed";

const CHECK_HELP: &str = "\
EXAMPLES
  certkit hosts check www.mysite.test
  certkit hosts check www.mysite.test 127.0.0.1 --format json

EXIT STATUS
  0  the name is there
  1  it is not, or has another address
  2  the file cannot be read";
